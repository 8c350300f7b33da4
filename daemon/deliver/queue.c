/* SPDX-License-Identifier: MIT */
/* The index of the spool: a sorted array, because events arrive in order and leave from the front.
 */
#include "deliver/queue.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

void queue_done(struct queue *q)
{
        free(TAKE_PTR(q->entries));
        q->count = q->size = 0;
}

void queue_clear(struct queue *q)
{
        q->count = 0;
        q->overflow = false;
}

static int compare(uint64_t sequence, const char *id, const struct queue_entry *entry)
{
        if (sequence != entry->sequence)
                return sequence < entry->sequence ? -1 : 1;
        return strcmp(id, entry->id);
}

/* The first entry that is not before (sequence, id). */
static size_t position(const struct queue *q, uint64_t sequence, const char *id)
{
        size_t low = 0, high = q->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (compare(sequence, id, &q->entries[middle]) > 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static int grow(struct queue *q)
{
        if (q->count < q->size)
                return 0;
        size_t size = MIN_OF(MAX_OF(2 * q->size, (size_t)64), (size_t)QUEUE_MAX);
        struct queue_entry *entries = reallocarray(q->entries, size, sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        q->entries = entries;
        q->size = size;
        return 0;
}

int queue_add(struct queue *q, uint64_t sequence, const char *id, struct queue_entry **ret)
{
        size_t at = position(q, sequence, id);
        if (at < q->count && compare(sequence, id, &q->entries[at]) == 0)
                return -EEXIST;
        if (q->count == QUEUE_MAX) {
                q->overflow = true;
                if (at == q->count)
                        return -ENOBUFS;
                q->count--;
        }
        int r = grow(q);
        if (r < 0)
                return r;

        struct queue_entry *entry = &q->entries[at];
        memmove(entry + 1, entry, (q->count - at) * sizeof(*entry));
        q->count++;
        *entry = (struct queue_entry){ .sequence = sequence, .time = NAN };
        snprintf(entry->id, sizeof(entry->id), "%s", id);
        *ret = entry;
        return 0;
}

void queue_remove(struct queue *q, struct queue_entry *entry)
{
        size_t at = (size_t)(entry - q->entries);
        memmove(entry, entry + 1, (q->count - at - 1) * sizeof(*entry));
        q->count--;
}

struct queue_entry *queue_find(struct queue *q, uint64_t sequence, const char *id)
{
        size_t at = position(q, sequence, id);
        return at < q->count && compare(sequence, id, &q->entries[at]) == 0 ? &q->entries[at]
                                                                            : NULL;
}

size_t queue_waiting(const struct queue *q, uint32_t bits)
{
        size_t waiting = 0;
        for (size_t i = 0; i < q->count; i++)
                waiting += (q->entries[i].settled & bits) != bits;
        return waiting;
}

size_t queue_held(const struct queue *q, uint32_t bit)
{
        size_t held = 0;
        for (size_t i = 0; i < q->count; i++)
                held += !(q->entries[i].settled & bit) && q->entries[i].held & bit;
        return held;
}

int queue_by_alert(const void *a, const void *b, void *userdata)
{
        const struct queue *q = userdata;
        uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
        uint64_t x = q->entries[i].alert, y = q->entries[k].alert;
        if (x != y)
                return x < y ? -1 : 1;
        return i < k ? -1 : i > k;
}
