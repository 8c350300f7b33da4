/* SPDX-License-Identifier: MIT */
/* What goes next on a lane, and what goes with it. */
#include <math.h>
#include <stdlib.h>

#include "base/macros.h"
#include "deliver/lane.h"

static const struct trouble *find_trouble(const struct lane *l, uint64_t sequence)
{
        for (size_t i = 0; i < l->trouble_count; i++)
                if (l->troubles[i].sequence == sequence)
                        return &l->troubles[i];
        return NULL;
}

/* Nothing is to be sent of it, at all or now. */
static bool is_done(const struct queue_entry *entry, uint32_t bit)
{
        return (entry->settled | entry->held) & bit;
}

/* An older message of the same alert has trouble: this one has to wait for it. */
static bool held_back(const struct lane *l, const struct queue_entry *entry)
{
        for (size_t i = 0; i < l->trouble_count; i++)
                if (l->troubles[i].alert == entry->alert &&
                    l->troubles[i].sequence < entry->sequence)
                        return true;
        return false;
}

static bool is_stale(const struct queue_entry *entry, double wall)
{
        return wall - entry->time > STALE_SECONDS; /* an unknown time is none */
}

/* Also by the event's own clock: a courier that was started anew has just taken it in. */
static bool is_late(const struct lane *l, const struct queue_entry *entry, double now, double wall)
{
        return l->retry.failures > 0 || l->failed_at > entry->arrived ||
               l->quiet.ended > entry->arrived || now - entry->arrived > LATE_SECONDS ||
               wall - entry->time > LATE_SECONDS;
}

static enum pick one(const struct queue *q, const struct queue_entry *entry, enum form form,
                     enum pick pick, struct bundle *ret)
{
        ret->count = 1;
        ret->at[0] = (uint32_t)(entry - q->entries);
        ret->form = form;
        ret->summary = false;
        return pick;
}

/* The oldest that may go. *ret_stale: it is so old that it may belong into a summary; nothing is
 * picked then. */
static enum pick pick_oldest(const struct lane *l, const struct queue *q, uint32_t bit, double now,
                             double wall, bool *ret_stale, struct bundle *ret, double *ret_when)
{
        for (size_t i = 0; i < q->count; i++) {
                const struct queue_entry *entry = &q->entries[i];
                if (is_done(entry, bit))
                        continue;
                if (entry->not_before > now) {
                        *ret_when = fmin(*ret_when, entry->not_before);
                        continue;
                }
                if (entry->alert == 0)
                        return one(q, entry, FORM_FULL, PICK_READ, ret);
                if (ret_stale && is_stale(entry, wall) && !(entry->alone & bit)) {
                        *ret_stale = true;
                        return PICK_WAIT;
                }
                const struct trouble *t = find_trouble(l, entry->sequence);
                if (held_back(l, entry))
                        continue;
                if (t && t->next > now) {
                        *ret_when = fmin(*ret_when, t->next);
                        continue;
                }
                return one(q, entry, t ? t->form : FORM_FULL, PICK_SEND, ret);
        }
        return PICK_WAIT;
}

/* What waits of one alert: a part of the sorted list. */
struct unit {
        size_t first, count; /* in the list */
        bool over, stale;    /* the last of it ends the alert; and all of it is history */
        bool alone;          /* its first goes by itself */
        enum form form;
};

struct choice {
        const struct lane *lane;
        const struct queue *queue;
        uint32_t bit;
        double now, wall;
        uint32_t *list; /* places in the queue, by alert and then by place */
        size_t count;
        struct unit *units;
        size_t unit_count;
        bool late; /* some of it is: the newest truth goes first */
};

static const struct queue_entry *entry_at(const struct choice *c, size_t i)
{
        return &c->queue->entries[c->list[i]];
}

/* The truth is what stands last. What is still open comes before what is over, and the newest comes
 * first; while nothing is late there is nothing to choose, and the oldest comes first. */
