/* SPDX-License-Identifier: MIT */
/* Says an event in one line. */
#include "alert/text.h"

#include <math.h>
#include <string.h>

#include "alert/event.h"
#include "base/text.h"
#include "base/units.h"

const char *event_amount(enum event_unit unit, double value, char buffer[FORMAT_MAX])
{
        struct text t;
        if (unit == UNIT_RATIO)
                return format_percent(value, buffer);
        if (unit != UNIT_COUNT)
                return format_bytes(value, buffer);
        text_init(&t, buffer, FORMAT_MAX);
        text_add(&t, isfinite(value) ? "%.0f" : "-", value);
        return buffer;
}

static void add_time_left(struct text *t, const struct event *e)
{
        char soonest[FORMAT_MAX], latest[FORMAT_MAX];
        if (!isfinite(e->exhausts_at))
                return;
        if (isfinite(e->exhausts_earliest) && isfinite(e->exhausts_latest))
                text_add(t, "; memory runs out between %s and %s",
                         format_time_local(e->exhausts_earliest, e->time, soonest),
                         format_time_local(e->exhausts_latest, e->time, latest));
        else
                text_add(t, "; memory runs out about %s",
                         format_time_local(e->exhausts_at, e->time, soonest));
}

static void add_workload(struct text *t, const struct event *e)
{
        char change[FORMAT_MAX], share[FORMAT_MAX];
        /* Below this it is no explanation and only makes the line longer. */
        if (!e->workload || !(e->explained >= 0.2))
                return;
        if (e->workload_is_count)
                text_add(t, "; %.0f more %s explain", e->workload_change, e->workload);
        else
                text_add(t, "; %s more of %s explain", format_bytes(e->workload_change, change),
                         e->workload);
        text_add(t, "%s %s of it", e->workload_is_count ? "" : "s",
                 format_percent(e->explained, share));
}

/* After a restart what is normal, or how fast it grows, may have to be learned again: then only
 * what the alert itself remembers can be said. */
static void add_remembered(struct text *t, const struct event *e, const char *verb)
{
        char value[FORMAT_MAX], before[FORMAT_MAX];
        text_add(t, "%s %s", e->dimension, verb);
        if (isfinite(e->start_value))
                text_add(t, " from %s", event_amount(e->unit, e->start_value, before));
        text_add(t, ", now %s", event_amount(e->unit, e->value, value));
}

static void add_jump(struct text *t, const struct event *e)
{
        char change[FORMAT_MAX], value[FORMAT_MAX], level[FORMAT_MAX];
        const char *verb = e->kind == KIND_SPIKE ? "jumped" : "dropped";
        if (!isfinite(e->baseline)) {
                add_remembered(t, e, verb);
                return;
        }
        double by = e->kind == KIND_SPIKE ? e->value - e->baseline : e->baseline - e->value;
        event_amount(e->unit, e->value, value);
        event_amount(e->unit, e->baseline, level);
        /* On its way back it may pass what is normal before the alert ends. */
        if (by < 0) {
                if (isfinite(e->peak))
                        text_add(t, "%s %s to %s, now %s (normal: %s)", e->dimension, verb,
                                 event_amount(e->unit, e->peak, change), value, level);
                else
                        text_add(t, "%s %s, now %s (normal: %s)", e->dimension, verb, value, level);
                return;
        }
        text_add(t, "%s %s by %s to %s (normal: %s)", e->dimension, verb,
                 event_amount(e->unit, by, change), value, level);
        add_workload(t, e);
}

static void add_growth(struct text *t, const struct event *e)
{
        char rate[FORMAT_MAX], error[FORMAT_MAX], value[FORMAT_MAX];
        if (!isfinite(e->rate)) {
                add_remembered(t, e, "grew");
                return;
        }
        text_add(t, "%s grows %s (give or take %s), now %s", e->dimension,
                 format_rate(e->rate, rate), format_bytes(2 * e->rate_error * 3600, error),
                 event_amount(e->unit, e->value, value));
        add_workload(t, e);
        add_time_left(t, e);
}

