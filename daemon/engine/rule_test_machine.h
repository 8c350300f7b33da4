/* SPDX-License-Identifier: MIT */
/* The machine of a rule test at work: samples from a start and steps. Fields stay consistent as on
 * a real machine:
 *   Slab = SReclaimable + SUnreclaim, KReclaimable = SReclaimable
 *   a thread has a kernel stack, which lies inside VmallocUsed, and 6.7 KiB of SUnreclaim
 *   a control group has 19 KiB of SUnreclaim and 2 KiB of Percpu for each possible CPU
 *   programs' memory (AnonPages, Mapped) has an entry of 8 bytes per page of 4 KiB in PageTables
 *   what grows is taken from MemFree, then from Cached; all but reclaimable memory and cache from
 *   MemAvailable too
 * What is 19 KiB, 6.7 KiB and 2 KiB was measured. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/rule_test_internal.h"
#include "sample/members.h"

struct machine {
        const struct rule_test *test;
        unsigned step;                   /* of the last sample */
        uint64_t count;                  /* samples so far */
        double own[RULE_TEST_FIELDS];    /* when the step began: what the others do not explain */
        double begun[RULE_TEST_FIELDS];  /* when the step began: what was to be seen, less noise */
        double wander[RULE_TEST_FIELDS]; /* noise now */
        uint64_t random[RULE_TEST_FIELDS];
        struct members members;
        double clock; /* seconds it was set by so far */
        double elapsed;
        double values[RULE_TEST_FIELDS];
};

/* 0 or -ENOMEM, which only tests with slab caches or cgroups can get. */
int machine_init(struct machine *m, const struct rule_test *t);
void machine_done(struct machine *m);

/* The next sample, which points into the machine until the next call; false at the end. */
bool machine_next(struct machine *m, struct sample *ret);

/* Seconds since the first sample, of the last one: not the clock, which can be set. */
double machine_elapsed(const struct machine *m);
