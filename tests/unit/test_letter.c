/* SPDX-License-Identifier: MIT */
/* deliver/letter: events out of the spool, good, bare, damaged and hostile. */
#include "deliver/letter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../letters.h"
#include "../test.h"
#include "base/macros.h"

static void test_usual(void **state _unused_)
{
        struct letter l;
        make_letter(NULL, &l);
        assert_string_equal(l.id, "0123456789abcdef0123456789abcdef");
        assert_string_equal(l.dedup_key, "machine/rule/SUnreclaim/1");
        assert_string_equal(l.rule, "slab-growth");
        assert_string_equal(l.host_name, "db1");
        assert_int_equal(l.event, EVENT_FIRING);
        assert_int_equal(l.severity, SEVERITY_CRITICAL);
        assert_int_equal(l.kind, KIND_GROWTH);
        assert_int_equal(l.unit, UNIT_BYTES);
        assert_true(l.trigger && !l.resolve);
        assert_true(isnan(l.limit));
        assert_true(l.value == 1503238553);
        assert_true(fabs(l.time - 1795151696.123) < 1e-3);
        assert_true(l.exhausts_at - l.time > 8.99 * 3600 && l.exhausts_at - l.time < 9 * 3600);
        assert_int_equal(l.recent_count, 4);
        assert_true(isnan(l.recent[2]) && l.recent[3] == 4);
        assert_true(l.recent_interval == 60);
        letter_done(&l);
}

static void test_bare(void **state _unused_)
{
        static const char bare[] = "{\"version\":1,\"event\":\"resolved\",\"severity\":\"ok\"}";
        char error[LETTER_ERROR_MAX];
        struct letter l;
        assert_int_equal(letter_parse(bare, strlen(bare), error, &l), 0);
        assert_string_equal(l.dimension, "");
        assert_string_equal(l.dedup_key, "");
        assert_true(isnan(l.time) && isnan(l.value));
        assert_int_equal(l.recent_count, 0);
        assert_true(letter_ends(&l));
        assert_true(letter_alert_hash(&l) != 0);
        letter_done(&l);
}

/* A member of a wrong type counts as missing. */
static void test_wrong_types(void **state _unused_)
{
        struct letter l;
        make_letter("{\"summary\":7,\"value\":\"much\",\"time\":12,\"trigger\":1,\"recent\":[],"
                    "\"alert\":{\"rule\":null,\"kind\":5},\"unit\":\"parsec\",\"dedup_key\":{},"
                    "\"highest_severity\":\"purple\",\"runbook\":null}",
                    &l);
        assert_string_equal(l.summary, "");
        assert_string_equal(l.rule, "");
        assert_string_equal(l.runbook, "");
        assert_true(isnan(l.value) && isnan(l.time));
        assert_false(l.trigger);
        assert_int_equal(l.kind, -1);
        assert_int_equal(l.unit, UNIT_BYTES);
        assert_int_equal(l.highest_severity, SEVERITY_CRITICAL);
        /* without its own key the alert's id keeps trigger and resolve together */
        assert_string_equal(l.dedup_key, "fedcba9876543210fedcba9876543210");
        letter_done(&l);
}

static void test_refused(void **state _unused_)
{
        static const char *const cases[] = {
                "",
                "x",
                "{",
                "[]",
                "null",
                "7",
                "\"text\"",
                "{}",
                "{\"version\":1}",
                "{\"version\":2,\"event\":\"firing\",\"severity\":\"warning\"}",
                "{\"version\":\"1\",\"event\":\"firing\",\"severity\":\"warning\"}",
                "{\"version\":1.0,\"event\":\"firing\",\"severity\":\"warning\"}",
                "{\"version\":1,\"event\":\"exploded\",\"severity\":\"warning\"}",
                "{\"version\":1,\"event\":\"firing\",\"severity\":\"purple\"}",
                "{\"version\":1,\"event\":\"firing\"}",
                "{\"version\":1,\"version\":1,\"event\":\"firing\",\"severity\":\"warning\"}",
                "{\"version\":1,\"event\":\"firing\",\"severity\":\"warning\"} and more",
                "{\"version\":1,\"event\":\"firing\",\"severity\":\"warning\",\"text\":\"\xff\"}",
                "{\"version\":1,\"event\":\"firing\",\"severity\":\"ok\",\"text\":\"\\ud800\"}",
                "{\"version\":1,\"event\":\"firing\",\"severity\":\"warning\",\"value\":1e999}",
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char error[LETTER_ERROR_MAX] = "";
                struct letter l = { .raw = NULL };
                int r = letter_parse(cases[i], strlen(cases[i]), error, &l);
                if (r != -EBADMSG || !error[0])
                        fail_msg("%s: %d \"%s\"", cases[i], r, error);
                assert_null(l.raw); /* untouched on failure */
        }
}

