/* SPDX-License-Identifier: MIT */
/* What of the queue a lane leaves lying in its channel's quiet hours. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/macros.h"
#include "deliver/lane.h"

struct round {
        const struct lane *lane;
        struct queue *queue;
        uint32_t bit;
        double began;
        uint32_t *list; /* places in the queue of what is unsettled, by alert, then by place */
        size_t count;
};

static struct queue_entry *entry_at(const struct round *r, size_t i)
{
        return &r->queue->entries[r->list[i]];
}

static void hold(const struct round *r, size_t from, size_t to)
{
        for (size_t i = from; i < to; i++)
                entry_at(r, i)->held |= r->bit;
}

static void mute(const struct round *r, size_t from, size_t to)
{
        for (size_t i = from; i < to; i++)
                entry_at(r, i)->muted |= r->bit;
}

static bool passes(const struct round *r, size_t from, size_t to)
{
        for (size_t i = from; i < to && r->lane->quiet.but_critical; i++)
                if (entry_at(r, i)->critical)
                        return true;
        return false;
}

/* Nobody can know of it yet: it began in these very hours, and was not sent. */
static bool is_unheard(const struct round *r, const struct queue_entry *entry)
{
        return entry->begins & r->bit && !(entry->tried & r->bit) && entry->time >= r->began;
}

/* What goes on. A person who knows of it need not be told; who was told, is told that one knows. */
static void rest(const struct round *r, size_t from, size_t to)
{
        bool known = entry_at(r, to - 1)->acknowledges;
        if (known && is_unheard(r, entry_at(r, from)))
                mute(r, from, to);
        else
                hold(r, from, to - known);
}

/* All that waits of one alert, up to its end, and then what comes after that. */
static void sort_alert(const struct round *r, size_t from, size_t to)
{
        while (from < to && !passes(r, from, to)) {
                size_t end = from;
                while (end < to && !(entry_at(r, end)->ends & r->bit))
                        end++;
                if (end == to) {
                        rest(r, from, to);
                        return;
                }
                if (is_unheard(r, entry_at(r, from)))
                        mute(r, from, end + !r->lane->quiet.ends_all);
                from = end + 1;
        }
}

int lane_hold(const struct lane *l, struct queue *q, uint32_t bit, size_t *ret_muted)
{
        struct round r = { .lane = l, .queue = q, .bit = bit, .began = l->quiet.began };
        size_t muted = 0;

        lane_release(q, bit);
        _cleanup_free_ uint32_t *list = calloc(q->count + 1, sizeof(*list));
        if (!list) {
                for (size_t i = 0; i < q->count; i++)
                        q->entries[i].held |= bit;
                return -ENOMEM;
        }
        r.list = list;
        for (size_t i = 0; i < q->count; i++)
                if (!(q->entries[i].settled & bit) && q->entries[i].alert != 0)
                        list[r.count++] = (uint32_t)i;
        qsort_r(list, r.count, sizeof(*list), queue_by_alert, q);
        for (size_t i = 0, end; i < r.count; i = end) {
                for (end = i + 1; end < r.count; end++)
                        if (entry_at(&r, end)->alert != entry_at(&r, i)->alert)
                                break;
                sort_alert(&r, i, end);
        }
        for (size_t i = 0; i < r.count; i++)
                muted += !!(entry_at(&r, i)->muted & bit);
        *ret_muted = muted;
        return 0;
}

void lane_release(struct queue *q, uint32_t bit)
{
        for (size_t i = 0; i < q->count; i++) {
                q->entries[i].held &= ~bit;
                q->entries[i].muted &= ~bit;
        }
}
