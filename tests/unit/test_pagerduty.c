/* SPDX-License-Identifier: MIT */
/* deliver/pagerduty, webhook and channel: what an event means to a channel, and its request. */
#include "deliver/pagerduty.h"
#include "deliver/parcel.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../letters.h"
#include "../test.h"
#include "base/macros.h"
#include "deliver/channel.h"
#include "deliver/own_letter.h"
#include "deliver/webhook.h"

#define KEY "0123456789abcdefghijABCDEFGHIJxy"

static json_t *body_of(const char *changes, enum meaning meaning, enum form form)
{
        _cleanup_free_ char *body = NULL;
        struct letter l;
        make_letter(changes, &l);
        assert_int_equal(pagerduty_body(&l, meaning, KEY, form, &body), 0);
        letter_done(&l);
        json_t *json = json_loads(body, 0, NULL);
        assert_non_null(json);
        return json;
}

static const char *text_at(const json_t *json, const char *a, const char *b)
{
        const json_t *value = json_object_get(json, a);
        const char *text = json_string_value(b ? json_object_get(value, b) : value);
        return text ? text : "";
}

static void test_trigger(void **state _unused_)
{
        json_auto_t *body = body_of(NULL, MEANING_BEGINS, FORM_FULL);
        assert_string_equal(text_at(body, "routing_key", NULL), KEY);
        assert_string_equal(text_at(body, "event_action", NULL), "trigger");
        assert_string_equal(text_at(body, "dedup_key", NULL), "machine/rule/SUnreclaim/1");
        assert_string_equal(text_at(body, "payload", "severity"), "critical");
        assert_string_equal(text_at(body, "payload", "source"), "db1");
        assert_string_equal(text_at(body, "payload", "component"), "SUnreclaim");
        assert_string_equal(text_at(body, "payload", "class"), "growth");
        assert_string_equal(text_at(body, "payload", "timestamp"), "2026-11-20T05:14:56.123Z");
        assert_string_equal(text_at(body, "payload", "summary"),
                            "CRITICAL on db1: Unreclaimable slab grows");
        const json_t *details = json_object_get(json_object_get(body, "payload"), "custom_details");
        assert_string_equal(text_at(details, "look_at_first", NULL), "Look at slabtop.");
        assert_string_equal(text_at(details, "normal_and_now", NULL), "320 MiB → 1.4 GiB");
        assert_string_equal(text_at(details, "time_left", NULL), "about 9 h (7 h to 12 h)");
        const json_t *link = json_array_get(json_object_get(body, "links"), 0);
        assert_string_equal(text_at(link, "href", NULL), "https://example.com/r?a=1&b=2");
}

static void test_culprits(void **state _unused_)
{
        json_auto_t *body = body_of("{\"culprit_text\":\"98 % of it is dentry\","
                                    "\"unexplained\":\"\",\"culprits\":[{\"label\":\"dentry\","
                                    "\"bytes\":104857600,\"share\":0.98}],"
                                    "\"incident\":{\"text\":\"with it moved Slab +1 MiB\"}}",
                                    MEANING_BEGINS, FORM_FULL);
        const json_t *details = json_object_get(json_object_get(body, "payload"), "custom_details");
        assert_string_equal(text_at(details, "who", NULL), "98 % of it is dentry");
        assert_string_equal(text_at(details, "who_in_full", NULL), "100 MiB (98 %) dentry");
        assert_string_equal(text_at(details, "incident", NULL), "with it moved Slab +1 MiB");
        assert_null(json_object_get(details, "not_explained"));
}

/* A channel for one dimension hears of an incident that the dimension is a part of, and of its end.
 */
