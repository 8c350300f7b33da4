/* SPDX-License-Identifier: MIT */
/* Puts events where the courier finds them, so that once announced nothing but a dead disk can
 * lose them. The courier may write in these folders too: nothing found there is trusted. */
#include "announce/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "announce/spool_held.h"
#include "announce/spool_name.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "store/state_file.h"

enum {
        BLOCK = 4096, /* what a small file takes on the usual file systems */
        /* Both users are members of the group that owns the folders. */
        FOLDER_MODE = 0770,
        FILE_MODE = 0660,
        SEQUENCE_FILE_MAX = 64,
};

static const char SEQUENCE_FILE[] = "sequence";

/* Names may be ahead of `sequence` when somebody has put an older one back. More events than this
 * nobody has missed. */
static const uint64_t AHEAD_MAX = 1000000;

static void close_folders(struct spool *s)
{
        int *fds[] = { &s->dir_fd, &s->tmp_fd, &s->new_fd, &s->dead_fd };

        for (size_t i = 0; i < ELEMENTS_OF(fds); i++) {
                if (*fds[i] >= 0)
                        close(*fds[i]);
                *fds[i] = -1;
        }
        s->open = false;
}

int spool_init(struct spool *s, const char *path)
{
        *s = (struct spool){
                .path = strdup(path),
                .dir_fd = -1,
                .tmp_fd = -1,
                .new_fd = -1,
                .dead_fd = -1,
                .max = SPOOL_BYTES_MAX,
        };
        return s->path ? 0 : -ENOMEM;
}

void spool_done(struct spool *s)
{
        close_folders(s);
        free(s->path);
        s->path = NULL;
}

/* Calls visit for each entry but "." and "..". 0 or negative errno, of readdir or of visit. */
static int for_each(int fd, int (*visit)(int fd, const char *name, void *userdata), void *userdata)
{
        _cleanup_(closedirp) DIR *d = list_folder(fd);
        struct dirent *entry;
        int r;

        if (!d)
                return -errno;
        while ((errno = 0, entry = readdir(d))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                r = visit(fd, entry->d_name, userdata);
                if (r < 0)
                        return r;
        }
        return -errno;
}

struct counting {
        uint64_t limit; /* larger numbers do not count as the largest */
        uint64_t events, bytes, largest;
        const struct spool_held *held; /* NULL: nothing is known of it */
        double now;
        uint64_t first; /* the smallest number that is not held back */
        double oldest;  /* since when that waits; NAN: there is none */
};

static int count_one(int fd, const char *name, void *userdata)
{
        struct counting *c = userdata;
        uint64_t sequence;
        struct stat st;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno; /* the courier was faster */
        c->bytes += ((uint64_t)st.st_size + BLOCK - 1) / BLOCK * BLOCK;
        if (!spool_name_parse(name, &sequence, NULL))
                return 0;
        c->events++;
        if (sequence <= c->limit)
                c->largest = MAX_OF(c->largest, sequence);
        double since = spool_held_waits_since(c->held, sequence, (double)st.st_mtim.tv_sec, c->now);
        if (isfinite(since) && (isnan(c->oldest) || sequence < c->first)) {
                c->first = sequence;
                c->oldest = since;
        }
        return 0;
}

