/* SPDX-License-Identifier: MIT */
/* deliver/parcel, slack_group, webhook: several events as one message, within the receivers'
 * limits, and what the courier says of its own channels. */
#include "deliver/parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../letters.h"
#include "../test.h"
#include "base/macros.h"
#include "deliver/channel.h"
#include "deliver/lane.h"
#include "deliver/own_letter.h"
#include "deliver/slack.h"
#include "deliver/webhook.h"

/* The event of an alert; text: what is put into all its words. */
static void add(struct parcel *p, unsigned alert, const char *event, const char *severity,
                const char *text)
{
        char changes[4096];
        struct letter m;
        snprintf(changes, sizeof(changes),
                 "{\"id\":\"%032zx\",\"event\":\"%s\",\"severity\":\"%s\",\"dedup_key\":\"k%u\","
                 "\"time\":\"2026-11-20T05:%02zu:00.000Z\",\"text\":\"%s\",\"summary\":\"%s\","
                 "\"alert\":{\"id\":\"%032x\",\"rule\":\"rule-%u\",\"dimension\":\"D%u\"}}",
                 p->count + 1, event, severity, alert, p->count % 60, text, text, alert, alert,
                 alert);
        make_letter(changes, &m);
        m.sequence = p->count + 1;
        assert_int_equal(parcel_add(p, &m), 0);
}

static void test_note(void **state _unused_)
{
        struct parcel p = { 0 };
        add(&p, 1, "firing", "warning", "t");
        add(&p, 1, "escalated", "critical", "t");
        add(&p, 1, "resolved", "ok", "t");
        assert_true(parcel_is_one_alert(&p));
        for (int i = 0; i < 2; i++) /* a second time, as for the text that is shown */
                assert_int_equal(parcel_annotate(&p), 0);
        const struct letter *last = parcel_last(&p);
        assert_string_equal(last->ids,
                            "00000000000000000000000000000001,00000000000000000000000000000002,"
                            "00000000000000000000000000000003");
        assert_non_null(strstr(last->note, "3 events in one message: 2026-11-20 05:00:00Z firing, "
                                           "2026-11-20 05:01:00Z worse"));
        for (int i = 0; i < 20; i++)
                add(&p, 1, "reminder", "critical", "t");
        assert_int_equal(parcel_annotate(&p), 0);
        assert_non_null(strstr(parcel_last(&p)->note, "23 events"));
        assert_non_null(strstr(parcel_last(&p)->note, "…, 2026-11-20 05:22:00Z"));
        parcel_done(&p);
}

/* Open ones first, the worst of them first, and within that the newest. */
static void test_order(void **state _unused_)
{
        struct parcel p = { 0 };
        struct parcel_alert *alerts = NULL;
        size_t count;
        add(&p, 1, "firing", "warning", "t");
        add(&p, 2, "firing", "critical", "t");
        add(&p, 3, "firing", "critical", "t");
        add(&p, 4, "firing", "warning", "t");
        add(&p, 3, "resolved", "ok", "t");
        assert_false(parcel_is_one_alert(&p));
        assert_int_equal(parcel_alerts(&p, &alerts, &count), 0);
        static const char *const order[] = { "D2", "D4", "D1", "D3" };
        assert_int_equal(count, ELEMENTS_OF(order));
        for (size_t i = 0; i < count; i++)
                assert_string_equal(alerts[i].last->dimension, order[i]);
        assert_int_equal(alerts[3].events, 2);
        assert_int_equal(alerts[3].highest, SEVERITY_CRITICAL);
        free(alerts);
        parcel_done(&p);
}

static size_t check_blocks(const json_t *blocks)
{
        size_t total = 0, i;
        json_t *block;
        assert_in_range(json_array_size(blocks), 1, SLACK_BLOCKS_MAX);
        json_array_foreach(blocks, i, block)
        {
                const char *id = json_string_value(json_object_get(block, "block_id"));
                const json_t *text = json_object_get(block, "text");
                assert_true(!id || strlen(id) <= SLACK_BLOCK_ID_MAX);
                const char *s = json_string_value(json_object_get(text, "text"));
                assert_true(!s || (s[0] && strlen(s) <= SLACK_SECTION_MAX));
                total += s ? strlen(s) : 0;
        }
        return total;
}

