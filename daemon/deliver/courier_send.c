/* SPDX-License-Identifier: MIT */
/* What goes out, and what follows from the answers. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "deliver/courier_internal.h"
#include "deliver/letter.h"
#include "deliver/parcel.h"

/* Events read in one go; between two goes the loop serves its sockets and the watchdog. */
enum { READS_MAX = 64 };

/* A timer need not be exact: it only orders pauses of a second and more. */
enum { DUE_SLACK_USEC = 20000 };

enum { NO_MEMORY_SECONDS = 1 };

enum { KEPT_WITHOUT_CHANNELS = 1000 }; /* as in dead/: what a person can go through */

/* --- answers --- */

static void judge_one(struct courier *c, struct outlet *o, const struct channel *channel,
                      const struct judgement *j)
{
        struct queue_entry *entry = queue_find(&c->queue, o->items[0].sequence, o->items[0].id);
        if (!entry)
                return; /* taken away meanwhile */
        struct consequence next =
                lane_judge(&o->lane, entry, o->form, channel_has_short_form(channel), j,
                           clock_boottime(), &c->seed);
        courier_say_health(c, o, j, next.say_failing, next.say_recovered);
        switch (next.outcome) {
        case OUTCOME_ACCEPTED:
                if (isfinite(channel_resend(channel)))
                        courier_resend_note(c, entry);
                courier_settle(c, entry, o->bit, o, "accepted");
                break;
        case OUTCOME_GIVEN_UP:
                (void)courier_give_up(c, entry, o, j->reason);
                break;
        case OUTCOME_LATER:
                log_debug("channel %s: %s", o->name, j->reason);
                break;
        }
}

static void judge_bundle(struct courier *c, struct outlet *o, const struct judgement *j)
{
        bool apart = false;
        struct consequence next =
                lane_judge_bundle(&o->lane, o->item_count, j, clock_boottime(), &c->seed, &apart);
        courier_say_health(c, o, j, next.say_failing, next.say_recovered);
        if (next.outcome != OUTCOME_ACCEPTED)
                log_debug("channel %s, %zu events%s: %s", o->name, o->item_count,
                          apart ? ", from now on each by itself" : "", j->reason);
        for (size_t i = 0; i < o->item_count; i++) {
                struct queue_entry *entry =
                        queue_find(&c->queue, o->items[i].sequence, o->items[i].id);
                if (!entry)
                        continue;
                if (apart)
                        entry->alone |= o->bit;
                if (next.outcome == OUTCOME_ACCEPTED) {
                        lane_forget(&o->lane, entry->sequence);
                        courier_settle(c, entry, o->bit, o, "accepted");
                }
        }
}

static void judge(struct courier *c, struct outlet *o, const struct channel *channel,
                  const struct judgement *j)
{
        if (o->item_count == 1)
                judge_one(c, o, channel, j);
        else
                judge_bundle(c, o, j);
}

/* --- sending --- */

/* Which channels do not want it is known once it has been read; entry may be gone afterwards. */
static void sort_out(struct courier *c, struct queue_entry *entry)
{
        struct letter m;
        uint32_t unwanted = 0;
        if (courier_load(c, entry, &m) < 0)
                return;
        entry->alert = letter_alert_hash(&m);
        entry->time = m.time;
        entry->critical = m.severity >= SEVERITY_CRITICAL;
        entry->acknowledges = m.event == EVENT_ACKNOWLEDGED;
        for (size_t i = 0; i < c->outlet_count; i++) {
                const struct outlet *o = c->outlets[i];
                if (!o->channel)
                        continue;
                enum meaning meaning = channel_meaning(o->channel, &m);
                if (!channel_wants(o->channel, &m))
                        unwanted |= o->bit;
                entry->begins |= meaning == MEANING_BEGINS ? o->bit : 0;
                entry->ends |= meaning == MEANING_ENDS ? o->bit : 0;
        }
        letter_done(&m);
        courier_settle(c, entry, unwanted, NULL, NULL);
}

/* Copied by name: reading one may remove another. */
static int take_items(struct courier *c, struct outlet *o, const struct bundle *b)
{
        struct item *items = reallocarray(o->items, b->count, sizeof(*items));
        if (!items)
                return -ENOMEM;
        o->items = items;
        o->item_count = b->count;
        o->form = b->form;
        for (size_t i = 0; i < b->count; i++) {
                struct queue_entry *entry = &c->queue.entries[b->at[i]];
                entry->tried |= o->bit;
                items[i].sequence = entry->sequence;
                memcpy(items[i].id, entry->id, sizeof(items[i].id));
        }
        return 0;
}

/* Negative errno when one of them cannot be sent now or ever: it has been dealt with, and what is
 * to go has to be picked again. */
