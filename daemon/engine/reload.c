/* SPDX-License-Identifier: MIT */
/* Other rules for a running engine: what both sets know goes on, what only the old one knew ends.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine_internal.h"

/* Both sets mostly have them in the same order: the search begins behind the last one found. */
static void inherit_series(struct engine *e, const struct engine *old)
{
        size_t next = 0;
        for (size_t i = 0; i < e->series_plain; i++) {
                struct series *to = &e->series[i];
                for (size_t k = 0; k < old->series_plain; k++) {
                        size_t at = (next + k) % old->series_plain;
                        const struct series *from = &old->series[at];
                        if (!series_measures(from, to->field, to->less, to->per))
                                continue;
                        series_inherit(to, from);
                        next = at + 1;
                        break;
                }
        }
}

static void inherit(struct engine *e, struct watch *to, const struct engine *old,
                    const struct watch *from)
{
        struct open_alert kept;
        if (!from->idle || from->owed) {
                open_alert_of_watch(old, from, &kept);
                watch_take_over(&e->lives, to, &kept);
                to->life->verdict = from->life->verdict;
        }
        to->workload_before = from->workload_before;
        to->value_before = from->value_before;
}

static struct watch *find_heir(struct engine *e, const struct engine *old, const struct watch *w)
{
        /* What only owes its end has none: that is told without it. */
        if (w->slot == SLOT_LEAVES)
                return NULL;
        return engine_find_heir(e, w->rule->name, watch_dimension(old, w), w->rule->kind);
}

/* Also an alert that is merely pending goes on: its wait does not begin anew. Those that go on come
 * first: what ends then knows who of its incident is left. */
static void inherit_watches(struct engine *e, const struct engine *old)
{
        for (int pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < old->watch_count; i++) {
                        const struct watch *from = &old->watches[i];
                        if (!watch_is_used(from))
                                continue;
                        struct watch *to = find_heir(e, old, from);
                        struct open_alert kept;
                        if (to && pass == 0)
                                inherit(e, to, old, from);
                        if (to || pass == 0 || !watch_is_open(from))
                                continue;
                        open_alert_of_watch(old, from, &kept);
                        engine_orphan_add(e, &kept, from->life->verdict.value, ORPHAN_RULE_GONE);
                }
}

static size_t count_orphaned(struct engine *next, const struct engine *old)
{
        size_t count = 0;
        for (size_t i = 0; i < old->watch_count; i++) {
                const struct watch *w = &old->watches[i];
                count += watch_is_open(w) && !find_heir(next, old, w);
        }
        return count;
}

int engine_set_rules(struct engine *e, const struct rule_set *rules)
{
        struct engine next = *e;
        next.series = NULL;
        next.store = (struct series_store){ .pages = NULL };
        next.watches = NULL;
        next.news = NULL;
        next.lives = (struct lives){ .all = NULL };
        next.series_count = next.watch_count = 0;
        next.following = NULL;
        int r = engine_build(&next, rules);
        if (r >= 0) {
                engine_follow_claim_all(&next, e);
                r = engine_orphans_reserve(e, count_orphaned(&next, e));
                next.orphans = e->orphans;
        }
        if (r < 0) {
                engine_unbuild(&next);
                return r;
        }
        memcpy(next.values, e->values, sizeof(next.values));
        inherit_series(&next, e);
        engine_follow_inherit(&next, e);
        inherit_watches(&next, e);
        engine_orphans_settle(&next);
        engine_unbuild(e);
        *e = next;
        return 0;
}
