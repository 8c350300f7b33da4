/* SPDX-License-Identifier: MIT */
/* The layout of the history file. Only for store/past_*.c. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/past.h"

struct past_head {
        char magic[8];
        uint32_t byte_order;
        uint32_t columns;
        uint64_t generation; /* the copy with the greater one is newer */
        char machine_id[40];
        struct past_column column[PAST_COLUMNS_MAX];
        uint32_t reserved;
        uint32_t crc; /* of all before it */
};
static_assert(sizeof(struct past_head) % sizeof(double) == 0, "records are aligned");

/* Makes an empty head. */
void past_head_init(struct past_head *h, const char *machine_id);

/* 1 with a head, 0 for an empty file, -EBADMSG for anything else, other negative errno from
 * reading. copy: room. */
int past_head_read(int fd, struct past_head *ret, struct past_head *copy);

/* Over the older copy, so that a crash leaves the other. */
int past_head_write(int fd, struct past_head *h);

/* The column of that name, or -1. */
int past_head_find(const struct past_head *h, const char *name);

/* What a column was in a minute or a quarter of an hour. */
struct past_span {
        float least, mean, most;
        float weight; /* samples behind it; 0 none */
};

/* As it lies on the disk, its numbers behind it. */
struct past_record {
        double time;
        uint32_t columns;
        uint32_t crc; /* of the rest of it, and of the numbers */
        union {
                float cells[PAST_CELLS * PAST_COLUMNS_MAX];
                struct past_span spans[PAST_COLUMNS_MAX];
        };
};
enum { PAST_RECORD_HEAD = 16 };
static_assert(offsetof(struct past_record, cells) == PAST_RECORD_HEAD, "no hole");

/* How many records of the tier are kept. */
size_t past_records(enum past_tier tier);

/* Times that a record can have: 1970 to 9999. */
bool past_is_time(double t);

/* Where the record begins that holds this moment. */
double past_record_start(enum past_tier tier, double time);

/* The record that begins at `start`, or false when there is no good one. */
bool past_record_read(int fd, enum past_tier tier, double start, struct past_record *ret);
/* The same by its place among the tier's records. */
bool past_slot_read(int fd, enum past_tier tier, size_t slot, struct past_record *ret);

int past_record_write(int fd, enum past_tier tier, struct past_record *b);
