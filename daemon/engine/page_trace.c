/* SPDX-License-Identifier: MIT */
/* Gathers a page from a replay: every dimension of the engine, and what was said. */
#include "engine/page_trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "config/problems.h"
#include "engine/dimension.h"
#include "engine/engine.h"
#include "engine/replay.h"
#include "engine/silence_state.h"
#include "engine/status.h"
#include "sample/sample.h"
#include "view/page.h"
#include "view/page_file.h"

struct gathering {
        struct page_dimension *dimensions; /* by the engine's places */
        size_t places;
        struct told_list told;
        struct daemon_reply last;
        double from, to; /* NaN: nothing yet */
        bool failed;     /* no memory */
};

/* A trace may name hundreds of columns; a page of more pictures nobody looks through. */
enum { PLACES_MAX = 128 };

static void begin(struct gathering *g, const struct engine *e)
{
        g->places = MIN_OF(engine_places(e), (size_t)PLACES_MAX);
        g->dimensions = calloc(g->places ? g->places : 1, sizeof(*g->dimensions));
        g->failed |= !g->dimensions;
        for (size_t i = 0; g->dimensions && i < g->places; i++) {
                struct page_dimension *d = &g->dimensions[i];
                (void)engine_dimension_name(e, i, d->name, sizeof(d->name));
                d->unit = engine_dimension_unit(e, i);
        }
}

static void take_sample(const struct engine *e, const struct sample *s, void *userdata)
{
        struct gathering *g = userdata;
        if (isnan(g->from)) {
                g->from = s->time;
                begin(g, e);
        }
        g->to = s->time;
        for (size_t i = 0; g->dimensions && i < g->places; i++) {
                float value = (float)engine_dimension_value(e, i);
                if (engine_is_dimension(e, i))
                        thin_add(&g->dimensions[i].thin,
                                 &(struct past_point){ s->time, value, value, value });
        }
}

static int take_event(const struct event *e, void *userdata)
{
        struct gathering *g = userdata;
        if (g->told.count == TOLD_MAX)
                g->told.cut = true;
        else
                g->failed |= told_add_event(&g->told, e) < 0;
        return 0;
}

/* What is normal at the end, in the words that a running daemon answers with. */
static void take_end(const struct engine *e, void *userdata)
{
        struct gathering *g = userdata;
        static const struct problems none = { 0 };
        static const struct silences nobody_asked = { .count = 0 };
        static const struct silence_clock clock = { 0, 0 };
        const struct status_frame frame = {
                .started = g->from,
                .interval = NAN,
                .status = "",
                .silences = &nobody_asked,
                .clock = &clock,
                .faults = &none,
                .spool_oldest = NAN,
                .cost = { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN },
        };
        _cleanup_free_ char *json = NULL;
        if (e)
                g->failed |=
                        status_json(e, &frame, &json) < 0 || daemon_reply_parse(json, &g->last) < 0;
}

int page_trace_run(const struct page_trace_options *o)
{
        struct gathering g = { .from = NAN, .to = NAN };
        const struct replay_watcher watcher = { take_sample, take_event, take_end, &g };
        const struct replay_options options = {
                .trace = o->trace,
                .rules = o->rules,
                .mode = REPLAY_WATCH,
                .watcher = &watcher,
        };
        int code = replay_run(&options, stdout, stderr);
        if (code != 2 && g.failed) {
                fputs("kmemwatch report: out of memory\n", stderr);
                code = 2;
        } else if (code != 2 && isnan(g.from)) {
                fprintf(stderr, "kmemwatch report: %s: there are no samples in it\n", o->trace);
                code = 2;
        } else if (code != 2) {
                const struct page page = {
                        .daemon = &g.last,
                        .told = &g.told,
                        .dimensions = g.dimensions,
                        .dimension_count = g.places,
                        .from = g.from,
                        .to = g.to,
                        .numbers_from = g.from,
                        .host = "",
                        .trace = o->trace,
                };
                code = page_write_file(o->output, &page) < 0 ? 2 : code;
        }
        free(g.dimensions);
        told_done(&g.told);
        daemon_reply_done(&g.last);
        return code;
}
