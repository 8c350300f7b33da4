/* SPDX-License-Identifier: MIT */
/* The courier's side of the spool folder: what is read from it and what is done durably in it. */
#include "deliver/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "announce/spool_name.h"
#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/letter.h"
#include "deliver/queue.h"
#include "deliver/record.h"

enum {
        /* Shared by the two services through their group (kmemwatch-spool), nobody else's. */
        FOLDER_MODE = 0770,
        FILE_MODE = 0660,
};

/* --- dead/ --- */

/* Not a reason, nor a folder that somebody had put into new/: those stay until a person looks. */
static bool is_dead_event(const struct dirent *d)
{
        return d->d_name[0] != '.' && d->d_type != DT_DIR && !has_suffix(d->d_name, ".reason");
}

/* Names begin with the sequence, so the smallest is the oldest; foreign names come after digits. */
static int remove_oldest_dead(const struct outbox *s)
{
        char oldest[NAME_MAX + 1] = "";
        _cleanup_(closedirp) DIR *dir = list_folder(s->dead_fd);
        if (!dir)
                return -errno;
        for (const struct dirent *d; (d = readdir(dir));)
                if (is_dead_event(d) && (!oldest[0] || strcmp(d->d_name, oldest) < 0))
                        snprintf(oldest, sizeof(oldest), "%s", d->d_name);
        if (!oldest[0] || unlinkat(s->dead_fd, oldest, 0) < 0)
                return oldest[0] ? -errno : -ENOENT;

        /* Its reasons: NAME.reason, or the stem with a channel's name. */
        size_t stem = strlen(oldest) - (has_suffix(oldest, ".json") ? strlen(".json") : 0);
        rewinddir(dir);
        for (const struct dirent *d; (d = readdir(dir));)
                if (has_suffix(d->d_name, ".reason") && strncmp(d->d_name, oldest, stem) == 0 &&
                    d->d_name[stem] == '.')
                        (void)unlinkat(s->dead_fd, d->d_name, 0);
        return 0;
}

/* Removes on the way what a crash left of something that was being written. */
static uint64_t count_dead(const struct outbox *s)
{
        uint64_t count = 0;
        _cleanup_(closedirp) DIR *dir = list_folder(s->dead_fd);
        if (dir)
                for (const struct dirent *d; (d = readdir(dir));) {
                        count += is_dead_event(d);
                        if (d->d_name[0] == '.' && has_suffix(d->d_name, ".tmp"))
                                (void)unlinkat(s->dead_fd, d->d_name, 0);
                }
        return count;
}

static void bury_done(struct outbox *s)
{
        s->dead = count_dead(s);
        while (s->dead > OUTBOX_DEAD_MAX && remove_oldest_dead(s) >= 0)
                s->dead--;
}

static void write_reason(const struct outbox *s, const char *name, const char *reason)
{
        char *text = NULL;
        if (asprintf(&text, "%s\n", reason) >= 0)
                (void)file_write_atomic(s->dead_fd, s->dead_fd, name, text, strlen(text),
                                        FILE_MODE);
        free(text);
}

/* --- opening and listing --- */

static int open_folder(int parent, const char *name, int *ret)
{
        int fd = open_subfolder(parent, name, FOLDER_MODE);
        if (fd < 0)
                return fd;
        *ret = fd;
        return 0;
}

int outbox_open(const char *path, struct outbox *ret)
{
        struct outbox s = { .new_fd = -1, .dead_fd = -1 };
        _cleanup_close_ int fd = open_directory(path, FOLDER_MODE);
        int r = fd < 0 ? TAKE_FD(fd) : 0;
        if (r >= 0)
                r = open_folder(fd, "new", &s.new_fd);
        if (r >= 0)
                r = open_folder(fd, "dead", &s.dead_fd);
        if (r >= 0 && flock(s.dead_fd, LOCK_EX | LOCK_NB) < 0)
                r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (r >= 0 && (!(s.path = strdup(path)) || !(s.new_path = path_join(path, "new"))))
                r = -ENOMEM;
        if (r < 0) {
                outbox_close(&s);
                return r;
        }
        s.dead = count_dead(&s);
        *ret = s;
        return 0;
}

void outbox_close(struct outbox *s)
{
        closep(&s->new_fd);
        closep(&s->dead_fd);
        s->new_fd = s->dead_fd = -1;
        free(TAKE_PTR(s->path));
        free(TAKE_PTR(s->new_path));
}

bool outbox_in_place(const struct outbox *s)
{
        return folder_is_at(s->new_fd, s->new_path);
}

enum outbox_file outbox_classify(const char *name, uint64_t *ret_sequence, char *ret_id)
{
        char event[SPOOL_NAME_SIZE];
        if (spool_name_parse(name, ret_sequence, ret_id))
                return OUTBOX_EVENT;
        size_t stem = strlen(name) - (has_suffix(name, ".done") ? strlen(".done") : 0);
        if (name[stem] && stem + sizeof(".json") <= sizeof(event)) {
                snprintf(event, sizeof(event), "%.*s.json", (int)stem, name);
                if (spool_name_parse(event, ret_sequence, ret_id))
                        return OUTBOX_RECORD;
        }
        return OUTBOX_FOREIGN;
}

