/* SPDX-License-Identifier: MIT */
/* Reading the kernel: one object owns the root folder, every file is opened relative to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct procfs {
        int root_fd;
        bool live; /* the real "/", not a recorded root: CPUID, sysconf and namespaces mean this
                      machine */
};

/* root: a folder, or NULL for "/". 0 or negative errno. */
int procfs_init(struct procfs *p, const char *root);
void procfs_done(struct procfs *p);

/* path relative to the root, with or without a leading slash ("/proc/meminfo"). Symlinks inside a
 * recorded root are followed as they stand. The descriptor (O_RDONLY|O_CLOEXEC) or negative errno.
 */
int procfs_open(const struct procfs *p, const char *path);

/* One pread from the start into buffer, terminated. The number of bytes (< size), or negative
 * errno; -EFBIG when the file does not fit. Loops only on EINTR and, for files that hand out pages,
 * until end of file. */
ssize_t procfs_pread(int fd, char *buffer, size_t size);

/* open, pread, close; trailing white space is cut. Bytes read, or negative errno. */
ssize_t procfs_read(const struct procfs *p, const char *path, char *buffer, size_t size);

/* True when the path exists below the root. */
bool procfs_exists(const struct procfs *p, const char *path);
