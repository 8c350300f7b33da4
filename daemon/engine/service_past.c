/* SPDX-License-Identifier: MIT */
/* Collects a minute of every dimension and hands it to the writer, which adds it to the history. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "announce/messages.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/prefetch.h"
#include "engine/dimension.h"
#include "engine/service_internal.h"
#include "sample/host.h"
#include "store/past.h"

static const double MINUTE = PAST_CELLS;

/* On the writer thread. */
static int write_minute(void *userdata, const char *name, const void *data, size_t size)
{
        struct kept_file *f = userdata;
        char aside[PAST_ASIDE_MAX] = "";
        (void)size;
        int r = service_kept_folder(f);
        if (r >= 0)
                r = past_write(f->folder_fd, name, data, aside);
        if (*aside)
                (void)announcer_message(
                        *f->announcer, MESSAGE_STATE_SET_ASIDE, LOG_WARNING,
                        (const struct journal_field[]){ { "FILE", name }, { "ASIDE", aside } }, 2,
                        "%s is set aside as %s: it cannot be read; a new one is begun", name,
                        aside);
        return service_kept_tell(f, r);
}

static void clear(struct past_minute *m, double start)
{
        float *cells = past_minute_cells(m);
        m->start = start;
        for (size_t i = 0; i < (size_t)m->columns * PAST_CELLS; i++)
                cells[i] = NAN;
}

void service_past_begin(struct service *s)
{
        const struct engine *e = s->engine;
        size_t columns = 0;
        service_past_flush(s);
        free(s->past);
        for (size_t i = 0; i < engine_places(e); i++)
                columns += engine_is_dimension(e, i);
        columns = MIN_OF(columns, (size_t)PAST_COLUMNS_MAX);
        s->past = calloc(1, past_minute_size(columns));
        if (!s->past) {
                log_warning("no memory for the history; going on without it");
                return;
        }
        s->past->columns = (uint32_t)columns;
        memcpy(s->past->machine_id, sampler_host(s->sampler)->machine_id,
               sizeof(sampler_host(s->sampler)->machine_id));
        struct past_column *c = past_minute_columns(s->past);
        for (size_t i = 0, k = 0; i < engine_places(e) && k < columns; i++) {
                if (!engine_is_dimension(e, i))
                        continue;
                (void)engine_dimension_name(e, i, c[k].name, sizeof(c[k].name));
                c[k++].unit = engine_dimension_unit(e, i);
        }
        clear(s->past, NAN);
}

static double minute_of(double wall)
{
        return floor(wall / MINUTE) * MINUTE;
}

/* While a minute runs its cells stand second by second, so that a tick writes to two lines of
 * memory instead of one for each dimension; the file has them dimension by dimension. */
static float *second_cells(const struct past_minute *m, double wall)
{
        size_t second = (size_t)(wall - minute_of(wall));
        return past_minute_cells((struct past_minute *)m) +
               MIN_OF(second, (size_t)PAST_CELLS - 1) * m->columns;
}

static void make_minute(void *data, size_t size, const void *from)
{
        const struct past_minute *m = from;
        const float *cells = past_minute_cells((struct past_minute *)m);
        (void)size;
        memcpy(data, m, (size_t)((const char *)cells - (const char *)m));
        float *turned = past_minute_cells(data);
        for (size_t k = 0; k < m->columns; k++)
                for (size_t i = 0; i < PAST_CELLS; i++)
                        turned[k * PAST_CELLS + i] = cells[i * m->columns + k];
}

void service_past_flush(struct service *s)
{
        if (!s->past || isnan(s->past->start))
                return;
        int r = writer_submit_made(s->writer, write_minute, &s->past_file, s->past_file.name,
                                   past_minute_size(s->past->columns), make_minute, s->past);
        if (r < 0)
                log_warning("a minute is missing in %s: %s", s->past_file.name, strerror(-r));
        clear(s->past, NAN);
}

void service_past_prefetch(const struct service *s, double wall)
{
        if (!s->past)
                return;
        const float *cells = second_cells(s->past, wall);
        prefetch(cells, cells + s->past->columns);
}

bool service_past_is_due(const struct service *s, double wall)
{
        return s->past && !isnan(s->past->start) && minute_of(wall) != s->past->start;
}

void service_past_feed(struct service *s, double wall)
{
        if (!s->past)
                return;
        if (service_past_is_due(s, wall))
                service_past_flush(s);
        s->past->start = minute_of(wall);
        float *cells = second_cells(s->past, wall);
        for (size_t i = 0, k = 0; i < engine_places(s->engine) && k < s->past->columns; i++)
                if (engine_is_dimension(s->engine, i))
                        cells[k++] = (float)engine_dimension_value(s->engine, i);
}
