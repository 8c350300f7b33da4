/* SPDX-License-Identifier: MIT */
/* What the channels do not hear of: rules that are silenced or only observed, and alerts that a
 * person knows of. Everything else of them goes on. */
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/suggest.h"
#include "engine/engine_internal.h"
#include "engine/explain.h"

enum event_quiet engine_ask_quiet(const struct engine *e, const struct rule *r,
                                  const char *dimension)
{
        if (r->observe)
                return QUIET_OBSERVED;
        return e->ask_quiet ? e->ask_quiet(r, dimension, e->quiet_userdata) : QUIET_NOT;
}

void engine_set_quiet(struct engine *e, engine_quiet quiet, void *userdata)
{
        e->ask_quiet = quiet;
        e->quiet_userdata = userdata;
        for (size_t i = 0; i < e->watch_count; i++)
                e->watches[i].untold = (uint8_t)engine_ask_quiet(
                        e, e->watches[i].rule, watch_dimension(e, &e->watches[i]));
}

enum event_quiet watch_quiet(const struct watch *w)
{
        return w->untold == QUIET_NOT && w->life->alert.acknowledged ? QUIET_ACKNOWLEDGED
                                                                     : (enum event_quiet)w->untold;
}

enum severity watch_severity(const struct watch *w)
{
        bool least = w->untold == QUIET_OBSERVED && w->life->alert.severity > SEVERITY_NOTICE;
        return least ? SEVERITY_NOTICE : w->life->alert.severity;
}

/* Receivers that were told of it are; of one that they have not heard of yet they will, as it is.
 */
static void tell_acknowledged(const struct engine *e, const struct watch *w,
                              void (*tell)(const struct event *event, void *userdata),
                              void *userdata)
{
        const struct alert_change known = { .type = EVENT_ACKNOWLEDGED,
                                            .previous = w->life->alert.severity };
        const struct incident_change goes = { .tells = true, .previous = w->life->alert.severity };
        struct event event;
        if (!w->life->alert.triggered || w->owed)
                return;
        event_make(e, w, &known, e->wall, &event);
        engine_incident_describe(e, w->news->incident_id, &goes, &event);
        tell(&event, userdata);
}

unsigned engine_acknowledge(struct engine *e, const char *name,
                            void (*tell)(const struct event *event, void *userdata), void *userdata)
{
        unsigned count = 0;
        for (size_t i = 0; i < e->watch_count; i++) {
                struct watch *w = &e->watches[i];
                if (w->life->alert.severity < SEVERITY_WARNING ||
                    (strcmp(w->news->alert_id, name) != 0 &&
                     !rule_is_meant(w->rule, watch_dimension(e, w), name)))
                        continue;
                if (!alert_acknowledge(&w->life->alert, e->now, w->life->verdict.value))
                        continue;
                count++;
                tell_acknowledged(e, w, tell, userdata);
        }
        return count;
}

bool engine_is_meant(const struct engine *e, const char *name, char error[EXPLAIN_ERROR_MAX])
{
        struct suggestion nearest;
        char text[SUGGEST_TEXT_MAX];

        suggestion_init(&nearest, name);
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                /* Also what is not followed just now. */
                if (rule_is_meant(w->rule, watch_dimension(e, w), name) ||
                    (w->slot && glob_match(w->rule->pattern, name)))
                        return true;
                suggestion_offer(&nearest, w->rule->name);
                suggestion_offer(&nearest, watch_dimension(e, w));
        }
        snprintf(error, EXPLAIN_ERROR_MAX, "no rule and no dimension is called \"%.63s\"%s", name,
                 suggestion_text(&nearest, text));
        return false;
}
