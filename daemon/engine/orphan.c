/* SPDX-License-Identifier: MIT */
/* Ends the alerts that no rule judges any more, and tells it. */
#include "engine/orphan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert/text.h"
#include "base/text.h"
#include "engine/engine_internal.h"

/* By cause. */
static const struct {
        const char *ended, *because, *explain, *action;
} words[] = {
        [ORPHAN_RULE_GONE] = {
                "closed",
                ", because its rule is no longer there",
                "The rule that raised this alert was removed, renamed, masked or given another "
                "dimension, or it is not meant for this kind of machine. The alert was closed "
                "because nothing judges it any more, not because the memory is known to be well "
                "again.",
                "If that was not intended, put the rule back and reload kmemwatch. Otherwise nothing "
                "has to be done.",
        },
        [ORPHAN_MEMBER_GONE] = {
                "ended",
                ", because what it was about is no longer there",
                "The slab cache or cgroup that this alert was about has been removed. What a cgroup "
                "held was freed with it, or is charged to the one above it now.",
                "Nothing has to be done, unless it comes again under another name.",
        },
        [ORPHAN_REBOOT] = {
                "ended by reboot",
                "",
                "The machine was restarted while this alert was open, and the memory that it was "
                "about went with it. Whether the cause has gone too will show: if it has not, the "
                "alert comes again.",
                "If nobody restarted the machine on purpose, see how the boot before ended: "
                "`journalctl -b -1 -e`. Growth that was not stopped ends like that.",
        },
};

int engine_orphans_reserve(struct engine *e, size_t count)
{
        if (count == 0)
                return 0;
        if (e->orphan_count + count > ORPHANS_MAX)
                return -ENOBUFS;
        struct orphan *grown =
                reallocarray(e->orphans, e->orphan_count + count, sizeof(*e->orphans));
        if (!grown)
                return -ENOMEM;
        e->orphans = grown;
        return 0;
}

static void add_words(const struct open_alert *k, enum orphan_cause cause, struct event *event)
{
        char lasted[FORMAT_MAX], value[FORMAT_MAX], grown[FORMAT_MAX];
        struct text t;
        text_init(&t, event->text, sizeof(event->text));
        if (!open_alert_ends(k)) {
                text_add(&t, "%s: %s at %s; this could not be told when it happened", k->dimension,
                         kind_name(k->kind), event_amount(k->unit, event->value, value));
                return;
        }
        text_add(&t, "%s: %s after %s%s; %s %s", k->dimension, words[cause].ended,
                 format_duration(event->duration, lasted), words[cause].because,
                 k->kind == KIND_DROP ? "lowest" : "peak",
                 event_amount(k->unit, event->peak, value));
        if (isfinite(event->grown))
                text_add(&t, ", %s %s in all", event->grown < 0 ? "fell" : "grew",
                         event_amount(k->unit, fabs(event->grown), grown));
}

/* Makes the event that is due: one that is owed from before, else the end. */
static void orphan_next(struct engine *e, struct orphan *o)
{
        struct open_alert *k = &o->kept;
        if (!k->owed && k->alert.state == ALERT_FIRING) {
                k->change = alert_end(&k->alert, e->now);
                k->event_wall = e->wall;
                k->owed = true;
                k->incident_change =
                        engine_incident_step(e, k->incident_id, k->alert_id, &k->change);
        }
        double value = open_alert_ends(k) ? o->value : k->alert.told_value;
        o->event = (struct event){
                .time = k->event_wall,
                .type = k->change.type,
                .kind = k->kind,
                .severity = k->alert.severity,
                .previous_severity = k->change.previous,
                .highest_severity = k->alert.highest,
                .trigger = k->change.trigger,
                .resolve = k->change.resolve,
                .quiet = k->change.quiet,
                .would_be = k->alert.severity,
                .explain = words[o->cause].explain,
                .action = words[o->cause].action,
                .unit = k->unit,
                .value = value,
                .baseline = NAN,
                .spread = NAN,
                .limit = NAN,
                .value_bytes = k->unit == UNIT_BYTES ? value : NAN,
                .baseline_bytes = NAN,
                .rate = NAN,
                .rate_error = NAN,
                .exhausts_at = NAN,
                .exhausts_earliest = NAN,
                .exhausts_latest = NAN,
                .mem_available = e->values[FIELD_MEM_AVAILABLE],
                .started = k->fired_wall,
                .duration = fmax(k->event_wall - k->fired_wall, 0),
                .start_value = k->alert.start_value,
                .peak = k->alert.peak,
                .grown = k->alert.peak - k->alert.start_value,
                .workload_change = NAN,
                .explained = NAN,
                .score = NAN,
                .since = NAN,
                .recent_interval = RECENT_SECONDS,
                .host = e->host,
        };
        memcpy(o->event.alert_id, k->alert_id, sizeof(o->event.alert_id));
        memcpy(o->event.dedup_key, k->dedup_key, sizeof(o->event.dedup_key));
        event_make_id(&o->event);
        add_words(&o->kept, o->cause, &o->event);
}

void engine_orphan_words(const struct engine *e, const struct watch *w, enum orphan_cause cause,
                         struct event *event)
{
        struct open_alert kept;
        open_alert_of_watch(e, w, &kept);
        event->explain = words[cause].explain;
        event->action = words[cause].action;
        add_words(&kept, cause, event);
}

void engine_orphan_add(struct engine *e, const struct open_alert *kept, double value,
                       enum orphan_cause cause)
{
        struct orphan *o = &e->orphans[e->orphan_count++];
        o->kept = *kept;
        o->value = value;
        o->cause = cause;
        if (cause != ORPHAN_WAITS)
                orphan_next(e, o);
}

static void orphan_remove(struct engine *e, size_t i)
{
        e->orphan_count--;
        memmove(&e->orphans[i], &e->orphans[i + 1], (e->orphan_count - i) * sizeof(e->orphans[0]));
        if (e->orphan_count == 0) {
                free(e->orphans);
                e->orphans = NULL;
        }
}

void engine_orphans_settle(struct engine *e)
{
        for (size_t i = 0; i < e->orphan_count;) {
                struct orphan *o = &e->orphans[i];
                struct watch *heir =
                        o->cause == ORPHAN_WAITS ? engine_take_heir(e, &o->kept) : NULL;
                if (heir && !watch_is_open(heir)) {
                        watch_take_over(&e->lives, heir, &o->kept);
                        orphan_remove(e, i);
                        continue;
                }
                if (o->cause == ORPHAN_WAITS) {
                        o->cause = ORPHAN_RULE_GONE;
                        orphan_next(e, o);
                }
                i++;
        }
}

void engine_orphans_offer(struct engine *e)
{
        for (size_t i = 0; i < e->orphan_count;) {
                struct orphan *o = &e->orphans[i];
                if (o->cause == ORPHAN_WAITS) { /* and has no event yet */
                        i++;
                        continue;
                }
                o->event.rule = o->kept.rule;
                o->event.dimension = o->kept.dimension;
                o->event.summary = o->kept.summary;
                engine_incident_describe(e, o->kept.incident_id, &o->kept.incident_change,
                                         &o->event);
                /* It is gone from the open alerts only after its end is taken. */
                if (e->take(&o->event, e->userdata) < 0) {
                        i++;
                } else if (open_alert_ends(&o->kept)) {
                        orphan_remove(e, i);
                } else {
                        o->kept.owed = false;
                        orphan_next(e, o);
                }
        }
}