static void add_ratio(struct text *t, const struct event *e)
{
        char value[FORMAT_MAX], limit[FORMAT_MAX], bytes[FORMAT_MAX];
        text_add(t, "%s is %s (limit %s)", e->dimension, event_amount(e->unit, e->value, value),
                 event_amount(e->unit, e->limit, limit));
        if (e->unit != UNIT_BYTES)
                text_add(t, ", %s in all", format_bytes(e->value_bytes, bytes));
}

static void add_end(struct text *t, const struct event *e)
{
        char lasted[FORMAT_MAX], value[FORMAT_MAX], peak[FORMAT_MAX], grown[FORMAT_MAX];
        static const char *const what[] = { "spike", "drop", "growth", "ratio" };
        if (e->type == EVENT_ADOPTED)
                text_add(t, "%s: %s is taken as the new normal after %s", e->dimension,
                         event_amount(e->unit, e->value, value),
                         format_duration(e->duration, lasted));
        else
                text_add(t, "%s: the %s is over after %s, now %s", e->dimension, what[e->kind],
                         format_duration(e->duration, lasted),
                         event_amount(e->unit, e->value, value));
        text_add(t, "; %s %s", e->kind == KIND_DROP ? "lowest" : "peak",
                 event_amount(e->unit, e->peak, peak));
        if (isfinite(e->grown))
                text_add(t, ", %s %s in all", e->grown < 0 ? "fell" : "grew",
                         event_amount(e->unit, fabs(e->grown), grown));
}

/* The field of a dimension, "KernelStack" of "KernelStack/threads". */
static bool is_of_field(const char *dimension, const char *field)
{
        size_t length = strlen(field);
        return strncmp(dimension, field, length) == 0 &&
               (dimension[length] == '\0' || dimension[length] == '/');
}

const char *event_incident_text(const struct event *e, char buffer[INCIDENT_TEXT_MAX])
{
        const struct event_incident *i = &e->incident;
        char change[FORMAT_MAX];
        struct text t;
        bool first = true;
        text_init(&t, buffer, INCIDENT_TEXT_MAX);
        for (unsigned k = 0; k < i->moved_count; k++) {
                if (is_of_field(e->dimension, i->moved[k].dimension))
                        continue;
                text_add(&t, "%s %s %s%s", first ? "with it moved" : ",", i->moved[k].dimension,
                         i->moved[k].change < 0 ? "-" : "+",
                         format_bytes(fabs(i->moved[k].change), change));
                first = false;
        }
        unsigned listed =
                i->alert_count < INCIDENT_ALERTS_MAX ? i->alert_count : INCIDENT_ALERTS_MAX;
        bool others =
                listed > 1 || (listed == 1 && strcmp(i->alerts[0].alert_id, e->alert_id) != 0);
        for (unsigned k = 0; others && k < listed; k++)
                text_add(&t, "%s%s",
                         k > 0          ? ", "
                         : t.length > 0 ? "; one incident: "
                                        : "one incident: ",
                         i->alerts[k].rule);
        if (i->alert_count > listed)
                text_add(&t, " and %u more", i->alert_count - listed);
        return buffer;
}

void event_text(struct event *e)
{
        struct text t;
        text_init(&t, e->text, sizeof(e->text));
        if (e->type == EVENT_RESOLVED || e->type == EVENT_ADOPTED) {
                add_end(&t, e);
                return;
        }
        switch (e->kind) {
        case KIND_SPIKE:
        case KIND_DROP:
                add_jump(&t, e);
                break;
        case KIND_GROWTH:
                add_growth(&t, e);
                break;
        default:
                add_ratio(&t, e);
        }
        char since[FORMAT_MAX];
        if (e->type == EVENT_ESCALATED)
                text_add(&t, "; worse than the %s before", severity_name(e->previous_severity));
        else if (e->type == EVENT_EASED)
                text_add(&t, "; eased from %s", severity_name(e->previous_severity));
        else if (e->type == EVENT_REMINDER)
                text_add(&t, "; firing for %s", format_duration(e->duration, since));
        else if (e->type == EVENT_ACKNOWLEDGED)
                text_add(&t, "; acknowledged after %s", format_duration(e->duration, since));
}
