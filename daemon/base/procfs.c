/* SPDX-License-Identifier: MIT */
/* Reads /proc and /sys, of this machine or recorded below another root, with few system calls and
 * no allocation. */
#include "base/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"

/* A seq_file hands out whole records that fit one page of 4 KiB, so as long as records are shorter
 * than 2 KiB a read that brought less than 2 KiB was the last one. This saves the second read of
 * /proc/meminfo (1.5 KiB) at each tick. */
enum { LAST_READ_MAX = 2048 };

int procfs_init(struct procfs *p, const char *root)
{
        struct stat wanted, live;
        _cleanup_close_ int fd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &wanted) < 0 || stat("/", &live) < 0)
                return -errno;
        p->live = wanted.st_dev == live.st_dev && wanted.st_ino == live.st_ino;
        p->root_fd = TAKE_FD(fd);
        return 0;
}

void procfs_done(struct procfs *p)
{
        closep(&p->root_fd);
        p->root_fd = -1;
}

static const char *relative(const char *path)
{
        while (*path == '/')
                path++;
        return *path ? path : ".";
}

int procfs_open(const struct procfs *p, const char *path)
{
        int fd = openat(p->root_fd, relative(path), O_RDONLY | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : fd;
}

ssize_t procfs_pread(int fd, char *buffer, size_t size)
{
        size_t length = 0;

        while (length < size) {
                ssize_t n = pread(fd, buffer + length, size - length, (off_t)length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                length += (size_t)n;
                if (n < LAST_READ_MAX && length < size)
                        break;
        }
        if (length >= size)
                return -EFBIG;
        buffer[length] = 0;
        return (ssize_t)length;
}

ssize_t procfs_read(const struct procfs *p, const char *path, char *buffer, size_t size)
{
        _cleanup_close_ int fd = procfs_open(p, path);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = procfs_pread(fd, buffer, size);
        while (n > 0 && (buffer[n - 1] == '\n' || buffer[n - 1] == ' ' || buffer[n - 1] == '\t'))
                buffer[--n] = 0;
        return n;
}

bool procfs_exists(const struct procfs *p, const char *path)
{
        return faccessat(p->root_fd, relative(path), F_OK, 0) == 0;
}
