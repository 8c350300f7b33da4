/* SPDX-License-Identifier: MIT */
/* --seed: what is usual here, learned from a trace before the first sample, so that the first day
 * has a past. Only what outlives a reboot is taken over: what happens at each hour, the levels of
 * days and what growth is ordinary; the levels of now are learned from now. The same, but for what
 * growth is ordinary, is in the history on the disk, which outlives the upgrades after which other
 * state is set aside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/units.h"
#include "engine/engine_internal.h"
#include "engine/learned.h"
#include "engine/relearn.h"
#include "engine/service_internal.h"
#include "sample/host.h"
#include "sample/trace.h"
#include "store/past.h"

DEFINE_CLEANUP(struct engine, engine_free);
DEFINE_CLEANUP(struct trace_reader, trace_reader_free);
DEFINE_CLEANUP(struct past, past_close);

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

void service_relearn(struct service *s)
{
        _cleanup_(past_closep) struct past *h = NULL;
        const char *machine = sampler_host(s->sampler)->machine_id;
        unsigned count;
        double seconds;
        char back[FORMAT_MAX];
        if (s->past_file.folder_fd < 0 ||
            past_open(s->past_file.folder_fd, s->past_file.name, &h) < 0)
                return; /* who writes it says what is wrong with it */
        if (*machine && *past_machine(h) && strcmp(machine, past_machine(h)) != 0)
                return;
        int r = engine_relearn(s->engine, h, clock_realtime(), &count, &seconds);
        if (r < 0)
                log_warning("what is usual is not learned again from the history: %s",
                            strerror(-r));
        else if (count > 0)
                log_info("what is usual here is learned again from the history: %u dimension%s, %s "
                         "back",
                         count, count == 1 ? "" : "s", format_duration(seconds, back));
}
