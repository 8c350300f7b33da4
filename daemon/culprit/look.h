/* SPDX-License-Identifier: MIT */
/* Takes a look at who holds the kernel's memory, in slices: nothing here blocks the daemon's tick
 * for longer than one read of the kernel does. The longest such reads: /proc/vmallocinfo since 6.9
 * is made in one piece, 0.75 µs an area (1,600 areas 1.2 ms, 30,000 areas 23 ms); a cgroup's
 * memory.stat adds up the counters of all CPUs below it, some ms on hosts with thousands of them.
 * Allocates nothing after look_new. */
#pragma once

#include <stdbool.h>

#include "culprit/findings.h"

struct procfs;
struct look;

/* p must outlive it. clock: seconds that do not step (clock_monotonic); a test's own otherwise.
 * 0 or -ENOMEM. */
int look_new(const struct procfs *p, double (*clock)(void), struct look **ret);
void look_free(struct look *l);             /* NULL is fine */
size_t look_resident(const struct look *l); /* bytes in memory */

/* Begins: clears `into` and reads /proc/meminfo. sources: what to read, in this order, `count` of
 * them (each at most once). time: Unix seconds, kept in the findings. deadline: of the clock; what
 * is not read by then is marked late. deep: whether `into` was made for a deep look; a snapshot
 * visits fewer cgroups. into must outlive the look. */
void look_start(struct look *l, const enum source *sources, unsigned count, double time,
                double deadline, bool deep, struct findings *into);

/* Goes on until slice_end of the clock, and does at least one step, of some 0.1 ms. True while
 * there is more to do; false when the look is complete or its deadline has come. */
bool look_step(struct look *l, double slice_end);

/* Stops where it is: what is missing is marked late. */
void look_stop(struct look *l);

bool look_is_running(const struct look *l);
