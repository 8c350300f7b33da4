/* SPDX-License-Identifier: MIT */
/* deliver/verdict: what the answers of Slack, PagerDuty and others mean. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/verdict.h"

#define S CHANNEL_SLACK
#define P CHANNEL_PAGERDUTY
#define W CHANNEL_WEBHOOK

static const struct {
        enum channel_type type;
        long status;
        const char *body;
        enum verdict verdict;
} answers[] = {
        /* Slack: the word in the body decides */
        { S, 200, "ok", VERDICT_ACCEPTED },
        { S, 200, "ok\n", VERDICT_ACCEPTED },
        { S, 200, "", VERDICT_RETRY },
        { S, 200, "okay", VERDICT_RETRY },
        { S, 200, "<html>Please log in</html>", VERDICT_RETRY },
        { S, 400, "invalid_payload", VERDICT_REFUSED },
        { S, 400, "invalid_blocks", VERDICT_REFUSED },
        { S, 500, "invalid_blocks", VERDICT_REFUSED },
        { S, 400, "no_text", VERDICT_REFUSED },
        { S, 400, "too_many_attachments", VERDICT_REFUSED },
        { S, 400, "msg_blocks_too_long", VERDICT_REFUSED },
        { S, 400, "missing_text_or_fallback_or_attachments", VERDICT_REFUSED },
        { S, 413, "", VERDICT_REFUSED },
        { S, 403, "action_prohibited", VERDICT_BROKEN },
        { S, 403, "posting_to_general_channel_denied", VERDICT_BROKEN },
        { S, 403, "invalid_token", VERDICT_BROKEN },
        { S, 404, "channel_not_found", VERDICT_BROKEN },
        { S, 410, "channel_is_archived", VERDICT_BROKEN },
        { S, 500, "channel_is_archived", VERDICT_BROKEN },
        { S, 404, "no_service\n", VERDICT_BROKEN },
        { S, 404, "no_active_hooks", VERDICT_BROKEN },
        { S, 404, "no_team", VERDICT_BROKEN },
        { S, 403, "team_disabled", VERDICT_BROKEN },
        { S, 403, "something new", VERDICT_BROKEN },
        { S, 500, "rollup_error", VERDICT_RETRY },
        { S, 500, "", VERDICT_RETRY },
        { S, 503, "no_textual_answer", VERDICT_RETRY }, /* begins like no_text */
        { S, 429, "rate_limited", VERDICT_RETRY },
        { S, 302, "", VERDICT_BROKEN },
        /* PagerDuty */
        { P, 202, "{\"status\":\"success\",\"message\":\"Event processed\"}", VERDICT_ACCEPTED },
        { P, 202, "", VERDICT_ACCEPTED },
        { P, 200, "{\"status\":\"success\"}", VERDICT_ACCEPTED },
        { P, 200, "<html>Please log in</html>", VERDICT_RETRY },
        { P, 400, "{\"status\":\"invalid event\",\"errors\":[\"'payload.summary' is missing\"]}",
          VERDICT_REFUSED },
        { P, 400,
          "{\"status\":\"invalid event\",\"errors\":[\"Length of 'routing_key' is incorrect\"]}",
          VERDICT_BROKEN },
        { P, 400, "{\"message\":\"Invalid routing key\"}", VERDICT_BROKEN },
        { P, 403, "", VERDICT_BROKEN },
        { P, 404, "", VERDICT_BROKEN },
        { P, 408, "", VERDICT_RETRY },
        { P, 429, "", VERDICT_RETRY },
        { P, 500, "", VERDICT_RETRY },
        { P, 503, "", VERDICT_RETRY },
        /* any webhook */
        { W, 200, "", VERDICT_ACCEPTED },
        { W, 204, "", VERDICT_ACCEPTED },
        { W, 201, "garbage", VERDICT_ACCEPTED },
        { W, 301, "", VERDICT_BROKEN },
        { W, 308, "", VERDICT_BROKEN },
        { W, 400, "", VERDICT_REFUSED },
        { W, 401, "", VERDICT_BROKEN },
        { W, 403, "", VERDICT_BROKEN },
        { W, 404, "", VERDICT_BROKEN },
        { W, 405, "", VERDICT_BROKEN },
        { W, 407, "", VERDICT_BROKEN },
        { W, 410, "", VERDICT_BROKEN },
        { W, 413, "", VERDICT_REFUSED },
        { W, 422, "", VERDICT_REFUSED },
        { W, 425, "", VERDICT_RETRY },
        { W, 429, "", VERDICT_RETRY },
        { W, 500, "", VERDICT_RETRY },
        { W, 501, "", VERDICT_BROKEN },
        { W, 599, "", VERDICT_RETRY },
        { W, 999, "", VERDICT_RETRY },
        { W, 100, "", VERDICT_RETRY },
        { W, -5, "", VERDICT_RETRY },
};

static struct answer answer(long status, const char *body)
{
        return (struct answer){ .status = status, .body = (char *)body, .body_size = strlen(body) };
}

