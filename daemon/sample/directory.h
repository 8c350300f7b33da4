/* SPDX-License-Identifier: MIT */
/* The names in a folder of /proc or /sys, read with a fixed buffer: readdir(3) allocates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct procfs;

struct directory {
        int fd; /* of the folder; -1 before init and after done */
        size_t at, end;
        _Alignas(8) char buffer[4096]; /* some 100 names of /proc a call, 15 µs */
};

/* path relative to the root. 0 or negative errno. */
int directory_init(struct directory *d, const struct procfs *p, const char *path);
void directory_done(struct directory *d); /* twice is fine */

/* The next name except "." and "..", valid until the next call; NULL at the end or on an error.
 * *ret_folder: it is one, or the file system does not say; links are not followed. */
const char *directory_next(struct directory *d, bool *ret_folder);

/* True when the next directory_next() asks the kernel. */
bool directory_is_drained(const struct directory *d);

/* How many folders it holds, by its link count: kernfs (cgroups) keeps that. -1 when unknown. */
long directory_folders(const struct directory *d);

/* The same of a folder by its path below the root, without a leading slash. */
long directory_folders_at(const struct procfs *p, const char *path);

/* The names come again from the first one on. */
void directory_rewind(struct directory *d);
