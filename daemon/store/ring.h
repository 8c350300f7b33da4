/* SPDX-License-Identifier: MIT */
/* A bounded first-in, first-out queue of blocks of any size in one mapping. Empty, it starts again
 * at its first page, so that a queue that is mostly empty touches few pages. No locking. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ring {
        char *memory;
        size_t size;
        size_t head;  /* the oldest block */
        size_t tail;  /* where the next goes */
        size_t end;   /* past the last block before the wrap; the size while tail >= head */
        size_t count; /* blocks */
};

/* Maps size bytes (rounded up to pages), untouched. 0 or negative errno. */
int ring_init(struct ring *r, size_t size);
void ring_done(struct ring *r);
size_t ring_resident(const struct ring *r); /* bytes in memory */

/* Space for a block of size bytes at the tail, aligned for any type; valid until it is removed.
 * NULL when it does not fit now. */
void *ring_add(struct ring *r, size_t size);
/* Whether ring_add would give it, without adding. */
bool ring_fits(const struct ring *r, size_t size);

/* The oldest block, or NULL. */
void *ring_first(const struct ring *r);
/* Removes the oldest block. */
void ring_remove(struct ring *r);
