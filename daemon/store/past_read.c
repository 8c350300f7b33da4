/* SPDX-License-Identifier: MIT */
/* The history file read back. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"
#include "store/past_internal.h"

struct past {
        int fd;
        struct past_head head;
};

int past_open(int dirfd, const char *name, struct past **ret)
{
        struct past *h = malloc(sizeof(*h));
        struct past_head copy;
        if (!h)
                return -ENOMEM;
        h->fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        int r = h->fd < 0 ? -errno : past_head_read(h->fd, &h->head, &copy);
        if (r <= 0) {
                past_close(h);
                return r == 0 ? -ENOENT : r == -ELOOP ? -EBADMSG : r;
        }
        *ret = h;
        return 0;
}

void past_close(struct past *h)
{
        if (!h)
                return;
        closep(&h->fd);
        free(h);
}

size_t past_columns(const struct past *h)
{
        return h->head.columns;
}

const char *past_machine(const struct past *h)
{
        return h->head.machine_id;
}

const struct past_column *past_column(const struct past *h, size_t column)
{
        return column < h->head.columns ? &h->head.column[column] : NULL;
}

int past_find(const struct past *h, const char *name)
{
        return past_head_find(&h->head, name);
}

static void add_points(const struct past_record *b, enum past_tier tier, size_t column, double from,
                       double to, struct past_point *points, size_t *count)
{
        size_t cells = tier == PAST_SECONDS ? PAST_CELLS : 1;
        for (size_t k = 0; k < cells; k++) {
                struct past_point p = { .time = b->time + (double)k };
                if (tier == PAST_SECONDS) {
                        p.least = p.mean = p.most = b->cells[column * PAST_CELLS + k];
                } else {
                        const struct past_span *s = &b->spans[column];
                        p.least = s->least;
                        p.mean = s->mean;
                        p.most = s->most;
                }
                if (p.time >= from && p.time < to && isfinite(p.mean))
                        points[(*count)++] = p;
        }
}

static int by_time(const void *a, const void *b)
{
        const struct past_point *x = a, *y = b;
        return (x->time > y->time) - (x->time < y->time);
}

int past_read(const struct past *h, enum past_tier tier, size_t column, double from, double to,
              struct past_point **ret, size_t *ret_count)
{
        struct past_record b;
        size_t count = 0, records = past_records(tier);
        if (column >= h->head.columns || isnan(from) || isnan(to))
                return -EINVAL;
        struct past_point *points =
                calloc(records * (tier == PAST_SECONDS ? PAST_CELLS : 1), sizeof(*points));
        if (!points)
                return -ENOMEM;
        from = fmax(from, h->head.column[column].since);
        for (size_t slot = 0; slot < records; slot++)
                if (past_slot_read(h->fd, tier, slot, &b) && column < b.columns)
                        add_points(&b, tier, column, from, to, points, &count);
        qsort(points, count, sizeof(*points), by_time);
        *ret = points;
        *ret_count = count;
        return 0;
}
