/* SPDX-License-Identifier: MIT */
/* What is kept of open alerts over a restart: nothing is announced twice under another name,
 * nothing stays open for ever. */
#include "../world.h"
#include <errno.h>

#include "engine/open_alert.h"
#include "store/writer.h"

#define SPIKE                                            \
        "[slab-spike]\ndimension = SUnreclaim\n"         \
        "detect = spike\nnotice = 20M\nwarning = 100M\n" \
        "critical = 1G\nfor = 3s\nclear-for = 15s\n" WORLD_WORDS
#define SIZE                                                    \
        "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\n" \
        "warning = 300M\nfor = 0s\nclear-for = 10s\n" WORLD_WORDS
#define OTHER                                           \
        "[other]\ndimension = Percpu\ndetect = ratio\n" \
        "warning = 3G\n" WORLD_WORDS

/* The spike and the size are firing, at warning. */
static void setup(struct world *w)
{
        char story[1024];
        world_init(w, SPIKE SIZE);
        world_run(w, 300, 0);
        w->values[FIELD_SUNRECLAIM] += 250 * MIB;
        world_run(w, 10, 0);
        assert_string_equal(world_story(w, NULL, story), "firing/warning firing/warning");
}

/* Saves, starts anew with `rules`, loads. `down`: seconds in between. */
static struct open_alerts_result restart(struct world *w, const char *rules, double down,
                                         unsigned flags)
{
        _cleanup_free_ char *json = NULL;
        struct open_alerts_result result;
        assert_int_equal(open_alerts_encode(w->engine, &json), 0);
        world_restart(w, rules);
        w->sample.time += down;
        assert_int_equal(
                open_alerts_decode(w->engine, json, strlen(json), w->sample.time, flags, &result),
                0);
        return result;
}

static void test_restart_says_nothing(void **state)
{
        (void)state;
        struct world w;
        setup(&w);
        struct seen size = w.seen[0];
        struct open_alerts_result r = restart(&w, SPIKE SIZE, 5, 0);
        assert_int_equal(r.open, 2);
        assert_int_equal(r.gone + r.bad, 0);
        world_run(&w, 30, 0);
        assert_int_equal(w.count, 2);

        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 120, 0);
        /* The spike too is over, later: what it learned was not kept, and is learned anew after
         * such a step. */
        assert_int_equal(w.count, 4);
        const struct seen *end = &w.seen[strcmp(w.seen[2].rule, "slab-size") == 0 ? 2 : 3];
        assert_string_equal(end->rule, "slab-size");
        assert_int_equal(end->type, EVENT_RESOLVED);
        assert_true(end->resolve);
        assert_string_equal(end->alert_id, size.alert_id);
        assert_string_equal(end->dedup_key, size.dedup_key);
        assert_string_not_equal(end->id, size.id);
        /* 10 s before the restart, 5 s down, which the samples do not show as a gap, 40 s after */
        assert_float_equal(end->duration, (end->time - size.time), 1.5);
        assert_float_equal(end->peak, 350 * MIB, MIB);
        world_done(&w);
}

/* The host is renamed while an alert is open: its incident must still be closed. */
static void test_renamed_host(void **state)
{
        (void)state;
        struct world w;
        setup(&w);
        struct seen size = w.seen[0];
        strcpy(w.host.name, "renamed");
        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 60, 0);
        for (unsigned i = 2; i < w.count; i++)
                if (strcmp(w.seen[i].rule, size.rule) == 0)
                        assert_string_equal(w.seen[i].dedup_key, size.dedup_key);
        assert_int_equal(w.count, 4);
        world_done(&w);
}

static void test_owed_again(void **state)
{
        (void)state;
        struct world w;
        char story[1024];
        setup(&w);
        w.refuse = true;
        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 30, 0); /* both are over, nobody was told */
        assert_int_equal(w.count, 2);
        double over = w.engine->watches[1].news->event.time;
        struct open_alerts_result r = restart(&w, SPIKE SIZE, 3, 0);
        assert_int_equal(r.open, 2);
        r = restart(&w, SPIKE SIZE, 3, 0); /* once more before the first sample */
        assert_int_equal(r.open, 2);
        w.refuse = false;
        world_run(&w, 1, 0);
        assert_string_equal(world_story(&w, "slab-size", story), "firing/warning resolved/ok");
        assert_string_equal(world_story(&w, "slab-spike", story), "firing/warning resolved/ok");
        const struct seen *end = world_last(&w);
        assert_string_equal(end->rule, "slab-size");
        assert_true(end->time == over);
        assert_true(end->resolve);
        assert_float_equal(end->value, 100 * MIB, MIB);

        /* What its id would have been without the restarts: alert, type and time make it. */
        struct event same = { .type = EVENT_RESOLVED, .time = over };
        strcpy(same.alert_id, w.seen[0].alert_id);
        event_make_id(&same);
        assert_string_equal(end->id, same.id);
        assert_int_equal(restart(&w, SPIKE SIZE, 3, 0).open, 0);
        world_done(&w);
}

