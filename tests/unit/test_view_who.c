/* SPDX-License-Identifier: MIT */
/* What who and top print of recorded replies, and how top puts it on a screen. */
#include "../page.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#include "view/report.h"
#include "view/screen.h"
#include "view/top_frame.h"
#include "view/who_reply.h"

static void test_who(void **state)
{
        static const struct {
                const char *name, *reply;
                struct look look;
                bool hostile;
        } cases[] = {
                { "who-growth.80", "who-growth", { 80, true, false }, false },
                { "who-growth.60", "who-growth", { 60, true, false }, false },
                { "who-growth-colour.80", "who-growth", { 80, true, true }, false },
                { "who-limited.80", "who-limited", { 80, true, false }, false },
                { "who-sizes-ascii.80", "who-sizes", { 80, false, false }, false },
                { "who-hostile.80", "who-hostile", { 80, true, false }, true },
                { "who-hostile-ascii.80", "who-hostile", { 80, false, false }, true },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_(who_reply_done) struct who_reply reply = { 0 };
                struct page p;
                char name[64];
                snprintf(name, sizeof name, "%s.json", cases[i].reply);
                _cleanup_free_ char *text = load(name);
                assert_int_equal(who_reply_parse(text, &reply), 0);
                page_open(&p, &cases[i].look);
                report_print_who(&p.t, &reply);
                snprintf(name, sizeof name, "%s.txt", cases[i].name);
                page_check(&p, name, &cases[i].look, cases[i].hostile);
        }
}

/* No line of a live picture may be wider than the terminal, whatever is in it. */
static void assert_no_line_is_wider(const char *name, const char *text, unsigned width,
                                    unsigned height)
{
        unsigned lines = 0;

        for (; *text; text += *text == '\n', lines++) {
                size_t length = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, length);
                if (terminal_columns(line) > width)
                        fail_msg("%s: line of %zu columns: %s", name, terminal_columns(line), line);
                text += length;
        }
        if (height > 0 && lines > height)
                fail_msg("%s: %u lines, room for %u", name, lines, height);
}

static char *frame_text(const struct top_frame *frame, const struct look *look)
{
        struct page p;

        page_open(&p, look);
        assert_int_equal(top_frame_print(&p.t, frame), 0);
        fclose(p.t.out);
        return p.text;
}

static void test_top(void **state)
{
        static const struct {
                const char *name, *daemon, *top;
                unsigned height;
                struct look look;
        } cases[] = {
                { "top-busy.80x24", "busy-daemon", "top-busy", 24, { 80, true, false } },
                { "top-busy.120x40", "busy-daemon", "top-busy", 40, { 120, true, false } },
                { "top-busy.40x20", "busy-daemon", "top-busy", 20, { 40, true, false } },
                { "top-busy-ascii.80x12", "busy-daemon", "top-busy", 12, { 80, false, false } },
                { "top-busy-colour.80x24", "busy-daemon", "top-busy", 24, { 80, true, true } },
                { "top-none.80", "quiet-daemon", "top-none", 0, { 80, true, false } },
                { "top-off.80x24", "quiet-daemon", NULL, 24, { 80, true, false } },
                { "top-hostile.80x24", "hostile-daemon", "top-hostile", 24, { 80, true, false } },
                { "top-hostile.40x10", "hostile-daemon", "top-hostile", 10, { 40, true, false } },
        };

        (void)state;
        setenv("TZ", "UTC", 1);
        tzset();
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
                _cleanup_(top_reply_done) struct top_reply top = { 0 };
                char name[64];
                snprintf(name, sizeof name, "%s.json", cases[i].daemon);
                _cleanup_free_ char *daemon_text = load(name);
                assert_int_equal(daemon_reply_parse(daemon_text, &daemon), 0);
                if (cases[i].top) {
                        snprintf(name, sizeof name, "%s.json", cases[i].top);
                        _cleanup_free_ char *top_text = load(name);
                        assert_int_equal(top_reply_parse(top_text, &top), 0);
                }
                const struct top_frame frame = {
                        .daemon = &daemon,
                        .top = cases[i].top ? &top : NULL,
                        .top_problem = "attribution is off (attribution in kmemwatch.conf)",
                        .now = isfinite(daemon.time) ? daemon.time : 0,
                        .seconds = 60,
                        .height = cases[i].height,
                        .keys = cases[i].height > 0,
                };
                _cleanup_free_ char *text = frame_text(&frame, &cases[i].look);
                snprintf(name, sizeof name, "%s.txt", cases[i].name);
                assert_harmless(name, text, &cases[i].look);
                if (!cases[i].look.colour)
                        assert_no_line_is_wider(name, text, cases[i].look.width, cases[i].height);
                assert_golden(name, text);
        }
}

