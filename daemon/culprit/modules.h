/* SPDX-License-Identifier: MIT */
/* Which modules of the kernel were loaded lately: no proof of anything, but where the kernel does
 * not say who holds what, a driver that has just come is the first to look at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct procfs;

enum {
        MODULE_NAME_SIZE = 56, /* MODULE_NAME_LEN of the kernel */
        MODULES_MAX = 8,
        MODULES_TEXT = 4096, /* the newest come first */
};

struct module {
        char name[MODULE_NAME_SIZE];
        double seen; /* Unix seconds of the look that saw it first; 0: it was there before any */
};

/* Begins as zeros. */
struct modules {
        struct module newest[MODULES_MAX];
        unsigned count;
        bool known;
};

/* The text of /proc/modules, or its beginning. */
void modules_update(struct modules *m, const char *text, size_t size, double now);
void modules_read(struct modules *m, const struct procfs *p, double now);

/* "leak, nvidia": those that were seen first at `since` or later, newest first; "" for none.
 * Returns buffer. */
const char *modules_since(const struct modules *m, double since, char *buffer, size_t size);
