/* SPDX-License-Identifier: MIT */
/* Where the kernel tells what is charged to cgroups, of both versions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sample/cgroup_stat.h"

struct procfs;

enum { CGROUP_PATH_MAX = 4352 }; /* PATH_MAX and what stands before and after it */

struct cgroup_tree {
        const char *base, *file; /* folder of the root cgroup; what is read of each */
        bool v1;                 /* CGROUP_KERNEL only */
};

/* 0, or -ENOENT: the memory of cgroups is not counted here. buffer: 4096 bytes to work with. */
int cgroup_tree_find(const struct procfs *p, char *buffer, struct cgroup_tree *ret);

/* The numbers of the cgroup at `path` ("" the root, else "/system.slice" ...). False when the
 * kernel does not tell them, or it has just gone. buffer: CGROUP_TEXT_MAX bytes to work with. */
bool cgroup_tree_read(const struct procfs *p, const struct cgroup_tree *t, const char *path,
                      char *buffer, double ret[CGROUP_NUMBER_COUNT]);
