/* SPDX-License-Identifier: MIT */
/* view/metrics: whatever the programs answer, what is printed is well-formed. */
#include "view/metrics.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/files.h"
#include "base/macros.h"
#include "view/reply.h"

static char *print(const char *daemon_file, const char *courier_file, enum metrics_format format)
{
        struct daemon_reply daemon = { 0 };
        struct courier_reply courier = { 0 };
        char *text = NULL, *d = NULL, *c = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        if (daemon_file) {
                assert_int_equal(file_read(AT_FDCWD, daemon_file, 1 << 20, &d, &size), 0);
                assert_int_equal(daemon_reply_parse(d, &daemon), 0);
        }
        if (courier_file) {
                assert_int_equal(file_read(AT_FDCWD, courier_file, 1 << 20, &c, &size), 0);
                assert_int_equal(courier_reply_parse(c, &courier), 0);
        }
        metrics_print(out, format, d ? &daemon : NULL, c ? &courier : NULL);
        fclose(out);
        daemon_reply_done(&daemon);
        courier_reply_done(&courier);
        free(d);
        free(c);
        return text;
}

/* NAME[{NAME="ESCAPED",...}] NUMBER */
static bool is_sample(const char *line)
{
        char *end;
        line += strspn(line, "abcdefghijklmnopqrstuvwxyz_");
        if (*line == '{') {
                do {
                        line++;
                        line += strspn(line, "abcdefghijklmnopqrstuvwxyz_");
                        if (strncmp(line, "=\"", 2) != 0)
                                return false;
                        for (line += 2; *line != '"'; line++) {
                                if (iscntrl((unsigned char)*line))
                                        return false;
                                if (*line == '\\' && !strchr("\\\"n", *++line))
                                        return false;
                        }
                        line++;
                } while (*line == ',');
                if (*line++ != '}')
                        return false;
        }
        if (*line++ != ' ')
                return false;
        (void)strtod(line, &end);
        return end != line && !*end;
}

static void test_wellformed(void **state _unused_)
{
        static const char *const replies[][2] = {
                { "tests/unit/golden/hostile-daemon.json",
                  "tests/unit/golden/hostile-courier.json" },
                { "tests/unit/golden/busy-daemon.json", "tests/unit/golden/busy-courier.json" },
                { "tests/unit/golden/fresh-daemon.json", "tests/unit/golden/new-courier.json" },
                { NULL, NULL },
        };
        for (size_t i = 0; i < ELEMENTS_OF(replies); i++) {
                _cleanup_free_ char *text =
                        print(replies[i][0], replies[i][1], METRICS_OPENMETRICS);
                char *save = NULL;
                for (char *line = strtok_r(text, "\n", &save); line;
                     line = strtok_r(NULL, "\n", &save))
                        if (strncmp(line, "# ", 2) != 0 && !is_sample(line))
                                fail_msg("%s: %s", replies[i][0], line);
        }
}

static void has(const char *text, const char *line)
{
        if (!strstr(text, line))
                fail_msg("no \"%s\" in\n%s", line, text);
}

static void test_busy(void **state _unused_)
{
        _cleanup_free_ char *text = print("tests/unit/golden/busy-daemon.json",
                                          "tests/unit/golden/busy-courier.json", METRICS_TEXT);
        has(text, "\nkmemwatch_up 1\n");
        has(text, "# TYPE kmemwatch_samples_total counter\n");
        has(text, "kmemwatch_alerts{severity=\"critical\"} ");
        has(text, "\nkmemwatch_courier_up 1\n");
        has(text, "kmemwatch_channel_broken{channel=");
        assert_null(strstr(text, "# EOF"));
        assert_null(strstr(text, "# UNIT"));
}

static void test_escaped(void **state _unused_)
{
        struct reply_dimension dimension = { .name = "a\\b\"c\nd", .unit = UNIT_BYTES, .value = 1 };
        struct daemon_reply daemon = { .release = "",
                                       .host = { .kernel = "", .kind = "", .kind_name = "" },
                                       .dimensions = &dimension,
                                       .dimension_count = 1 };
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        metrics_print(out, METRICS_TEXT, &daemon, NULL);
        fclose(out);
        has(text, "kmemwatch_dimension_bytes{dimension=\"a\\\\b\\\"c d\"} 1\n");
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wellformed),
                cmocka_unit_test(test_busy),
                cmocka_unit_test(test_escaped),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
