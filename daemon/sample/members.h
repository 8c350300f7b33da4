/* SPDX-License-Identifier: MIT */
/* The members of the families that are asked for, with their numbers as last read: a table of fixed
 * size, part of each sample. A member keeps its row as long as it is there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample/member.h"

struct members {
        unsigned used;    /* no row above is in use */
        uint64_t changes; /* more when a row gets another member or is another kind of one */
        /* All that there are were found at the last reading; false before the first one, and when
         * it failed or was cut. */
        bool known[FAMILY_COUNT];
        bool read[FAMILY_COUNT]; /* to its end, once at least: until then some may be missing */

        /* By row. */
        uint64_t *keys; /* member_key of its short name; 0: the row is free */
        double *values; /* bytes; NaN absent */
        bool *inner;    /* holds others: in what a pattern finds it would be counted twice */
        char (*names)[MEMBER_NAME_MAX + 1];

        /* of members.c */
        unsigned free_from; /* no free row below */
        bool *seen;         /* in the reading that is under way */
        uint8_t *family;    /* whose it is */
        uint16_t *places;   /* row + 1 by key, open addressing */
        size_t size;
};

/* 0 or -ENOMEM. The memory of rows that were never used is never touched. */
int members_init(struct members *m);
void members_done(struct members *m); /* a zeroed one is fine */

/* A reading of a family: begin, put for each member, end; whole: nothing is missing. Those that
 * were not put are gone then. */
void members_begin(struct members *m, enum family family);
/* The row, or -ENOSPC when all are taken, -EEXIST when a member of that name was there already. */
int members_put(struct members *m, enum family family, const char *name, double bytes, bool inner);
void members_end(struct members *m, enum family family, bool whole);

/* The family could not be read: nothing is known of its members now, but they stay. */
void members_fail(struct members *m, enum family family);

/* The row of a key, or -1. */
int members_find(const struct members *m, uint64_t key);
