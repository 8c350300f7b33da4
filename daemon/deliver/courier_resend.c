/* SPDX-License-Identifier: MIT */
/* Receivers that take silence for an end (Alertmanager) hear of each alert once a minute, one
 * request after the other, whenever no event waits for them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "deliver/alertmanager.h"
#include "deliver/courier_internal.h"
#include "deliver/letter.h"
#include "deliver/parcel.h"

DEFINE_CLEANUP(struct channel, channel_free);

void courier_resend_note(struct courier *c, struct queue_entry *entry)
{
        struct letter m;
        if (courier_load(c, entry, &m) < 0)
                return;
        courier_disk(c, "note an alert that lasts", firing_note(&c->firing, &m, clock_realtime()));
        letter_done(&m);
}

static void next_round(struct outlet *o)
{
        o->resend_at = 0;
        o->resend_next = clock_boottime() + o->resend_interval;
}

static void judge_resent(struct courier *c, struct outlet *o, const struct judgement *j)
{
        snprintf(o->last_error, sizeof(o->last_error), "%s", j->reason);
        switch (j->verdict) {
        case VERDICT_ACCEPTED:
                o->last_success = clock_realtime();
                if (retry_succeeded(&o->lane.retry))
                        courier_say_recovered(c, o);
                break;
        case VERDICT_REFUSED: /* this one; it is tried again in the next round */
                break;
        default:
                if (retry_failed(&o->lane.retry, j->verdict == VERDICT_BROKEN, j->retry_after,
                                 clock_boottime(), &c->seed))
                        courier_say_failing(c, o);
                next_round(o);
                return;
        }
        o->resend_at++;
}

static void on_answer(struct answer *answer, void *userdata)
{
        struct outlet *o = userdata;
        struct courier *c = o->courier;
        _cleanup_(channel_freep) struct channel *channel = TAKE_PTR(o->sent_by);
        struct judgement j;

        o->transfer = NULL;
        channel_redact_answer(channel, answer);
        verdict_of(channel->type, answer, clock_realtime(), &j);
        judge_resent(c, o, &j);
        courier_pump(c);
}

/* 1 when it is under way, 0 when this channel does not want it, or negative errno. */
static int send_again(struct courier *c, struct outlet *o, const struct firing_entry *e)
{
        char error[LETTER_ERROR_MAX];
        _cleanup_(parcel_done) struct parcel parcel = { 0 };
        struct request request = { 0 };
        struct transport transport;
        struct letter m;
        int r = letter_parse(e->raw, strlen(e->raw), error, &m);
        if (r >= 0)
                r = parcel_add(&parcel, &m);
        if (r < 0 || !channel_wants(o->channel, parcel_last(&parcel)))
                return r;
        r = channel_request(o->channel, &parcel, FORM_FULL, &request);
        if (r < 0)
                return r;
        courier_transport(c, o->channel, &transport);
        r = http_send(c->http, &request, &transport, on_answer, o, &o->transfer);
        request_done(&request);
        if (r < 0)
                return r;
        o->sent_by = channel_ref(o->channel);
        return 1;
}

double courier_resend(struct courier *c, struct outlet *o)
{
        if (isinf(o->resend_interval) ||
            firing_prune(&c->firing, clock_realtime(), ALERTMANAGER_END_SECONDS) == 0)
                return INFINITY;
        double when = fmax(o->resend_next, o->lane.retry.next);
        if (when > clock_boottime())
                return when;
        for (; o->resend_at < c->firing.count; o->resend_at++) {
                const struct firing_entry *e = &c->firing.entries[o->resend_at];
                /* Another channel may have taken it already. */
                if (courier_quiet_hides(c, o, e->alert))
                        continue;
                int r = send_again(c, o, e);
                if (r > 0)
                        return INFINITY; /* goes on with the answer */
                if (r < 0)
                        log_warning("channel %s: an alert that lasts cannot be sent again: %s",
                                    o->name, strerror(-r));
        }
        next_round(o);
        return o->resend_next;
}
