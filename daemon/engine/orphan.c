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

static const char explain[] =
        "The rule that raised this alert was removed, renamed, masked or given another dimension, "
        "or it is not meant for this kind of machine. The alert was closed because nothing judges "
        "it any more, not because the memory is known to be well again.";
static const char action[] =
        "If that was not intended, put the rule back and reload kmemwatch. Otherwise nothing has to "
        "be done.";

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

static void add_words(const struct open_alert *k, struct event *event)
{
        char lasted[FORMAT_MAX], peak[FORMAT_MAX], grown[FORMAT_MAX];
        struct text t;
        text_init(&t, event->text, sizeof(event->text));
        text_add(&t, "%s: closed after %s, because its rule is no longer there; %s %s",
                 k->dimension, format_duration(event->duration, lasted),
                 k->kind == KIND_DROP ? "lowest" : "peak",
                 event_amount(k->unit, event->peak, peak));
        if (isfinite(event->grown))
                text_add(&t, ", %s %s in all", event->grown < 0 ? "fell" : "grew",
                         event_amount(k->unit, fabs(event->grown), grown));
}

static void orphan_end(const struct engine *e, double value, struct orphan *o)
{
        struct open_alert *k = &o->kept;
        /* What was owed and is not the end has lost its sense: the end is what matters now. */
        if (k->alert.state == ALERT_FIRING) {
                k->change = alert_end(&k->alert, e->now);
                k->event_wall = e->wall;
        }
        k->owed = true;
        o->waits = false;
        o->event = (struct event){
                .time = k->event_wall,
                .type = k->change.type,
                .kind = k->kind,
                .severity = k->alert.severity,
                .previous_severity = k->change.previous,
                .highest_severity = k->alert.highest,
                .trigger = k->change.trigger,
                .resolve = k->change.resolve,
                .explain = explain,
                .action = action,
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
                .score = NAN,
                .recent_interval = RECENT_SECONDS,
                .host = e->host,
        };
        memcpy(o->event.alert_id, k->alert_id, sizeof(o->event.alert_id));
        memcpy(o->event.dedup_key, k->dedup_key, sizeof(o->event.dedup_key));
        event_make_id(&o->event);
        add_words(k, &o->event);
}

void engine_orphan_add(struct engine *e, const struct open_alert *kept, double value, bool waits)
{
        struct orphan *o = &e->orphans[e->orphan_count++];
        o->kept = *kept;
        o->waits = waits;
        if (!waits)
                orphan_end(e, value, o);
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
                struct watch *heir = o->waits ? engine_find_heir(e, o->kept.rule, o->kept.dimension,
                                                                 o->kept.kind)
                                              : NULL;
                if (heir && !watch_is_open(heir)) {
                        watch_take_over(heir, &o->kept);
                        orphan_remove(e, i);
                        continue;
                }
                if (o->waits)
                        orphan_end(e, NAN, o);
                i++;
        }
}

void engine_orphans_offer(struct engine *e)
{
        for (size_t i = 0; i < e->orphan_count;) {
                struct orphan *o = &e->orphans[i];
                o->event.rule = o->kept.rule;
                o->event.dimension = o->kept.dimension;
                o->event.summary = o->kept.summary;
                /* It is gone from the open alerts only after it is taken. */
                if (!o->waits && e->take(&o->event, e->userdata) >= 0)
                        orphan_remove(e, i);
                else
                        i++;
        }
}