static int by_news(const void *a, const void *b, void *userdata)
{
        const struct unit *x = a, *y = b;
        const struct choice *c = userdata;
        if (!c->late)
                return c->list[x->first] < c->list[y->first] ? -1 : 1;
        if (x->over != y->over)
                return x->over ? 1 : -1;
        return c->list[x->first + x->count - 1] > c->list[y->first + y->count - 1] ? -1 : 1;
}

static bool begins_within(const struct choice *c, const struct unit *u)
{
        for (size_t i = 0; i < u->count; i++)
                if (entry_at(c, u->first + i)->begins & c->bit)
                        return true;
        return false;
}

/* The part from `first` on that is of one alert. False when it has to wait. */
static bool make_unit(struct choice *c, size_t first, size_t *ret_next, struct unit *ret,
                      double *ret_when)
{
        struct unit u = { .first = first };
        const struct queue_entry *entry = entry_at(c, first);
        bool late = false, stale = true;
        size_t end = first;
        for (; end < c->count && entry_at(c, end)->alert == entry->alert; end++) {
                const struct queue_entry *e = entry_at(c, end);
                late = late || is_late(c->lane, e, c->now, c->wall);
                stale = stale && is_stale(e, c->wall);
        }
        *ret_next = end;
        u.count = end - first;
        u.over = entry_at(c, end - 1)->ends & c->bit;
        u.stale = stale && u.over && begins_within(c, &u);
        u.alone = entry->alone & c->bit;

        const struct trouble *t = find_trouble(c->lane, entry->sequence);
        if (t && t->next > c->now) {
                *ret_when = fmin(*ret_when, t->next);
                return false;
        }
        if (held_back(c->lane, entry))
                return false;
        /* What it stumbles over may have been said by what came later. */
        if (t && (t->form == FORM_SHORT || u.count == 1)) {
                u.alone = true;
                u.form = t->form;
        }
        /* Nothing was to be told twice yet: each at its time. */
        if (u.alone || c->lane->joining == JOIN_NOTHING ||
            (c->lane->joining == JOIN_ALERT && !late))
                u.count = 1;
        /* What a person knows must be told first; what came after that has overtaken it. */
        if (u.count > 1 && entry_at(c, first + u.count - 1)->acknowledges)
                u.count--;
        u.count = MIN_OF(u.count, (size_t)BUNDLE_MAX);
        c->late = c->late || (late && c->lane->joining != JOIN_NOTHING);
        *ret = u;
        return true;
}

static int by_place(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return x < y ? -1 : x > y;
}

static void add(const struct choice *c, const struct unit *u, struct bundle *ret)
{
        for (size_t i = 0; i < u->count; i++)
                ret->at[ret->count++] = c->list[u->first + i];
}

/* All that is over since long: one message, when nothing else is left to say. */
static bool summarise(const struct choice *c, struct bundle *ret)
{
        size_t alerts = 0;
        for (size_t i = 0; i < c->unit_count; i++) {
                struct unit u = c->units[i];
                if (!u.stale || u.alone)
                        continue;
                while (u.first + u.count < c->count &&
                       entry_at(c, u.first + u.count)->alert == entry_at(c, u.first)->alert)
                        u.count++; /* of what is not joined otherwise, too */
                if (ret->count + u.count > SUMMARY_MAX)
                        break;
                add(c, &u, ret);
                alerts++;
        }
        ret->summary = true;
        return alerts > 1;
}

static enum pick choose(struct choice *c, struct bundle *ret, double *ret_when)
{
        *ret = (struct bundle){ .count = 0 };
        for (size_t i = 0, next; i < c->count; i = next)
                if (make_unit(c, i, &next, &c->units[c->unit_count], ret_when))
                        c->unit_count++;
        if (c->unit_count == 0)
                return PICK_WAIT;
        qsort_r(c->units, c->unit_count, sizeof(*c->units), by_news, c);

