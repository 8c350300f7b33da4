/* SPDX-License-Identifier: MIT */
/* deliver/slack: Block Kit within its limits, and text that can break nothing. */
#include "deliver/slack.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../letters.h"
#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/retry.h"

static json_t *body_of(const char *changes, bool short_form)
{
        _cleanup_free_ char *body = NULL;
        struct letter l;
        make_letter(changes, &l);
        assert_int_equal(short_form ? slack_body_short(&l, &body) : slack_body(&l, &body), 0);
        letter_done(&l);
        json_t *json = json_loads(body, 0, NULL);
        assert_non_null(json);
        return json;
}

/* Characters, as Slack counts them. */
static size_t characters(const char *s)
{
        size_t count = 0;
        for (; *s; s++)
                count += ((unsigned char)*s & 0xc0) != 0x80;
        return count;
}

/* & only as one of three entities, < > only around a link or a date. */
static void assert_escaped(const char *s)
{
        for (; *s; s++) {
                if (*s == '&') {
                        assert_true(!strncmp(s, "&amp;", 5) || !strncmp(s, "&lt;", 4) ||
                                    !strncmp(s, "&gt;", 4));
                } else if (*s == '<') {
                        assert_true(!strncmp(s, "<http://", 8) || !strncmp(s, "<https://", 9) ||
                                    !strncmp(s, "<!date^", 7));
                        s = strpbrk(s + 1, "<>");
                        assert_true(s && *s == '>');
                } else {
                        if (*s == '>')
                                fail_msg("a bare > before \"%s\"", s);
                }
        }
}

static size_t check_text(const json_t *text, size_t max)
{
        const char *s = json_string_value(json_object_get(text, "text"));
        assert_non_null(s);
        assert_in_range(characters(s), 1, max);
        if (strcmp(json_string_value(json_object_get(text, "type")), "mrkdwn") == 0)
                assert_escaped(s);
        return characters(s);
}

static size_t check_blocks(const json_t *blocks)
{
        size_t total = 0, i, k;
        json_t *block, *part;
        assert_in_range(json_array_size(blocks), 1, SLACK_BLOCKS_MAX);
        json_array_foreach(blocks, i, block)
        {
                const char *type = json_string_value(json_object_get(block, "type"));
                const json_t *fields = json_object_get(block, "fields");
                if (strcmp(type, "header") == 0) {
                        total += check_text(json_object_get(block, "text"), SLACK_HEADER_MAX);
                } else if (strcmp(type, "context") == 0) {
                        json_array_foreach(json_object_get(block, "elements"), k, part) total +=
                                check_text(part, SLACK_SECTION_MAX);
                } else if (fields) {
                        assert_string_equal(type, "section");
                        assert_in_range(json_array_size(fields), 1, SLACK_FIELDS_MAX);
                        json_array_foreach(fields, k, part) total +=
                                check_text(part, SLACK_FIELD_MAX);
                } else {
                        assert_string_equal(type, "section");
                        total += check_text(json_object_get(block, "text"), SLACK_SECTION_MAX);
                }
        }
        return total;
}

/* All limits; the whole as text for a look inside. */
static char *checked(const char *changes)
{
        json_auto_t *body = body_of(changes, false);
        const char *text = json_string_value(json_object_get(body, "text"));
        assert_non_null(text);
        assert_in_range(characters(text), 1, SLACK_TEXT_MAX);
        assert_escaped(text);
        size_t total = characters(text) + check_blocks(json_object_get(body, "blocks"));
        const json_t *attachment = json_array_get(json_object_get(body, "attachments"), 0);
        if (attachment) {
                const char *colour = json_string_value(json_object_get(attachment, "color"));
                assert_true(colour[0] == '#' && strlen(colour) == 7);
                total += check_blocks(json_object_get(attachment, "blocks"));
        }
        assert_true(total <= SLACK_MESSAGE_MAX);
        return json_dumps(body, 0);
}

static void assert_says(const char *body, const char *part)
{
        if (!strstr(body, part))
                fail_msg("\"%s\" is not in %s", part, body);
}

