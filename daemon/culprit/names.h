/* SPDX-License-Identifier: MIT */
/* The names that the history's rows have, each kept once and told by a small number. Pure after
 * names_init. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "culprit/tally.h"

enum { NAMES_MAX = 4096 };

struct name {
        uint64_t key; /* 0: free */
        char text[TALLY_NAME_MAX];
};

struct names {
        unsigned capacity;
        unsigned free_from; /* no free one below: the lowest are used first */
        struct name *all;   /* a mapping, which the other two lie in */
        bool *used;         /* for names_sweep */
        uint16_t *slots;
        unsigned slot_count;
};

/* 0 or -ENOMEM. capacity <= NAMES_MAX */
int names_init(struct names *n, unsigned capacity);
void names_done(struct names *n);          /* a zeroed one is fine */
size_t names_bytes(const struct names *n); /* of the mapping that begins with `all` */

/* The number of this name, made when there is none: 0 ... capacity - 1, or -1 when all are taken.
 * One key may stand for one name in two tables: the first text stays. */
int names_get(struct names *n, uint64_t key, const char *text);

/* Frees all names but those marked since the last sweep. */
void names_mark(struct names *n, unsigned id);
void names_sweep(struct names *n);