static int load_parcel(struct courier *c, const struct outlet *o, struct parcel *p)
{
        for (size_t i = 0; i < o->item_count; i++) {
                struct letter m;
                struct queue_entry *entry =
                        queue_find(&c->queue, o->items[i].sequence, o->items[i].id);
                int r = entry ? courier_load(c, entry, &m) : -ENOENT;
                if (r >= 0)
                        r = parcel_add(p, &m);
                if (r == -ENOMEM)
                        entry->not_before = clock_boottime() + NO_MEMORY_SECONDS;
                if (r < 0)
                        return r;
        }
        return 0;
}

static void send_bundle(struct courier *c, struct outlet *o, const struct bundle *b)
{
        _cleanup_(parcel_done) struct parcel p = { .summary = b->summary };
        double now = clock_boottime();
        if (take_items(c, o, b) < 0) {
                o->lane.rate_next = now + NO_MEMORY_SECONDS;
                return;
        }
        if (load_parcel(c, o, &p) < 0)
                return;
        int r = courier_send(c, o, &p, o->form, judge);
        if (r >= 0) {
                lane_sent(&o->lane, now);
                return;
        }
        /* No memory, or an address that cannot be used: the channel waits, nothing is lost. */
        struct judgement j = { .verdict = r == -ENOMEM ? VERDICT_RETRY : VERDICT_BROKEN,
                               .retry_after = NAN };
        snprintf(j.reason, sizeof(j.reason), "cannot be sent: %s", strerror(-r));
        judge(c, o, o->channel, &j);
}

/* When the outlet has to be looked at again; INFINITY: when something happens. */
static double pump_outlet(struct courier *c, struct outlet *o, unsigned *budget)
{
        if (!o->channel)
                return INFINITY;
        while (!o->transfer) {
                struct bundle b;
                double when, now = clock_boottime();
                enum pick pick = courier_quiet(c, o, &b)
                                         ? PICK_READ
                                         : lane_pick(&o->lane, &c->queue, o->bit, now,
                                                     clock_realtime(), &b, &when);
                if (pick == PICK_WAIT) {
                        double then = fmin(courier_news(c, o), courier_quiet_next(c, o));
                        if (o->transfer || isfinite(when))
                                return fmin(when, then);
                        return fmin(then, courier_resend(c, o));
                }
                if (*budget == 0)
                        return now;
                (*budget)--;
                if (pick == PICK_READ)
                        sort_out(c, &c->queue.entries[b.at[0]]);
                else
                        send_bundle(c, o, &b);
        }
        return INFINITY;
}

static int on_due(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
        courier_pump(userdata);
        return 0;
}

static void set_due(struct courier *c, double when)
{
        int r = 0;
        if (!isfinite(when)) {
                if (c->due)
                        (void)sd_event_source_set_enabled(c->due, SD_EVENT_OFF);
                return;
        }
        uint64_t usec = (uint64_t)(when * 1e6);
        if (!c->due) {
                r = sd_event_add_time(c->loop, &c->due, CLOCK_BOOTTIME, usec, DUE_SLACK_USEC,
                                      on_due, c);
                if (r >= 0)
                        (void)sd_event_source_set_description(c->due, "delivery-due");
        } else {
                r = sd_event_source_set_time(c->due, usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(c->due, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_error("cannot set a timer: %s", strerror(-r));
}

static bool busy(const struct courier *c)
{
        for (size_t i = 0; i < c->outlet_count; i++)
                if (c->outlets[i]->transfer)
                        return true;
        return false;
}

/* For the first channel that may be made, the newest are enough. True when there is more to do. */
static bool without_channels(struct courier *c)
{
        if (c->outlet_count > 0)
                return false;
        if (!c->no_channels_said)
                log_notice("no channels: the newest %d events stay in %s until there is one",
                           KEPT_WITHOUT_CHANNELS, c->spool);
        c->no_channels_said = true;
        return courier_trim(c, KEPT_WITHOUT_CHANNELS);
}

void courier_pump(struct courier *c)
{
        unsigned budget = READS_MAX;
        double when = INFINITY;

        if (!c->started)
                return;
        if (c->stopping) {
                if (!busy(c) && c->idle)
                        c->idle(c->idle_userdata);
                return;
        }
        for (size_t i = 0; c->open && i < c->outlet_count; i++)
                when = fmin(when, pump_outlet(c, c->outlets[i], &budget));
        courier_quiet_note(c);
        for (size_t i = 0; i < c->outlet_count; i++)
                when = fmin(when, courier_heartbeat(c, c->outlets[i]));
        if (without_channels(c))
                when = clock_boottime();
        /* What had no room in the queue is taken in when half of it is empty again. */
        if (c->queue.overflow && c->queue.count < QUEUE_MAX / 2) {
                courier_look(c);
                when = clock_boottime();
        }
        set_due(c, when);
        courier_tell_status(c);
}