static void test_slack_limits(void **state _unused_)
{
        char wide[301];
        memset(wide, '&', sizeof(wide)); /* each becomes five */
        wide[sizeof(wide) - 1] = '\0';
        for (int summary = 0; summary < 2; summary++)
                for (unsigned alerts = 2; alerts <= BUNDLE_MAX; alerts++) {
                        struct parcel p = { .summary = summary };
                        _cleanup_free_ char *body = NULL, *short_body = NULL;
                        for (unsigned i = 0; i < BUNDLE_MAX; i++)
                                add(&p, i % alerts, i < alerts ? "firing" : "resolved",
                                    i < alerts ? "critical" : "ok", wide);
                        assert_int_equal(slack_group_body(&p, false, &body), 0);
                        assert_int_equal(slack_group_body(&p, true, &short_body), 0);
                        json_auto_t *json = json_loads(body, 0, NULL);
                        json_auto_t *brief = json_loads(short_body, 0, NULL);
                        assert_non_null(json);
                        assert_int_equal(json_object_size(brief), 1);
                        const json_t *details = json_object_get(
                                json_array_get(json_object_get(json, "attachments"), 0), "blocks");
                        size_t total = check_blocks(json_object_get(json, "blocks")) +
                                       check_blocks(details);
                        assert_true(total <= SLACK_MESSAGE_MAX);
                        parcel_done(&p);
                }
}

static void test_webhook(void **state _unused_)
{
        for (int summary = 0; summary < 2; summary++) {
                struct parcel p = { .summary = summary };
                _cleanup_free_ char *body = NULL;
                add(&p, 1, "firing", "warning", "one");
                add(&p, 2, "firing", "warning", "two");
                add(&p, 1, "resolved", "ok", "three");
                assert_int_equal(webhook_group_body(&p, &body), 0);
                json_auto_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
                const json_t *also = json_object_get(json, "also"),
                             *first = json_array_get(also, 0);
                assert_int_equal(json_integer_value(json_object_get(json, "events")), 3);
                assert_int_equal(json_integer_value(json_object_get(json, "sequence")), 3);
                assert_string_equal(json_string_value(json_object_get(json, "text")), "three");
                assert_int_equal(json_array_size(also), 2);
                assert_int_equal(json_integer_value(json_object_get(first, "sequence")), 1);
                assert_string_equal(json_string_value(json_object_get(first, "event")), "firing");
                assert_int_equal(json_object_get(first, "text") == NULL, summary);
                parcel_done(&p);
        }
}

static void test_news(void **state _unused_)
{
        struct channel_news news = { .channel = "oncall",
                                     .broken = true,
                                     .reason = "answer 403: \"<gone>\"",
                                     .since = 1795151000 };
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++)
                for (int broken = 0; broken < 2; broken++) {
                        struct channel c = { .type = (enum channel_type)type,
                                             .url = (char *)"https://h/x",
                                             .secret = (char *)"R0ut1ngKeyR0ut1ngKeyR0ut1ngKey99",
                                             .min_severity = SEVERITY_WARNING };
                        struct request r = { 0 };
                        struct letter m;
                        struct parcel p = { 0 };
                        news.broken = broken;
                        assert_int_equal(own_letter_news(&news, 1795151696.5, &m), 0);
                        assert_true(channel_wants(&c, &m));
                        assert_int_equal(channel_meaning(&c, &m),
                                         broken ? MEANING_BEGINS : MEANING_ENDS);
                        assert_int_equal(parcel_add(&p, &m), 0);
                        assert_int_equal(channel_request(&c, &p, FORM_FULL, &r), 0);
                        json_auto_t *json = json_loads(r.body, 0, NULL);
                        assert_non_null(json);
                        assert_non_null(strstr(r.body, "oncall"));
                        request_done(&r);
                        parcel_done(&p);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_note),         cmocka_unit_test(test_order),
                cmocka_unit_test(test_slack_limits), cmocka_unit_test(test_webhook),
                cmocka_unit_test(test_news),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
