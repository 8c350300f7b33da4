/* SPDX-License-Identifier: MIT */
/* announce/event_json: valid for any text and number, and read back by jansson as it was meant. */
#include "announce/event_json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../sample_event.h"
#include "../test.h"
#include "alert/event.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/letter.h"

static json_t *parsed(const char *text)
{
        json_error_t error;
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

        if (!root)
                print_message("%s at %d of: %s\n", error.text, error.position, text);
        assert_non_null(root);
        assert_null(strchr(text, '\n'));
        return root;
}

static json_t *event_parsed(const struct event *e)
{
        char *text = NULL;
        json_t *root;

        assert_int_equal(event_json(e, &text), 0);
        assert_true(strlen(text) < EVENT_JSON_MAX);
        root = parsed(text);
        free(text);
        return root;
}

/* "a.b" as compact JSON text, or "(none)". */
static char *member(json_t *root, const char *path)
{
        char name[128];
        const char *dot = strchr(path, '.');

        if (dot) {
                snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
                return member(json_object_get(root, name), dot + 1);
        }
        root = json_object_get(root, path);
        return root ? json_dumps(root, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12))
                    : strdup("(none)");
}

static void test_members(void **state)
{
        static const struct {
                const char *path, *expected;
        } cases[] = {
                { "version", "1" },
                { "id", "\"11112222333344445555666677778888\"" },
                { "sequence", "(none)" },
                { "event", "\"escalated\"" },
                { "time", "\"2026-11-20T05:34:57.250Z\"" },
                { "severity", "\"critical\"" },
                { "previous_severity", "\"notice\"" },
                { "highest_severity", "\"critical\"" },
                { "trigger", "true" },
                { "resolve", "false" },
                { "dedup_key", "\"fedc/slab-unreclaimable-growth/SUnreclaim/1795152897\"" },
                { "alert.id", "\"aaaabbbbccccddddeeeeffff00001111\"" },
                { "alert.rule", "\"slab-unreclaimable-growth\"" },
                { "alert.dimension", "\"SUnreclaim\"" },
                { "alert.kind", "\"growth\"" },
                { "alert.started", "\"2026-11-20T04:46:40.000Z\"" },
                { "alert.duration_seconds", "2897.25" },
                { "alert.start_value", "300000000" },
                { "alert.peak", "536870912" },
                { "alert.grown", "236870912" },
                { "runbook", "null" },
                { "text", "\"SUnreclaim grows +310 MiB/h\"" },
                { "value", "536870912" },
                { "unit", "\"bytes\"" },
                { "baseline", "268435456" },
                { "limit", "42949673" },
                { "baseline_bytes", "null" },
                { "rate_bytes_per_hour", "325535580" },
                { "rate_error_bytes_per_hour", "45000" },
                { "exhausts_at", "\"2026-11-20T11:08:17.000Z\"" },
                { "exhausts_latest", "null" },
                { "mem_available_bytes", "4294967296" },
                { "score", "0.987654" },
                { "recent.interval_seconds", "60" },
                { "recent.values", "[2,null,0]" },
                { "host.name", "\"web-3\"" },
                { "host.kind", "\"vm\"" },
                { "host.cpus", "2" },
                { "host.possible_cpus", "4" },
                { "host.mem_total_bytes", "8589934592" },
                { "culprits", "[]" },
        };
        struct event e = sample_event();
        json_t *root = event_parsed(&e);

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char *is = member(root, cases[i].path);

                if (strcmp(is, cases[i].expected) != 0)
                        print_message("%s\n", cases[i].path);
                assert_string_equal(is, cases[i].expected);
                free(is);
        }
        json_decref(root);
}