static void test_usual(void **state _unused_)
{
        static const char *const parts[] = {
                "CRITICAL on db1",  "Unreclaimable slab grows",
                "SUnreclaim",       "320 MiB → 1.4 GiB",
                "+310 MiB/h",       "about 9 h (7 h to 12 h)",
                "What it means",    "*Look at first*\\nLook at slabtop.",
                "`▁▃ █`",           "<https://example.com/r?a=1&amp;b=2|Runbook>",
                "rule slab-growth", "<!date^1795151696^",
                "vm (kvm), 8 CPUs",
        };
        _cleanup_free_ char *body = checked(NULL);
        for (size_t i = 0; i < ELEMENTS_OF(parts); i++)
                assert_says(body, parts[i]);
}

/* Who is behind it stands above the bar, in full below, and not when it is over. */
static void test_culprits(void **state _unused_)
{
        static const char with[] =
                "{\"culprit_text\":\"98 %% of it is dentry, charged to nginx.service\","
                "\"unexplained\":\"2 %% are large\",\"culprits\":["
                "{\"label\":\"dentry\",\"bytes\":104857600,\"share\":0.98,\"note\":\"\"},"
                "{\"label\":\"nginx.service\",\"bytes\":99614720,\"share\":null,"
                "\"note\":\"12 processes\",\"about\":true}],"
                "\"incident\":{\"text\":\"with it moved Slab +100 MiB\"}%s}";
        static const char *const parts[] = {
                ":red_circle: SUnreclaim 1.4 GiB\\n98 % of it is dentry, charged to nginx.service",
                ("*Who*\\n100 MiB (98 %) dentry\\nabout 95 MiB nginx.service: 12 processes\\n"
                 "not explained: 2 % are large"),
                "*Incident*\\nwith it moved Slab +100 MiB",
        };
        char changes[1024];
        snprintf(changes, sizeof(changes), with, "");
        _cleanup_free_ char *body = checked(changes), *end = NULL;
        for (size_t i = 0; i < ELEMENTS_OF(parts); i++)
                assert_says(body, parts[i]);
        snprintf(changes, sizeof(changes), with, ",\"event\":\"resolved\",\"severity\":\"ok\"");
        end = checked(changes);
        assert_null(strstr(end, "1.4 GiB\\n98"));
        assert_says(end, "*Who*");
}

static void test_resolved(void **state _unused_)
{
        _cleanup_free_ char *body = checked(
                "{\"event\":\"resolved\",\"severity\":\"ok\",\"previous_severity\":\"critical\"}");
        assert_says(body, "RESOLVED on db1");
        assert_says(body, "over after");
        assert_says(body, "Grown in all");
        assert_null(strstr(body, "Look at first"));
}

/* An event that knows nearly nothing is still a message that Slack takes. */
static void test_bare(void **state _unused_)
{
        static const char bare[] = "{\"version\":1,\"event\":\"firing\",\"severity\":\"warning\"}";
        char error[LETTER_ERROR_MAX];
        _cleanup_free_ char *body = NULL;
        struct letter l;
        assert_int_equal(letter_parse(bare, strlen(bare), error, &l), 0);
        assert_int_equal(slack_body(&l, &body), 0);
        letter_done(&l);
        json_auto_t *json = json_loads(body, 0, NULL);
        check_blocks(json_object_get(json, "blocks"));
}

static void test_hostile(void **state _unused_)
{
        static const char *const cases[] = {
                "{\"text\":\"<!channel> <@U123> <https://evil.example|click>\"}",
                "{\"text\":\"a & b < c > d &amp; &lt;\"}",
                "{\"host\":{\"name\":\"<!here>\"}}",
                "{\"summary\":\"*bold* _it_ `code` ~no~ :smile: <\"}",
                "{\"alert\":{\"dimension\":\"<&>\",\"rule\":\">>><<<\"}}",
                "{\"runbook\":\"javascript:alert(1)\"}",
                "{\"runbook\":\"https://example.com/>|<!channel>\"}",
                "{\"runbook\":\"https://example.com/a b\"}",
                "{\"explain\":\"\\u0001\\u2028\\ud83d\\ude00\"}",
                "{\"time\":\"2026-11-20T05:14:56Z><!channel>\"}",
                "{\"value\":1e300,\"start_value\":-1e300,\"rate_bytes_per_hour\":1e308}",
                "{\"recent\":{\"values\":[1e308,-1e308,0]}}",
                "{\"recent\":{\"values\":[null,null]}}",
                "{\"recent\":{\"values\":[1],\"interval_seconds\":-5}}",
                "{\"alert\":{\"duration_seconds\":1e300}}",
                "{\"culprit_text\":\"<!channel> & <@U1>\",\"unexplained\":\"<!here>\"}",
                "{\"culprits\":[{\"label\":\"<!channel>\",\"note\":\"<!here>\",\"bytes\":-1e300},7]}",
                "{\"incident\":{\"text\":\"<!channel>\",\"alerts\":[[],{\"rule\":1}]}}",
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *body = checked(cases[i]);
                assert_null(strstr(body, "<!channel>"));
                assert_null(strstr(body, "<!here>"));
                assert_null(strstr(body, "javascript:"));
        }
}