static void test_incident(void **state _unused_)
{
        static const struct {
                const char *changes;
                bool tables, percpu;
        } cases[] = {
                { "{\"incident\":null}", false, false },
                { "{\"incident\":{\"alerts\":[{\"rule\":\"a\",\"dimension\":\"KernelStack\"},"
                  "{\"rule\":\"b\",\"dimension\":\"PageTables\"}],\"joined\":true}}",
                  true, false },
                /* it joins what others know: news for who asked for it only */
                { "{\"trigger\":false,\"alert\":{\"rule\":\"b\",\"dimension\":\"PageTables\"},"
                  "\"incident\":{\"alerts\":[{\"rule\":\"a\",\"dimension\":\"KernelStack\"},"
                  "{\"rule\":\"b\",\"dimension\":\"PageTables\"}],\"joined\":true,"
                  "\"tells\":false}}",
                  true, false },
                { "{\"event\":\"escalated\",\"trigger\":false,"
                  "\"alert\":{\"rule\":\"b\",\"dimension\":\"PageTables\"},"
                  "\"incident\":{\"alerts\":[{\"rule\":\"a\",\"dimension\":\"PageTables\"},"
                  "{\"rule\":\"b\",\"dimension\":\"PageTables\"}],\"joined\":true,"
                  "\"tells\":false}}",
                  false, false },
                { "{\"event\":\"resolved\",\"severity\":\"ok\",\"resolve\":true,"
                  "\"incident\":{\"alerts\":[],\"joined\":true}}",
                  true, true },
                { "{\"event\":\"resolved\",\"severity\":\"ok\",\"resolve\":true,"
                  "\"incident\":{\"alerts\":[],\"joined\":false}}",
                  false, false },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct channel c = { .min_severity = SEVERITY_WARNING };
                struct letter l;
                make_letter(cases[i].changes, &l);
                c.only_dimensions = (char *)"PageTables";
                assert_int_equal(channel_wants(&c, &l), cases[i].tables);
                c.only_dimensions = (char *)"Percpu";
                assert_int_equal(channel_wants(&c, &l), cases[i].percpu);
                letter_done(&l);
        }
        /* Who knows the incident hears nothing of it; to who does not it is the begin. */
        struct letter l;
        struct channel all = { .min_severity = SEVERITY_WARNING };
        make_letter("{\"event\":\"escalated\",\"trigger\":false,\"incident\":{\"tells\":false,"
                    "\"previous_severity\":\"critical\",\"alerts\":[{\"rule\":\"a\","
                    "\"dimension\":\"Slab\"}]}}",
                    &l);
        assert_false(channel_wants(&all, &l));
        all.only_rules = (char *)"slab-*";
        assert_true(channel_wants(&all, &l));
        assert_int_equal(channel_meaning(&all, &l), MEANING_BEGINS);
        letter_done(&l);
        /* What it was before, and at its worst, is what receivers know of the incident. */
        make_letter(
                "{\"trigger\":false,\"previous_severity\":\"ok\",\"severity\":\"notice\",\"event\":\"eased\","
                "\"highest_severity\":\"warning\",\"incident\":{\"previous_severity\":"
                "\"critical\",\"highest_severity\":\"critical\"}}",
                &l);
        struct channel c = { .min_severity = SEVERITY_CRITICAL };
        assert_int_equal(channel_meaning(&c, &l), MEANING_ENDS);
        letter_done(&l);
}

static void test_resolve(void **state _unused_)
{
        json_auto_t *body =
                body_of("{\"event\":\"resolved\",\"severity\":\"ok\"}", MEANING_ENDS, FORM_FULL);
        assert_string_equal(text_at(body, "event_action", NULL), "resolve");
        assert_string_equal(text_at(body, "dedup_key", NULL), "machine/rule/SUnreclaim/1");
}

static void test_short(void **state _unused_)
{
        json_auto_t *body = body_of(NULL, MEANING_BEGINS, FORM_SHORT);
        assert_null(json_object_get(body, "links"));
        assert_int_equal(json_object_size(json_object_get(body, "payload")), 3);
}