        /* In their order what is stale comes first, by its news it comes last. */
        const struct unit *best = NULL;
        for (size_t i = 0; i < c->unit_count && !best && c->lane->joining != JOIN_NOTHING; i++)
                if (!c->units[i].stale || c->units[i].alone || !c->lane->summaries)
                        best = &c->units[i];
        if (!best && c->lane->summaries && summarise(c, ret)) {
                qsort(ret->at, ret->count, sizeof(ret->at[0]), by_place);
                return PICK_SEND;
        }
        *ret = (struct bundle){ .count = 0 };
        if (!best)
                best = &c->units[0];
        ret->form = best->form;
        add(c, best, ret);
        if (c->lane->joining == JOIN_ALL && !best->alone)
                for (size_t i = 0; i < c->unit_count; i++) {
                        const struct unit *u = &c->units[i];
                        if (u == best || u->alone || u->stale)
                                continue;
                        if (ret->count + u->count > BUNDLE_MAX)
                                break;
                        add(c, u, ret);
                }
        qsort(ret->at, ret->count, sizeof(ret->at[0]), by_place);
        return PICK_SEND;
}

static enum pick pick_joined(const struct lane *l, const struct queue *q, uint32_t bit, double now,
                             double wall, struct bundle *ret, double *ret_when)
{
        struct choice c = { .lane = l, .queue = q, .bit = bit, .now = now, .wall = wall };
        for (size_t i = 0; i < q->count; i++) {
                const struct queue_entry *entry = &q->entries[i];
                if (!is_done(entry, bit) && entry->alert == 0 && entry->not_before <= now)
                        return one(q, entry, FORM_FULL, PICK_READ, ret);
        }
        _cleanup_free_ uint32_t *list = calloc(q->count, sizeof(*list));
        _cleanup_free_ struct unit *units = calloc(q->count, sizeof(*units));
        if (!list || !units)
                return pick_oldest(l, q, bit, now, wall, NULL, ret, ret_when);
        c.list = list;
        c.units = units;
        for (size_t i = 0; i < q->count; i++) {
                const struct queue_entry *entry = &q->entries[i];
                if (is_done(entry, bit))
                        continue;
                if (entry->not_before > now)
                        *ret_when = fmin(*ret_when, entry->not_before);
                else
                        list[c.count++] = (uint32_t)i;
        }
        qsort_r(list, c.count, sizeof(*list), queue_by_alert, (void *)q);
        return choose(&c, ret, ret_when);
}

/* When the lane as a whole has to wait although it has something to do, until when. */
static double wait_for_turn(const struct lane *l)
{
        double turn = fmax(l->retry.next, l->rate_next);
        return l->joining == JOIN_ALL ? fmax(turn, l->group_next) : turn;
}

enum pick lane_pick(const struct lane *l, const struct queue *q, uint32_t bit, double now,
                    double wall, struct bundle *ret, double *ret_when)
{
        double turn = wait_for_turn(l);
        bool stale = false;
        size_t i = 0;

        while (i < q->count && (is_done(&q->entries[i], bit) || q->entries[i].not_before > now))
                i++;
        *ret_when = INFINITY;
        for (size_t k = 0; k < i; k++)
                if (!is_done(&q->entries[k], bit))
                        *ret_when = fmin(*ret_when, q->entries[k].not_before);
        if (i == q->count)
                return PICK_WAIT;
        if (turn > now) { /* there is something to do, but not yet */
                *ret_when = fmin(*ret_when, turn);
                return PICK_WAIT;
        }
        if (l->joining != JOIN_NOTHING)
                return pick_joined(l, q, bit, now, wall, ret, ret_when);
        enum pick pick =
                pick_oldest(l, q, bit, now, wall, l->summaries ? &stale : NULL, ret, ret_when);
        return stale ? pick_joined(l, q, bit, now, wall, ret, ret_when) : pick;
}
