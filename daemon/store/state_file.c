/* SPDX-License-Identifier: MIT */
/* State files on the disk: written so that a crash leaves the old or the new one, and set aside
 * when they are no good, so that the next start works and somebody can look at what happened. */
#include "store/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"

static const char ASIDE[] = ".bad-";

int state_file_write(int dirfd, const char *name, const struct state_head *head,
                     const void *payload, size_t size)
{
        _cleanup_free_ char *data = malloc(STATE_HEAD_SIZE + size);

        if (!data)
                return -ENOMEM;
        state_encode(head, payload, size, data);
        return file_write_atomic(dirfd, dirfd, name, data, STATE_HEAD_SIZE + size, 0600);
}

int state_file_put(int dirfd, const char *name, const void *file, size_t size, bool synced)
{
        return synced ? file_write_atomic(dirfd, dirfd, name, file, size, 0600)
                      : file_replace(dirfd, name, file, size, 0600);
}

void state_loaded_done(struct state_loaded *l)
{
        free(l->payload);
        *l = (struct state_loaded){ .payload = NULL };
}

/* The TIME of "NAME.bad-TIME"; false when `entry` is something else. */
static bool is_aside(const char *entry, const char *name, uint64_t *ret_time)
{
        size_t length = strlen(name);

        return strncmp(entry, name, length) == 0 && has_prefix(entry + length, ASIDE) &&
               parse_u64(entry + length + sizeof(ASIDE) - 1, ret_time) == 0;
}

/* Removes the oldest but STATE_ASIDE_KEEP. */
static int prune(int dirfd, const char *name)
{
        for (;;) {
                char oldest[NAME_MAX + 1] = "";
                uint64_t time, smallest = UINT64_MAX;
                struct dirent *entry;
                unsigned count = 0;
                _cleanup_(closedirp) DIR *d = list_folder(dirfd);

                if (!d)
                        return -errno;
                while ((entry = readdir(d))) {
                        if (!is_aside(entry->d_name, name, &time))
                                continue;
                        count++;
                        if (time <= smallest) {
                                smallest = time;
                                snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
                        }
                }
                if (count <= STATE_ASIDE_KEEP)
                        return 0;
                if (unlinkat(dirfd, oldest, 0) < 0)
                        return -errno;
        }
}

int state_file_set_aside(int dirfd, const char *name, double now, char *ret_name, size_t size)
{
        uint64_t stamp = now > 0 && now < 1e15 ? (uint64_t)now : 0;
        char aside[NAME_MAX + 1];
        int n;

        for (;; stamp++) {
                n = snprintf(aside, sizeof(aside), "%s%s%" PRIu64, name, ASIDE, stamp);
                if (n < 0 || (size_t)n >= sizeof(aside) || (size_t)n >= size)
                        return -ENAMETOOLONG;
                if (faccessat(dirfd, aside, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                        break; /* free; two damaged files in one second get two names */
        }
        if (renameat(dirfd, name, dirfd, aside) < 0)
                return -errno;
        snprintf(ret_name, size, "%s", aside);
        (void)prune(dirfd, name); /* too many of them is no reason to fail */
        return 0;
}

static enum state_fault fault_of_read(int error)
{
        return error == -EFBIG ? STATE_TOO_LARGE : STATE_UNREADABLE;
}

int state_file_load(int dirfd, const char *name, const char *kind, const char *machine_id,
                    size_t max, double now, struct state_loaded *ret)
{
        struct state_loaded l = { .fault = STATE_GOOD };
        _cleanup_free_ char *data = NULL;
        const void *payload;
        size_t size;
        int r;

        r = file_read(dirfd, name, max + STATE_HEAD_SIZE, &data, &size);
        if (r == -ENOENT) {
                *ret = l;
                return 0;
        }
        if (r == -ENOMEM)
                return r;
        l.fault = r < 0 ? fault_of_read(r)
                        : state_decode(data, size, kind, machine_id, &l.head, &payload, &l.size);
        if (l.fault != STATE_GOOD) {
                (void)state_file_set_aside(dirfd, name, now, l.aside, sizeof(l.aside));
                *ret = l;
                return 0;
        }
        /* The payload to the front of the memory that it came in, where any type is aligned. */
        memmove(data, payload, l.size);
        l.payload = TAKE_PTR(data);
        *ret = l;
        return 1;
}
