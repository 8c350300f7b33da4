/* SPDX-License-Identifier: MIT */
/* A tar.gz of files that are made in memory, through libarchive. */
#pragma once

#include <stddef.h>

struct archive_out;

/* Written to fd, which stays the caller's. 0 or negative errno. */
int archive_out_new(int fd, struct archive_out **ret);

/* One file, name with its folder. 0 or negative errno; after one the archive is lost. */
int archive_out_add(struct archive_out *a, const char *name, const void *data, size_t size,
                    double time);

/* Ends and frees it. 0 or negative errno. NULL is fine. */
int archive_out_close(struct archive_out *a);
