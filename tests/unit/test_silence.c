/* SPDX-License-Identifier: MIT */
/* Silences: who is under one and until when, on clocks that the tests move. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../world.h"
#include "base/macros.h"
#include "base/text.h"
#include "engine/open_alert.h"
#include "engine/silence_state.h"

static const double HOUR = 3600, WALL = 1795152896;

static struct silence silence(const char *name, double began, double ends)
{
        struct silence s = { .why = "because", .began = began, .ends = ends, .user = 1000 };
        snprintf(s.name, sizeof(s.name), "%s", name);
        return s;
}

static void test_list(void **state)
{
        (void)state;
        struct silences s = { .count = 0 };
        struct silence one, out;
        char name[32];
        for (int i = 0; i < SILENCES_MAX; i++) {
                snprintf(name, sizeof(name), "rule-%d", i);
                one = silence(name, 0, 100 + i);
                assert_int_equal(silences_add(&s, &one), 0);
        }
        one = silence("one-more", 0, 10);
        assert_int_equal(silences_add(&s, &one), -ENOSPC);
        one = silence("rule-7", 0, 1000);
        assert_int_equal(silences_add(&s, &one), 1); /* replaced */
        assert_int_equal(s.count, SILENCES_MAX);
        assert_false(silences_remove(&s, "rule", &out));
        assert_true(silences_remove(&s, "rule-3", &out));
        assert_string_equal(out.name, "rule-3");
        assert_false(silences_expire(&s, 99.9, &out));
        unsigned ended = 0;
        for (; silences_expire(&s, 110, &out); ended++)
                assert_true(out.ends <= 110);
        assert_int_equal(ended, 11 - 2); /* 0 to 10 without 3, and 7 is longer now */
        assert_int_equal(s.count, SILENCES_MAX - 1 - ended);
}

static void test_whom_it_covers(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                bool covers;
        } cases[] = {
                { "slab-growth", true },
                { "slab-*", true },
                { "*", true },
                { "slab-growt?", true },
                { "Slab", false },
                { "SUnreclaim/MemTotal", true },
                { "SUnreclaim", true },
                { "slab", false },
                { "", false },
                { "SLAB-GROWTH", false },
                { "slab-growth2", false },
                /* fnmatch(3) would be busy with this for minutes */
                { "*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?X", false },
        };
        char rule_name[] = "slab-growth", dimension[] = "SUnreclaim/MemTotal";
        const struct rule rule = { .name = rule_name,
                                   .dimension = dimension,
                                   .field = FIELD_SUNRECLAIM };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct silences s = { .count = 0 };
                struct silence one = silence(cases[i].name, 0, 10);
                assert_int_equal(silences_add(&s, &one), 0);
                if ((silences_of_rule(&s, &rule, rule.dimension) != NULL) != cases[i].covers)
                        fail_msg("%s", cases[i].name);
        }
        struct silences both = { .count = 0 };
        struct silence shorter = silence("*", 0, 10), longer = silence("Slab*", 0, 20);
        (void)silences_add(&both, &shorter);
        (void)silences_add(&both, &longer);
        assert_float_equal(silences_of_rule(&both, &rule, rule.dimension)->ends, 10, 0);
        strcpy(rule_name, "Slab-grows");
        assert_float_equal(silences_of_rule(&both, &rule, rule.dimension)->ends, 20, 0);
}

/* What is left of two hours after a restart, whatever the clocks did. Saved one hour into it. */
static void test_clocks(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                bool same_boot;
                double now, wall; /* since it was saved: CLOCK_BOOTTIME (its value after a boot) */
                double left;
        } cases[] = {
                { "at once", true, 0, 0, 3600 },
                { "half an hour later", true, 1800, 1800, 1800 },
                { "the wall clock a day ahead", true, 600, 86400, 3000 },
                { "the wall clock a day back", true, 600, -86400, 3000 },
                { "two hours later: over", true, 7200, 7200, -3600 },
                { "over, with a clock that went back", true, 7200, -7200, -3600 },
                { "a reboot of ten minutes", false, 100, 600, 3000 },
                { "a reboot of two hours: over", false, 100, 7200, -3600 },
                { "a reboot with a clock of 1970: never longer than was asked for", false, 100,
                  -1795152896.0, 7200 },
                { "a reboot, the clock an hour behind", false, 100, -3600, 7200 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const struct silence_clock saved = { 50000, WALL };
                const struct silence_clock then = { cases[i].same_boot ? saved.now + cases[i].now
                                                                       : cases[i].now,
                                                    WALL + cases[i].wall };
                struct silences s = { .count = 0 }, back = { .count = 0 };
                struct silence one = silence("a", saved.now - HOUR, saved.now + HOUR);
                _cleanup_free_ char *json = NULL;
                unsigned bad = 7;
                one.began_wall = WALL - HOUR;
                assert_int_equal(silences_add(&s, &one), 0);
                assert_int_equal(silences_encode(&s, &saved, &json), 0);
                assert_int_equal(
                        silences_decode(json, strlen(json), cases[i].same_boot, &then, &back, &bad),
                        0);
                assert_int_equal(bad, 0);
                assert_int_equal(back.count, 1);
                if (fabs(back.list[0].ends - then.now - cases[i].left) > 0.001)
                        fail_msg("%s: %g s left", cases[i].name, back.list[0].ends - then.now);
                assert_string_equal(back.list[0].name, "a");
                assert_string_equal(back.list[0].why, "because");
                assert_int_equal(back.list[0].user, 1000);
                assert_float_equal(back.list[0].ends - back.list[0].began, 2 * HOUR, 0.001);
        }
}