/* The courier may have written anything there, or made it a link. */
static bool read_held(const struct spool *s, struct spool_held *ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        _cleanup_close_ int fd =
                openat(s->dir_fd, SPOOL_HELD_FOLDER, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd >= 0 && file_read_plain(fd, SPOOL_HELD_FILE, SPOOL_HELD_MAX, &text, &size) == 0 &&
               spool_held_parse(text, ret);
}

static int count_folders(struct spool *s, uint64_t limit, double now, struct spool_count *ret)
{
        struct spool_held held;
        struct counting dead = { .limit = limit, .oldest = NAN }, waiting = dead;
        int r;

        waiting.now = now;
        waiting.held = read_held(s, &held) ? &held : NULL;

        r = for_each(s->new_fd, count_one, &waiting);
        if (r == 0)
                r = for_each(s->dead_fd, count_one, &dead);
        if (r < 0)
                return r;
        *ret = (struct spool_count){
                .waiting = waiting.events,
                .dead = dead.events,
                .bytes = waiting.bytes,
                .largest = MAX_OF(waiting.largest, dead.largest),
                .oldest = waiting.oldest,
        };
        s->bytes = ret->bytes;
        return 0;
}

static int remove_one(int fd, const char *name, void *userdata)
{
        (void)userdata;
        /* A folder that somebody put there stays; it is in nobody's way. */
        return unlinkat(fd, name, 0) < 0 && errno != ENOENT && errno != EISDIR && errno != EPERM
                       ? -errno
                       : 0;
}

static void set_sequence_aside(const struct spool *s, double now)
{
        char aside[NAME_MAX + 1];

        if (state_file_set_aside(s->dir_fd, SEQUENCE_FILE, now, aside, sizeof(aside)) == 0)
                log_warning("%s/%s is no file, it is set aside as %s", s->path, SEQUENCE_FILE,
                            aside);
}

/* What `sequence` says: 0 when it is not there, `now` in microseconds when it cannot be read. */
static int read_sequence(struct spool *s, double now, uint64_t *ret)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        r = file_read_plain(s->dir_fd, SEQUENCE_FILE, SEQUENCE_FILE_MAX, &data, &size);
        if (r == -ENOENT) {
                *ret = 0;
                return 0;
        }
        if (r == 0)
                r = parse_u64(trim(data), ret);
        if (r == -EBADMSG) /* a folder would stay in the way of the next one */
                set_sequence_aside(s, now);
        /* The largest is of no use either: it has no successor. */
        if (r == -EINVAL || r == -ERANGE || r == -EFBIG || r == -EBADMSG ||
            (r == 0 && *ret == UINT64_MAX)) {
                *ret = (uint64_t)(fmax(now, 0) * 1e6);
                return 0;
        }
        return r;
}

/* The largest number that a name can have got from us: without `sequence` the clock's microseconds
 * bound it. */
static uint64_t limit_of(uint64_t stored, double now)
{
        if (stored == 0)
                return (uint64_t)(fmax(now, 0) * 1e6) + AHEAD_MAX;
        return stored < UINT64_MAX - AHEAD_MAX ? stored + AHEAD_MAX : UINT64_MAX - 1;
}

static int find_last(struct spool *s, double now)
{
        struct spool_count count = { .largest = 0 };
        uint64_t stored = 0;
        int r;

        r = read_sequence(s, now, &stored);
        if (r == 0)
                r = count_folders(s, limit_of(stored, now), now, &count);
        if (r < 0)
                return r;
        /* Opened again after a failure: the event in hand keeps its number, though `sequence` or
         * even its file may have come that far. */
        if (s->counted)
                return 0;
        s->counted = true;
        s->last = MAX_OF(stored, count.largest);
        return 0;
}

/* Not through links, since the courier may write in the spool: one in place of tmp/ must not make
 * the daemon, which may write more, clean another folder. */
static int open_one(int parent, const char *name, int *ret)
{
        int fd = open_subfolder(parent, name, FOLDER_MODE);

        if (fd < 0)
                return fd;
        *ret = fd;
        return 0;
}

/* Somebody may have moved the spool away and made a new one: what is put into the old one nobody
 * finds. */
