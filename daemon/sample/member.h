/* SPDX-License-Identifier: MIT */
/* Families of numbers, one for each member: a slab cache, a cgroup. Their names as rules, traces
 * and events carry them: "slab:dentry", "cgroup:/system.slice/nginx.service/slab"; and in rules
 * patterns of them: "slab:*", "cgroup:/kubepods*" with a field behind it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample/cgroup_stat.h"
#include "sample/field.h"

enum family { FAMILY_SLAB, FAMILY_CGROUP, FAMILY_COUNT };

enum {
        /* Of a whole name: what tells pods and containers apart stands behind 150 bytes of path. */
        MEMBER_NAME_MAX = 231,
        /* Of all families together: a machine of 4,000 cgroups is large, and each costs 22 µs. */
        MEMBERS_MAX = 4096,
        MEMBER_HOLD_SECONDS = 10, /* a value is that of the last reading, taken so often at most */
};

/* "slab", "cgroup" */
const char *family_name(enum family family);

/* The family that the name or pattern begins with ("slab:"), or -1. */
int family_of(const char *name);

/* What can be asked of a cgroup: "slab", "kernel_stack" ..., NULL behind the last. */
const char *member_cgroup_field(unsigned index);

/* By its index the number of memory.stat; "slab" is the sum of two. NaN unknown. */
double member_cgroup_value(unsigned index, const double numbers[CGROUP_NUMBER_COUNT]);

enum member_fault {
        MEMBER_GOOD,
        MEMBER_NO_NAME,    /* "slab:" */
        MEMBER_TOO_LONG,   /* than any name can be */
        MEMBER_NO_FIELD,   /* "cgroup:/system.slice" */
        MEMBER_NOT_A_PATH, /* "cgroup:system.slice/slab": paths begin at the root */
};

/* Whether a name or pattern of a family can be one. *ret_field: what is asked of a cgroup. */
enum member_fault member_pattern_check(const char *pattern, const char **ret_field);

/* False when it is the name of one member. */
bool member_is_pattern(const char *name);

/* The name of a member from what the kernel calls it; field is that of a cgroup, else NULL. Fit for
 * traces and messages: clean UTF-8 without commas and quotes. What had to be changed or cut for
 * that has a hash of all of it in its name, so that two of them stay two. Returns ret. */
const char *member_name(enum family family, const char *own, const char *field,
                        char ret[MEMBER_NAME_MAX + 1]);

/* The name as events carry it: itself up to FIELD_NAME_MAX bytes, else
 * "cgroup:~1a2b3c4d~cri-containerd-4f1c2a9b8c/slab": the hash of all of it and the end of the path.
 * Returns ret. */
const char *member_short_name(const char *name, char ret[FIELD_NAME_MAX + 1]);

/* Of a short name: tells members apart. Not 0. */
uint64_t member_key(const char *short_name);

/* The path of the cgroup in its (whole) name: its length behind "cgroup:". */
size_t member_path_length(const char *name);
