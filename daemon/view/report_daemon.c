/* SPDX-License-Identifier: MIT */
/* The last line of `status`: the daemon itself, and what it costs. */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "base/units.h"
#include "view/report.h"

/* After the start, which costs more than all samples of the first minute. A daemon of an earlier
 * version does not say whose part is what. */
static void add_cpu(struct text *line, const struct daemon_reply *d)
{
        double start = isfinite(d->start_cpu) ? d->start_cpu : 0, ticks = d->ticks / 1000;
        if (!isfinite(d->cpu_seconds) || !(d->ticks >= 60))
                return;
        double all = d->cpu_seconds - start;
        text_add(line, ", %.3f ms of CPU each", all / ticks);
        if (!isfinite(d->attribution_cpu) || !isfinite(d->writing_cpu))
                return;
        text_add(line, " (sampling %.3f, ",
                 fmax(all - d->attribution_cpu - fmax(d->members_cpu, 0) - d->writing_cpu, 0) /
                         ticks);
        if (d->attribution_cpu > 0)
                text_add(line, "attribution %.3f, ", d->attribution_cpu / ticks);
        if (d->members_cpu > 0)
                text_add(line, "members %.3f, ", d->members_cpu / ticks);
        text_add(line, "writing %.3f)", d->writing_cpu / ticks);
}

static void add_memory(struct text *line, const struct daemon_reply *d)
{
        char number[FORMAT_MAX];
        if (!isfinite(d->resident))
                return;
        text_add(line, ", %s resident", format_bytes(d->resident, number));
        if (!isfinite(d->attribution_memory))
                return;
        text_add(line, " (rules and levels %s", format_bytes(d->engine_memory, number));
        if (d->attribution_memory > 0)
                text_add(line, ", attribution %s", format_bytes(d->attribution_memory, number));
        if (d->members_memory > 0)
                text_add(line, ", members %s", format_bytes(d->members_memory, number));
        text_add(line, ", writing %s, else program and libraries)",
                 format_bytes(d->writing_memory, number));
}

void report_print_daemon(const struct terminal *t, const struct daemon_reply *d, double now)
{
        char buffer[512], number[FORMAT_MAX];
        struct text line;

        text_init(&line, buffer, sizeof buffer);
        text_add(&line, "kmemwatchd %.32s", d->release);
        if (*d->host.kernel)
                text_add(&line, " on Linux %.64s", d->host.kernel);
        if (isfinite(d->started))
                text_add(&line, ", up %s", format_duration(fmax(now - d->started, 0), number));
        if (isfinite(d->rules_active))
                text_add(&line, ", %.0f rule%s", d->rules_active, d->rules_active == 1 ? "" : "s");
        if (d->rules_elsewhere > 0)
                text_add(&line, " (%.0f more for other machines)", d->rules_elsewhere);
        if (isfinite(d->interval))
                text_add(&line, ", a sample every %s", format_duration(d->interval, number));
        add_cpu(&line, d);
        add_memory(&line, d);
        fputc('\n', t->out);
        terminal_wrap(t, STYLE_FAINT, 0, 0, buffer);
}
