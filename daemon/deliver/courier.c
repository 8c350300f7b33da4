/* SPDX-License-Identifier: MIT */
/* Life of the courier: start, new channels, stop. */
#include "deliver/courier.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "deliver/courier_internal.h"

static void outlet_free(struct outlet *o)
{
        if (!o)
                return;
        http_cancel(o->transfer);
        http_cancel(o->beat);
        channel_free(o->beat_by);
        channel_free(o->channel);
        channel_free(o->sent_by);
        free(o->items);
        free(o->name);
        free(o);
}

DEFINE_CLEANUP(struct courier, courier_free);

/* Jitter need not be secret, only different on each host. */
static uint64_t new_seed(void)
{
        uint64_t seed;
        if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
                seed = (uint64_t)(clock_realtime() * 1e6) ^ (uint64_t)getpid() << 32;
        return seed;
}

int courier_new(struct sd_event *loop, const struct journal *journal, const char *spool,
                struct courier **ret)
{
        _cleanup_(courier_freep) struct courier *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->loop = sd_event_ref(loop);
        c->settled.fd = c->settled.folder_fd = -1;
        c->journal = journal;
        c->spool = spool;
        c->seed = new_seed();
        c->started_at = clock_realtime();
        int r = http_new(loop, &c->http);
        if (r < 0)
                return r;
        r = outbox_open(spool, &c->outbox);
        if (r == -EBUSY)
                return r;
        c->open = r >= 0;
        if (r < 0)
                courier_disk(c, "open the spool", r);
        c->own_folder = path_join(spool, "courier");
        if (!c->own_folder)
                return -ENOMEM;
        settled_open(&c->settled, c->own_folder);
        firing_open(&c->firing, c->own_folder);
        *ret = TAKE_PTR(c);
        return 0;
}

void courier_free(struct courier *c)
{
        if (!c)
                return;
        courier_cancel_tests(c);
        for (size_t i = 0; i < c->outlet_count; i++)
                outlet_free(c->outlets[i]);
        http_free(c->http);
        sd_event_source_disable_unref(c->watch);
        sd_event_source_disable_unref(c->above);
        sd_event_source_disable_unref(c->rescan);
        sd_event_source_disable_unref(c->due);
        if (c->open)
                outbox_close(&c->outbox);
        settled_close(&c->settled);
        free(c->daemon_socket);
        free(c->own_folder);
        firing_done(&c->firing);
        queue_done(&c->queue);
        courier_settings_done(&c->settings);
        problems_done(&c->problems);
        sd_event_unref(c->loop);
        free(c);
}

static struct outlet *outlet_new(struct courier *c, const char *name)
{
        struct outlet *o = calloc(1, sizeof(*o));
        if (!o)
                return NULL;
        o->courier = c;
        o->last_success = NAN;
        o->name = strdup(name);
        if (!o->name) {
                outlet_free(o);
                return NULL;
        }
        return o;
}

/* The old outlet of this name, taken out of the list, or NULL. */
static struct outlet *take_outlet(struct outlet **old, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (old[i] && strcmp(old[i]->name, name) == 0)
                        return TAKE_PTR(old[i]);
        return NULL;
}

int courier_configure(struct courier *c, struct channel_set *set, struct courier_settings *settings,
                      struct problems *problems)
{
        struct outlet *fresh[CHANNELS_MAX] = { 0 }, *old[CHANNELS_MAX] = { 0 };
        struct outlet *before[CHANNELS_MAX]; /* to be compared only: some are freed */
        size_t count = set->count + set->left_out_count, old_count = c->outlet_count;

        /* All that can fail first: an outlet for each name, whether one will be taken over or not.
         */
        for (size_t i = 0; i < count; i++) {
                const char *name =
                        i < set->count ? set->channels[i]->name : set->left_out[i - set->count];
                fresh[i] = outlet_new(c, name);
                if (!fresh[i]) {
                        while (i-- > 0)
                                outlet_free(fresh[i]);
                        return -ENOMEM;
                }
        }

        memcpy(old, c->outlets, sizeof(old));
        memcpy(before, c->outlets, sizeof(before));
        c->outlet_count = count;
        c->all_bits = 0;
        for (size_t i = 0; i < count; i++) {
                struct outlet *known = take_outlet(old, old_count, fresh[i]->name);
                struct outlet *o = known ? known : TAKE_PTR(fresh[i]);
                outlet_free(fresh[i]);
                channel_free(TAKE_PTR(o->channel));
                if (i < set->count) {
                        o->channel = TAKE_PTR(set->channels[i]);
                        channel_pace(o->channel, &o->lane);
                        o->resend_interval = channel_resend(o->channel);
                }
                lane_forget_all(&o->lane);
                lane_hurry(&o->lane);
                o->bit = 1u << i;
                c->all_bits |= o->bit;
                c->outlets[i] = o;
        }
        courier_news_configure(c, before, old_count);
        for (size_t i = 0; i < old_count; i++)
                outlet_free(old[i]);
        set->count = 0;
        channel_set_done(set);

        courier_settings_done(&c->settings);
        c->settings = *settings;
        *settings = (struct courier_settings){ 0 };
        courier_set_problems(c, problems);

        tzset(); /* quiet hours are in local time, and the zone may have been changed */
        /* The bits mean other channels now. */
        queue_clear(&c->queue);
        c->no_channels_said = false;
        if (c->started) {
                courier_look(c);
                courier_pump(c);
        }
        return 0;
}

void courier_set_daemon(struct courier *c, const char *socket)
{
        free(c->daemon_socket);
        c->daemon_socket = strdup(socket); /* without memory there are no heartbeats */
}

void courier_set_problems(struct courier *c, struct problems *problems)
{
        problems_done(&c->problems);
        c->problems = *problems;
        *problems = (struct problems){ 0 };
}

void courier_start(struct courier *c)
{
        if (c->started)
                return;
        c->started = true;
        courier_look(c);
        courier_pump(c);
}

bool courier_stop(struct courier *c, void (*idle)(void *userdata), void *userdata)
{
        bool busy = false;
        c->stopping = true;
        c->idle = idle;
        c->idle_userdata = userdata;
        courier_cancel_tests(c);
        for (size_t i = 0; i < c->outlet_count; i++)
                busy = busy || c->outlets[i]->transfer;
        return busy;
}
