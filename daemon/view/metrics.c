/* SPDX-License-Identifier: MIT */
/* Families and samples. Units are base units and stand at the end of a name; what is not known has
 * no sample, since 0 would be a value. */
#include "view/metrics.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "view/reply.h"

struct metrics {
        FILE *out;
        enum metrics_format format;
        const char *name; /* of the family, as its samples have it */
};

/* unit: as at the end of the name, "" without one. Of a counter the samples end with _total, and in
 * OpenMetrics the family's own name does not. */
static void family(struct metrics *m, const char *name, const char *unit, bool counter,
                   const char *help)
{
        size_t length = strlen(name);
        if (counter && m->format == METRICS_OPENMETRICS)
                length -= strlen("_total");
        m->name = name;
        fprintf(m->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)length, name, help, (int)length,
                name, counter ? "counter" : "gauge");
        if (unit[0] && m->format == METRICS_OPENMETRICS)
                fprintf(m->out, "# UNIT %.*s %s\n", (int)length, name, unit);
}

struct label {
        const char *name, *value; /* name NULL: the end */
};

enum { LABELS_MAX = 4, LABEL_TEXT_MAX = 256 };

/* Values come from other programs: control characters are taken out, the rest is escaped. */
static void put_labels(FILE *out, const struct label *labels)
{
        char clean[LABEL_TEXT_MAX];
        for (size_t i = 0; i < LABELS_MAX && labels[i].name; i++) {
                fprintf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
                for (const char *p = utf8_clean(labels[i].value, clean, sizeof(clean)); *p; p++) {
                        if (*p == '\\' || *p == '"')
                                fputc('\\', out);
                        fputc(*p, out);
                }
                fputc('"', out);
        }
        if (labels[0].name)
                fputc('}', out);
}

static void sample(const struct metrics *m, double value, const struct label labels[LABELS_MAX])
{
        if (!isfinite(value))
                return;
        fputs(m->name, m->out);
        put_labels(m->out, labels);
        /* 2^53 bytes in full; a shorter form would lose the last bytes of large values. */
        fprintf(m->out, " %.16g\n", value);
}

#define LABELS(...) ((const struct label[LABELS_MAX]){ __VA_ARGS__ })
#define NO_LABELS LABELS({ NULL, NULL })

static void one(struct metrics *m, const char *name, const char *unit, bool counter,
                const char *help, double value)
{
        family(m, name, unit, counter, help);
        sample(m, value, NO_LABELS);
}

static double number_at(const void *object, size_t offset)
{
        double number;
        memcpy(&number, (const char *)object + offset, sizeof(number));
        return number;
}

/* --- dimensions --- */

enum which { WHICH_VALUE, WHICH_BASELINE, WHICH_SPREAD };

static double number_of(const struct reply_dimension *d, enum which which)
{
        return which == WHICH_VALUE ? d->value : which == WHICH_BASELINE ? d->baseline : d->spread;
}

/* A family has one unit: what is in another has one of its own. */
static void dimensions(struct metrics *m, const struct daemon_reply *r)
{
        static const struct {
                const char *name, *help;
                const char *unit;
                enum which which;
                enum event_unit in;
        } families[] = {
                { "kmemwatch_dimension_bytes", "Watched numbers that are memory.", "bytes",
                  WHICH_VALUE, UNIT_BYTES },
                { "kmemwatch_dimension_baseline_bytes", "What is normal for them.", "bytes",
                  WHICH_BASELINE, UNIT_BYTES },
                { "kmemwatch_dimension_spread_bytes", "One standard deviation of what is normal.",
                  "bytes", WHICH_SPREAD, UNIT_BYTES },
                { "kmemwatch_dimension_ratio", "Watched numbers that are shares, 0.06 is 6 %.",
                  "ratio", WHICH_VALUE, UNIT_RATIO },
                { "kmemwatch_dimension_baseline_ratio", "What is normal for them.", "ratio",
                  WHICH_BASELINE, UNIT_RATIO },
                { "kmemwatch_dimension_each_bytes",
                  "Watched numbers that are memory for each thread, CPU or the like.", "bytes",
                  WHICH_VALUE, UNIT_BYTES_PER_COUNT },
                { "kmemwatch_dimension_baseline_each_bytes", "What is normal for them.", "bytes",
                  WHICH_BASELINE, UNIT_BYTES_PER_COUNT },
                { "kmemwatch_dimension_items", "Watched numbers that are counts.", "", WHICH_VALUE,
                  UNIT_COUNT },
                { "kmemwatch_dimension_baseline_items", "What is normal for them.", "",
                  WHICH_BASELINE, UNIT_COUNT },
        };
        for (size_t i = 0; i < ELEMENTS_OF(families); i++) {
                family(m, families[i].name, families[i].unit, false, families[i].help);
                for (size_t k = 0; r && k < r->dimension_count; k++)
                        if (r->dimensions[k].unit == families[i].in)
                                sample(m, number_of(&r->dimensions[k], families[i].which),
                                       LABELS({ "dimension", r->dimensions[k].name }));
        }
}

