/* SPDX-License-Identifier: MIT */
/* What status, alerts and send-test print of recorded replies: golden/NAME.json in,
 * golden/NAME.txt out. KMW_GOLDEN_UPDATE=1 writes the texts anew: look at them before you commit.
 */
#include "../page.h"
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "view/report.h"

static void test_status(void **state)
{
        static const struct {
                const char *name, *daemon, *courier, *problem;
                int channel_files;
                struct look look;
                enum exit_code code;
        } cases[] = {
                { "status-busy.80", "busy", "busy", NULL, 3, { 80, true, false }, EXIT_FAULTS },
                { "status-busy.120", "busy", "busy", NULL, 3, { 120, true, false }, EXIT_FAULTS },
                { "status-busy-ascii.80",
                  "busy",
                  "busy",
                  NULL,
                  3,
                  { 80, false, false },
                  EXIT_FAULTS },
                { "status-busy-colour.80",
                  "busy",
                  "busy",
                  NULL,
                  3,
                  { 80, true, true },
                  EXIT_FAULTS },
                { "status-quiet.80", "quiet", "quiet", NULL, 1, { 80, true, false }, EXIT_FINE },
                { "status-quiet.120", "quiet", "quiet", NULL, 1, { 120, true, false }, EXIT_FINE },
                { "status-members.80",
                  "members",
                  "quiet",
                  NULL,
                  1,
                  { 80, true, false },
                  EXIT_FINE },
                { "status-quiet-no-courier.80",
                  "quiet",
                  NULL,
                  "it is not running (nobody listens at "
                  "/run/kmemwatch-courier/kmemwatch-courier.socket)",
                  2,
                  { 80, true, false },
                  EXIT_DEGRADED },
                { "status-quiet-bad-channels.80",
                  "quiet",
                  "busy",
                  NULL,
                  3,
                  { 80, true, false },
                  EXIT_DEGRADED },
                { "status-quiet-unread-channels.80",
                  "quiet",
                  "new",
                  NULL,
                  2,
                  { 80, true, false },
                  EXIT_DEGRADED },
                { "status-fresh.80",
                  "fresh",
                  NULL,
                  "it is not running",
                  0,
                  { 80, true, false },
                  EXIT_FINE },
                { "status-hostile.80",
                  "hostile",
                  "hostile",
                  NULL,
                  -1,
                  { 80, true, false },
                  EXIT_FAULTS },
                { "status-hostile-ascii.80",
                  "hostile",
                  "hostile",
                  NULL,
                  -1,
                  { 80, false, false },
                  EXIT_FAULTS },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
                _cleanup_(courier_reply_done) struct courier_reply courier = { 0 };
                char name[64];
                snprintf(name, sizeof name, "%s-daemon.json", cases[i].daemon);
                _cleanup_free_ char *text = load(name), *courier_text = NULL;
                assert_int_equal(daemon_reply_parse(text, &daemon), 0);
                if (cases[i].courier) {
                        snprintf(name, sizeof name, "%s-courier.json", cases[i].courier);
                        courier_text = load(name);
                        assert_int_equal(courier_reply_parse(courier_text, &courier), 0);
                }
                const struct status_report report = {
                        .daemon = &daemon,
                        .courier = cases[i].courier ? &courier : NULL,
                        .courier_problem = cases[i].problem,
                        .channel_files = cases[i].channel_files,
                        .now = isfinite(daemon.time) ? daemon.time : 1795151696,
                };
                struct page p;
                page_open(&p, &cases[i].look);
                assert_int_equal(report_print_status(&p.t, &report), 0);
                snprintf(name, sizeof name, "%s.txt", cases[i].name);
                page_check(&p, name, &cases[i].look, strcmp(cases[i].daemon, "hostile") == 0);
                if (report_status_code(&report) != cases[i].code)
                        fail_msg("%s: exit code %d", name, report_status_code(&report));
        }
}

