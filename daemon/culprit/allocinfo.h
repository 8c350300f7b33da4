/* SPDX-License-Identifier: MIT */
/* A line of /proc/allocinfo (lib/alloc_tag.c, since 6.10, when booted with memory profiling):
 * versions 1.0 and 2.0. Pure. */
#pragma once

#include <stdbool.h>

enum { ALLOC_SITE_MAX = 120 };

struct alloc_site {
        char name[ALLOC_SITE_MAX]; /* "leak_init drivers/misc/leak.c:12 [leak]" */
        double bytes;
        double calls;
        bool inexact;   /* the kernel says so: some allocations were not counted */
        bool secondary; /* pages of caches, page cache, memory of programs: what the kernel counts
                           again by the object, or does not keep for itself */
};

/* SIZE CALLS FILE:LINE [MODULE] func:NAME accurate:no
 * A size below zero (a race of counters) is 0. 0; -EBADMSG for everything else, the header
 * included: *ret is untouched. */
int allocinfo_parse(const char *line, struct alloc_site *ret);
