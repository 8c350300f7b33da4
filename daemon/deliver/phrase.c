/* SPDX-License-Identifier: MIT */
/* Numbers in words for people: short enough for a phone, exact enough to act on. */
#include "deliver/phrase.h"

#include <math.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "deliver/letter.h"

const char *phrase_value(enum event_unit unit, double value, char buffer[PHRASE_MAX])
{
        char number[FORMAT_MAX];
        struct text t;
        text_init(&t, buffer, PHRASE_MAX);
        if (!isfinite(value))
                return buffer;
        switch (unit) {
        case UNIT_BYTES:
                text_add(&t, "%s", format_bytes(value, number));
                break;
        case UNIT_BYTES_PER_COUNT:
                text_add(&t, "%s each", format_bytes(value, number));
                break;
        case UNIT_RATIO:
                text_add(&t, "%s", format_percent(value, number));
                break;
        case UNIT_COUNT:
                text_add(&t, "%.0f", value);
                break;
        }
        return buffer;
}

const char *phrase_change(const struct letter *m, char buffer[PHRASE_MAX])
{
        char before[PHRASE_MAX], now[PHRASE_MAX];
        struct text t;
        text_init(&t, buffer, PHRASE_MAX);
        phrase_value(m->unit, isnan(m->start_value) ? m->baseline : m->start_value, before);
        phrase_value(m->unit, m->value, now);
        if (before[0] && now[0])
                text_add(&t, "%s → %s", before, now);
        else
                text_add(&t, "%s", now);
        return buffer;
}

const char *phrase_rate(const struct letter *m, char buffer[PHRASE_MAX])
{
        char rate[FORMAT_MAX], error[FORMAT_MAX];
        struct text t;
        text_init(&t, buffer, PHRASE_MAX);
        if (isnan(m->rate_per_hour))
                return buffer;
        text_add(&t, "%s", format_rate(m->rate_per_hour / 3600, rate));
        /* An error below one percent of the rate is noise to a reader. */
        if (m->rate_error_per_hour > fabs(m->rate_per_hour) / 100)
                text_add(&t, " ± %s/h", format_bytes(m->rate_error_per_hour, error));
        return buffer;
}

const char *phrase_time_left(const struct letter *m, char buffer[PHRASE_MAX])
{
        char left[FORMAT_MAX], earliest[FORMAT_MAX], latest[FORMAT_MAX];
        struct text t;
        text_init(&t, buffer, PHRASE_MAX);
        if (isnan(m->exhausts_at) || isnan(m->time))
                return buffer;
        text_add(&t, "about %s", format_duration(fmax(m->exhausts_at - m->time, 0), left));
        if (!isnan(m->exhausts_earliest) && !isnan(m->exhausts_latest))
                text_add(&t, " (%s to %s)",
                         format_duration(fmax(m->exhausts_earliest - m->time, 0), earliest),
                         format_duration(fmax(m->exhausts_latest - m->time, 0), latest));
        return buffer;
}

const char *phrase_event(const struct letter *m, char buffer[PHRASE_MAX])
{
        char duration[FORMAT_MAX];
        struct text t;
        text_init(&t, buffer, PHRASE_MAX);
        format_duration(m->duration, duration);
        switch (m->event) {
        case EVENT_ESCALATED:
                text_add(&t, "worse: %s → %s", severity_name(m->previous_severity),
                         severity_name(m->severity));
                break;
        case EVENT_EASED:
                text_add(&t, "better: %s → %s", severity_name(m->previous_severity),
                         severity_name(m->severity));
                break;
        case EVENT_REMINDER:
                text_add(&t, "still, and worse, after %s", duration);
                break;
        case EVENT_ADOPTED:
                text_add(&t, "the new level is taken as normal after %s", duration);
                break;
        case EVENT_ACKNOWLEDGED:
                text_add(&t, "acknowledged after %s", duration);
                break;
        case EVENT_RESOLVED:
                text_add(&t, "over after %s", duration);
                break;
        default:
                text_add(&t, "%s", event_type_name(m->event));
                break;
        }
        return buffer;
}

const char *phrase_state(const struct letter *m)
{
        static const char *const severities[SEVERITY_COUNT] = {
                [SEVERITY_OK] = "OK",
                [SEVERITY_NOTICE] = "NOTICE",
                [SEVERITY_WARNING] = "WARNING",
                [SEVERITY_CRITICAL] = "CRITICAL",
        };
        if (m->event == EVENT_RESOLVED)
                return "RESOLVED";
        if (m->event == EVENT_ADOPTED)
                return "NEW NORMAL";
        return severities[m->severity];
}

const char *phrase_headline(const struct letter *m, char *buffer, size_t size)
{
        struct text t;
        const char *what = m->summary[0] ? m->summary : m->text;
        text_init(&t, buffer, size);
        text_add(&t, "%s", phrase_state(m));
        if (m->host_name[0])
                text_add(&t, " on %s", m->host_name);
        if (what[0])
                text_add(&t, ": %s", what);
        else if (m->dimension[0])
                text_add(&t, ": %s", m->dimension);
        return buffer;
}

const char *phrase_machine(const struct letter *m, char buffer[PHRASE_MAX])
{
        char memory[FORMAT_MAX];
        const char *comma = "";
        struct text t;
        text_init(&t, buffer, PHRASE_MAX);
        if (m->host_kind[0]) {
                text_add(&t, "%s", m->host_kind);
                if (m->host_kind_name[0])
                        text_add(&t, " (%s)", m->host_kind_name);
                comma = ", ";
        }
        if (m->cpus >= 1) {
                text_add(&t, "%s%.0f CPU%s", comma, m->cpus, m->cpus >= 2 ? "s" : "");
                comma = ", ";
        }
        if (m->mem_total > 0) {
                text_add(&t, "%s%s", comma, format_bytes(m->mem_total, memory));
                comma = ", ";
        }
        if (m->host_kernel[0])
                text_add(&t, "%skernel %s", comma, m->host_kernel);
        return buffer;
}

const char *phrase_culprits(const struct letter *m, char *buffer, size_t size)
{
        char bytes[FORMAT_MAX];
        struct text t;
        text_init(&t, buffer, size);
        for (unsigned i = 0; i < m->culprit_count; i++) {
                text_add(&t, "%s%s%s", i > 0 ? "\n" : "", m->culprits[i].about ? "about " : "",
                         format_bytes(m->culprits[i].bytes, bytes));
                if (isfinite(m->culprits[i].share))
                        text_add(&t, " (%.0f %%)", m->culprits[i].share * 100);
                text_add(&t, " %s%s%s", m->culprits[i].label, *m->culprits[i].note ? ": " : "",
                         m->culprits[i].note);
        }
        return buffer;
}