static void test_alerts(void **state)
{
        static const struct {
                const char *name, *from;
                struct look look;
                enum exit_code code;
        } cases[] = {
                { "alerts-busy.80", "busy-alerts", { 80, true, false }, EXIT_FAULTS },
                { "alerts-busy.120", "busy-alerts", { 120, true, false }, EXIT_FAULTS },
                { "alerts-none.80", "quiet-daemon", { 80, true, false }, EXIT_FINE },
                { "alerts-hostile.80", "hostile-daemon", { 80, true, false }, EXIT_FAULTS },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
                struct page p;
                char name[64];
                snprintf(name, sizeof name, "%s.json", cases[i].from);
                _cleanup_free_ char *text = load(name);
                assert_int_equal(alerts_reply_parse(text, &daemon), 0);
                page_open(&p, &cases[i].look);
                report_print_alerts(&p.t, &daemon,
                                    isfinite(daemon.time) ? daemon.time : 1795151696);
                snprintf(name, sizeof name, "%s.txt", cases[i].name);
                page_check(&p, name, &cases[i].look, i == 3);
                assert_int_equal(report_alerts_code(&daemon), cases[i].code);
        }
}

static void test_send_test(void **state)
{
        static const char *const cases[] = { "test-accepted", "test-refused", "test-silent" };
        static const struct look look = { 80, true, false };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_(test_reply_done) struct test_reply reply = { 0 };
                struct page p;
                char name[64];
                snprintf(name, sizeof name, "%s.json", cases[i]);
                _cleanup_free_ char *text = load(name);
                assert_int_equal(test_reply_parse(text, &reply), 0);
                page_open(&p, &look);
                report_print_test(&p.t, &reply);
                snprintf(name, sizeof name, "%s.txt", cases[i]);
                page_check(&p, name, &look, false);
        }
}

static void test_bad_replies(void **state)
{
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                { "", -EBADMSG },
                { "nonsense", -EBADMSG },
                { "[1]", -EBADMSG },
                { "{\"version\":1", -EBADMSG },
                { "{\"version\":1,\"version\":1}", -EBADMSG },
                { "{}", -EPROTONOSUPPORT },
                { "{\"version\":2}", -EPROTONOSUPPORT },
                { "{\"version\":\"1\"}", -EPROTONOSUPPORT },
                { "{\"version\":1}", 0 },
                { "{\"version\":1,\"alerts\":{},\"dimensions\":7,\"channels\":null}", 0 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct daemon_reply d = { 0 };
                struct courier_reply c = { 0 };
                struct test_reply t = { 0 };
                assert_int_equal(daemon_reply_parse(cases[i].text, &d), cases[i].result);
                daemon_reply_done(&d);
                assert_int_equal(alerts_reply_parse(cases[i].text, &d), cases[i].result);
                daemon_reply_done(&d);
                assert_int_equal(courier_reply_parse(cases[i].text, &c), cases[i].result);
                courier_reply_done(&c);
                assert_int_equal(test_reply_parse(cases[i].text, &t), cases[i].result);
                test_reply_done(&t);
        }
}

static void test_many_entries_are_bounded(void **state)
{
        struct daemon_reply d;
        char *text;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        (void)state;
        fputs("{\"version\":1,\"alerts\":[{}", f);
        for (int i = 0; i < 3 * REPLY_LIST_MAX; i++)
                fputs(",{}", f);
        fputs("],\"dimensions\":[0", f);
        for (int i = 0; i < 3 * REPLY_LIST_MAX; i++)
                fputs(",{\"recent\":{\"values\":[1,2]}}", f);
        fputs("]}", f);
        fclose(f);
        assert_int_equal(daemon_reply_parse(text, &d), 0);
        assert_int_equal(d.alert_count, REPLY_LIST_MAX);
        assert_int_equal(d.dimension_count, REPLY_LIST_MAX);
        daemon_reply_done(&d);
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_alerts),
                cmocka_unit_test(test_send_test),
                cmocka_unit_test(test_bad_replies),
                cmocka_unit_test(test_many_entries_are_bounded),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