static void test_answers(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS_OF(answers); i++) {
                struct answer a = answer(answers[i].status, answers[i].body);
                struct judgement j;
                verdict_of(answers[i].type, &a, 0, &j);
                if (j.verdict != answers[i].verdict)
                        fail_msg("type %d, %ld \"%s\": %s instead of %s", answers[i].type,
                                 answers[i].status, answers[i].body, verdict_name(j.verdict),
                                 verdict_name(answers[i].verdict));
                assert_int_equal(j.verdict == VERDICT_ACCEPTED, !j.reason[0]);
        }
}

/* Whatever status comes, no type lets it fall through as accepted but 2xx. */
static void test_every_status(void **state _unused_)
{
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++)
                for (long status = -1; status < 1100; status++) {
                        struct answer a = answer(status, "");
                        struct judgement j;
                        verdict_of((enum channel_type)type, &a, 0, &j);
                        if (j.verdict == VERDICT_ACCEPTED)
                                assert_in_range((unsigned long)status, 200, 299);
                }
}

static void test_ends(void **state _unused_)
{
        static const struct {
                enum answer_end end;
                long status;
                enum verdict verdict;
        } cases[] = {
                { ANSWER_BROKEN_OFF, 0, VERDICT_RETRY },
                /* half an answer: it may have been taken, but nothing says so */
                { ANSWER_BROKEN_OFF, 202, VERDICT_RETRY },
                { ANSWER_TIMED_OUT, 0, VERDICT_RETRY },
                { ANSWER_TIMED_OUT, 202, VERDICT_RETRY },
                { ANSWER_UNTRUSTED, 0, VERDICT_BROKEN },
                { ANSWER_IMPOSSIBLE, 0, VERDICT_BROKEN },
                /* an endless answer is judged by its beginning, else it would be sent for ever */
                { ANSWER_OVERSIZED, 202, VERDICT_ACCEPTED },
                { ANSWER_OVERSIZED, 500, VERDICT_RETRY },
                { ANSWER_COMPLETE, 0, VERDICT_RETRY },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct answer a = answer(cases[i].status, "");
                struct judgement j;
                a.end = cases[i].end;
                verdict_of(CHANNEL_PAGERDUTY, &a, 0, &j);
                if (j.verdict != cases[i].verdict)
                        fail_msg("end %d, %ld: %s", cases[i].end, cases[i].status,
                                 verdict_name(j.verdict));
        }
}

static void test_pauses(void **state _unused_)
{
        struct judgement j;
        struct answer a = answer(429, "rate_limited");

        snprintf(a.retry_after, sizeof(a.retry_after), "30");
        verdict_of(CHANNEL_SLACK, &a, 0, &j);
        assert_true(j.retry_after == 30);
        verdict_of(CHANNEL_PAGERDUTY, &a, 0, &j);
        assert_true(j.retry_after == 30);
        assert_false(j.suspect);

        a.retry_after[0] = '\0';
        verdict_of(CHANNEL_SLACK, &a, 0, &j);
        assert_true(isnan(j.retry_after));
        verdict_of(CHANNEL_PAGERDUTY, &a, 0, &j);
        assert_true(j.retry_after >= 60); /* minutes, not seconds */

        a = answer(503, "");
        snprintf(a.retry_after, sizeof(a.retry_after), "Thu, 01 Jan 1970 00:01:40 GMT");
        verdict_of(CHANNEL_WEBHOOK, &a, 60, &j);
        assert_true(j.retry_after == 40);
        assert_true(j.suspect);

        snprintf(a.retry_after, sizeof(a.retry_after), "whenever");
        verdict_of(CHANNEL_WEBHOOK, &a, 60, &j);
        assert_true(isnan(j.retry_after));
}

/* A stranger's body goes into one line of bounded length, whatever it holds. */
static void test_reason(void **state _unused_)
{
        char body[4096];
        struct judgement j;
        memset(body, 'x', sizeof(body));
        body[sizeof(body) - 1] = '\0';
        memcpy(body, "\033[31m\r\n\xff\xfe\t", 9);
        struct answer a = answer(500, body);
        verdict_of(CHANNEL_WEBHOOK, &a, 0, &j);
        assert_true(strlen(j.reason) < VERDICT_REASON_MAX);
        for (const char *p = j.reason; *p; p++)
                assert_true((unsigned char)*p >= ' ' && *p != 0x7f);
        assert_non_null(strstr(j.reason, "500"));

        /* Half a character at the cut would make JSON of it impossible. */
        for (size_t pad = 195; pad <= 200; pad++) {
                struct answer broken = { .end = ANSWER_BROKEN_OFF };
                memset(broken.text, 'x', pad);
                strcpy(broken.text + pad, "…");
                verdict_of(CHANNEL_WEBHOOK, &broken, 0, &j);
                assert_true(utf8_valid(j.reason));
                assert_true(strlen(j.reason) > 190);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers), cmocka_unit_test(test_every_status),
                cmocka_unit_test(test_ends),    cmocka_unit_test(test_pauses),
                cmocka_unit_test(test_reason),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
