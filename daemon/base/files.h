/* SPDX-License-Identifier: MIT */
/* Files that must survive, and bounded reading. Functions return 0 or negative errno. */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads a whole file of at most max bytes relative to dirfd (AT_FDCWD allowed). *ret_data is
 * terminated with a zero byte that *ret_size does not count, and owned by the caller.
 * -EFBIG when it is longer, -EISDIR for a directory. */
int file_read(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_size);

/* file_read for a folder in which somebody else may write: only a plain file that lies there
 * itself. -EBADMSG when it is a link, a pipe, a device or anything else; never waits for one. */
int file_read_plain(int dirfd, const char *name, size_t max, char **ret_data, size_t *ret_size);

/* Writes tmp_dirfd/name, fsyncs, renames to dirfd/name, fsyncs dirfd. When it fails nothing of that
 * name has changed in dirfd and no temporary file stays; only when the last step fails the new file
 * is there already and may be gone after a power cut. mode is set before the rename. tmp_dirfd
 * may equal dirfd: then the temporary name gets a leading dot and a ".tmp" ending. */
int file_write_atomic(int tmp_dirfd, int dirfd, const char *name, const void *data, size_t size,
                      mode_t mode);

/* The same without waiting for the disk: after a crash of the machine the file may be damaged. For
 * what has a checksum and is worth nothing after such a crash. */
int file_replace(int dirfd, const char *name, const void *data, size_t size, mode_t mode);

/* Writes all of data, restarting on EINTR and short writes. */
int write_all(int fd, const void *data, size_t size);

/* mkdir -p: mode for the last folder, 0755 for those above. Existing folders keep their mode. What
 * is made is durable. */
int make_directory(const char *path, mode_t mode);

/* Opens a folder (O_DIRECTORY|O_CLOEXEC), made first where missing. The descriptor, or negative
 * errno. */
int open_directory(const char *path, mode_t mode);

/* The same for a folder in one that somebody else may write in: never through a link, and made
 * durably, with this mode whatever the umask is, and the set-group-ID bit that it inherits. */
int open_subfolder(int parent, const char *name, mode_t mode);

/* Whether this name still leads to this open folder: a folder that was moved away can be written,
 * but nobody looks for anything there. */
bool folder_is_at(int fd, const char *path);

/* What lies in an open folder, from its beginning, for closedir; NULL with errno. The descriptor
 * and its own place in the list stay the caller's. */
DIR *list_folder(int dirfd);

static inline void closedirp(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

/* "A/B" in fresh memory, or NULL without memory. */
char *path_join(const char *folder, const char *name);
