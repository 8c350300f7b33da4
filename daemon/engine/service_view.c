/* SPDX-License-Identifier: MIT */
/* The daemon in one line for the service manager, and in a few for somebody who watches it run. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "engine/engine_internal.h"
#include "engine/service_internal.h"

/* Each only while it lasts. */
static void add_troubles(const struct service *s, struct text *t, const struct spool_status *spool,
                         const struct writer_status *writer)
{
        char lasted[FORMAT_MAX];
        double stuck = service_disk_stuck(writer, clock_monotonic());
        if (stuck > 0)
                text_add(t, ", %s does not answer for %s",
                         writer->busy_lane == WRITER_JOURNAL ? "journal" : "disk",
                         format_duration(stuck, lasted));
        if (service_courier_silent(s, spool))
                text_add(t, ", nobody takes events for %s",
                         format_duration(spool->oldest_age, lasted));
        if (writer->lane[WRITER_DURABLE].error < 0)
                text_add(t, ", cannot write: %s", strerror(-writer->lane[WRITER_DURABLE].error));
        if (s->alerts_file.error < 0)
                text_add(t, ", open alerts not saved: %s", strerror(-s->alerts_file.error));
        if (s->learned_file.error < 0)
                text_add(t, ", what is learned not saved: %s", strerror(-s->learned_file.error));
}

void service_status_text(const struct service *s, char buffer[SERVICE_STATUS_MAX])
{
        struct engine_summary sum;
        struct spool_status spool;
        struct writer_status writer;
        struct text t;
        char rate[FORMAT_MAX];
        engine_summary(s->engine, &sum);
        announcer_spool_status(s->announcer, &spool);
        writer_status(s->writer, &writer);
        text_init(&t, buffer, SERVICE_STATUS_MAX);
        text_add(&t, "%s %u dimensions", sum.learning ? "learning" : "watching", sum.dimensions);
        if (sum.fastest)
                text_add(&t, ", %s %s", sum.fastest, format_rate(sum.fastest_rate, rate));
        text_add(&t, ", %u alert%s", sum.firing, sum.firing == 1 ? "" : "s");
        if (sum.firing > 0)
                text_add(&t, " (%s)", severity_name(sum.worst));
        text_add(&t, ", %" PRIu64 " queued", spool.waiting + spool.held + sum.waiting);
        if (s->faults.count + s->faults.dropped > 0)
                text_add(&t, ", %zu faults in rules or settings",
                         s->faults.count + s->faults.dropped);
        add_troubles(s, &t, &spool, &writer);
}

static void print_moment(double unix_seconds)
{
        time_t seconds = (time_t)unix_seconds;
        struct tm tm;
        char text[16];
        if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%H:%M:%S", &tm) > 0)
                printf("%s  ", text);
}

void service_watch_print(struct service *s)
{
        const struct engine *e = s->engine;
        char value[FORMAT_MAX], rate[FORMAT_MAX];
        print_moment(e->wall);
        for (size_t i = 0; i < e->series_count; i++) {
                const struct series *one = &e->series[i];
                if (one->unit != UNIT_BYTES || one->less.count > 0 || !isfinite(one->value))
                        continue;
                printf("%s %s", one->dimension, format_bytes(one->value, value));
                const struct growth_answer *growth = growth_read(&one->growth);
                if (growth)
                        printf(" (%s)", format_rate(growth->rate, rate));
                fputs("  ", stdout);
        }
        struct engine_summary sum;
        engine_summary(e, &sum);
        printf("%s %u alerts\n", sum.learning ? "learning," : "", sum.firing);
        (void)fflush(stdout);
}
