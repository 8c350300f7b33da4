/* SPDX-License-Identifier: MIT */
/* Names that do not exist are remembered too: SReclaimable. About 0.45 KiB each with names this
 * long. Removing their folder forgets them at once. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* tmpfs forgets such names at once: /var/tmp is on a disk nearly everywhere. */
static char folder[] = "/var/tmp/kmemwatch-fault-XXXXXX";
static int folder_fd = -1;

static int prepare(void)
{
        if (!mkdtemp(folder))
                return -errno;
        folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return folder_fd < 0 ? -errno : 0;
}

static int grow(uint64_t from, uint64_t to)
{
        char name[201];

        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = 0;
        for (; from < to; from++) {
                struct stat st;
                int length = snprintf(name, sizeof(name), "%020" PRIu64, from);

                name[length] =
                        'n'; /* the tail stays: more than 40 bytes are a block of their own */
                if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                        return -EEXIST;
                if (errno != ENOENT)
                        return -errno;
        }
        return 0;
}

static void undo(void)
{
        if (rmdir(folder) < 0)
                fprintf(stderr, "fault: cannot remove %s: %s\n", folder, strerror(errno));
}

const struct fault_kind fault_dentries = {
        .name = "dentries",
        .amount = "names",
        .max = 20000000,
        .grow = grow,
        .prepare = prepare,
        .undo = undo,
};
