/* SPDX-License-Identifier: MIT */
/* Collects a minute of every dimension and hands it to the writer, which adds it to the history. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "announce/messages.h"
#include "base/log.h"
#include "base/macros.h"
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

void service_past_flush(struct service *s)
{
        if (!s->past || isnan(s->past->start))
                return;
        int r = writer_submit(s->writer, WRITER_PASSING, write_minute, &s->past_file,
                              s->past_file.name, s->past, past_minute_size(s->past->columns));
        if (r < 0)
                log_warning("a minute is missing in %s: %s", s->past_file.name, strerror(-r));
        clear(s->past, NAN);
}

static size_t second_of(double wall)
{
        return MIN_OF((size_t)(wall - floor(wall / MINUTE) * MINUTE), (size_t)PAST_CELLS - 1);
}

void service_past_prefetch(const struct service *s, double wall)
{
        if (!s->past)
                return;
        const float *cells = past_minute_cells(s->past);
        for (size_t k = 0; k < s->past->columns; k++)
                __builtin_prefetch(&cells[k * PAST_CELLS + second_of(wall)], 1);
}

bool service_past_feed(struct service *s, double wall)
{
        bool minute = false;
        if (!s->past)
                return false;
        double start = floor(wall / MINUTE) * MINUTE;
        if (start != s->past->start) {
                minute = !isnan(s->past->start);
                service_past_flush(s);
                s->past->start = start;
        }
        size_t second = second_of(wall);
        float *cells = past_minute_cells(s->past);
        for (size_t i = 0, k = 0; i < engine_places(s->engine) && k < s->past->columns; i++)
                if (engine_is_dimension(s->engine, i))
                        cells[k++ * PAST_CELLS + second] =
                                (float)engine_dimension_value(s->engine, i);
        return minute;
}
