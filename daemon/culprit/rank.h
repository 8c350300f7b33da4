/* SPDX-License-Identifier: MIT */
/* From tables of who holds how much, now and at an earlier time, to a list of culprits. Pure: the
 * numbers decide, nothing is asked. What cannot be known is said, not guessed. */
#pragma once

#include "culprit/culprit.h"
#include "culprit/findings.h"

/* What a table's `then` columns are compared with. */
struct rank_base {
        double time;                        /* Unix seconds; NaN: nothing, only sizes are known */
        double fields[FIELD_MEMINFO_COUNT]; /* /proc/meminfo at that time */
};

struct rank_input {
        enum culprit_dimension dimension;
        double since, until; /* Unix seconds */
        bool sizes;          /* not what grew: who has how much of it now */
        double grown;        /* bytes since then as whoever asks has measured it; NaN: take the
                                fields'. Its sign decides whether growth or a drop is explained.
                                With sizes and for `unaccounted` its size. */
        const struct findings *found; /* tables with their `then` */
        struct rank_base bases[TABLE_COUNT];
        double then_fields[FIELD_MEMINFO_COUNT]; /* at `since`, NaN unknown */
        double then_counts[COUNT_COUNT];         /* likewise; 0 with sizes */
        double page_size, stack_size;            /* bytes */
        double possible_cpus;
        bool container;      /* the daemon runs in one */
        const char *modules; /* of the kernel that came shortly before or since; "" or NULL none */
};

/* The field of /proc/meminfo that is this dimension; false when none is. */
bool rank_dimension_field(enum culprit_dimension dimension, enum field *ret);

void rank(const struct rank_input *in, struct culprit_list *ret);
