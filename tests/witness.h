/* SPDX-License-Identifier: MIT */
/* A witness on a clock of the test's own, before and after a recorded growth. */
#pragma once

#include "test.h"

#include <stdbool.h>

#include "base/procfs.h"
#include "culprit/witness.h"
#include "sample/host.h"

#define GROWTH "tests/roots/debian12-growth/"

/* A clock that goes on by `clock_pace` each time it is read. */
static double clock_time = 1000, clock_pace = 1e-5;

static inline double fake_clock(void)
{
        return clock_time += clock_pace;
}

static struct host_facts host = { .stack_size = 16384, .cpus_possible = 2, .kind = HOST_VM };

/* Until it has nothing to do. */
static inline unsigned run(struct witness *w, double now)
{
        unsigned slices = 1;

        while (witness_step(w, now, clock_time + 1))
                slices++;
        return slices;
}

/* What a machine's root is, can change. */
static inline void go_to(struct procfs *p, const char *root)
{
        procfs_done(p);
        assert_int_equal(procfs_init(p, root), 0);
}
