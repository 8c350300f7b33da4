/* SPDX-License-Identifier: MIT */
/* Keeps events over a kill while the spool does not take them. */
#include "announce/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "store/writer.h"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

int hold_init(struct hold *h, const char *path)
{
        *h = (struct hold){ .path = strdup(path), .fd = -1 };
        return h->path ? 0 : -ENOMEM;
}

void hold_done(struct hold *h)
{
        closep(&h->fd);
        free(h->names);
        free(h->path);
        *h = (struct hold){ .fd = -1 };
}

size_t hold_count(const struct hold *h)
{
        return h->end - h->first;
}

static int append(struct hold *h, const struct held_name *name)
{
        if (h->first > 0 && h->first == h->end)
                h->first = h->end = 0;
        if (h->end == h->space) {
                size_t space = MAX_OF(2 * h->space, (size_t)16);
                struct held_name *grown = reallocarray(h->names, space, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                h->names = grown;
                h->space = space;
        }
        h->names[h->end++] = *name;
        return 0;
}

static int by_number(const void *a, const void *b)
{
        const struct held_name *x = a, *y = b;

        return (x->number > y->number) - (x->number < y->number);
}

static int list(struct hold *h)
{
        _cleanup_(closedirp) DIR *d = list_folder(h->fd);
        struct dirent *entry;
        int r = 0;

        if (!d)
                return -errno;
        while (r == 0 && (errno = 0, entry = readdir(d))) {
                struct held_name name;

                /* The largest number has no successor: it was not made by us. */
                if (spool_name_parse(entry->d_name, &name.number, name.event_id) &&
                    name.number < UINT64_MAX && h->end < HOLD_MAX)
                        r = append(h, &name);
        }
        return r < 0 ? r : -errno;
}

int hold_open(struct hold *h)
{
        int r;

        if (h->known)
                return 0;
        closep(&h->fd);
        h->fd = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (h->fd < 0 && errno != ENOENT)
                return -errno;
        h->first = h->end = 0;
        r = h->fd < 0 ? 0 : list(h);
        if (r < 0) {
                closep(&h->fd);
                h->fd = -1;
                return r;
        }
        if (h->end > 0) {
                qsort(h->names, h->end, sizeof(h->names[0]), by_number);
                h->last = h->names[h->end - 1].number;
        }
        h->known = true;
        return 0;
}

/* STATE/unspooled, and its name in STATE, durable. */
static int make_folder(struct hold *h)
{
        _cleanup_free_ char *above = strdup(h->path);
        char *slash = above ? strrchr(above, '/') : NULL;
        _cleanup_close_ int parent = -1;

        if (!above)
                return -ENOMEM;
        if (folder_is_at(h->fd, h->path))
                return 0;
        closep(&h->fd);
        h->fd = -1;
        if (!slash || slash == above)
                return -EINVAL;
        *slash = 0;
        parent = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
                return -errno;
        int fd = open_subfolder(parent, slash + 1, FOLDER_MODE);
        if (fd < 0)
                return fd;
        h->fd = fd;
        return 0;
}

int hold_add(struct hold *h, const char *event_id, const void *data, size_t size)
{
        struct held_name name;
        char file[SPOOL_NAME_SIZE];
        int r = hold_open(h);

        if (r < 0)
                return r;
        if (hold_count(h) >= HOLD_MAX)
                return -EXFULL;
        name.number = h->last + 1;
        if (!spool_name_format(name.number, event_id, file))
                return -EINVAL;
        memcpy(name.event_id, event_id, sizeof(name.event_id));
        r = make_folder(h);
        if (r == 0)
                r = append(h, &name);
        if (r < 0)
                return r;
        r = file_write_atomic(h->fd, h->fd, file, data, size, FILE_MODE);
        if (r < 0) {
                h->end--;
                (void)unlinkat(h->fd, file, 0); /* it may be there, and comes again */
                return r;
        }
        h->last++;
        return 0;
}

/* The name of the oldest, which is there. */
static void first_name(const struct hold *h, char ret[SPOOL_NAME_SIZE])
{
        const struct held_name *name = &h->names[h->first];

        (void)spool_name_format(name->number, name->event_id, ret);
}

/* A full memory or a full table of files passes; what the disk cannot give back does not. */
static bool passes(int error)
{
        return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EINTR;
}

int hold_first(struct hold *h, char ret_event_id[SPOOL_EVENT_ID_SIZE], char **ret_data,
               size_t *ret_size)
{
        int r = hold_open(h);

        for (; r == 0 && hold_count(h) > 0; h->first++) {
                char file[SPOOL_NAME_SIZE], aside[SPOOL_NAME_SIZE + 8];
                int error;

                first_name(h, file);
                error = file_read_plain(h->fd, file, WRITER_JOB_MAX, ret_data, ret_size);
                if (error == 0) {
                        memcpy(ret_event_id, h->names[h->first].event_id, SPOOL_EVENT_ID_SIZE);
                        return 1;
                }
                if (passes(error))
                        return error;
                if (error == -ENOENT) /* somebody has removed it */
                        continue;
                snprintf(aside, sizeof(aside), "%s.bad", file);
                (void)renameat(h->fd, file, h->fd, aside);
                log_error("%s/%s: %s; this event is in the journal only", h->path, aside,
                          strerror(-error));
        }
        return r;
}

void hold_drop(struct hold *h)
{
        char file[SPOOL_NAME_SIZE];

        first_name(h, file);
        h->first++;
        (void)unlinkat(h->fd, file, 0);
}
