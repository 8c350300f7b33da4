/* SPDX-License-Identifier: MIT */
/* Files that must survive a crash, and reading with a bound. */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"

enum { READ_STEP = 16 * 1024 }; /* first buffer: most of what we read is smaller */

/* O_NONBLOCK: a FIFO put there by mistake must not hang the start. */
enum { READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

static int read_all(int fd, size_t max, char **ret_data, size_t *ret_size)
{
        _cleanup_free_ char *data = NULL;
        size_t size = 0, space = 0;

        for (;;) {
                ssize_t n;

                if (size == space) {
                        size_t next = space ? 2 * space : READ_STEP;
                        char *grown = realloc(data, next + 1);

                        if (!grown)
                                return -ENOMEM;
                        data = grown;
                        space = next;
                }
                n = read(fd, data + size, space - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
                if (size > max)
                        return -EFBIG;
        }
        data[size] = 0;
        *ret_data = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

int file_read(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_size)
{
        _cleanup_close_ int fd = openat(dirfd, path, READ_FLAGS);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        /* Without a writer a FIFO reads as empty; /dev/null is meant to. */
        if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
                return -EINVAL;
        return read_all(fd, max, ret_data, ret_size);
}

int file_read_plain(int dirfd, const char *name, size_t max, char **ret_data, size_t *ret_size)
{
        _cleanup_close_ int fd = openat(dirfd, name, READ_FLAGS | O_NOFOLLOW);
        struct stat st;

        if (fd < 0) /* a link; a socket */
                return errno == ELOOP || errno == ENXIO ? -EBADMSG : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? read_all(fd, max, ret_data, ret_size) : -EBADMSG;
}

int write_all(int fd, const void *data, size_t size)
{
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO; /* write(2) of a regular file never does this */
                p += n;
                size -= (size_t)n;
        }
        return 0;
}

static int write_whole(int fd, const void *data, size_t size, mode_t mode, bool synced)
{
        int r = write_all(fd, data, size);

        if (r < 0)
                return r;
        /* fchmod, since the mode given to open is cut by the umask */
        return fchmod(fd, mode) < 0 || (synced && fsync(fd) < 0) ? -errno : 0;
}

static int replace(int tmp_dirfd, int dirfd, const char *name, const void *data, size_t size,
                   mode_t mode, bool synced)
{
        _cleanup_close_ int fd = -1;
        char temporary[NAME_MAX + 1];
        int n, r;

        n = snprintf(temporary, sizeof(temporary), tmp_dirfd == dirfd ? ".%s.tmp" : "%s", name);
        if (n < 0 || (size_t)n >= sizeof(temporary))
                return -ENAMETOOLONG;

        /* What a crash left there; O_EXCL then refuses a link that somebody put in between. */
        if (unlinkat(tmp_dirfd, temporary, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(tmp_dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    mode & 0700);
        if (fd < 0)
                return -errno;
        r = write_whole(fd, data, size, mode, synced);
        if (r == 0 && renameat(tmp_dirfd, temporary, dirfd, name) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlinkat(tmp_dirfd, temporary, 0);
                return r;
        }
        return synced && fsync(dirfd) < 0 ? -errno : 0;
}

int file_write_atomic(int tmp_dirfd, int dirfd, const char *name, const void *data, size_t size,
                      mode_t mode)
{
        return replace(tmp_dirfd, dirfd, name, data, size, mode, true);
}

int file_replace(int dirfd, const char *name, const void *data, size_t size, mode_t mode)
{
        return replace(dirfd, dirfd, name, data, size, mode, false);
}

/* The name of what was made in it lies in the folder above. */
static int sync_above(const char *path)
{
        _cleanup_free_ char *above = strdup(path);
        _cleanup_close_ int fd = -1;

        if (!above)
                return -ENOMEM;
        fd = open(dirname(above), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* One that may be written and not read, or of a kind that cannot be synced, is no reason to
         * do without the new folder. */
        if (fd < 0 || fsync(fd) == 0 || errno == EINVAL)
                return 0;
        return -errno;
}

static int make_one(const char *path, mode_t mode)
{
        struct stat st;

        if (mkdir(path, mode) == 0)
                return sync_above(path);
        if (errno != EEXIST && errno != EROFS && errno != EACCES && errno != EPERM)
                return -errno;
        /* On a read-only parent mkdir says EROFS, behind a sandbox EACCES, for what exists. */
        int saved = errno;
        if (stat(path, &st) < 0)
                return -saved;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int make_directory(const char *path, mode_t mode)
{
        _cleanup_free_ char *copy = strdup(path);
        int r;

        if (!copy)
                return -ENOMEM;
        if (!*copy)
                return -ENOENT;
        for (char *p = copy + strspn(copy, "/"); (p = strchr(p, '/')); p++) {
                *p = 0;
                r = make_one(copy, 0755);
                *p = '/';
                if (r < 0)
                        return r;
        }
        return make_one(path, mode);
}

int open_directory(const char *path, mode_t mode)
{
        int r = make_directory(path, mode), fd;

        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* What the umask took away. A bit that the folder has inherited stays: the group of what is made in
 * it hangs on that. */
static void restore_mode(int fd, mode_t mode)
{
        struct stat st;

        if (fstat(fd, &st) == 0 && (st.st_mode & 0777) != mode)
                (void)fchmod(fd, mode | (st.st_mode & S_ISGID));
}

int open_subfolder(int parent, const char *name, mode_t mode)
{
        bool made = mkdirat(parent, name, mode) == 0;
        _cleanup_close_ int fd =
                openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (made)
                restore_mode(fd, mode);
        if (made && fsync(parent) < 0)
                return -errno;
        return TAKE_FD(fd);
}

bool folder_is_at(int fd, const char *path)
{
        struct stat open, named;

        return fd >= 0 && fstat(fd, &open) == 0 && stat(path, &named) == 0 &&
               open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

DIR *list_folder(int dirfd)
{
        _cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (dir)
                (void)TAKE_FD(fd); /* closedir closes it */
        return dir;
}

char *path_join(const char *folder, const char *name)
{
        size_t length = strlen(folder);
        bool slash = length > 0 && folder[length - 1] == '/';
        char *joined;

        return asprintf(&joined, "%s%s%s", folder, slash || !length ? "" : "/", name) < 0 ? NULL
                                                                                          : joined;
}