/* Every size of a window, down to the absurd. */
static void test_top_fits_everywhere(void **state)
{
        _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
        _cleanup_(top_reply_done) struct top_reply top = { 0 };
        _cleanup_free_ char *daemon_text = load("busy-daemon.json");
        _cleanup_free_ char *top_text = load("top-busy.json");

        (void)state;
        assert_int_equal(daemon_reply_parse(daemon_text, &daemon), 0);
        assert_int_equal(top_reply_parse(top_text, &top), 0);
        for (unsigned width = 40; width <= 200; width += 1)
                for (unsigned height = 1; height <= 60; height += 7) {
                        const struct look look = { width, true, false };
                        const struct top_frame frame = { .daemon = &daemon,
                                                         .top = &top,
                                                         .now = daemon.time,
                                                         .seconds = 60,
                                                         .height = height,
                                                         .keys = true };
                        _cleanup_free_ char *text = frame_text(&frame, &look);
                        assert_no_line_is_wider("top", text, width, height >= 9 ? height : 0);
                }
}

static void test_unreachable(void **state)
{
        static const struct look look = { 40, true, false };
        const struct top_frame frame = { .problem = "kmemwatchd cannot be reached: it is not "
                                                    "running (nobody listens at /run/x)",
                                         .height = 24 };
        _cleanup_free_ char *text = frame_text(&frame, &look);

        (void)state;
        assert_string_equal(text, "kmemwatchd cannot be reached: it is not…\n");
}

static void test_bad_replies(void **state)
{
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                { "", -EBADMSG },
                { "[]", -EBADMSG },
                { "{}", -EPROTONOSUPPORT },
                { "{\"version\":2}", -EPROTONOSUPPORT },
                { "{\"version\":1}", 0 },
                { "{\"version\":1,\"culprits\":{},\"growers\":[7,null],\"denied\":\"x\"}", 0 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct who_reply who = { 0 };
                struct top_reply top = { 0 };
                assert_int_equal(who_reply_parse(cases[i].text, &who), cases[i].result);
                who_reply_done(&who);
                assert_int_equal(top_reply_parse(cases[i].text, &top), cases[i].result);
                top_reply_done(&top);
        }
}

/* A daemon that has run for a minute cannot compare with an hour ago. */
static void test_since_is_what_is_known(void **state)
{
        struct who_reply who;
        static const char text[] =
                "{\"version\":1,\"since\":\"2026-11-20T06:00:00.000Z\",\"culprits\":"
                "[{\"kind\":\"cache\",\"since\":\"2026-11-20T06:59:00.000Z\"}]}";

        (void)state;
        assert_int_equal(who_reply_parse(text, &who), 0);
        assert_true(who.since == 1795157940.0);
        who_reply_done(&who);
}

static void test_kinds_have_words(void **state)
{
        (void)state;
        assert_string_equal(culprit_kind_words("cache"), "slab cache");
        assert_string_equal(culprit_kind_words("cgroup"), "cgroup");
        assert_string_equal(culprit_kind_words("of tomorrow"), "of tomorrow");
}

static void test_screen(void **state)
{
        static const struct {
                const char *text;
                unsigned width, height;
                const char *expected;
        } cases[] = {
                { "", 10, 2, "\033[H\r\n\033[J" },
                { "a\nb\n", 10, 3, "\033[H\033[Ka\r\n\033[Kb\r\n\033[J" },
                /* no room left: nothing may scroll it */
                { "a\nb\n", 10, 2, "\033[H\033[Ka\r\n\033[Kb" },
                { "a\nb\nc\n", 10, 2, "\033[H\033[Ka\r\n\033[Kb" },
                { "abcdef", 3, 1, "\033[H\033[Kabc" },
                /* colours take no room and are closed, also behind what is cut */
                { "\033[1mabcd\033[0m", 2, 1, "\033[H\033[K\033[1mab\033[0m" },
                /* two columns each: half of one does not fit */
                { "日本", 3, 1, "\033[H\033[K日" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *composed =
                        screen_compose(cases[i].text, cases[i].width, cases[i].height);
                assert_string_equal(composed, cases[i].expected);
        }
}

static void test_screen_needs_a_terminal(void **state)
{
        struct screen s;

        (void)state;
        assert_int_equal(screen_open(&s, -1, -1, 1), -ENOTTY);
        screen_close(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who),
                cmocka_unit_test(test_top),
                cmocka_unit_test(test_top_fits_everywhere),
                cmocka_unit_test(test_unreachable),
                cmocka_unit_test(test_bad_replies),
                cmocka_unit_test(test_since_is_what_is_known),
                cmocka_unit_test(test_kinds_have_words),
                cmocka_unit_test(test_screen),
                cmocka_unit_test(test_screen_needs_a_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
