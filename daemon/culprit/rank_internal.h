/* SPDX-License-Identifier: MIT */
/* What the files rank*.c share. */
#pragma once

#include "base/text.h"
#include "culprit/rank.h"

enum {
        RANK_OBJECTS = 4, /* of what grew, in a list */
        RANK_CGROUPS = 3, /* of who has it */
};

/* A culprit holds at least this share of the growth, and this much: below is noise. */
#define RANK_SHARE_MIN 0.05
#define RANK_BYTES_MIN 65536.0

struct rank_work {
        const struct rank_input *in;
        struct culprit_list *list;
        double sign; /* -1: a drop is explained */
        struct text unexplained, hidden;
};

/* A number of bytes out of a row's columns. */
typedef double (*rank_value)(const struct rank_work *w, const double *columns);
/* Whether a row takes part. */
typedef bool (*rank_filter)(const struct rank_work *w, const struct tally *t, unsigned row);

struct rank_row {
        unsigned row;
        double bytes; /* as of rank_row_growth() */
};

/* The table was read to its end: what is not in it is not there. */
bool rank_is_whole(const struct rank_work *w, enum table table);
bool rank_has_base(const struct rank_work *w, enum table table);
/* What a field grew by since the table's base, in the direction that is explained; all of it
 * without a base. */
double rank_field(const struct rank_work *w, enum table table, enum field field);
/* What shares of a table's rows are shares of: what the dimension grew by while the rows did, all
 * of it without a base; what was asked for when that is not known; NaN when nothing is. */
double rank_growth(const struct rank_work *w, enum table table);
/* What a row grew by, in the direction that is explained; all of it without a base. NaN when that
 * cannot be known, because there was no time to read it all. */
double rank_row_growth(const struct rank_work *w, enum table table, unsigned row, rank_value value);
/* The largest rows, those of the least share left out; returns how many. *ret_all: the sum of all
 * rows that take part, also those that shrank. filter may be NULL. */
unsigned rank_top(const struct rank_work *w, enum table table, rank_value value, rank_filter filter,
                  double growth, struct rank_row rows[RANK_OBJECTS], double *ret_all);

/* Adds a culprit with its numbers; name and label are the caller's. NULL when the list is full. */
struct culprit *rank_add(struct rank_work *w, enum culprit_kind kind, enum table table,
                         double bytes, double growth);

/* How many more of them there are, in the direction that is explained; all of them with sizes. */
double rank_count_growth(const struct rank_work *w, enum count count);
/* Adds objects of a usual cost, when so many more of them make a tenth of the growth at least.
 * Returns the share, 0 when nothing was added. */
double rank_objects(struct rank_work *w, enum count count, double each, double growth);

/* Text for people, each with its own buffer's bounds. */
void rank_set(char *buffer, size_t size, const char *format, ...) _printf_(3, 4);
/* Another sentence, "; " before it. */
void rank_say(struct text *t, const char *format, ...) _printf_(2, 3);

double rank_clamp(double share); /* to 0..1, NaN stays */

/* True when the source was read; else says in `hidden` why not. */
bool rank_source(struct rank_work *w, enum source source);

/* By dimension. */
void rank_slab(struct rank_work *w);
void rank_vmalloc(struct rank_work *w);
void rank_kernel_stack(struct rank_work *w);
void rank_page_tables(struct rank_work *w);
void rank_sec_page_tables(struct rank_work *w);
void rank_percpu(struct rank_work *w);
void rank_unaccounted(struct rank_work *w);

/* Processes by command: value in bytes. *ret_explained: the share of all of them. */
void rank_commands(struct rank_work *w, rank_value value, double growth, double *ret_explained);
/* The command whose places for open files grew most, when they can hold half of `files`; else "".
 */
void rank_open_files(const struct rank_work *w, double files, char *buffer, size_t size);
double rank_stack_value(const struct rank_work *w, const double *columns);

/* Lines of source, where the kernel tells them: at most two that fit the growth. */
void rank_sites(struct rank_work *w, double growth);

/* Who it is charged to. value: of the columns of a cgroup, NaN when this kernel does not tell.
 * fallback: of the columns of processes, for where cgroups do not tell this kind of memory; NULL:
 * processes say nothing of it. */
void rank_cgroups(struct rank_work *w, rank_value value, rank_value fallback);
