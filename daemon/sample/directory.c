/* SPDX-License-Identifier: MIT */
/* Lists folders of the kernel without allocating: a look is taken when memory is short. */
#include "sample/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/procfs.h"

int directory_init(struct directory *d, const struct procfs *p, const char *path)
{
        d->fd = procfs_open(p, path);
        d->at = d->end = 0;
        if (d->fd >= 0)
                return 0;

        int error = d->fd;
        d->fd = -1;
        return error;
}

void directory_done(struct directory *d)
{
        closep(&d->fd);
        d->fd = -1;
}

bool directory_is_drained(const struct directory *d)
{
        return d->at >= d->end;
}

const char *directory_next(struct directory *d, bool *ret_folder)
{
        for (;;) {
                if (directory_is_drained(d)) {
                        ssize_t n = getdents64(d->fd, d->buffer, sizeof(d->buffer));

                        if (n <= 0)
                                return NULL;
                        d->at = 0;
                        d->end = (size_t)n;
                }
                struct dirent64 *entry = (struct dirent64 *)(void *)(d->buffer + d->at);

                d->at += entry->d_reclen;
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                *ret_folder = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
                return entry->d_name;
        }
}

static long folders_of(const struct stat *st)
{
        return st->st_nlink >= 2 ? (long)st->st_nlink - 2 : -1;
}

long directory_folders(const struct directory *d)
{
        struct stat st;

        return fstat(d->fd, &st) == 0 ? folders_of(&st) : -1;
}

long directory_folders_at(const struct procfs *p, const char *path)
{
        struct stat st;

        return fstatat(p->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? folders_of(&st) : -1;
}

void directory_rewind(struct directory *d)
{
        (void)lseek(d->fd, 0, SEEK_SET);
        d->at = d->end = 0;
}
