/* SPDX-License-Identifier: MIT */
/* What looks found in the past, in fixed memory, thinned out with age: "what grew since T" has an
 * answer for every T of the last HISTORY_AGE seconds, from a record at most a quarter older than
 * asked for as long as the memory suffices; when it does not, the steps become larger. Pure after
 * history_new. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "culprit/findings.h"

struct history;
struct record; /* a look of the past; valid until the next history_add */

#define HISTORY_AGE (13 * 86400.0) /* the longest horizon of growth has 12 days */

/* bytes: for records, in one piece, touched as it fills. names: how many different ones its rows
 * can have. step: usual seconds between two records; closer ones do not last. tables: which of them
 * it keeps, bits 1 << enum table. 0 or -ENOMEM. */
int history_new(size_t bytes, unsigned names, double step, unsigned tables, struct history **ret);
void history_free(struct history *h);             /* NULL is fine */
size_t history_resident(const struct history *h); /* bytes in memory */

/* Keeps the largest rows of every table that was read to its end. Findings that are not newer than
 * the newest record (a clock set back) move the past back with them: times stay in order. What does
 * not fit when all others are gone is left out. */
void history_add(struct history *h, const struct findings *f);

/* The wall clock was set: what was seen at time t is now said to be of t + seconds. */
void history_shift(struct history *h, double seconds);

unsigned history_count(const struct history *h);
/* From 0, the oldest. */
const struct record *history_at(const struct history *h, unsigned index);

/* The newest record not after time, that has the table; when there is none the oldest that has it;
 * NULL when none has it. TABLE_COUNT: any record. */
const struct record *history_find(const struct history *h, double time, enum table table);

double record_time(const struct record *r);
/* /proc/meminfo when the table was read (TABLE_COUNT: when the look began). */
void record_fields(const struct record *r, enum table table, double ret[FIELD_MEMINFO_COUNT]);
void record_counts(const struct record *r, double ret[COUNT_COUNT]);

/* Fills `then` of the tally from the record: rows that were not kept there have as much as the
 * smallest kept ones at most and get 0, numbers the kernel did not tell stay NaN; rows that are in
 * the record and not in the tally are added with nothing now. False when the record lacks the
 * table; `then` is all NaN then. */
bool history_compare(const struct history *h, const struct record *r, enum table table,
                     struct tally *t);

/* To keep it over a restart of the daemon, within one boot: what is written is for the program that
 * wrote it, on the same machine. */

/* The bytes that history_save() needs now. */
size_t history_saved_size(const struct history *h);
/* Writes all of it; returns how many bytes. size >= history_saved_size(). */
size_t history_save(const struct history *h, void *buffer, size_t size);
/* Takes what was saved instead of what there is. Trusts nothing: -EBADMSG (damaged, or of another
 * build) leaves an empty history; -ENOSPC when it is larger than this one can hold. 0 or that. */
int history_load(struct history *h, const void *data, size_t size);