static bool is_in_place(const struct spool *s)
{
        struct stat open, named;

        return folder_is_at(s->dir_fd, s->path) && fstat(s->new_fd, &open) == 0 &&
               fstatat(s->dir_fd, "new", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/* Another daemon, with a state folder of its own, would use the same numbers and remove what this
 * one is writing. The courier locks dead/. */
static int lock(const struct spool *s)
{
        if (flock(s->tmp_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
                return 0; /* or there are no locks on this file system */
        return -EBUSY;
}

int spool_open(struct spool *s, double now)
{
        int r;

        if (s->open && is_in_place(s))
                return 0;
        close_folders(s);
        r = open_directory(s->path, FOLDER_MODE);
        if (r < 0)
                return r;
        s->dir_fd = r;
        r = open_one(s->dir_fd, "tmp", &s->tmp_fd);
        if (r == 0)
                r = lock(s);
        if (r == 0)
                r = open_one(s->dir_fd, "new", &s->new_fd);
        if (r == 0)
                r = open_one(s->dir_fd, "dead", &s->dead_fd);
        if (r == 0)
                r = for_each(s->tmp_fd, remove_one, NULL);
        if (r == 0)
                r = find_last(s, now);
        if (r < 0)
                close_folders(s);
        s->open = r == 0;
        return r;
}

struct oldest {
        uint64_t before; /* numbers from here on stay */
};

static int remove_older(int fd, const char *name, void *userdata)
{
        const struct oldest *o = userdata;
        uint64_t sequence;

        if (spool_name_parse(name, &sequence, NULL) && sequence < o->before)
                (void)unlinkat(fd, name, 0);
        return 0;
}

/* Without channels the events are there for one that may be made; the newer half is enough. */
static int discard_oldest(struct spool *s, const struct spool_count *count, double time)
{
        struct oldest oldest = { .before = s->last - MIN_OF(s->last, count->waiting / 2) };
        struct spool_count now;
        int r = for_each(s->new_fd, remove_older, &oldest);

        return r < 0 ? r : count_folders(s, UINT64_MAX, time, &now);
}

static bool has_room(const struct spool *s, size_t size)
{
        return s->bytes + size + BLOCK <= s->max;
}

static int check_room(struct spool *s, size_t size, double now)
{
        struct spool_count count;
        int r;

        if (has_room(s, size))
                return 0;
        r = count_folders(s, UINT64_MAX, now, &count); /* the courier has taken some since */
        if (r == 0 && !has_room(s, size) && s->discards)
                r = discard_oldest(s, &count, now);
        if (r < 0)
                return r;
        return has_room(s, size) ? 0 : -EXFULL;
}

static int write_sequence(struct spool *s, uint64_t sequence)
{
        char text[32];
        int n = snprintf(text, sizeof(text), "%" PRIu64 "\n", sequence);

        return file_write_atomic(s->tmp_fd, s->dir_fd, SEQUENCE_FILE, text, (size_t)n, FILE_MODE);
}

struct search {
        const char *id;
        uint64_t last; /* our own try before this one may have come as far as last + 1 */
        bool found;
};

static int is_it(int fd _unused_, const char *name, void *userdata)
{
        struct search *search = userdata;
        char id[SPOOL_EVENT_ID_SIZE];
        uint64_t sequence;

        if (spool_name_parse(name, &sequence, id) && sequence <= search->last &&
            strcmp(id, search->id) == 0)
                search->found = true;
        return 0;
}

static int is_announced(const struct spool *s, const char *event_id, bool *ret)
{
        struct search search = { .id = event_id, .last = s->last };
        int r = for_each(s->new_fd, is_it, &search);

        if (r == 0)
                r = for_each(s->dead_fd, is_it, &search);
        if (r < 0)
                return r;
        *ret = search.found;
        return 0;
}

int spool_write(struct spool *s, const char *event_id, const void *data, size_t size, double now)
{
        char name[SPOOL_NAME_SIZE];
        bool announced = false;
        int r;

        r = spool_open(s, now);
        if (r < 0)
                return r;
        if (!spool_name_format(s->last + 1, event_id, name))
                return -EINVAL;
        r = is_announced(s, event_id, &announced);
        if (r == 0 && announced)
                return 0;
        if (r == 0)
                r = check_room(s, size, now);
        if (r == 0)
                r = write_sequence(s, s->last + 1);
        if (r == 0)
                r = file_write_atomic(s->tmp_fd, s->new_fd, name, data, size, FILE_MODE);
        if (r < 0) {
                /* The folders may have been removed or mounted over: look again by name. */
                if (r != -EXFULL)
                        close_folders(s);
                return r;
        }
        s->last++;
        s->bytes += (size + BLOCK - 1) / BLOCK * BLOCK;
        return 0;
}

int spool_count(struct spool *s, double now, struct spool_count *ret)
{
        int r = spool_open(s, now);

        if (r < 0)
                return r;
        r = count_folders(s, UINT64_MAX, now, ret);
        if (r < 0)
                close_folders(s);
        return r;
}