/* All texts as long as they get, of characters that escaping makes longer, cut anywhere. */
static void test_limits(void **state _unused_)
{
        static const char *const units[] = { "&", "<", "é", "😀", "x", "e\\u0301", "\\\\", "\\\"" };
        static const char *const keys[] = { "summary", "text",         "explain",    "action",
                                            "runbook", "culprit_text", "unexplained" };
        for (size_t i = 0; i < ELEMENTS_OF(units); i++)
                for (size_t length = 100; length < 1000; length += 97) {
                        char many[8 * 1000 + 1] = "";
                        for (size_t k = 0; k < length; k++)
                                strcat(many, units[i]);
                        char changes[10 * sizeof(many)] = "{";
                        for (size_t k = 0; k < ELEMENTS_OF(keys); k++)
                                snprintf(changes + strlen(changes),
                                         sizeof(changes) - strlen(changes), "\"%s\":\"%s%s\",",
                                         keys[k], k == 4 ? "https://" : "", many);
                        snprintf(changes + strlen(changes), sizeof(changes) - strlen(changes),
                                 "\"incident\":{\"text\":\"%s\"},\"culprits\":[{\"label\":"
                                 "\"%s\"}],\"host\":{\"name\":\"%.400s\"}}",
                                 many, many, "h");
                        free(checked(changes));
                        json_auto_t *body = body_of(changes, true);
                        assert_in_range(
                                characters(json_string_value(json_object_get(body, "text"))), 1,
                                SLACK_TEXT_MAX);
                }
}

static void test_random(void **state _unused_)
{
        static const char alphabet[] = "<>&|*_`~^!@#: aé€😀\xcc\x81";
        uint64_t seed = (uint64_t)time(NULL);
        print_message("seed %llu\n", (unsigned long long)seed);
        for (int round = 0; round < 300; round++) {
                char text[400];
                size_t length = (size_t)(retry_random(&seed) * (sizeof(text) - 1));
                for (size_t i = 0; i < length; i++)
                        text[i] = alphabet[(size_t)(retry_random(&seed) * (sizeof(alphabet) - 1))];
                text[length] = '\0';
                /* Bytes of halved characters are not JSON: what the daemon cleans, the test does
                 * too. */
                char clean[3 * sizeof(text)];
                utf8_clean(text, clean, sizeof(clean));
                json_auto_t *changes =
                        json_pack("{s:s, s:s, s:s, s:{s:s}, s:{s:s, s:s}}", "summary", clean,
                                  "text", clean, "action", clean, "host", "name", clean, "alert",
                                  "rule", clean, "dimension", clean);
                _cleanup_free_ char *json = json_dumps(changes, 0);
                free(checked(json));
        }
}

static void test_short(void **state _unused_)
{
        json_auto_t *body = body_of(NULL, true);
        assert_int_equal(json_object_size(body), 1);
        assert_says(json_string_value(json_object_get(body, "text")), "CRITICAL on db1");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_usual),    cmocka_unit_test(test_resolved),
                cmocka_unit_test(test_culprits), cmocka_unit_test(test_bare),
                cmocka_unit_test(test_hostile),  cmocka_unit_test(test_limits),
                cmocka_unit_test(test_random),   cmocka_unit_test(test_short),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