static void test_units(void **state)
{
        static const struct {
                enum event_unit unit;
                enum kind kind;
                double value;
                const char *expected, *limit;
        } cases[] = {
                { UNIT_RATIO, KIND_RATIO, 0.0612345678, "0.0612346", "0.15" },
                { UNIT_RATIO, KIND_RATIO, 0.00000123, "1.23e-6", "0.15" },
                { UNIT_BYTES_PER_COUNT, KIND_RATIO, 16799.6, "16800", "0" },
                { UNIT_COUNT, KIND_SPIKE, 3000, "3000", "0.15" },
                { UNIT_COUNT, KIND_SPIKE, 4194304, "4194304", "0.15" },
                { UNIT_RATIO, KIND_RATIO, NAN, "null", "0.15" },
                { UNIT_BYTES, KIND_DROP, -INFINITY, "null", "0" },
                { UNIT_BYTES, KIND_SPIKE, -0.3, "0", "0" },
                { UNIT_BYTES, KIND_GROWTH, 1e300, "1e300", "540" },
                { UNIT_BYTES, KIND_SPIKE, 281474976710656.0, "281474976710656", "0" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct event e = sample_event();
                json_t *root;
                char *is;

                e.unit = cases[i].unit;
                e.kind = cases[i].kind;
                e.value = cases[i].value;
                e.limit = 0.15;
                root = event_parsed(&e);
                is = member(root, "value");
                assert_string_equal(is, cases[i].expected);
                free(is);
                is = member(root, "limit");
                assert_non_null(strstr(is, cases[i].limit));
                free(is);
                json_decref(root);
        }
}

static void test_line(void **state)
{
        struct event e = sample_event();
        char *line = NULL;
        json_t *root;

        (void)state;
        assert_int_equal(event_json_line(&e, &line), 0);
        assert_string_equal(line,
                            "{\"time\":1795152897.25,\"event\":\"escalated\","
                            "\"rule\":\"slab-unreclaimable-growth\",\"dimension\":\"SUnreclaim\","
                            "\"kind\":\"growth\",\"severity\":\"critical\",\"value\":536870912,"
                            "\"unit\":\"bytes\",\"baseline\":268435456,\"limit\":42949673,"
                            "\"previous_severity\":\"notice\",\"trigger\":true,\"resolve\":false,"
                            "\"rate_bytes_per_hour\":325535580,\"exhausts_at\":1795172897,"
                            "\"started\":1795150000,\"duration_seconds\":2897.25,"
                            "\"start_value\":300000000,\"peak\":536870912,\"grown\":236870912,"
                            "\"workload\":null,\"incident\":null,\"score\":0.987654,"
                            "\"summary\":\"Unreclaimable slab grows steadily\","
                            "\"text\":\"SUnreclaim grows +310 MiB/h\"}");
        root = parsed(line);
        json_decref(root);
        free(line);

        /* Times come back exactly, whatever the trace held. */
        static const double times[] = { 0,     1.1,  1795152897.123456, 0.001,     1795152897.1,
                                        -5.25, 1e15, 1.0 / 3 + 1e9,     1795152897 };
        for (size_t i = 0; i < ELEMENTS_OF(times); i++) {
                e.time = times[i];
                assert_int_equal(event_json_line(&e, &line), 0);
                root = parsed(line);
                assert_true(json_number_value(json_object_get(root, "time")) == times[i]);
                json_decref(root);
                free(line);
        }
}

/* Nothing that a rule, a host or a process is called can break it. */
static void test_hostile_text(void **state)
{
        static const char *const texts[] = {
                "\"},{\"severity\":\"ok",
                "back\\slash\\",
                "line\nfeed\r\ttab\x01\x1b[31m\x7f",
                "\xff\xfe invalid \xc3",
                "overlong \xc0\xaf surrogate \xed\xa0\x80",
                "\xf0\x9f\x92\xa5 \xe2\x80\xa8 \xe2\x80\xae",
                "",
                "%s%n%d",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(texts); i++) {
                struct event e = sample_event();
                char clean[512];
                json_t *root;

                e.rule = e.dimension = e.summary = e.explain = e.action = e.runbook = texts[i];
                snprintf(e.text, sizeof(e.text), "%s", texts[i]);
                snprintf(e.dedup_key, sizeof(e.dedup_key), "%s", texts[i]);
                root = event_parsed(&e);
                utf8_clean(texts[i], clean, sizeof(clean));
                assert_string_equal(json_string_value(json_object_get(root, "text")), clean);
                assert_string_equal(json_string_value(json_object_get(root, "runbook")), clean);
                assert_string_equal(json_string_value(json_object_get(root, "severity")),
                                    "critical");
                json_decref(root);
        }
}

/* Everything too long, everything to be escaped: bounded, cut on a character. */
static void test_long_text(void **state)
{
        struct event e = sample_event();
        static char quotes[20000], wide[20001];
        const char *explain;
        json_t *root;

        (void)state;
        memset(quotes, '"', sizeof(quotes) - 1);
        for (size_t i = 0; i + 2 < sizeof(wide); i += 2)
                memcpy(wide + i, "\xc3\xa9", 3);
        e.rule = e.dimension = e.summary = e.explain = e.action = e.runbook = quotes;
        memset(e.text, '\\', sizeof(e.text) - 1);
        e.recent_count = 4000000000U;
        for (unsigned i = 0; i < EVENT_RECENT_MAX; i++)
                e.recent[i] = -1.2345678901234567e300;
        json_decref(event_parsed(&e));

        e.explain = wide;
        root = event_parsed(&e);
        explain = json_string_value(json_object_get(root, "explain"));
        assert_int_equal(strlen(explain), 4096);
        assert_true(utf8_valid(explain));
        json_decref(root);
}

static void test_missing(void **state)
{
        struct event e = sample_event();
        json_t *root;

        (void)state;
        e.host = NULL;
        e.runbook = e.explain = e.action = e.summary = NULL;
        e.recent_count = 0;
        e.time = 1e18;
        root = event_parsed(&e);
        assert_true(json_is_null(json_object_get(root, "host")));
        assert_true(json_is_null(json_object_get(root, "explain")));
        assert_true(json_is_null(json_object_get(root, "time")));
        json_decref(root);
}

/* What the daemon writes the courier reads: the two sides of the spool together. */
static void test_courier_reads_it(void **state)
{
        struct event e = sample_event();
        char *text, error[LETTER_ERROR_MAX] = "";
        struct letter m;

        (void)state;
        assert_int_equal(event_json(&e, &text), 0);
        assert_int_equal(letter_parse(text, strlen(text), error, &m), 0);
        assert_string_equal(m.id, e.id);
        assert_string_equal(m.dedup_key, e.dedup_key);
        assert_string_equal(m.alert_id, e.alert_id);
        assert_string_equal(m.rule, e.rule);
        assert_string_equal(m.dimension, e.dimension);
        assert_string_equal(m.action, e.action);
        assert_string_equal(m.runbook, "");
        assert_string_equal(m.host_name, SAMPLE_HOST.name);
        assert_int_equal(m.event, e.type);
        assert_int_equal(m.kind, e.kind);
        assert_int_equal(m.severity, e.severity);
        assert_int_equal(m.previous_severity, e.previous_severity);
        assert_int_equal(m.unit, e.unit);
        assert_true(m.trigger && !m.resolve);
        assert_true(m.time == e.time);
        assert_true(m.started == e.started);
        assert_true(m.value == 536870912);
        assert_true(isnan(m.baseline_bytes));
        assert_true(m.rate_per_hour == 325535580);
        assert_true(m.exhausts_at == e.exhausts_at);
        assert_true(isnan(m.exhausts_latest));
        assert_true(m.mem_total == SAMPLE_HOST.mem_total);
        assert_int_equal(m.recent_count, 3);
        assert_true(isnan(m.recent[1]));
        letter_done(&m);
        free(text);
}

static void test_names(void **state)
{
        (void)state;
        for (int i = 0; i < EVENT_TYPE_COUNT; i++)
                assert_int_equal(event_type_by_name(event_type_name((enum event_type)i)), i);
        assert_int_equal(event_type_by_name(""), -1);
        assert_int_equal(event_type_by_name("Firing"), -1);
        assert_string_equal(event_type_name(EVENT_ADOPTED), "adopted");
        assert_string_equal(event_unit_name(UNIT_COUNT), "count");
}

/* Random bytes in every text, random bits in every number. */
static void test_random(void **state)
{
        unsigned seed = (unsigned)time(NULL);

        (void)state;
        print_message("seed %u\n", seed);
        for (int round = 0; round < 500; round++) {
                struct event e = sample_event();
                double *numbers[] = { &e.value, &e.baseline, &e.limit,   &e.rate,  &e.peak,
                                      &e.score, &e.time,     &e.started, &e.grown, &e.spread };
                char text[256], *line;

                for (size_t i = 0; i + 1 < sizeof(text); i++)
                        text[i] = (char)(rand_r(&seed) >> 8);
                text[sizeof(text) - 1] = 0;
                for (size_t i = 0; i < ELEMENTS_OF(numbers); i++) {
                        unsigned char bits[sizeof(double)];

                        for (size_t k = 0; k < sizeof(bits); k++)
                                bits[k] = (unsigned char)(rand_r(&seed) >> 8);
                        memcpy(numbers[i], bits, sizeof(bits));
                }
                e.unit = (enum event_unit)(round % 4);
                e.rule = e.explain = e.action = text;
                snprintf(e.text, sizeof(e.text), "%s", text);
                json_decref(event_parsed(&e));
                assert_int_equal(event_json_line(&e, &line), 0);
                json_decref(parsed(line));
                free(line);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_units),
                cmocka_unit_test(test_line),
                cmocka_unit_test(test_hostile_text),
                cmocka_unit_test(test_long_text),
                cmocka_unit_test(test_missing),
                cmocka_unit_test(test_courier_reads_it),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