static void test_damage(void **state)
{
        (void)state;
        static const struct {
                const char *json;
                int result;
                unsigned good, bad;
        } cases[] = {
                { "", -EBADMSG, 0, 0 },
                { "[]", -EBADMSG, 0, 0 },
                { "{\"silences\": {}}", -EBADMSG, 0, 0 },
                { "{\"silences\": [1, null, {}, []]}", 0, 0, 4 },
#define GOOD(more)                                                                        \
        "{\"silences\": [{\"name\": \"a\", \"why\": \"b\", \"user\": 0, \"seconds\": 10," \
        "\"began\": 1, \"ends\": 2, \"ends_boottime\": 3" more "}]}"
                { GOOD(""), 0, 1, 0 },
                { GOOD(", \"new\": {}"), 0, 1, 0 },
                { GOOD(", \"seconds\": 1e300"), 0, 0, 1 },
                { GOOD(", \"seconds\": -1"), 0, 0, 1 },
                { GOOD(", \"ends_boottime\": \"3\""), 0, 0, 1 },
                { GOOD(", \"name\": \"\""), 0, 0, 1 },
                { GOOD(", \"user\": -1"), 0, 1, 0 },
        };
        const struct silence_clock clock = { 100, WALL };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct silences s = { .count = 0 };
                unsigned bad = 0;
                int r = silences_decode(cases[i].json, strlen(cases[i].json), true, &clock, &s,
                                        &bad);
                if (r != cases[i].result || s.count != cases[i].good || bad != cases[i].bad)
                        fail_msg("%s: %d, %zu good, %u bad", cases[i].json, r, s.count, bad);
        }
}

static void test_requests(void **state)
{
        (void)state;
        static const struct {
                const char *json, *error; /* NULL: good */
        } cases[] = {
                { "{\"name\": \"a\", \"seconds\": 60, \"why\": \"b\"}", NULL },
                { "{\"name\": \"a\", \"seconds\": 60.5, \"why\": \"b\", \"x\": [[]]}", NULL },
                { "", "what is to be silent" },
                { "[\"name\"]", "what is to be silent" },
                { "{\"name\": 1, \"seconds\": 60, \"why\": \"b\"}", "what is to be silent" },
                { "{\"name\": \"a\", \"name\": \"b\", \"seconds\": 60, \"why\": \"b\"}",
                  "what is to be silent" },
                { "{\"name\": \"a\", \"seconds\": 60}", "a reason" },
                { "{\"name\": \"a\", \"seconds\": 60, \"why\": null}", "a reason" },
                { "{\"name\": \"a\", \"seconds\": \"60\", \"why\": \"b\"}", "lasts from" },
                { "{\"name\": \"a\", \"seconds\": 0.5, \"why\": \"b\"}", "lasts from" },
                { "{\"name\": \"a\", \"seconds\": 1e308, \"why\": \"b\"}", "lasts from" },
                { "{\"name\": \"a\", \"seconds\": -60, \"why\": \"b\"}", "lasts from" },
        };
        const struct silence_clock clock = { 100, WALL };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char error[SILENCE_ERROR_MAX] = "";
                struct silence s = { .user = 77 };
                int r = silence_request_parse(cases[i].json, &clock, &s, error);
                if ((r == 0) != !cases[i].error ||
                    (cases[i].error && !strstr(error, cases[i].error)))
                        fail_msg("%s: %d %s", cases[i].json, r, error);
                if (r == 0)
                        assert_true(s.began == 100 && s.ends >= 160 && s.began_wall == WALL);
                else
                        assert_int_equal(s.user, 77); /* untouched */
        }
}

/* --- in an engine --- */

#define SIZE                                                    \
        "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\n" \
        "warning = 300M\nfor = 0s\nclear-for = 10s\n" WORLD_WORDS

static enum event_quiet ask(const struct rule *rule, const char *dimension, void *userdata)
{
        return silences_of_rule(userdata, rule, dimension) ? QUIET_SILENCED : QUIET_NOT;
}

