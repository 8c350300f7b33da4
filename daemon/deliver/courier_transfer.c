/* SPDX-License-Identifier: MIT */
/* One message on its way through an outlet: sending it, and what its answer says of the channel. */
#include <math.h>
#include <stdio.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/footprint.h"
#include "base/macros.h"
#include "deliver/courier_internal.h"

DEFINE_CLEANUP(struct channel, channel_free);

void courier_transport(const struct courier *c, const struct channel *channel,
                       struct transport *ret)
{
        *ret = (struct transport){
                .ca_file = channel->ca_file ? channel->ca_file : c->settings.ca_file,
                .proxy = channel->proxy ? channel->proxy : c->settings.proxy,
                .timeout = isnan(channel->timeout) ? c->settings.timeout : channel->timeout,
        };
}

/* Name services, the allocator's later pieces: what the first message has mapped. */
static void keep_in_memory(struct outlet *o, const struct judgement *j)
{
        if (o->warm || j->verdict != VERDICT_ACCEPTED)
                return;
        o->warm = true;
        (void)lock_used_memory(); /* what could be said of it was, at the start */
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
        keep_in_memory(o, &j);
        o->judge(c, o, channel, &j);
        courier_pump(c);
}

int courier_send(struct courier *c, struct outlet *o, struct parcel *p, enum form form,
                 courier_judge judge)
{
        struct request request = { 0 };
        struct transport transport;
        int r = channel_request(o->channel, p, form, &request);
        if (r < 0)
                return r;
        courier_transport(c, o->channel, &transport);
        r = http_send(c->http, &request, &transport, on_answer, o, &o->transfer);
        request_done(&request);
        if (r < 0)
                return r;
        o->sent_by = channel_ref(o->channel);
        o->judge = judge;
        return 0;
}

static void say_failing(struct courier *c, struct outlet *o)
{
        o->broken_since = clock_realtime();
        const struct journal_field fields[] = {
                { "CHANNEL", o->name },
                { "ERROR", o->last_error },
        };
        journal_message(c->journal, MESSAGE_CHANNEL_BROKEN, LOG_ERR, fields, ELEMENTS_OF(fields),
                        "Channel %s does not work: %s; its events are kept and tried again",
                        o->name, o->last_error);
}

static void say_recovered(struct courier *c, const struct outlet *o)
{
        const struct journal_field fields[] = { { "CHANNEL", o->name } };
        journal_message(c->journal, MESSAGE_CHANNEL_RECOVERED, LOG_NOTICE, fields,
                        ELEMENTS_OF(fields), "Channel %s works again", o->name);
}

void courier_say_health(struct courier *c, struct outlet *o, const struct judgement *j,
                        bool failing, bool recovered)
{
        snprintf(o->last_error, sizeof(o->last_error), "%s", j->reason);
        if (failing)
                say_failing(c, o);
        if (recovered)
                say_recovered(c, o);
        if (j->verdict == VERDICT_ACCEPTED)
                o->last_success = clock_realtime();
}

bool courier_judge_channel(struct courier *c, struct outlet *o, const struct judgement *j)
{
        bool answered = j->verdict == VERDICT_ACCEPTED || j->verdict == VERDICT_REFUSED;
        if (answered)
                courier_say_health(c, o, j, false, retry_succeeded(&o->lane.retry));
        else
                courier_say_health(c, o, j,
                                   retry_failed(&o->lane.retry, j->verdict == VERDICT_BROKEN,
                                                j->retry_after, clock_boottime(), &c->seed),
                                   false);
        return answered;
}