static void trends(struct metrics *m, const struct daemon_reply *r)
{
        static const struct {
                const char *name, *unit, *help;
                size_t at;
        } families[] = {
                { "kmemwatch_dimension_growth_bytes_per_second", "bytes_per_second",
                  "How fast it grows, where that is known well.",
                  offsetof(struct reply_dimension, rate) },
                { "kmemwatch_dimension_growth_error_bytes_per_second", "bytes_per_second",
                  "Standard error of the growth.", offsetof(struct reply_dimension, rate_error) },
                { "kmemwatch_dimension_exhausts_timestamp_seconds", "seconds",
                  "When available memory will be gone if it grows on like this.",
                  offsetof(struct reply_dimension, exhausts_at) },
                { "kmemwatch_dimension_learned_seconds", "seconds",
                  "The time that its normal level was learned in.",
                  offsetof(struct reply_dimension, learned) },
        };
        for (size_t i = 0; i < ELEMENTS_OF(families); i++) {
                family(m, families[i].name, families[i].unit, false, families[i].help);
                for (size_t k = 0; r && k < r->dimension_count; k++) {
                        const struct reply_dimension *d = &r->dimensions[k];
                        sample(m, number_at(d, families[i].at), LABELS({ "dimension", d->name }));
                }
        }
        family(m, "kmemwatch_dimension_learning", "", false,
               "1 while no spike or drop can be told yet.");
        for (size_t k = 0; r && k < r->dimension_count; k++)
                sample(m, r->dimensions[k].learning,
                       LABELS({ "dimension", r->dimensions[k].name }));
        family(m, "kmemwatch_dimension_severity", "", false,
               "0 ok, 1 notice, 2 warning, 3 critical: the worst of its active alerts.");
        for (size_t k = 0; r && k < r->dimension_count; k++)
                sample(m, (double)r->dimensions[k].severity,
                       LABELS({ "dimension", r->dimensions[k].name }));
}

/* --- alerts --- */

static void alerts(struct metrics *m, const struct daemon_reply *r)
{
        family(m, "kmemwatch_alert_severity", "", false,
               "Active alerts: 1 notice, 2 warning, 3 critical.");
        for (size_t i = 0; r && i < r->alert_count; i++)
                if (r->alerts[i].firing)
                        sample(m, (double)r->alerts[i].severity,
                               LABELS({ "rule", r->alerts[i].rule },
                                      { "dimension", r->alerts[i].dimension }));
        family(m, "kmemwatch_alert_fired_timestamp_seconds", "seconds", false,
               "When the alert fired.");
        for (size_t i = 0; r && i < r->alert_count; i++)
                if (r->alerts[i].firing)
                        sample(m, r->alerts[i].fired,
                               LABELS({ "rule", r->alerts[i].rule },
                                      { "dimension", r->alerts[i].dimension }));
        family(m, "kmemwatch_alerts", "", false, "Active alerts of each severity.");
        for (enum severity s = SEVERITY_NOTICE; r && s < SEVERITY_COUNT; s++) {
                double count = 0;
                for (size_t i = 0; i < r->alert_count; i++)
                        count += r->alerts[i].firing && r->alerts[i].severity == s;
                sample(m, count, LABELS({ "severity", severity_name(s) }));
        }
        one(m, "kmemwatch_silences", "", false, "Silences in force.",
            r ? (double)r->silence_count : NAN);
}

/* --- the programs --- */

static void machine(struct metrics *m, const struct daemon_reply *r)
{
        family(m, "kmemwatch_host_info", "", false, "Always 1: the machine.");
        if (r)
                sample(m, 1,
                       LABELS({ "kernel", r->host.kernel }, { "kind", r->host.kind },
                              { "kind_name", r->host.kind_name }));
        one(m, "kmemwatch_host_memory_bytes", "bytes", false, "MemTotal.",
            r ? r->host.mem_total : NAN);
        one(m, "kmemwatch_host_memory_available_bytes", "bytes", false, "MemAvailable.",
            r ? r->host.mem_available : NAN);
}