/* Fires in a silence, the daemon is restarted in it, and again with the silence gone meanwhile. */
static void test_restarts(void **state)
{
        (void)state;
        struct silences s = { .count = 0 };
        struct silence one = silence("slab-*", 0, 1e9), out;
        struct open_alerts_result result;
        struct world w;
        world_init(&w, SIZE);
        (void)silences_add(&s, &one);
        engine_set_quiet(w.engine, ask, &s);
        w.values[FIELD_SUNRECLAIM] = 500 * MIB;
        world_run(&w, 10, 0);
        assert_int_equal(w.count, 1);
        assert_int_equal(w.seen[0].quiet, QUIET_SILENCED);
        assert_false(w.seen[0].trigger);
        for (int i = 0; i < 2; i++) {
                _cleanup_free_ char *json = NULL;
                assert_int_equal(open_alerts_encode(w.engine, &json), 0);
                world_restart(&w, SIZE);
                if (i == 1)
                        assert_true(silences_remove(&s, "slab-*", &out));
                engine_set_quiet(w.engine, ask, &s);
                assert_int_equal(
                        open_alerts_decode(w.engine, json, strlen(json), w.sample.time, 0, &result),
                        0);
                assert_int_equal(result.open, 1);
                world_run(&w, 10, 0);
                assert_int_equal(w.count, 1 + (unsigned)i);
        }
        assert_int_equal(w.seen[1].type, EVENT_FIRING);
        assert_true(w.seen[1].trigger);
        assert_int_equal(w.seen[1].quiet, QUIET_NOT);
        assert_string_equal(w.seen[1].dedup_key, w.seen[0].dedup_key);
        assert_string_not_equal(w.seen[1].id, w.seen[0].id);
        /* A reload keeps asking. */
        (void)silences_add(&s, &one);
        world_reload(&w, SIZE "# another\n");
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.firing, 1);
        assert_int_equal(sum.quiet, 1);
        world_done(&w);
}

/* An owed event that was silenced is not told aloud after a restart. */
static void test_owed_in_silence(void **state)
{
        (void)state;
        struct silences s = { .count = 0 };
        struct silence one = silence("*", 0, 1e9);
        struct open_alerts_result result;
        _cleanup_free_ char *json = NULL;
        struct world w;
        world_init(&w, SIZE);
        (void)silences_add(&s, &one);
        engine_set_quiet(w.engine, ask, &s);
        w.refuse = true;
        w.values[FIELD_SUNRECLAIM] = 500 * MIB;
        world_run(&w, 10, 0);
        assert_int_equal(open_alerts_encode(w.engine, &json), 0);
        world_restart(&w, SIZE);
        engine_set_quiet(w.engine, ask, &s);
        assert_int_equal(
                open_alerts_decode(w.engine, json, strlen(json), w.sample.time, 0, &result), 0);
        w.refuse = false;
        world_run(&w, 10, 0);
        assert_int_equal(w.count, 1);
        assert_int_equal(w.seen[0].quiet, QUIET_SILENCED);
        assert_false(w.seen[0].trigger);
        world_done(&w);
}

struct known {
        unsigned count;
        char dedup_key[EVENT_DEDUP_MAX], text[EVENT_TEXT_MAX];
};

static void note_known(const struct event *e, void *userdata)
{
        struct known *known = userdata;
        known->count++;
        assert_int_equal(e->type, EVENT_ACKNOWLEDGED);
        assert_true(e->incident.tells);
        memcpy(known->dedup_key, event_dedup_key(e), sizeof(known->dedup_key));
        memcpy(known->text, e->text, sizeof(known->text));
}

static void test_acknowledge(void **state)
{
        (void)state;
        struct world w;
        struct known known = { 0 };
        world_init(&w, SIZE);
        assert_int_equal(engine_acknowledge(w.engine, "slab-size", note_known, &known), 0);
        w.values[FIELD_SUNRECLAIM] = 500 * MIB;
        world_run(&w, 5, 0);
        assert_int_equal(engine_acknowledge(w.engine, "other", note_known, &known), 0);
        assert_int_equal(engine_acknowledge(w.engine, "", note_known, &known), 0);
        assert_int_equal(engine_acknowledge(w.engine, w.seen[0].alert_id, note_known, &known), 1);
        assert_int_equal(engine_acknowledge(w.engine, "SUnreclaim", note_known, &known), 1);
        assert_int_equal(known.count, 2);
        assert_string_equal(known.dedup_key, w.seen[0].incident.dedup_key);
        assert_non_null(strstr(known.text, "; acknowledged after"));
        assert_int_equal(w.count, 1); /* the journal is told in another way */
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.quiet, 1);
        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 30, 0);
        assert_int_equal(w.count, 2);
        assert_true(w.seen[1].resolve);
        world_done(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_list),
                cmocka_unit_test(test_whom_it_covers),
                cmocka_unit_test(test_clocks),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_requests),
                cmocka_unit_test(test_restarts),
                cmocka_unit_test(test_owed_in_silence),
                cmocka_unit_test(test_acknowledge),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
