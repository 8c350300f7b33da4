/* SPDX-License-Identifier: MIT */
/* The daemon in one line for the service manager, and in a table for somebody who watches it. */
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "engine/engine_internal.h"
#include "engine/service_internal.h"
#include "engine/watch_table.h"
#include "view/terminal.h"

/* Without a terminal: all columns, as wide as they are at most. */
enum { WATCH_PIPE_COLUMNS = 100 };

_printf_(2, 3) static void add_trouble(struct troubles *t, const char *format, ...)
{
        va_list args;
        if (t->count >= TROUBLES_MAX)
                return;
        va_start(args, format);
        (void)vsnprintf(t->text[t->count++], TROUBLE_SIZE, format, args);
        va_end(args);
}

/* Each only while it lasts. */
void service_troubles(const struct service *s, struct troubles *ret)
{
        char lasted[FORMAT_MAX];
        struct troubles t = { .count = 0 };
        struct spool_status spool;
        struct writer_status writer;
        double now = clock_monotonic();
        announcer_spool_status(s->announcer, &spool);
        writer_status(s->writer, &writer);
        if (s->failures > 0)
                add_trouble(&t, "cannot sample /proc/meminfo for %s: %s",
                            format_duration(now - s->failing_since, lasted),
                            service_sample_error(s->sample_error));
        if (s->rules.count == 0)
                add_trouble(&t, "no rules");
        if (s->refused > 0)
                add_trouble(&t, "not reloaded for %zu fault%s", s->refused,
                            s->refused == 1 ? "" : "s");
        double stuck = service_disk_stuck(&writer, now);
        if (stuck > 0)
                add_trouble(&t, "%s does not answer for %s",
                            writer.busy_lane == WRITER_JOURNAL ? "journal" : "disk",
                            format_duration(stuck, lasted));
        if (service_courier_silent(s, &spool))
                add_trouble(&t, "nobody takes events for %s",
                            format_duration(spool.oldest_age, lasted));
        int error = spool.error < 0 ? spool.error : writer.lane[WRITER_DURABLE].error;
        if (error < 0)
                add_trouble(&t, "cannot write: %s", strerror(-error));
        if (s->alerts_file.error < 0)
                add_trouble(&t, "open alerts not saved: %s", strerror(-s->alerts_file.error));
        if (s->learned_file.error < 0)
                add_trouble(&t, "what is learned not saved: %s", strerror(-s->learned_file.error));
        *ret = t;
}

void service_status_text(const struct service *s, char buffer[SERVICE_STATUS_MAX])
{
        struct engine_summary sum;
        struct spool_status spool;
        struct troubles troubles;
        struct text t;
        char rate[FORMAT_MAX];
        engine_summary(s->engine, &sum);
        announcer_spool_status(s->announcer, &spool);
        service_troubles(s, &troubles);
        text_init(&t, buffer, SERVICE_STATUS_MAX);
        text_add(&t, "%s %u dimensions", sum.learning ? "learning" : "watching", sum.dimensions);
        if (sum.fastest)
                text_add(&t, ", %s %s", sum.fastest, format_rate(sum.fastest_rate, rate));
        else if (!sum.learning)
                text_add(&t, ", steady");
        text_add(&t, ", %u alert%s", sum.firing, sum.firing == 1 ? "" : "s");
        if (sum.firing > 0)
                text_add(&t, " (%s)", severity_name(sum.worst));
        if (sum.quiet > 0)
                text_add(&t, ", %u of them silenced or acknowledged", sum.quiet);
        if (s->settings.observe)
                text_add(&t, ", observing only");
        else if (sum.observed > 0)
                text_add(&t, ", %u rule%s observed only", sum.observed,
                         sum.observed == 1 ? "" : "s");
        text_add(&t, ", %" PRIu64 " queued", spool.waiting + spool.held + sum.waiting);
        if (s->channels == 0)
                text_add(&t, ", no channels");
        size_t faults = s->faults.count + s->faults.dropped;
        if (faults > 0)
                text_add(&t, ", %zu fault%s in rules or settings", faults, faults == 1 ? "" : "s");
        for (size_t i = 0; i < troubles.count; i++)
                text_add(&t, ", %s", troubles.text[i]);
}

void service_watch_print(struct service *s)
{
        /* A terminal that was stopped, or a pipe that nobody reads, must not stop the sampling. */
        struct pollfd ready = { .fd = STDOUT_FILENO, .events = POLLOUT };
        struct terminal terminal;
        if (poll(&ready, 1, 0) <= 0 || !(ready.revents & POLLOUT))
                return;
        terminal_init(&terminal, stdout, false);
        if (!isatty(STDOUT_FILENO))
                terminal.width = WATCH_PIPE_COLUMNS;
        if (!s->watch_begun)
                terminal_line(
                        &terminal, STYLE_FAINT,
                        "Every %.0f s, %s and %s: surely grows, shrinks. Faint: still learning.",
                        WATCH_SECONDS, terminal.utf8 ? "↗" : "+", terminal.utf8 ? "↘" : "-");
        s->watch_begun = true;
        watch_table_print(s->engine, &terminal, &s->watch_lines);
        (void)fflush(stdout);
}
