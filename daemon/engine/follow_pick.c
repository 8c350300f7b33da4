/* SPDX-License-Identifier: MIT */
/* Picks the members that rules follow: those that are large, and those that will be. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "engine/engine_internal.h"
#include "engine/follow.h"

/* How often it is picked anew. */
static const double PICK_SECONDS = 60;

/* A member counts as what it would be a day from now if it went on as in the last hour: a cache of
 * 5 MiB that gains 20 MiB an hour stands before one of 400 MiB that rests. */
static const double PAST_SECONDS = 3600, AHEAD_SECONDS = 86400;

/* Who has a slot keeps it against what is not twice as much, and 1 MiB more, and for ten minutes in
 * any case: what is learned of a member is lost with its slot. */
static const double HOLD_FACTOR = 2, HOLD_BYTES = 1048576, HOLD_SECONDS = 600;

/* Shorter is no rest. */
static const double REST_SECONDS = 600;

/* Of one pick: more than a few members do not begin to grow in a minute. */
enum { EXCHANGES_MAX = 8 };

/* --- what is known of all members --- */

static void begin_past(const struct engine *e, const struct members *m, unsigned row)
{
        struct member_past *p = &e->following->past[row];
        if (p->key != m->keys[row])
                *p = (struct member_past){ .key = m->keys[row], .level = NAN }; /* not known yet */
        p->matches = p->followed = 0;
        p->inner = m->inner[row];
        if (p->key == 0)
                return;
        for (unsigned i = 0; i < e->following->follower_count; i++) {
                const struct follower *x = &e->following->followers[i];
                if ((x->exact || !p->inner) && glob_match(x->rule->pattern, m->names[row]))
                        p->matches |= UINT64_C(1) << i;
        }
}

/* Those that are followed find their rows again. */
static void relink(struct engine *e, const struct members *m)
{
        struct following *f = e->following;
        for (size_t i = 0; i < f->count; i++)
                f->list[i].row = f->list[i].users > 0 ? members_find(m, f->list[i].key) : -1;
        for (unsigned i = 0; i < f->follower_count; i++)
                for (unsigned k = 0; k < f->followers[i].count; k++) {
                        const struct watch *w = &e->watches[f->followers[i].first + k];
                        int row = w->slot > SLOT_EMPTY ? engine_followed(e, w)->row : -1;
                        if (row >= 0)
                                f->past[row].followed |= UINT64_C(1) << i;
                }
}

/* What was not there is another when it comes back, whether its row was free meanwhile or not. */
static void forget_missing(struct engine *e, const struct members *m)
{
        for (unsigned row = 0; row < m->used; row++) {
                struct member_past *p = &e->following->past[row];
                if (isfinite(m->values[row]))
                        continue;
                p->level = NAN;
                p->since = 0;
                p->rest = 0;
        }
}

/* Members that came or went since the last time. */
static void follow_table(struct engine *e, const struct members *m)
{
        struct following *f = e->following;
        f->remake |= f->table != m; /* after a seed it is another */
        if (f->changes == m->changes && !f->remake)
                return;
        for (unsigned row = 0; row < m->used; row++)
                if (f->remake || f->past[row].key != m->keys[row] ||
                    f->past[row].inner != m->inner[row])
                        begin_past(e, m, row);
        f->table = m;
        f->changes = m->changes;
        f->remake = false;
        relink(e, m);
}

/* A leak that is small at first is followed only when it has grown. That it did not always grow was
 * seen all the same, and need not be waited for. */
static void learn_rest(struct member_past *p, double now, float value)
{
        static const float SHARE = 0.02F, LEAST = 262144; /* a cache breathes */
        if (p->since == 0 || value < p->top - SHARE * p->top - LEAST) {
                p->since = now;
                p->at = p->top = value;
                p->rest = 0;
                p->resting = true;
                return;
        }
        p->resting &= value <= p->at + SHARE * p->at + LEAST;
        if (p->resting)
                p->rest = (float)(now - p->since);
        p->top = fmaxf(p->top, value);
}

static void learn_levels(struct engine *e, const struct members *m)
{
        struct following *f = e->following;
        double part = 1 - exp(-fmin(e->now - f->learned, PAST_SECONDS) / PAST_SECONDS);
        if (e->now - f->learned < PICK_SECONDS)
                return;
        f->learned = e->now;
        for (unsigned row = 0; row < m->used; row++) {
                struct member_past *p = &f->past[row];
                if (!isfinite(m->values[row]))
                        continue;
                learn_rest(p, e->now, (float)m->values[row]);
                if (isfinite(p->level))
                        p->level += part * (m->values[row] - p->level);
                else
                        p->level = m->values[row];
        }
}

