/* SPDX-License-Identifier: MIT */
/* The past of every dimension on the disk, in a file of fixed size: single values for a quarter of
 * an hour, minutes for a day, quarter hours for a month. Where a moment stands in the file follows
 * from its time alone, so old data is overwritten by new without any bookkeeping, a clock that
 * steps leaves a gap and no confusion, and a record that a crash has torn is merely missing.
 *
 * The file: two copies of the head, of which the newer good one counts; then for each tier its
 * records. Each record has its own time and CRC-32C. Numbers are in the machine's byte order: the
 * file belongs to one machine.
 *
 * Reading needs no lock: a record that is being written fails its checksum and is left out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/event.h"

enum past_tier { PAST_SECONDS, PAST_MINUTES, PAST_QUARTERS, PAST_TIER_COUNT };

enum {
        /* The shipped rules follow some fifteen numbers; an operator's own may add as many again
         * and again. What follows after them has no history. */
        PAST_COLUMNS_MAX = 64,
        PAST_NAME_MAX = 159,  /* a dimension's name with what is taken off it */
        PAST_ASIDE_MAX = 288, /* the name of a file set aside */
        PAST_CELLS = 60,      /* of the minute, one for each second */

        PAST_SECONDS_KEPT = 15,          /* minutes of single values */
        PAST_MINUTES_KEPT = 24 * 60,     /* a day */
        PAST_QUARTERS_KEPT = 31 * 96,    /* a month */
        PAST_FILE_MAX = 5 * 1024 * 1024, /* bytes that the whole may take; it is less */
};

/* Seconds between two points of a tier, and how far back it reaches. */
double past_step(enum past_tier tier);
double past_reach(enum past_tier tier);

struct past_column {
        char name[PAST_NAME_MAX + 1];
        uint32_t unit; /* enum event_unit */
        uint32_t reserved;
        double since; /* Unix seconds: what stands in its place before belongs to another */
};

/* --- writing --- */

/* One minute of samples, as it goes to the writer thread: head, columns, then
 * PAST_CELLS * columns floats, all cells of a column together; NaN where there is none. */
struct past_minute {
        double start; /* Unix seconds, a multiple of 60 */
        uint32_t columns;
        uint32_t reserved;
        char machine_id[40]; /* "" when unknown */
};
size_t past_minute_size(size_t columns);
struct past_column *past_minute_columns(struct past_minute *m);
float *past_minute_cells(struct past_minute *m);

/* Writes the minute into dirfd/name, made where missing, and adds it to its minute and quarter of
 * an hour. Blocks. A file that is no good is set aside first, and *ret_aside says so (else ""). 0,
 * or negative errno. */
int past_write(int dirfd, const char *name, const struct past_minute *m,
               char ret_aside[static PAST_ASIDE_MAX]);

/* --- reading --- */

struct past;

/* 0; -ENOENT, -EACCES and the like; -EBADMSG when it is no history of this version. */
int past_open(int dirfd, const char *name, struct past **ret);
void past_close(struct past *h); /* NULL is fine */

size_t past_columns(const struct past *h);
const char *past_machine(const struct past *h); /* its id, "" when unknown */
const struct past_column *past_column(const struct past *h, size_t column);
/* The column of that name, or -1. */
int past_find(const struct past *h, const char *name);

struct past_point {
        double time; /* Unix seconds: where it begins */
        float least, mean, most;
};

/* The points of a column in [from, to), oldest first, in fresh memory owned by the caller; those
 * that are missing or damaged are left out. 0 or negative errno. */
int past_read(const struct past *h, enum past_tier tier, size_t column, double from, double to,
              struct past_point **ret, size_t *ret_count);