int outbox_scan(const struct outbox *s, outbox_seen seen, void *userdata)
{
        _cleanup_(closedirp) DIR *dir = list_folder(s->new_fd);
        if (!dir)
                return -errno;
        for (;;) {
                char id[QUEUE_ID_MAX] = "";
                uint64_t sequence = 0;
                errno = 0;
                const struct dirent *d = readdir(dir);
                if (!d)
                        return -errno;
                if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
                        continue;
                /* Left over from a record that was being written at a crash. */
                if (d->d_name[0] == '.' && has_suffix(d->d_name, ".done.tmp")) {
                        (void)unlinkat(s->new_fd, d->d_name, 0);
                        continue;
                }
                enum outbox_file kind = outbox_classify(d->d_name, &sequence, id);
                int r = seen(kind, sequence, id, d->d_name, userdata);
                if (r < 0)
                        return r;
        }
}

/* --- events and records --- */

static void event_name(uint64_t sequence, const char *id, const char *ending,
                       char name[SPOOL_NAME_SIZE])
{
        snprintf(name, SPOOL_NAME_SIZE, "%020" PRIu64 "-%s%s", sequence, id, ending);
}

/* -EBADMSG also for what is too large: both are no events of ours. */
static int read_plain(int dirfd, const char *name, size_t max, char **ret_data, size_t *ret_size)
{
        int r = file_read_plain(dirfd, name, max, ret_data, ret_size);
        return r == -EFBIG ? -EBADMSG : r;
}

int outbox_read(const struct outbox *s, uint64_t sequence, const char *id, char **ret_data,
                size_t *ret_size)
{
        char name[SPOOL_NAME_SIZE];
        event_name(sequence, id, ".json", name);
        return read_plain(s->new_fd, name, LETTER_SIZE_MAX, ret_data, ret_size);
}

int outbox_record_read(const struct outbox *s, uint64_t sequence, const char *id, char **ret)
{
        char name[SPOOL_NAME_SIZE];
        size_t size;
        event_name(sequence, id, ".done", name);
        return read_plain(s->new_fd, name, RECORD_MAX, ret, &size);
}

int outbox_record_add(const struct outbox *s, uint64_t sequence, const char *id,
                      const char *channel, const char *word)
{
        char name[SPOOL_NAME_SIZE];
        _cleanup_free_ char *old = NULL, *record = NULL;
        /* One that cannot be read is written anew: at worst something is sent once more. */
        (void)outbox_record_read(s, sequence, id, &old);
        int r = record_add(old, channel, word, &record);
        if (r < 0)
                return r;
        event_name(sequence, id, ".done", name);
        return file_write_atomic(s->new_fd, s->new_fd, name, record, strlen(record), FILE_MODE);
}

int outbox_record_remove(const struct outbox *s, uint64_t sequence, const char *id)
{
        char name[SPOOL_NAME_SIZE];
        event_name(sequence, id, ".done", name);
        return unlinkat(s->new_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int outbox_remove(const struct outbox *s, uint64_t sequence, const char *id, bool recorded)
{
        char name[SPOOL_NAME_SIZE];
        event_name(sequence, id, ".json", name);
        if (unlinkat(s->new_fd, name, 0) < 0 && errno != ENOENT)
                return -errno;
        if (fsync(s->new_fd) < 0)
                return -errno;
        return recorded ? outbox_record_remove(s, sequence, id) : 0;
}

/* A link needs no space on a full disk; where the kernel forbids one to a file of another owner
 * (fs.protected_hardlinks) it is a copy. */
static int copy_to_dead(const struct outbox *s, uint64_t sequence, const char *id)
{
        char name[SPOOL_NAME_SIZE];
        _cleanup_free_ char *data = NULL;
        size_t size;
        event_name(sequence, id, ".json", name);
        if (linkat(s->new_fd, name, s->dead_fd, name, 0) >= 0 || errno == EEXIST)
                return fsync(s->dead_fd) < 0 ? -errno : 0;
        int r = outbox_read(s, sequence, id, &data, &size);
        return r < 0 ? r : file_write_atomic(s->dead_fd, s->dead_fd, name, data, size, FILE_MODE);
}

int outbox_bury_for(struct outbox *s, uint64_t sequence, const char *id, const char *channel,
                    const char *reason)
{
        char name[NAME_MAX + 1];
        int r = copy_to_dead(s, sequence, id);
        if (r < 0)
                return r;
        snprintf(name, sizeof(name), "%020" PRIu64 "-%s.%s.reason", sequence, id, channel);
        write_reason(s, name, reason);
        bury_done(s);
        return 0;
}

int outbox_bury(struct outbox *s, const char *name, const char *reason)
{
        char reason_name[NAME_MAX + 1];
        if (renameat(s->new_fd, name, s->dead_fd, name) < 0)
                return -errno;
        if (fsync(s->dead_fd) < 0 || fsync(s->new_fd) < 0)
                return -errno;
        /* A name of the longest kind is cut to make room for the ending, and for what
         * file_write_atomic puts around it. */
        snprintf(reason_name, sizeof(reason_name), "%.*s.reason",
                 (int)(NAME_MAX - strlen(".reason") - strlen("..tmp")), name);
        write_reason(s, reason_name, reason);
        bury_done(s);
        return 0;
}
