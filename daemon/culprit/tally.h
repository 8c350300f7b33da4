/* SPDX-License-Identifier: MIT */
/* A bounded table of named rows with a few numbers each: now, and at an earlier time. What a look
 * finds is added up here: 4,000 processes of one name are one row. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        /* A container of Kubernetes has a path of 195 bytes. Longer names lose their beginning. */
        TALLY_NAME_MAX = 240,
        TALLY_COLUMNS_MAX = 9,
        TALLY_CAPACITY_MAX = 4096,
};

struct tally_row {
        uint64_t key;    /* tally_key() of the whole name: what makes it the same row */
        uint64_t parent; /* key of what it belongs to, 0 none; see enum table */
        char name[TALLY_NAME_MAX];
};

struct tally {
        unsigned capacity, columns, count;
        unsigned rank; /* column by which rows have to give way when it is full */
        struct tally_row *rows;
        double *now, *then;                 /* capacity * columns; then is NaN where unknown */
        double given_up[TALLY_COLUMNS_MAX]; /* sums of the rows that gave way */
        unsigned given_up_rows;
        uint16_t *slots; /* by key: index + 1 of a row, 0 none; open addressing */
        unsigned slot_count;
};

/* The bytes that a table takes. capacity <= TALLY_CAPACITY_MAX, columns <= TALLY_COLUMNS_MAX. */
size_t tally_bytes(unsigned capacity, unsigned columns);
/* An empty table in that many zeroed bytes of the caller's, aligned to 8, which outlive it. What
 * holds no rows is not touched, so that it takes no memory. */
void tally_init(struct tally *t, unsigned capacity, unsigned columns, unsigned rank, void *memory);
void tally_clear(struct tally *t);

/* The key of a name: FNV-1a, 64 bits, from `seed` (0, or the key of what the name belongs to).
 * Never 0. */
uint64_t tally_key(uint64_t seed, const char *name, size_t length);

/* The row of this key: its index, or -1; also -1 in a zeroed table. */
int tally_find(const struct tally *t, uint64_t key);

/* The row of this key, made with this name and numbers of 0 when there is none: its index. A new
 * row in a full table makes the smallest ones give way, at least a quarter of all, whose numbers
 * go to given_up; indexes change then. Never fails. */
unsigned tally_get(struct tally *t, uint64_t key, uint64_t parent, const char *name, size_t length);

static inline double *tally_now(const struct tally *t, unsigned row)
{
        return t->now + (size_t)row * t->columns;
}

static inline double *tally_then(const struct tally *t, unsigned row)
{
        return t->then + (size_t)row * t->columns;
}

/* All of `then` becomes NaN, and rows without anything now are taken out. */
void tally_forget_then(struct tally *t);

/* The name cleaned to UTF-8 and cut at its beginning to TALLY_NAME_MAX - 1 bytes ("…/tail"). */
void tally_name(const char *name, size_t length, char ret[TALLY_NAME_MAX]);
