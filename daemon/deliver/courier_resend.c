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

static void judge_resent(struct courier *c, struct outlet *o,
                         const struct channel *channel _unused_, const struct judgement *j)
{
        if (courier_judge_channel(c, o, j))
                o->resend_at++; /* what is refused is tried again in the next round */
        else
                next_round(o);
}

/* 1 when it is under way, 0 when this channel does not want it, or negative errno. */
static int send_again(struct courier *c, struct outlet *o, const struct firing_entry *e)
{
        char error[LETTER_ERROR_MAX];
        _cleanup_(parcel_done) struct parcel parcel = { 0 };
        struct letter m;
        int r = letter_parse(e->raw, strlen(e->raw), error, &m);
        if (r >= 0)
                r = parcel_add(&parcel, &m);
        if (r < 0 || !channel_wants(o->channel, parcel_last(&parcel)))
                return r;
        r = courier_send(c, o, &parcel, FORM_FULL, judge_resent);
        return r < 0 ? r : 1;
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
