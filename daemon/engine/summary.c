/* SPDX-License-Identifier: MIT */
/* The engine in a few numbers. */
#include <math.h>

#include "engine/engine_internal.h"

/* A rate of a minute extrapolated to the hour shouts about nothing: from the second horizon on. */
static const double SHOWN_SECONDS = 240;

/* Less is nothing to a person: a page in four hours. */
static const double SHOWN_RATE = 1024.0 / 3600;

bool growth_is_known_well(const struct series_numbers *n)
{
        return n->growth_known && n->growth.seconds >= SHOWN_SECONDS;
}

bool growth_is_shown(const struct series_numbers *n)
{
        return growth_is_known_well(n) && fabs(n->growth.rate) > 2 * n->growth.error &&
               fabs(n->growth.rate) >= SHOWN_RATE;
}

double engine_value_before(const struct engine *e, enum field field, double seconds)
{
        int series = e->field_series[field];
        return series < 0 ? NAN : recent_before(&e->series[series].recent, e->now - seconds);
}

void engine_summary(const struct engine *e, struct engine_summary *ret)
{
        *ret = (struct engine_summary){ .samples = e->samples };
        for (size_t i = 0; i < e->series_plain; i++) {
                const struct series *s = &e->series[i];
                if (s->field < 0 || s->per->count > 0 || !isfinite(s->value) ||
                    s->field == FIELD_MEM_AVAILABLE || s->unit != UNIT_BYTES)
                        continue;
                if (s->less->count == 0)
                        ret->dimensions++;
                struct series_numbers numbers;
                series_numbers(s, &numbers);
                if (!numbers.jump_known)
                        ret->learning = true;
                double rate = growth_is_shown(&numbers) ? numbers.growth.rate : 0;
                if (rate > ret->fastest_rate) {
                        ret->fastest = s->dimension;
                        ret->fastest_rate = rate;
                }
        }
        for (size_t i = 0; i < e->orphan_count; i++)
                ret->waiting += e->orphans[i].kept.owed;
        for (unsigned i = 0; e->following && i < e->following->follower_count; i++) {
                const struct rule *r = e->following->followers[i].rule;
                bool here = r->when & 1u << e->kind;
                ret->rules += here;
                ret->elsewhere += !here;
                ret->observed += here && engine_ask_quiet(e, r, r->dimension) == QUIET_OBSERVED;
        }
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                bool counted = w->slot != SLOT_NONE; /* with its rule */
                if (!w->applies) {
                        ret->elsewhere += !counted;
                        continue;
                }
                ret->rules += !counted;
                ret->observed += !counted && w->untold == QUIET_OBSERVED;
                ret->waiting += w->owed;
                if (w->life->alert.state != ALERT_FIRING)
                        continue;
                enum severity severity = watch_severity(w);
                if (severity >= SEVERITY_WARNING)
                        ret->firing++;
                else
                        ret->notices++;
                ret->quiet += severity >= SEVERITY_WARNING && watch_quiet(w) != QUIET_NOT;
                if (severity > ret->worst)
                        ret->worst = severity;
        }
}
