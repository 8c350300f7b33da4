/* SPDX-License-Identifier: MIT */
/* One cause, one message: which dimension's growth follows from that of another. Threads move
 * KernelStack, VmallocUsed, SUnreclaim and often PageTables; a guest's memory moves SecPageTables
 * and PageTables; a network namespace moves SUnreclaim and Percpu. Pure. */
#pragma once

#include <stdbool.h>

#include "culprit/culprit.h"
#include "sample/field.h"

struct cause_input {
        double grown[FIELD_MEMINFO_COUNT]; /* bytes since the earliest of the alerts began; NaN or
                                              0: did not move */
        double threads, cgroups, networks; /* how many more; NaN unknown */
        double possible_cpus;
        bool stacks_in_vmalloc;
        const struct culprit_list *lists[DIMENSION_COUNT]; /* NULL where none was made */
};

/* For each dimension the one at the root of it: itself when its growth stands alone. A root is
 * always the root of itself. */
void cause_find(const struct cause_input *in, enum culprit_dimension ret[DIMENSION_COUNT]);
