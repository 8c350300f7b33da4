/* SPDX-License-Identifier: MIT */
/* Kernel memory that stands in no line of /proc/meminfo: pages that drivers, packet rings,
 * io_uring and pipes take directly. What is left of MemTotal when all lines are taken off. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The pages that wait in the lists of each CPU, neither free nor used: the largest part of the
 * noise (27 MB over 9 s on two CPUs, 2.5 MB without them). Fed with the lines of /proc/zoneinfo,
 * without their newlines; *pages begins at 0. */
void unaccounted_zoneinfo_line(const char *line, double *pages);

/* MemTotal - MemFree - Buffers - Cached - SwapCached - AnonPages - Slab - VmallocUsed - PageTables
 * - SecPageTables - Percpu - Hugetlb - list_bytes, and less KernelStack where stacks do not lie in
 * VmallocUsed, in bytes. text: /proc/meminfo. A line that the kernel does not have is nothing: its
 * memory is then part of the answer (VmallocUsed before 5.3, Percpu before 4.20). NaN without one
 * of MemTotal, MemFree, Cached, AnonPages, Slab. May be below zero by the counters' error. */
double unaccounted_bytes(const char *text, size_t size, bool stacks_in_vmalloc, double list_bytes);

struct procfs;
/* Reads both files and does the sum: some 50 µs on a small machine, 0.3 ms with 100 CPUs. NaN when
 * it cannot be read. (unaccounted_read.c: the one part that is not pure.) */
double unaccounted_read(const struct procfs *p);

/* Still noisy: the median of the last minutes is what to watch. */
enum { UNACCOUNTED_VALUES = 5 };
struct unaccounted {
        double values[UNACCOUNTED_VALUES]; /* the last ones, one a minute */
        unsigned count, next;
};
void unaccounted_init(struct unaccounted *u);
void unaccounted_add(struct unaccounted *u, double bytes); /* NaN is left out */
/* NaN before there are three. */
double unaccounted_median(const struct unaccounted *u);
