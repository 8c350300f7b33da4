/* SPDX-License-Identifier: MIT */
/* How a record lies in memory: this head, then for each table its rows: ids (uint16_t each, an even
 * number of them), then the numbers (float each), row by row. */
#pragma once

#include <stdint.h>

#include "culprit/history.h"
#include "culprit/names.h"

struct record {
        double time;
        uint32_t size;    /* of all of it, a multiple of 8 */
        uint32_t present; /* tables that were read, as bits */
        uint16_t rows[TABLE_COUNT];
        float fields[FIELD_MEMINFO_COUNT];
        float fields_at[TABLE_COUNT][FIELD_MEMINFO_COUNT];
        float counts[COUNT_COUNT];
};

struct history {
        size_t capacity, used; /* bytes */
        double step;
        unsigned tables;
        unsigned count;
        struct names names;
        uint8_t *bytes; /* records, oldest first, each right behind the other */
};

enum { HISTORY_RECORDS_MAX = 256 }; /* three times what thinning leaves */

/* Seconds that lie between two records at least. */
#define HISTORY_GAP 0.001

/* Of a record whose head is complete: the bytes that all of it takes. */
size_t record_size(const struct record *r);
const uint16_t *record_ids(const struct record *r, enum table table);

/* Frees the names that no record uses, and finds the others anew. */
void history_sweep_names(struct history *h);

/* history_thin.c: which record to do without. Times are in order, oldest first; count >= 3.
 * *ret is the index of the first one whose neighbours are close enough together for its age; false
 * when there is none. The oldest and the newest stay. */
bool history_superfluous(const double *times, unsigned count, double step, unsigned *ret);

/* The index of the record that is missed least: its neighbours are closest for its age. */
unsigned history_least(const double *times, unsigned count);
