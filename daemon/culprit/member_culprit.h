/* SPDX-License-Identifier: MIT */
/* Who is behind the change of a slab cache or a cgroup: itself, and what is known beyond. Pure. */
#pragma once

#include "culprit/culprit.h"

/* name: the whole one, of sample/member.h. bytes: what it grew by (with sizes: has); NaN unknown.
 * found: who is behind the change of all caches or cgroups together, or NULL: where this one is
 * most of that, it was found for this one. */
void culprit_of_member(const char *name, double bytes, bool sizes, const struct culprit_list *found,
                       struct culprit_list *ret);