/* Found by the fuzzer: parsed as a whole, but sent on only up to the zero byte. */
static void test_zero_byte(void **state _unused_)
{
        static const char data[] =
                "{\"value\":1\0,\"version\":1,\"event\":\"firing\",\"severity\":\"ok\"}";
        char error[LETTER_ERROR_MAX];
        struct letter l;
        assert_int_equal(letter_parse(data, sizeof(data) - 1, error, &l), -EBADMSG);
}

static void test_depth_and_size(void **state _unused_)
{
        enum { SIZE = LETTER_SIZE_MAX + 10 };
        _cleanup_free_ char *data = malloc(SIZE);
        char error[LETTER_ERROR_MAX];
        struct letter l;
        memset(data, '[', SIZE);
        assert_int_equal(letter_parse(data, LETTER_SIZE_MAX, error, &l), -EBADMSG);
        assert_int_equal(letter_parse(data, SIZE, error, &l), -EBADMSG);
        assert_non_null(strstr(error, "64 KiB"));
}

/* What reaches a channel is one clean line, whatever the event holds. */
static void test_clean_text(void **state _unused_)
{
        struct letter l;
        make_letter("{\"text\":\"a\\nb\\u001b[31mc\\u0007\\u007f\\u0085d\","
                    "\"host\":{\"name\":\"x\\ty\"}}",
                    &l);
        for (const char *p = l.text; *p; p++)
                assert_true((unsigned char)*p >= ' ' && *p != 0x7f);
        assert_string_equal(l.host_name, "x y");
        letter_done(&l);
}

static void test_bounds(void **state _unused_)
{
        json_auto_t *values = json_array(), *recent = json_object(), *changes = json_object();
        char key[1001];
        struct letter l;
        memset(key, 'k', sizeof(key));
        key[sizeof(key) - 1] = '\0';
        for (int i = 0; i < 500; i++)
                json_array_append_new(values, json_integer(i));
        json_object_set(recent, "values", values);
        json_object_set(changes, "recent", recent);
        json_object_set_new(changes, "dedup_key", json_string(key));
        _cleanup_free_ char *text = json_dumps(changes, 0);
        make_letter(text, &l);
        assert_int_equal(l.recent_count, EVENT_RECENT_MAX);
        assert_int_equal(strlen(l.dedup_key), 255);
        letter_done(&l);
}

static void test_alert_hash(void **state _unused_)
{
        struct letter a, b, c;
        make_letter(NULL, &a);
        make_letter("{\"id\":\"ffffffffffffffffffffffffffffffff\",\"event\":\"resolved\"}", &b);
        make_letter("{\"dedup_key\":\"machine/rule/SUnreclaim/2\"}", &c);
        assert_true(letter_alert_hash(&a) == letter_alert_hash(&b));
        assert_true(letter_alert_hash(&a) != letter_alert_hash(&c));
        letter_done(&a);
        letter_done(&b);
        letter_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_usual),       cmocka_unit_test(test_bare),
                cmocka_unit_test(test_wrong_types), cmocka_unit_test(test_refused),
                cmocka_unit_test(test_zero_byte),   cmocka_unit_test(test_depth_and_size),
                cmocka_unit_test(test_clean_text),  cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_alert_hash),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