static void test_owed_firing_again(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, SIZE);
        world_run(&w, 10, 0);
        w.refuse = true;
        w.values[FIELD_SUNRECLAIM] = 400 * MIB;
        world_run(&w, 1, 0);
        struct event event = w.engine->watches[0].news->event;
        assert_true(w.engine->watches[0].owed);
        strcpy(w.host.name, "renamed");
        restart(&w, SIZE, 3600, 0);
        w.refuse = false;
        world_run(&w, 1, 0);
        assert_int_equal(w.count, 1);
        assert_int_equal(w.seen[0].type, EVENT_FIRING);
        assert_true(w.seen[0].trigger);
        assert_string_equal(w.seen[0].id, event.id);
        assert_string_equal(w.seen[0].alert_id, event.alert_id);
        assert_string_equal(w.seen[0].dedup_key, event.dedup_key);
        assert_true(w.seen[0].time == event.time);
        world_done(&w);
}

static void test_rule_gone(void **state)
{
        (void)state;
        struct world w;
        setup(&w);
        struct seen size = w.seen[0];
        struct open_alerts_result r = restart(&w, SPIKE OTHER, 60, 0);
        assert_int_equal(r.open, 1);
        assert_int_equal(r.gone, 1);

        /* Not taken, and once more restarted: the same event. */
        w.refuse = true;
        world_run(&w, 2, 0);
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.waiting, 1);
        char id[EVENT_ID_MAX];
        strcpy(id, w.engine->orphans[0].event.id);
        r = restart(&w, SPIKE OTHER, 60, 0);
        assert_int_equal(r.gone, 1);
        w.refuse = false;
        world_run(&w, 2, 0);
        assert_int_equal(w.count, 3);
        const struct seen *end = world_last(&w);
        assert_string_equal(end->id, id);
        assert_string_equal(end->alert_id, size.alert_id);
        assert_string_equal(end->dedup_key, size.dedup_key);
        assert_string_equal(end->rule, "slab-size");
        assert_string_equal(end->dimension, "SUnreclaim");
        assert_string_equal(end->summary, "S of it");
        assert_int_equal(end->type, EVENT_RESOLVED);
        assert_int_equal(end->severity, SEVERITY_OK);
        assert_int_equal(end->previous, SEVERITY_WARNING);
        assert_true(end->resolve);
        assert_string_equal(end->text, "SUnreclaim: closed after 1 min 9 s, because its rule is no "
                                       "longer there; peak 350 MiB, grew 0 B in all");
        r = restart(&w, SPIKE OTHER, 1, 0);
        assert_int_equal(r.gone, 0);
        world_done(&w);
}

/* What fired as the daemon ended is told, and then closed. */
static void test_owed_and_gone(void **state)
{
        (void)state;
        static const struct {
                const char *rules;
                unsigned flags;
                const char *text;
        } cases[] = {
                { OTHER, 0, "its rule is no longer there" },
                { SIZE, OPEN_ALERTS_REBOOTED, "ended by reboot" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                char story[1024];
                world_init(&w, SIZE);
                world_run(&w, 10, 0);
                w.refuse = true;
                w.values[FIELD_SUNRECLAIM] = 400 * MIB;
                world_run(&w, 1, 0);
                struct event event = w.engine->watches[0].news->event;
                w.values[FIELD_SUNRECLAIM] = 100 * MIB;
                restart(&w, cases[i].rules, 30, cases[i].flags);
                world_run(&w, 5, 0);
                w.refuse = false;
                world_run(&w, 1, 0);
                assert_string_equal(world_story(&w, NULL, story), "firing/warning resolved/ok");
                assert_string_equal(w.seen[0].id, event.id);
                assert_true(w.seen[0].time == event.time);
                assert_true(w.seen[0].trigger);
                assert_float_equal(w.seen[0].value, 400 * MIB, MIB);
                assert_string_equal(w.seen[0].text,
                                    "SUnreclaim: ratio at 400 MiB; this could not be told when it "
                                    "happened");
                assert_true(w.seen[1].resolve);
                assert_string_equal(w.seen[1].dedup_key, event.dedup_key);
                assert_non_null(strstr(w.seen[1].text, cases[i].text));
                assert_null(w.engine->orphans);
                world_done(&w);
        }
}

static void test_reboot(void **state)
{
        (void)state;
        struct world w;
        setup(&w);
        struct open_alerts_result r = restart(&w, SPIKE SIZE, 120, OPEN_ALERTS_REBOOTED);
        assert_int_equal(r.ended, 2);
        assert_int_equal(r.open + r.gone + r.bad, 0);
        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 1, 0);
        assert_int_equal(w.count, 4);
        for (unsigned i = 2; i < 4; i++) {
                const struct seen *s = &w.seen[i];
                assert_int_equal(s->type, EVENT_RESOLVED);
                assert_true(s->resolve);
                const struct seen *open = &w.seen[strcmp(s->rule, w.seen[0].rule) == 0 ? 0 : 1];
                assert_string_equal(s->alert_id, open->alert_id);
                assert_non_null(strstr(s->text, "; peak 350 MiB"));
        }
        /* what is wrong again is another incident */
        w.values[FIELD_SUNRECLAIM] = 400 * MIB;
        world_run(&w, 5, 0);
        assert_int_equal(w.count, 5);
        assert_string_not_equal(world_last(&w)->alert_id, w.seen[0].alert_id);
        world_done(&w);
}

