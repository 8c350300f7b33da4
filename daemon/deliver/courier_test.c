/* SPDX-License-Identifier: MIT */
/* `kmemwatch send-test`: one message through one channel, and what came back, without the secret.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "deliver/courier_internal.h"
#include "deliver/own_letter.h"
#include "deliver/parcel.h"

/* What of an answer is worth a person's reading. */
enum { SHOWN_BODY_MAX = 4096, ERROR_MAX = 512 };

struct courier_test {
        struct courier *courier;
        size_t slot;
        struct channel *channel; /* as it was when it was sent, which a reload may replace */
        struct http_transfer *transfer;
        struct request request; /* for what is shown of it */
        courier_test_done done;
        void *userdata;
};

static void test_free(struct courier_test *t)
{
        if (!t)
                return;
        http_cancel(t->transfer);
        request_done(&t->request);
        channel_free(t->channel);
        free(t);
}

DEFINE_CLEANUP(struct courier_test, test_free);

static struct outlet *find_outlet(const struct courier *c, const char *name)
{
        for (size_t i = 0; i < c->outlet_count; i++)
                if (strcmp(c->outlets[i]->name, name) == 0)
                        return c->outlets[i];
        return NULL;
}

static json_t *response(const struct answer *a)
{
        if (a->status == 0)
                return json_null();
        char body[SHOWN_BODY_MAX];
        utf8_clean(a->body, body, sizeof(body));
        return json_pack("{s:I, s:s, s:f}", "status", (json_int_t)a->status, "body", body,
                         "seconds", a->seconds);
}

static char *report(const struct courier_test *t, const struct answer *a, const struct judgement *j,
                    double quiet_until)
{
        char until[FORMAT_MAX];
        const struct channel *channel = t->channel;
        bool accepted = j->verdict == VERDICT_ACCEPTED;
        json_auto_t *json = json_pack(
                "{s:i, s:s, s:s, s:b, s:{s:s, s:s, s:s}, s:o, s:s?, s:s?}", "version", 1, "channel",
                channel->name, "type", channel_type_name(channel->type), "accepted", accepted,
                "request", "method", "POST", "url", t->request.url_shown, "body",
                request_body_for_people(&t->request), "response", response(a), "error",
                accepted ? NULL : j->reason, "quiet_until",
                isfinite(quiet_until) ? format_time_utc(quiet_until, until) : NULL);
        return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

static void on_answer(struct answer *answer, void *userdata)
{
        _cleanup_(test_freep) struct courier_test *t = userdata;
        struct outlet *o = find_outlet(t->courier, t->channel->name);

        t->transfer = NULL;
        t->courier->tests[t->slot] = NULL;
        struct judgement j;
        channel_redact_answer(t->channel, answer);
        verdict_of(t->channel->type, answer, clock_realtime(), &j);
        _cleanup_free_ char *json =
                report(t, answer, &j, o ? courier_quiet_until(o, clock_realtime()) : NAN);
        t->done(json, json ? NULL : strerror(ENOMEM), t->userdata);
        if (o && j.verdict == VERDICT_ACCEPTED) { /* what waits need not wait for its own try */
                lane_hurry(&o->lane);
                courier_pump(t->courier);
        }
}

static int send_letter(struct courier *c, const struct channel *channel, struct courier_test *t)
{
        struct letter letter;
        struct transport transport;
        int r = own_letter_test(channel->name, clock_realtime(), &letter);
        if (r < 0)
                return r;
        /* A test must pass a channel that waits for critical ones only. */
        if (channel->min_severity > letter.severity)
                letter.severity = letter.highest_severity = channel->min_severity;
        _cleanup_(parcel_done) struct parcel parcel = { 0 };
        r = parcel_add(&parcel, &letter);
        if (r >= 0)
                r = channel_request(channel, &parcel, FORM_FULL, &t->request);
        if (r < 0)
                return r;
        courier_transport(c, channel, &transport);
        return http_send(c->http, &t->request, &transport, on_answer, t, &t->transfer);
}

static void unknown_channel(const struct courier *c, const char *name, courier_test_done done,
                            void *userdata)
{
        char clean[CHANNEL_NAME_MAX + 1], error[ERROR_MAX];
        struct text t;
        text_init(&t, error, sizeof(error));
        text_add(&t, "no channel is named \"%s\"", utf8_clean(name, clean, sizeof(clean)));
        for (size_t i = 0; i < c->outlet_count; i++)
                text_add(&t, "%s%s", i == 0 ? "; there are: " : ", ", c->outlets[i]->name);
        if (c->outlet_count == 0)
                text_add(&t, "; there are no channels");
        done(NULL, error, userdata);
}

void courier_send_test(struct courier *c, const char *channel, courier_test_done done,
                       void *userdata)
{
        const struct outlet *o = find_outlet(c, channel);
        size_t slot = 0;

        if (!o) {
                unknown_channel(c, channel, done, userdata);
                return;
        }
        if (!o->channel) {
                done(NULL, "the channel's file has errors: kmemwatch check tells which", userdata);
                return;
        }
        while (slot < TESTS_MAX && c->tests[slot])
                slot++;
        if (slot == TESTS_MAX || c->stopping) {
                done(NULL, "other tests are under way, try again", userdata);
                return;
        }
        _cleanup_(test_freep) struct courier_test *t = calloc(1, sizeof(*t));
        if (t)
                *t = (struct courier_test){ .courier = c,
                                            .slot = slot,
                                            .channel = channel_ref(o->channel),
                                            .done = done,
                                            .userdata = userdata };
        int r = t ? send_letter(c, o->channel, t) : -ENOMEM;
        if (r < 0) {
                done(NULL, strerror(-r), userdata);
                return;
        }
        c->tests[slot] = TAKE_PTR(t);
}

void courier_cancel_tests(struct courier *c)
{
        for (size_t i = 0; i < TESTS_MAX; i++) {
                struct courier_test *t = TAKE_PTR(c->tests[i]);
                if (t)
                        t->done(NULL, "the courier is stopping", t->userdata);
                test_free(t);
        }
}