static void test_limits(void **state _unused_)
{
        char many[3001] = "", changes[16000];
        for (int i = 0; i < 1000; i++)
                strcat(many, "é");
        snprintf(changes, sizeof(changes),
                 "{\"summary\":\"%s%s\",\"host\":{\"name\":\"%s\"},\"dedup_key\":\"%s\","
                 "\"runbook\":\"x\"}",
                 many, many, many, many);
        json_auto_t *body = body_of(changes, MEANING_BEGINS, FORM_FULL);
        assert_in_range(strlen(text_at(body, "payload", "summary")), 900, PAGERDUTY_SUMMARY_MAX);
        assert_in_range(strlen(text_at(body, "payload", "source")), 200, PAGERDUTY_SOURCE_MAX);
        assert_in_range(strlen(text_at(body, "dedup_key", NULL)), 200, 255);
        assert_null(json_object_get(body, "links"));
}

/* Steps of an alert's life as channels of the two severities see them. */
static void test_meaning(void **state _unused_)
{
        static const struct {
                const char *event, *previous, *now, *highest;
                enum meaning warning, critical;
        } cases[] = {
                { "firing", "ok", "warning", "warning", MEANING_BEGINS, MEANING_NONE },
                { "firing", "ok", "critical", "critical", MEANING_BEGINS, MEANING_BEGINS },
                { "firing", "ok", "notice", "notice", MEANING_NONE, MEANING_NONE },
                { "escalated", "notice", "warning", "warning", MEANING_BEGINS, MEANING_NONE },
                { "escalated", "notice", "critical", "critical", MEANING_BEGINS, MEANING_BEGINS },
                { "escalated", "warning", "critical", "critical", MEANING_CHANGES, MEANING_BEGINS },
                { "eased", "critical", "warning", "critical", MEANING_CHANGES, MEANING_ENDS },
                { "eased", "critical", "notice", "critical", MEANING_ENDS, MEANING_ENDS },
                { "eased", "warning", "notice", "warning", MEANING_ENDS, MEANING_NONE },
                { "reminder", "warning", "warning", "warning", MEANING_CHANGES, MEANING_NONE },
                { "reminder", "critical", "critical", "critical", MEANING_CHANGES,
                  MEANING_CHANGES },
                { "reminder", "notice", "notice", "critical", MEANING_NONE, MEANING_NONE },
                { "resolved", "warning", "ok", "warning", MEANING_ENDS, MEANING_NONE },
                { "resolved", "warning", "ok", "critical", MEANING_ENDS, MEANING_ENDS },
                { "resolved", "notice", "ok", "notice", MEANING_NONE, MEANING_NONE },
                { "adopted", "critical", "ok", "critical", MEANING_ENDS, MEANING_ENDS },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char changes[256];
                struct letter l;
                snprintf(changes, sizeof(changes),
                         "{\"event\":\"%s\",\"severity\":\"%s\",\"previous_severity\":\"%s\","
                         "\"highest_severity\":\"%s\",\"trigger\":false}",
                         cases[i].event, cases[i].now, cases[i].previous, cases[i].highest);
                make_letter(changes, &l);
                struct channel c = { .type = CHANNEL_SLACK, .min_severity = SEVERITY_WARNING };
                if (channel_meaning(&c, &l) != cases[i].warning)
                        fail_msg("case %zu for warning: %d", i, channel_meaning(&c, &l));
                assert_int_equal(channel_wants(&c, &l), cases[i].warning != MEANING_NONE);
                c.min_severity = SEVERITY_CRITICAL;
                if (channel_meaning(&c, &l) != cases[i].critical)
                        fail_msg("case %zu for critical: %d", i, channel_meaning(&c, &l));
                /* PagerDuty wants nothing that neither opens, worsens nor closes. */
                c.type = CHANNEL_PAGERDUTY;
                assert_int_equal(channel_wants(&c, &l), cases[i].critical == MEANING_BEGINS ||
                                                                cases[i].critical == MEANING_ENDS);
                letter_done(&l);
        }
}