/* A rule file with an error at start must not close what it had opened. */
static void test_rule_left_out(void **state)
{
        (void)state;
        struct world w;
        setup(&w);
        struct open_alerts_result r = restart(&w, SPIKE, 5, OPEN_ALERTS_HOLD);
        assert_int_equal(r.gone, 1);
        world_run(&w, 20, 0);
        assert_int_equal(w.count, 2);
        r = restart(&w, SPIKE, 5, OPEN_ALERTS_HOLD); /* still broken */
        assert_int_equal(r.gone, 1);
        world_reload(&w, SPIKE SIZE); /* repaired */
        world_run(&w, 20, 0);
        assert_int_equal(w.count, 2);
        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 20, 0);
        assert_string_equal(world_last(&w)->alert_id, w.seen[0].alert_id);
        assert_int_equal(world_last(&w)->type, EVENT_RESOLVED);
        assert_int_equal(w.count, 3);
        world_done(&w);

        setup(&w);
        r = restart(&w, SPIKE, 5, OPEN_ALERTS_HOLD);
        world_reload(&w, SPIKE); /* repaired by leaving it out */
        world_run(&w, 2, 0);
        assert_int_equal(w.count, 3);
        assert_string_equal(world_last(&w)->alert_id, w.seen[0].alert_id);
        world_done(&w);
}

static void replace(char **json, const char *from, const char *to)
{
        char *at = strstr(*json, from), *all = NULL;
        if (!at)
                fail_msg("\"%s\" is not in %s", from, *json);
        if (!*from)
                return;
        *at = '\0';
        assert_true(asprintf(&all, "%s%s%s", *json, to, at + strlen(from)) > 0);
        free(*json);
        *json = all;
}

static void test_damage(void **state)
{
        (void)state;
        static const struct {
                const char *name, *from, *to;
                unsigned open, bad;
                int error;
        } cases[] = {
                { "as written", "", "", 2, 0, 0 },
                { "a later version's additions",
                  "\"kind\":", "\"culprit\":{\"a\":[1]},\"kind\":", 2, 0, 0 },
                { "an earlier one's lack", "\"told_value\":", "\"x\":", 2, 0, 0 },
                { "no numbers", "\"peak\":", "\"peak\":null,\"y\":", 2, 0, 0 },
                { "no name", "\"rule\":\"slab-spike\",", "", 1, 1, 0 },
                { "an empty name", "\"rule\":\"slab-spike\"", "\"rule\":\"\"", 1, 1, 0 },
                { "an unknown kind", "\"kind\":\"spike\"", "\"kind\":\"wave\"", 1, 1, 0 },
                { "an unknown severity", "\"severity\":\"warning\"", "\"severity\":\"alarm\"", 1, 1,
                  0 },
                { "a number for a word", "\"severity\":\"warning\"", "\"severity\":7", 1, 1, 0 },
                { "firing at ok", "\"severity\":\"warning\"", "\"severity\":\"ok\"", 1, 1, 0 },
                { "neither firing nor owed", "\"firing\":true", "\"firing\":false", 1, 1, 0 },
                { "owed what only fires", "\"firing\":true",
                  "\"firing\":false,\"owed\":{\"event\":\"reminder\",\"time\":1,\"previous\":"
                  "\"warning\"}",
                  1, 1, 0 },
                { "owed its end while firing", "\"firing\":true",
                  "\"firing\":true,\"owed\":{\"event\":\"resolved\",\"time\":1,\"previous\":"
                  "\"warning\"}",
                  1, 1, 0 },
                { "no identity", "\"alert_id\":\"", "\"alert_id\":\"x", 1, 1, 0 },
                { "no key", "\"dedup_key\":", "\"z\":", 1, 1, 0 },
                { "no start", "\"fired\":", "\"fired\":null,\"z\":", 1, 1, 0 },
                { "a number that is none", "\"fired\":", "\"fired\":\"x\",\"z\":", 1, 1, 0 },
                { "not a record", "[{", "[7,{", 2, 1, 0 },
                { "not a list", "\"alerts\":", "\"alarms\":", 0, 0, -EBADMSG },
                { "cut off", "]}", "", 0, 0, -EBADMSG },
                { "nothing", "{\"alerts\":", "[", 0, 0, -EBADMSG },
        };
        struct world w;
        _cleanup_free_ char *good = NULL;
        setup(&w);
        assert_int_equal(open_alerts_encode(w.engine, &good), 0);
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *json = strdup(good);
                struct open_alerts_result r = { 0 };
                world_restart(&w, SPIKE SIZE);
                replace(&json, cases[i].from, cases[i].to);
                int error = open_alerts_decode(w.engine, json, strlen(json), w.sample.time, 0, &r);
                if (error != cases[i].error || r.open != cases[i].open || r.bad != cases[i].bad ||
                    r.gone != 0)
                        fail_msg("%s: %d, %u open, %u bad, %u gone", cases[i].name, error, r.open,
                                 r.bad, r.gone);
                world_step(&w);
        }
        world_done(&w);
}