static void daemon_itself(struct metrics *m, const struct daemon_reply *r)
{
        one(m, "kmemwatch_up", "", false, "1 when kmemwatchd answers.", r != NULL);
        family(m, "kmemwatch_build_info", "", false, "Always 1: the release.");
        if (r)
                sample(m, 1, LABELS({ "version", r->release }));
        one(m, "kmemwatch_start_timestamp_seconds", "seconds", false, "When kmemwatchd started.",
            r ? r->started : NAN);
        one(m, "kmemwatch_samples_total", "", true, "Samples taken since then.",
            r ? r->samples : NAN);
        one(m, "kmemwatch_cpu_seconds_total", "seconds", true, "Processor time used since then.",
            r ? r->cpu_seconds : NAN);
        one(m, "kmemwatch_resident_memory_bytes", "bytes", false, "Memory of kmemwatchd.",
            r ? r->resident : NAN);
        family(m, "kmemwatch_rules", "", false,
               "Rules: active; observed (of these, only tried out); elsewhere (meant for other "
               "kinds of machine); left_out (faults).");
        if (r) {
                sample(m, r->rules_active, LABELS({ "state", "active" }));
                sample(m, r->rules_observed, LABELS({ "state", "observed" }));
                sample(m, r->rules_elsewhere, LABELS({ "state", "elsewhere" }));
                sample(m, (double)r->left_out_count, LABELS({ "state", "left_out" }));
        }
        one(m, "kmemwatch_troubles", "", false, "What is wrong with kmemwatchd itself.",
            r ? (double)r->trouble_count : NAN);
        family(m, "kmemwatch_spool_events", "", false,
               "Events: waiting to be delivered, held until the spool can be written, dead "
               "(given up).");
        if (r) {
                sample(m, r->spool_waiting, LABELS({ "state", "waiting" }));
                sample(m, r->spool_held, LABELS({ "state", "held" }));
                sample(m, r->spool_dead, LABELS({ "state", "dead" }));
        }
        one(m, "kmemwatch_spool_oldest_seconds", "seconds", false,
            "Age of the oldest that waits, but for those in quiet hours.",
            r ? r->spool_oldest : NAN);
}

static void channels(struct metrics *m, const struct courier_reply *c)
{
        static const struct {
                const char *name, *unit, *help;
                bool counter;
                size_t at;
        } families[] = {
                { "kmemwatch_channel_waiting_events", "", "Events that wait for the channel.",
                  false, offsetof(struct reply_channel, waiting) },
                { "kmemwatch_channel_delivered_events_total", "",
                  "Events that it has accepted since the courier started.", true,
                  offsetof(struct reply_channel, delivered) },
                { "kmemwatch_channel_failed_events_total", "", "Events that were given up.", true,
                  offsetof(struct reply_channel, failed) },
                { "kmemwatch_channel_last_success_timestamp_seconds", "seconds",
                  "When it last accepted one.", false,
                  offsetof(struct reply_channel, last_success) },
        };
        one(m, "kmemwatch_courier_up", "", false, "1 when kmemwatch-courier answers.", c != NULL);
        family(m, "kmemwatch_channel_broken", "", false, "1 when the channel does not work.");
        for (size_t k = 0; c && k < c->channel_count; k++)
                sample(m, strcmp(c->channels[k].state, "broken") == 0,
                       LABELS({ "channel", c->channels[k].name }, { "type", c->channels[k].type }));
        for (size_t i = 0; i < ELEMENTS_OF(families); i++) {
                family(m, families[i].name, families[i].unit, families[i].counter,
                       families[i].help);
                for (size_t k = 0; c && k < c->channel_count; k++)
                        sample(m, number_at(&c->channels[k], families[i].at),
                               LABELS({ "channel", c->channels[k].name }));
        }
}

void metrics_print(FILE *out, enum metrics_format format, const struct daemon_reply *daemon,
                   const struct courier_reply *courier)
{
        struct metrics m = { .out = out, .format = format };
        daemon_itself(&m, daemon);
        machine(&m, daemon);
        dimensions(&m, daemon);
        trends(&m, daemon);
        alerts(&m, daemon);
        channels(&m, courier);
        if (format == METRICS_OPENMETRICS)
                fputs("# EOF\n", out);
}

const char *metrics_content_type(enum metrics_format format)
{
        return format == METRICS_OPENMETRICS
                       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                       : "text/plain; version=0.0.4; charset=utf-8";
}
