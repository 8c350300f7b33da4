/* SPDX-License-Identifier: MIT */
/* deliver/exchange: nothing secret stays in what people see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "deliver/exchange.h"

static void test_url(void **state _unused_)
{
        static const struct {
                const char *url, *shown;
        } cases[] = {
                { "https://hooks.slack.com/services/T0/B0/XX", "https://hooks.slack.com/…" },
                { "http://127.0.0.1:8080/hook?token=abc", "http://127.0.0.1:8080/…" },
                { "https://user:password@example.com/x", "https://example.com/…" },
                { "https://user:p@ss@example.com/x@y", "https://example.com/…" },
                { "https://example.com?token=abc", "https://example.com/…" },
                { "https://example.com#abc", "https://example.com/…" },
                { "https://[::1]:99/a", "https://[::1]:99/…" },
                { "https://", "https:///…" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *shown = url_redact(cases[i].url);
                assert_string_equal(shown, cases[i].shown);
        }
}

static void test_text(void **state _unused_)
{
        static const struct {
                const char *text, *secret, *expected;
        } cases[] = {
                { "key is hunter2hunter2.", "hunter2", "key is ……." },
                { "hunter2", "hunter2", "…" },
                { "nothing here", "hunter2", "nothing here" },
                { "aaaaaaaa", "aaaa", "……" },
                { "abc", "abc", "abc" }, /* too short to be told from words */
                { "abc", "", "abc" },
                { "abc", NULL, "abc" },
                { "", "hunter2", "" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char text[64];
                snprintf(text, sizeof(text), "%s", cases[i].text);
                text_redact(text, cases[i].secret);
                assert_string_equal(text, cases[i].expected);
        }
}

static void test_body_for_people(void **state _unused_)
{
        struct request r = { 0 };
        assert_string_equal(request_body_for_people(&r), "");
        r.body = strdup("{\"routing_key\":\"secret\"}");
        assert_string_equal(request_body_for_people(&r), "{\"routing_key\":\"secret\"}");
        r.body_shown = strdup("{\"routing_key\":\"…\"}");
        assert_string_equal(request_body_for_people(&r), "{\"routing_key\":\"…\"}");
        request_done(&r);
        assert_null(r.body);
        request_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_url),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_body_for_people),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