/* A person's word is for PagerDuty alone, and goes under the incident's key. */
static void test_acknowledged(void **state _unused_)
{
        struct letter l;
        make_letter("{\"event\":\"acknowledged\",\"trigger\":false,"
                    "\"previous_severity\":\"critical\"}",
                    &l);
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++) {
                struct channel c = { .type = (enum channel_type)type,
                                     .min_severity = SEVERITY_WARNING };
                assert_int_equal(channel_wants(&c, &l), type == CHANNEL_PAGERDUTY);
        }
        letter_done(&l);
        json_auto_t *body =
                body_of("{\"event\":\"acknowledged\"}", MEANING_ACKNOWLEDGED, FORM_FULL);
        assert_string_equal(text_at(body, "event_action", NULL), "acknowledge");
        assert_string_equal(text_at(body, "dedup_key", NULL), "machine/rule/SUnreclaim/1");
}

static void test_patterns(void **state _unused_)
{
        static const struct {
                const char *rules, *dimensions;
                bool wanted;
        } cases[] = {
                { NULL, NULL, true },          { "slab-growth", NULL, true },
                { "slab-*", NULL, true },      { "vmalloc-* slab-*", NULL, true },
                { "vmalloc-*", NULL, false },  { "slab", NULL, false },
                { "*", "SUnreclaim", true },   { "*", "S[A-Z]*", true },
                { "slab-*", "Percpu", false },
        };
        struct letter l;
        make_letter(NULL, &l);
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct channel c = { .min_severity = SEVERITY_WARNING,
                                     .only_rules = (char *)cases[i].rules,
                                     .only_dimensions = (char *)cases[i].dimensions };
                if (channel_wants(&c, &l) != cases[i].wanted)
                        fail_msg("case %zu", i);
        }
        letter_done(&l);
}

static void test_webhook_body(void **state _unused_)
{
        struct letter l;
        _cleanup_free_ char *plain = NULL, *numbered = NULL, *kept = NULL;
        make_letter(NULL, &l);
        assert_int_equal(webhook_body(&l, &plain), 0);
        assert_string_equal(plain, l.raw);
        l.sequence = 42;
        assert_int_equal(webhook_body(&l, &numbered), 0);
        letter_done(&l);
        json_auto_t *json = json_loads(numbered, JSON_REJECT_DUPLICATES, NULL);
        assert_int_equal(json_integer_value(json_object_get(json, "sequence")), 42);
        assert_string_equal(text_at(json, "event", NULL), "firing");

        make_letter("{\"sequence\":7}", &l);
        l.sequence = 42;
        assert_int_equal(webhook_body(&l, &kept), 0);
        assert_string_equal(kept, l.raw);
        letter_done(&l);
}