/* Twice the same alert, and the moments of a clock that was ahead. */
static void test_twice_and_future(void **state)
{
        (void)state;
        struct world w;
        _cleanup_free_ char *json = NULL, *twice = NULL;
        struct open_alerts_result r;
        setup(&w);
        assert_int_equal(open_alerts_encode(w.engine, &json), 0);
        char *list = strchr(json, '['), *end = strchr(json, ']');
        assert_true(asprintf(&twice, "{\"alerts\":[%.*s,%.*s]}", (int)(end - list - 1), list + 1,
                             (int)(end - list - 1), list + 1) > 0);
        world_restart(&w, SPIKE SIZE);
        double long_ago = w.sample.time - 1e6;
        assert_int_equal(open_alerts_decode(w.engine, twice, strlen(twice), long_ago, 0, &r), 0);
        assert_int_equal(r.open, 2);
        assert_int_equal(r.bad, 2);
        w.sample.time = long_ago;
        w.values[FIELD_SUNRECLAIM] = 100 * MIB;
        world_run(&w, 12, 0); /* clear-for is 10 s, by the clock that there is */
        assert_int_equal(world_last(&w)->type, EVENT_RESOLVED);
        world_done(&w);
}

/* 512 alerts with the longest names fit into one job of the writer. */
static void test_largest(void **state)
{
        (void)state;
        char *rules = PRINTED(for (int i = 0; i < RULES_MAX; i++) fprintf(
                out,
                "[%063d]\ndimension = SUnreclaim\nper = SecPageTables+SReclaimable+KReclaimable+"
                "VmallocUsed+KernelStack+AnonPages\ndetect = ratio\nwarning = 1%%\nsummary = "
                "%0150d\nexplain = e\naction = a\n",
                i, i));
        struct world w;
        world_init(&w, rules);
        memset(w.host.name, 'h', sizeof(w.host.name) - 1);
        w.refuse = true;
        world_run(&w, 120, 0);
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.waiting, RULES_MAX);
        _cleanup_free_ char *json = NULL;
        assert_int_equal(open_alerts_encode(w.engine, &json), 0);
        assert_true(strlen(json) > 512 * 800);
        assert_true(strlen(json) < WRITER_JOB_MAX - 4096);

        /* and keys that are cut are still different */
        const char *a = w.engine->watches[0].news->dedup_key;
        const char *b = w.engine->watches[1].news->dedup_key;
        assert_int_equal(strlen(a), EVENT_DEDUP_MAX - 1);
        assert_string_not_equal(a, b);
        assert_string_equal(a + strlen(a) - 32, w.engine->watches[0].news->alert_id);
        world_done(&w);
        free(rules);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_restart_says_nothing),
                cmocka_unit_test(test_renamed_host),
                cmocka_unit_test(test_owed_again),
                cmocka_unit_test(test_owed_firing_again),
                cmocka_unit_test(test_rule_gone),
                cmocka_unit_test(test_owed_and_gone),
                cmocka_unit_test(test_reboot),
                cmocka_unit_test(test_rule_left_out),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_twice_and_future),
                cmocka_unit_test(test_largest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
