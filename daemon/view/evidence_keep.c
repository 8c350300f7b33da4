/* SPDX-License-Identifier: MIT */
/* Keeps the newest archives. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "view/evidence.h"

/* The names begin with the time (RFC 3339 without colons): their order is that of the times. */
int evidence_rotate(int dirfd)
{
        for (;;) {
                char oldest[NAME_MAX + 1] = "";
                unsigned count = 0;
                off_t bytes = 0;
                struct dirent *entry;
                struct stat st;
                _cleanup_(closedirp) DIR *d = list_folder(dirfd);
                if (!d)
                        return -errno;
                while ((entry = readdir(d))) {
                        if (!has_suffix(entry->d_name, ".tar.gz") ||
                            fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                            !S_ISREG(st.st_mode))
                                continue;
                        count++;
                        bytes += st.st_size;
                        if (!*oldest || strcmp(entry->d_name, oldest) < 0)
                                snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
                }
                /* The newest stays whatever its size: it is bounded by itself. */
                if (count <= 1 || (count <= EVIDENCE_KEEP && bytes <= EVIDENCE_KEEP_BYTES))
                        return 0;
                if (unlinkat(dirfd, oldest, 0) < 0)
                        return -errno;
        }
}
