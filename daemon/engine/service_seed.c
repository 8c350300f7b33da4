/* SPDX-License-Identifier: MIT */
/* --seed: what is usual here, learned from a trace before the first sample, so that the first day
 * has a past. Only what outlives a reboot is taken over: what happens at each hour, the levels of
 * days and what growth is ordinary; the levels of now are learned from now. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"
#include "engine/engine_internal.h"
#include "engine/learned.h"
#include "engine/service_internal.h"
#include "sample/trace.h"

DEFINE_CLEANUP(struct engine, engine_free);
DEFINE_CLEANUP(struct trace_reader, trace_reader_free);

/* What would have been told is long over. */
static int ignore_event(const struct event *e, void *userdata)
{
        (void)e;
        (void)userdata;
        return 0;
}

static int take_over(struct service *s, const struct engine *seed)
{
        size_t size = baselines_size(seed);
        _cleanup_free_ void *data = malloc(size ? size : 1);
        if (!data)
                return -ENOMEM;
        baselines_encode(seed, data);
        return baselines_decode(s->engine, data, size);
}

/* The first days of its own are worth less than a trace of many. */
bool service_wants_seed(const struct service *s)
{
        enum { DAYS_OF_ITS_OWN = 2 }; /* from then on what comes each day is expected */
        for (size_t i = 0; i < s->engine->series_count; i++)
                if (season_days(&s->engine->series[i].season) > DAYS_OF_ITS_OWN)
                        return false;
        return true;
}

int service_seed(struct service *s)
{
        const char *path = s->options->seed;
        char error[TRACE_ERROR_MAX];
        _cleanup_(trace_reader_freep) struct trace_reader *reader = NULL;
        _cleanup_(engine_freep) struct engine *seed = NULL;
        const struct sample *sample;
        unsigned long samples = 0;
        int r = trace_reader_new(path, error, &reader);
        if (r < 0) {
                log_error("--seed %s", error);
                return r;
        }
        r = engine_new(&s->rules, sampler_host(s->sampler), ignore_event, NULL, &seed);
        if (r < 0)
                return r;
        while ((r = trace_reader_next(reader, error, &sample)) > 0) {
                engine_feed(seed, sample);
                samples++;
        }
        if (r < 0) {
                log_error("--seed %s", r == -EBADMSG ? error : strerror(-r));
                return r;
        }
        r = take_over(s, seed);
        if (r >= 0)
                log_info("what is usual here is learned from %lu samples of %s", samples, path);
        return r < 0 ? r : 0;
}