static double score_of(const struct engine *e, const struct members *m, int row)
{
        double value = row >= 0 ? m->values[row] : NAN;
        if (!isfinite(value))
                return 0;
        return value +
               fmax(0, value - e->following->past[row].level) / PAST_SECONDS * AHEAD_SECONDS;
}

/* --- who gets a slot --- */

/* The row of the best that has none, or -1. What counts alike is told apart by its key: rows
 * depend on who came first. */
static int best_without(const struct engine *e, const struct members *m, uint64_t bit,
                        double *ret_score)
{
        int best = -1;
        double most = -1;
        for (unsigned row = 0; row < m->used; row++) {
                const struct member_past *p = &e->following->past[row];
                if (!(p->matches & bit) || p->followed & bit || !isfinite(m->values[row]))
                        continue;
                double score = score_of(e, m, (int)row);
                if (score > most || (score == most && p->key < e->following->past[best].key)) {
                        most = score;
                        best = (int)row;
                }
        }
        *ret_score = most;
        return best;
}

/* What is wrong, or has just begun to be followed, is not given up. */
static bool is_held(const struct engine *e, const struct watch *w)
{
        double since = e->following->since[w - e->watches - e->watch_plain];
        bool missing = isfinite(engine_followed(e, w)->missing_since);
        return w->slot != SLOT_USED || watch_is_open(w) || !w->idle ||
               (e->now - since < HOLD_SECONDS && !missing);
}

static struct watch *weakest(struct engine *e, const struct members *m, const struct follower *x,
                             uint64_t bit, double *ret_score)
{
        struct watch *worst = NULL;
        double least = INFINITY;
        uint64_t key = 0;
        for (unsigned i = 0; i < x->count; i++) {
                struct watch *w = &e->watches[x->first + i];
                if (w->slot == SLOT_EMPTY || is_held(e, w))
                        continue;
                /* What holds others by now is one of them no more. */
                const struct followed *member = engine_followed(e, w);
                int row = member->row;
                bool found = row >= 0 && e->following->past[row].matches & bit;
                double score = found ? score_of(e, m, row) : 0;
                if (score < least || (score == least && member->key > key)) {
                        least = score;
                        key = member->key;
                        worst = w;
                }
        }
        *ret_score = least;
        return worst;
}

static void give(struct engine *e, const struct members *m, struct watch *w, int row, uint64_t bit)
{
        char name[FIELD_NAME_MAX + 1];
        const struct member_past *p = &e->following->past[row];
        struct followed *x =
                engine_follow_assign(e, w, m->keys[row], member_short_name(m->names[row], name));
        struct series *s = &e->series[w->series];
        x->row = row;
        if (isnan(s->growth.beginning) && p->rest >= REST_SECONDS)
                growth_seen_at_rest(&s->growth, p->since);
        e->following->past[row].followed |= bit;
}

static void pick_for(struct engine *e, const struct members *m, unsigned index)
{
        struct follower *x = &e->following->followers[index];
        const uint64_t bit = UINT64_C(1) << index;
        double score, least;
        struct watch *w;
        int row;
        /* While the first reading is under way the largest may be missing. */
        if (!m->read[family_of(x->rule->pattern)])
                return;
        x->begun = true;
        if (!(x->rule->when & 1u << e->kind))
                return;
        x->finds = 0;
        for (unsigned i = 0; i < m->used; i++)
                x->finds += (e->following->past[i].matches & bit) && isfinite(m->values[i]);
        while ((w = engine_follow_free_slot(e, x)) && (row = best_without(e, m, bit, &score)) >= 0)
                give(e, m, w, row, bit);
        for (int k = 0; k < EXCHANGES_MAX; k++) {
                row = best_without(e, m, bit, &score);
                w = row >= 0 ? weakest(e, m, x, bit, &least) : NULL;
                if (!w || score <= HOLD_FACTOR * least + HOLD_BYTES)
                        break;
                engine_follow_release(e, w);
                give(e, m, w, row, bit);
        }
}

void engine_follow_pick(struct engine *e, const struct members *m)
{
        struct following *f = e->following;
        if (!m)
                return;
        follow_table(e, m);
        forget_missing(e, m);
        bool due = f->begun && e->now - f->picked >= PICK_SECONDS;
        for (unsigned i = 0; i < f->follower_count; i++)
                due |= !f->followers[i].begun && m->read[family_of(f->followers[i].rule->pattern)];
        if (!due)
                return;
        learn_levels(e, m);
        for (unsigned i = 0; i < f->follower_count; i++)
                pick_for(e, m, i);
        f->picked = e->now;
        f->begun = true;
}
