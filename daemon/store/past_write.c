/* SPDX-License-Identifier: MIT */
/* A minute into the history file. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/pages.h"
#include "store/past_internal.h"
#include "store/state_file.h"

static bool is_among(const struct past_column *list, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(list[i].name, name) == 0)
                        return true;
        return false;
}

/* Gives each of the minute's columns its place in the file: the one it has, else a new one, else
 * that of a column which nothing measures any more. True when the head has changed. */
static bool place_columns(struct past_head *h, const struct past_column *list, size_t count,
                          double now, int place[PAST_COLUMNS_MAX])
{
        bool changed = false;
        for (size_t i = 0; i < count; i++) {
                int at = past_head_find(h, list[i].name);
                if (at >= 0 && h->column[at].unit == list[i].unit) {
                        if (h->column[at].since > now) { /* the clock was ahead when it came */
                                h->column[at].since = now;
                                changed = true;
                        }
                        place[i] = at;
                        continue;
                }
                if (at < 0 && h->columns < PAST_COLUMNS_MAX)
                        at = (int)h->columns++;
                for (size_t k = 0; at < 0 && k < h->columns; k++)
                        if (!is_among(list, count, h->column[k].name))
                                at = (int)k;
                assert(at >=
                       0); /* at most as many columns as places, each with a name of its own */
                h->column[at] = list[i];
                h->column[at].since = now;
                place[i] = at;
                changed = true;
        }
        return changed;
}

/* The record with room for all columns, empty where there was nothing. */
static void begin_record(int fd, enum past_tier tier, double start, size_t columns,
                         struct past_record *ret)
{
        size_t had = past_record_read(fd, tier, start, ret) ? ret->columns : 0;
        for (size_t i = had; i < columns; i++) {
                if (tier != PAST_SECONDS)
                        ret->spans[i] = (struct past_span){ NAN, NAN, NAN, 0 };
                for (size_t k = 0; tier == PAST_SECONDS && k < PAST_CELLS; k++)
                        ret->cells[i * PAST_CELLS + k] = NAN;
        }
        ret->time = start;
        ret->columns = (uint32_t)MAX_OF(had, columns);
}

static struct past_span span_of(const float *cells)
{
        struct past_span s = { NAN, 0, NAN, 0 };
        double sum = 0;
        for (size_t k = 0; k < PAST_CELLS; k++) {
                if (isnan(cells[k]))
                        continue;
                s.least = fminf(s.least, cells[k]);
                s.most = fmaxf(s.most, cells[k]);
                sum += (double)cells[k];
                s.weight++;
        }
        s.mean = s.weight > 0 ? (float)(sum / (double)s.weight) : NAN;
        return s;
}

static struct past_span span_join(struct past_span a, struct past_span b)
{
        double weight = (double)a.weight + (double)b.weight;
        if (!(a.weight > 0) || !(b.weight > 0))
                return b.weight > 0 ? b : a;
        return (struct past_span){
                fminf(a.least, b.least),
                (float)(((double)a.mean * (double)a.weight + (double)b.mean * (double)b.weight) /
                        weight),
                fmaxf(a.most, b.most),
                (float)weight,
        };
}

size_t past_minute_size(size_t columns)
{
        return sizeof(struct past_minute) +
               columns * (sizeof(struct past_column) + PAST_CELLS * sizeof(float));
}

struct past_column *past_minute_columns(struct past_minute *m)
{
        return (struct past_column *)(m + 1);
}

float *past_minute_cells(struct past_minute *m)
{
        return (float *)(past_minute_columns(m) + m->columns);
}

/* Mapped while a minute is written: more than the rest of the writer thread's stack. */
struct room {
        struct past_head head, copy;
        struct past_record record;
        int place[PAST_COLUMNS_MAX];
};

static int add_minute(int fd, struct room *room, const struct past_minute *m)
{
        const float *cells = past_minute_cells((struct past_minute *)m);
        const struct past_head *h = &room->head;
        const int *place = room->place;
        struct past_record *b = &room->record;
        int first = 0;
        for (int tier = 0; tier < PAST_TIER_COUNT; tier++) {
                double start = past_record_start((enum past_tier)tier, m->start);
                begin_record(fd, (enum past_tier)tier, start, h->columns, b);
                for (size_t i = 0; i < m->columns; i++) {
                        const float *from = &cells[i * PAST_CELLS];
                        float *to = &b->cells[(size_t)place[i] * PAST_CELLS];
                        struct past_span *span = &b->spans[place[i]];
                        /* What stands there may be of the column that had this place before. */
                        bool other = h->column[place[i]].since >= m->start;
                        if (tier != PAST_SECONDS)
                                *span = other ? span_of(from) : span_join(*span, span_of(from));
                        for (size_t k = 0; tier == PAST_SECONDS && k < PAST_CELLS; k++)
                                to[k] = isnan(from[k]) && !other ? to[k] : from[k];
                }
                int r = past_record_write(fd, (enum past_tier)tier, b);
                first = first < 0 ? first : r;
        }
        return first;
}

/* The open file with its head, whatever lay there before. */
static int open_for_writing(int dirfd, const char *name, const char *machine_id, struct room *room,
                            char ret_aside[static PAST_ASIDE_MAX])
{
        struct past_head *head = &room->head;

        for (int try = 0; try < 2; try++) {
                _cleanup_close_ int fd = openat(
                        dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
                if (fd < 0 && errno != ELOOP && errno != EISDIR && errno != ENXIO)
                        return -errno;
                int r = fd < 0 ? -EBADMSG : past_head_read(fd, head, &room->copy);
                if (r < 0 && r != -EBADMSG)
                        return r;
                if (r > 0 && (!*machine_id || !*head->machine_id ||
                              strcmp(machine_id, head->machine_id) == 0))
                        return TAKE_FD(fd);
                if (r == 0) {
                        past_head_init(head, machine_id);
                        if (fchmod(fd, 0644) < 0) /* whatever the umask: it holds no secret */
                                return -errno;
                        return TAKE_FD(fd);
                }
                r = state_file_set_aside(dirfd, name, clock_realtime(), ret_aside, PAST_ASIDE_MAX);
                if (r < 0)
                        return r;
        }
        return -EBADMSG;
}

static int write_minute(int dirfd, const char *name, const struct past_minute *m, struct room *room,
                        char ret_aside[static PAST_ASIDE_MAX])
{
        _cleanup_close_ int fd = open_for_writing(dirfd, name, m->machine_id, room, ret_aside);
        if (fd < 0)
                return fd;
        struct past_column *columns = past_minute_columns((struct past_minute *)m);
        int r = 0;
        if (place_columns(&room->head, columns, m->columns, m->start, room->place) ||
            room->head.generation == 0)
                r = past_head_write(fd, &room->head);
        return r < 0 ? r : add_minute(fd, room, m);
}

int past_write(int dirfd, const char *name, const struct past_minute *m,
               char ret_aside[static PAST_ASIDE_MAX])
{
        *ret_aside = '\0';
        if (!past_is_time(m->start) || m->columns > PAST_COLUMNS_MAX)
                return -EINVAL;
        struct room *room = pages_new(sizeof(*room));
        if (!room)
                return -ENOMEM;
        int r = write_minute(dirfd, name, m, room, ret_aside);
        pages_free(room, sizeof(*room));
        return r;
}