static void test_requests(void **state _unused_)
{
        static const struct {
                struct channel channel;
                const char *url, *header, *shown; /* url NULL: -EINVAL */
        } cases[] = {
                { { .type = CHANNEL_SLACK,
                    .secret = (char *)"https://hooks.slack.com/services/X/Y" },
                  "https://hooks.slack.com/services/X/Y",
                  NULL,
                  "https://hooks.slack.com/…" },
                { { .type = CHANNEL_SLACK,
                    .secret = (char *)"X/Y",
                    .url = (char *)"http://localhost:9/services/{secret}" },
                  "http://localhost:9/services/X/Y",
                  NULL,
                  "http://localhost:9/…" },
                { { .type = CHANNEL_SLACK }, NULL, NULL, NULL },
                { { .type = CHANNEL_PAGERDUTY, .secret = (char *)KEY },
                  PAGERDUTY_URL,
                  NULL,
                  "https://events.pagerduty.com/…" },
                { { .type = CHANNEL_WEBHOOK, .url = (char *)"https://h/x" },
                  "https://h/x",
                  NULL,
                  "https://h/…" },
                { { .type = CHANNEL_WEBHOOK,
                    .url = (char *)"https://h/x",
                    .secret = (char *)"token" },
                  "https://h/x",
                  "Authorization: Bearer token",
                  "https://h/…" },
                { { .type = CHANNEL_WEBHOOK,
                    .url = (char *)"https://h/{secret}/{secret}",
                    .secret = (char *)"token" },
                  "https://h/token/token",
                  NULL,
                  "https://h/…" },
                { { .type = CHANNEL_WEBHOOK,
                    .url = (char *)"https://h/x",
                    .secret = (char *)"token",
                    .header = (char *)"X-Key: a{secret}b" },
                  "https://h/x",
                  "X-Key: atokenb",
                  "https://h/…" },
                { { .type = CHANNEL_WEBHOOK, .url = (char *)"https://h/{secret}" },
                  NULL,
                  NULL,
                  NULL },
                { { .type = CHANNEL_WEBHOOK }, NULL, NULL, NULL },
        };
        struct letter l;
        make_letter(NULL, &l);
        struct parcel parcel = { .letters = &l, .count = 1 };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct request r = { 0 };
                int status = channel_request(&cases[i].channel, &parcel, FORM_FULL, &r);
                assert_int_equal(status, cases[i].url ? 0 : -EINVAL);
                if (!cases[i].url)
                        continue;
                assert_string_equal(r.url, cases[i].url);
                assert_string_equal(r.url_shown, cases[i].shown);
                if (cases[i].header)
                        assert_string_equal(r.header, cases[i].header);
                else
                        assert_null(r.header);
                assert_null(strstr(request_body_for_people(&r), KEY));
                request_done(&r);
        }
        letter_done(&l);
}

static void test_redact(void **state _unused_)
{
        const struct channel slack = {
                .type = CHANNEL_SLACK, .secret = (char *)"https://hooks.slack.com/services/T0/B0/XX"
        };
        char text[] =
                "cannot reach https://hooks.slack.com/services/T0/B0/XX: /services/T0/B0/XX gone";
        channel_redact(&slack, text);
        assert_null(strstr(text, "T0/B0"));
        assert_non_null(strstr(text, "cannot reach"));

        /* a token in an address that JSON has escaped */
        const struct channel hook = { .type = CHANNEL_WEBHOOK,
                                      .url = (char *)"https://h/in/{secret}?key=0123456789abcdef",
                                      .secret = (char *)"T0/B0/XXXXXXXXXXXXXXXX" };
        char answer[] = "{\"url\":\"https:\\/\\/h\\/in\\/T0\\/B0\\/XXXXXXXXXXXXXXXX?key=\"}"
                        " 0123456789abcdef";
        channel_redact(&hook, answer);
        assert_null(strstr(answer, "XXXXXXXX"));
        assert_null(strstr(answer, "0123456789"));
}

/* The test message is an event like the daemon's, and every channel can send it. */
static void test_test_letter(void **state _unused_)
{
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++) {
                struct channel c = { .type = (enum channel_type)type,
                                     .name = (char *)"ops",
                                     .url = (char *)"https://h/x",
                                     .secret = (char *)KEY,
                                     .min_severity = SEVERITY_WARNING };
                struct request r = { 0 };
                struct letter l;
                assert_int_equal(own_letter_test("ops", 1795151696.5, &l), 0);
                assert_true(channel_wants(&c, &l));
                struct parcel parcel = { .letters = &l, .count = 1 };
                assert_int_equal(channel_request(&c, &parcel, FORM_FULL, &r), 0);
                assert_non_null(strstr(r.body, "nothing is wrong"));
                assert_int_equal(strlen(l.id), 32);
                request_done(&r);
                letter_done(&l);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_trigger),      cmocka_unit_test(test_culprits),
                cmocka_unit_test(test_incident),     cmocka_unit_test(test_resolve),
                cmocka_unit_test(test_short),        cmocka_unit_test(test_limits),
                cmocka_unit_test(test_meaning),      cmocka_unit_test(test_patterns),
                cmocka_unit_test(test_acknowledged), cmocka_unit_test(test_webhook_body),
                cmocka_unit_test(test_requests),     cmocka_unit_test(test_redact),
                cmocka_unit_test(test_test_letter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
