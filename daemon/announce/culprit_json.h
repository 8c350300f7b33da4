/* SPDX-License-Identifier: MIT */
/* Culprits as JSON: the members that events, `Who` and `Top` share.
 *
 *   culprits      [{"kind", "name", "label", "bytes", "share", "note", "since", "sizes", "about",
 *                 "placed"}]: who is behind it, what grew first and then who it is charged to, each
 *                 largest first. kind: cache | large-kmalloc | caller | site | stacks | map |
 *                 objects | pages | process | cgroup. name: as the kernel calls it, label: as a
 *                 person does. bytes: by which it grew (at a drop shrank), with sizes all it has
 *                 now; share: of the dimension's growth or size, 0..1 or null. since: what it is
 *                 compared with, or null. about: not measured, from the usual cost of such objects.
 *                 placed: of a cgroup, by where the processes are and not by the kernel's account
 *   explained     share of the change that the culprits explain, 0..1, or null
 *   charged       share that is charged to any cgroup, or null
 *   unexplained   what is not explained and why, or ""
 *   hidden        sources that were not to be had, and why, or ""
 *   culprit_text  all of it in one sentence without a full stop, or "" */
#pragma once

struct culprit;
struct culprit_list;
struct json_out;

/* Into the object that is open. NULL: nobody is named, the members are there all the same. */
void culprits_json(struct json_out *j, const struct culprit_list *l);

/* One culprit's members, into the object that is open. */
void culprit_members_json(struct json_out *j, const struct culprit *c);
