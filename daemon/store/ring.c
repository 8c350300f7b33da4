/* SPDX-License-Identifier: MIT */
/* The memory of a writer lane: blocks lie whole and in order, because the writer thread uses the
 * oldest in place while new ones are added behind it. */
#include "store/ring.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/pages.h"

struct block {
        alignas(max_align_t) size_t total; /* bytes with this head */
};

int ring_init(struct ring *r, size_t size)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        size_t whole = (size + page - 1) / page * page;
        void *memory;

        memory = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
                return -errno;
        *r = (struct ring){ .memory = memory, .size = whole, .end = whole };
        return 0;
}

void ring_done(struct ring *r)
{
        if (r->memory)
                (void)munmap(r->memory, r->size);
        *r = (struct ring){ .memory = NULL };
}

static size_t total_of(size_t size)
{
        size_t unit = alignof(max_align_t);

        return sizeof(struct block) + (size + unit - 1) / unit * unit;
}

/* Where a block of this total size would begin; false when there is no room. */
static bool find_room(const struct ring *r, size_t total, size_t *ret)
{
        if (r->count == 0) {
                *ret = 0;
                return total <= r->size;
        }
        if (r->tail > r->head) { /* in one piece: behind it, else before it */
                if (total <= r->size - r->tail) {
                        *ret = r->tail;
                        return true;
                }
                *ret = 0;
                return total <= r->head;
        }
        *ret = r->tail; /* wrapped, or full when tail == head */
        return total <= r->head - r->tail;
}

bool ring_fits(const struct ring *r, size_t size)
{
        size_t start;

        return size <= r->size && find_room(r, total_of(size), &start);
}

void *ring_add(struct ring *r, size_t size)
{
        size_t start, total;
        struct block *b;

        if (size > r->size)
                return NULL;
        total = total_of(size);
        if (!find_room(r, total, &start))
                return NULL;
        if (r->count == 0)
                r->head = 0;
        else if (start < r->tail && r->tail > r->head)
                r->end = r->tail; /* wraps: the rest of the mapping stays unused until then */
        b = (struct block *)(r->memory + start);
        b->total = total;
        r->tail = start + total;
        r->count++;
        return b + 1;
}

void *ring_first(const struct ring *r)
{
        return r->count ? (struct block *)(r->memory + r->head) + 1 : NULL;
}

void ring_remove(struct ring *r)
{
        assert(r->count > 0);
        r->head += ((struct block *)(r->memory + r->head))->total;
        r->count--;
        if (r->count == 0) {
                r->head = r->tail = 0;
                r->end = r->size;
        } else if (r->head == r->end) {
                r->head = 0;
                r->end = r->size;
        }
}

size_t ring_resident(const struct ring *r)
{
        return pages_resident(r->memory, r->size);
}
