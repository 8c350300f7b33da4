/* SPDX-License-Identifier: MIT */
/* The engine as a whole: samples in, events out. The detectors' own limits are tested elsewhere;
 * here the changes are large and the question is what becomes of them. */
#include <errno.h>

#include "../world.h"

#define SPIKE                                            \
        "[slab-spike]\ndimension = SUnreclaim\n"         \
        "detect = spike\nnotice = 20M\nwarning = 100M\n" \
        "critical = 1G\nfor = 3s\nclear-for = 15s\n" WORLD_WORDS
#define DROP                                      \
        "[slab-drop]\ndimension = SUnreclaim\n"   \
        "detect = drop\nnotice = 20M\nfor = 3s\n" \
        "clear-for = 15s\n" WORLD_WORDS
#define GROWTH                                                   \
        "[slab-growth]\ndimension = SUnreclaim\n"                \
        "detect = growth\nwarning = 64M/h\ncritical = exhausts " \
        "in 4h\nfor = 1min\nclear-for = 5min\n" WORLD_WORDS
#define SIZE                                    \
        "[slab-size]\ndimension = SUnreclaim\n" \
        "detect = ratio\nwarning = 300M\n"      \
        "critical = 2G\nfor = 2s\n"             \
        "clear-for = 10s\n" WORLD_WORDS
#define TABLES                                               \
        "[tables]\ndimension = PageTables\ndetect = ratio\n" \
        "per = AnonPages+Mapped\nwarning = 60%\nfor = 0s\n"  \
        "clear-for = 5s\n" WORLD_WORDS

static void run_to(struct world *w, enum field field, double value, double seconds)
{
        w->values[field] = value;
        world_run(w, seconds, 0);
}

/* Levels of SUnreclaim in MiB, each held for some seconds after five quiet minutes at 100. */
struct act {
        double level, seconds;
};

static void test_stories(void **state)
{
        (void)state;
        static const struct {
                const char *name, *rules;
                struct act acts[5];
                const char *story;
        } cases[] = {
                { "quiet", SPIKE DROP SIZE, { { 100, 3600 } }, "" },
                { "a spike and its end",
                  SPIKE,
                  { { 300, 60 }, { 100, 60 } },
                  "firing/warning resolved/ok" },
                { "too short", SPIKE, { { 300, 2 }, { 100, 60 } }, "" },
                { "too small", SPIKE, { { 110, 60 }, { 100, 60 } }, "" },
                { "a notice", SPIKE, { { 150, 60 }, { 100, 60 } }, "firing/notice resolved/ok" },
                { "worse and worse",
                  SPIKE,
                  { { 150, 20 }, { 300, 20 }, { 1500, 20 }, { 100, 60 } },
                  "firing/notice escalated/warning escalated/critical resolved/ok" },
                { "better by and by",
                  SPIKE,
                  { { 1500, 20 }, { 600, 40 }, { 100, 40 } },
                  "firing/critical eased/warning resolved/ok" },
                { "a level that stays",
                  SPIKE "adopt = 10min\n",
                  { { 300, 700 }, { 100, 60 } },
                  "firing/warning adopted/ok" },
                { "a drop", DROP SPIKE, { { 20, 60 }, { 100, 60 } }, "firing/notice resolved/ok" },
                { "a size",
                  SIZE,
                  { { 299, 60 }, { 301, 60 }, { 250, 60 }, { 230, 60 } },
                  "firing/warning resolved/ok" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                char story[1024];
                world_init(&w, cases[i].rules);
                world_run(&w, 300, 0);
                for (const struct act *a = cases[i].acts; a->seconds > 0; a++)
                        run_to(&w, FIELD_SUNRECLAIM, a->level * MIB, a->seconds);
                world_story(&w, NULL, story);
                if (strcmp(story, cases[i].story) != 0)
                        fail_msg("%s: \"%s\"", cases[i].name, story);
                world_done(&w);
        }
}

/* What a receiver that knows trigger and resolve needs: each trigger has its resolve, under the
 * same key; notices have neither. */
static void test_trigger_and_resolve(void **state)
{
        (void)state;
        static const struct act acts[] = {
                { 150, 20 }, { 300, 20 }, { 165, 60 }, { 300, 20 }, { 1500, 20 }, { 100, 60 },
        };
        static const struct {
                enum event_type type;
                bool trigger, resolve;
        } expected[] = {
                { EVENT_FIRING, false, false },   /* notice */
                { EVENT_ESCALATED, true, false }, /* warning */
                { EVENT_EASED, false, true },     /* notice again */
                { EVENT_ESCALATED, true, false }, { EVENT_ESCALATED, false, false },
                { EVENT_RESOLVED, false, true },
        };
        struct world w;
        world_init(&w, SPIKE);
        world_run(&w, 300, 0);
        for (size_t i = 0; i < ELEMENTS_OF(acts); i++)
                run_to(&w, FIELD_SUNRECLAIM, acts[i].level * MIB, acts[i].seconds);
        assert_int_equal(w.count, ELEMENTS_OF(expected));
        for (unsigned i = 0; i < w.count; i++) {
                assert_int_equal(w.seen[i].type, expected[i].type);
                assert_int_equal(w.seen[i].trigger, expected[i].trigger);
                assert_int_equal(w.seen[i].resolve, expected[i].resolve);
                assert_string_equal(w.seen[i].alert_id, w.seen[0].alert_id);
                assert_string_equal(w.seen[i].dedup_key, w.seen[0].dedup_key);
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(w.seen[i].id, w.seen[k].id);
        }
        char begin[128];
        snprintf(begin, sizeof(begin),
                 "kmemwatch:0123456789abcdef0123456789abcdef:box:slab-spike:SUnreclaim:%.3f",
                 w.seen[0].time);
        assert_string_equal(w.seen[0].dedup_key, begin);
        assert_string_equal(w.seen[0].action, "A for guests");

        /* The next life of the same alert is another incident. */
        run_to(&w, FIELD_SUNRECLAIM, 300 * MIB, 20);
        assert_string_not_equal(world_last(&w)->dedup_key, begin);
        world_done(&w);
}

static void test_growth(void **state)
{
        (void)state;
        struct world w;
        char story[1024];
        world_init(&w, GROWTH);
        world_run(&w, 3600, 0);
        assert_int_equal(w.count, 0);
        world_run(&w, 3600, 300 * MIB / 3600);
        assert_string_equal(world_story(&w, NULL, story), "firing/warning");
        assert_float_equal(w.seen[0].rate * 3600 / MIB, 300, 30);
        /* the numbers that it rests on come with it, and bear it out */
        assert_true(w.seen[0].check_count >= 7);
        assert_string_equal(w.seen[0].checks[0].name, "sure");
        for (unsigned i = 0; i < w.seen[0].check_count; i++)
                assert_true(w.seen[0].checks[i].passed);
        assert_true(w.seen[0].checks[0].value >= w.seen[0].checks[0].limit);
        world_run(&w, 2 * 3600, 0);
        assert_string_equal(world_story(&w, NULL, story), "firing/warning resolved/ok");
        assert_true(w.seen[1].resolve);
        world_done(&w);
}

static void test_ratio(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, TABLES); /* 100 of 200 MiB: 50 % */
        world_run(&w, 10, 0);
        run_to(&w, FIELD_PAGE_TABLES, 130 * MIB, 10);
        assert_int_equal(w.count, 1);
        assert_string_equal(w.seen[0].dimension, "PageTables/AnonPages+Mapped");
        assert_float_equal(w.seen[0].value, 0.65, 1e-6);
        run_to(&w, FIELD_ANON_PAGES, 400 * MIB, 10); /* the workload has come */
        assert_int_equal(w.count, 2);
        assert_int_equal(w.seen[1].type, EVENT_RESOLVED);

        /* Nothing can be said of a share of nothing. */
        w.values[FIELD_MAPPED] = 0;
        run_to(&w, FIELD_ANON_PAGES, 0, 1000);
        assert_int_equal(w.count, 2);
        world_done(&w);
}

static void test_only_if(void **state)
{
        (void)state;
        struct world w;
        char story[1024];
        world_init(&w, SIZE "only-if = MemAvailable < 10%\n");
        world_run(&w, 60, 0);
        run_to(&w, FIELD_SUNRECLAIM, 3000 * MIB, 60);
        assert_string_equal(world_story(&w, NULL, story), "firing/notice");
        run_to(&w, FIELD_MEM_AVAILABLE, 0.5 * GIB, 60);
        assert_string_equal(world_story(&w, NULL, story), "firing/notice escalated/critical");
        run_to(&w, FIELD_MEM_AVAILABLE, 6 * GIB, 60);
        assert_int_equal(world_last(&w)->type, EVENT_EASED);
        assert_int_equal(world_last(&w)->severity, SEVERITY_NOTICE);
        assert_true(world_last(&w)->resolve);
        world_done(&w);
}

/* The same machine, called physical, a guest and a container. */
static void test_kinds_of_host(void **state)
{
        (void)state;
        static const char rules[] = SIZE "warning-vm = 400M\nwarning-container = 800M\n"
                                         "[elsewhere]\ndimension = SUnreclaim\ndetect = ratio\n"
                                         "warning = 1M\nwhen = physical\nfor = 0s\n" WORLD_WORDS;
        static const struct {
                enum host_kind kind;
                double mib;
                const char *story;
                unsigned rules, elsewhere;
        } cases[] = {
                { HOST_PHYSICAL, 350, "firing/warning firing/warning", 2, 0 },
                { HOST_VM, 350, "", 1, 1 },
                { HOST_VM, 450, "firing/warning", 1, 1 },
                { HOST_CONTAINER, 450, "", 1, 1 },
                { HOST_CONTAINER, 850, "firing/warning", 1, 1 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                char story[1024];
                struct engine_summary sum;
                world_init(&w, SIZE);
                w.host.kind = w.sample.kind = cases[i].kind;
                world_restart(&w, rules);
                run_to(&w, FIELD_SUNRECLAIM, cases[i].mib * MIB, 20);
                world_story(&w, NULL, story);
                if (strcmp(story, cases[i].story) != 0)
                        fail_msg("case %zu: \"%s\"", i, story);
                engine_summary(w.engine, &sum);
                assert_int_equal(sum.rules, cases[i].rules);
                assert_int_equal(sum.elsewhere, cases[i].elsewhere);
                world_done(&w);
        }
}

/* A kernel without the field; one that stops reporting it; one that begins again. */
static void test_missing_field(void **state)
{
        (void)state;
        struct world w;
        char story[1024];
        world_init(&w, SPIKE SIZE DROP);
        w.values[FIELD_SUNRECLAIM] = NAN;
        world_run(&w, 600, 0);
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.dimensions, 6); /* of the seven that are always followed */
        assert_int_equal(w.count, 0);

        run_to(&w, FIELD_SUNRECLAIM, 100 * MIB, 300);
        run_to(&w, FIELD_SUNRECLAIM, NAN, 60);
        run_to(&w, FIELD_SUNRECLAIM, 250 * MIB, 60); /* nobody saw how it came there */
        assert_int_equal(w.count, 0);

        run_to(&w, FIELD_SUNRECLAIM, 500 * MIB, 60);
        assert_string_equal(world_story(&w, "slab-size", story), "firing/warning");
        assert_string_equal(world_story(&w, "slab-spike", story), "firing/warning");
        run_to(&w, FIELD_SUNRECLAIM, NAN, 300); /* a hole ends nothing */
        assert_int_equal(w.count, 2);
        run_to(&w, FIELD_SUNRECLAIM, NAN,
               400); /* but what is gone for good does not fire for ever */
        assert_string_equal(world_story(&w, "slab-size", story), "firing/warning resolved/ok");
        assert_string_equal(world_story(&w, "slab-spike", story), "firing/warning resolved/ok");
        world_done(&w);
}

/* Memory is added or ballooned away: shares of it are rebased, and that is no anomaly. */
static void test_memory_changes(void **state)
{
        (void)state;
        static const char rules[] =
                "[share-spike]\ndimension = SUnreclaim\nper = MemTotal\ndetect = spike\n"
                "warning = 8 sigma\nfor = 3s\n" WORLD_WORDS
                "[share-drop]\ndimension = SUnreclaim\nper = MemTotal\ndetect = drop\n"
                "warning = 8 sigma\nfor = 3s\n" WORLD_WORDS
                "[free-drop]\ndimension = MemAvailable\ndetect = drop\n"
                "warning = 1G\nfor = 3s\n" WORLD_WORDS
                "[percpu-spike]\ndimension = Percpu\nper = possible_cpus\ndetect = spike\n"
                "warning = 50% of level\nfor = 3s\n" WORLD_WORDS;
        static const double totals[] = { 8, 16, 8, 4, 12 };
        struct world w;
        char story[1024];
        world_init(&w, rules);
        world_run(&w, 300, 0);
        for (size_t i = 0; i < ELEMENTS_OF(totals); i++) {
                w.values[FIELD_MEM_TOTAL] = totals[i] * GIB;
                w.values[FIELD_MEM_AVAILABLE] = (totals[i] - 2) * GIB;
                w.host.mem_total = w.values[FIELD_MEM_TOTAL];
                world_run(&w, 300, 0);
        }
        w.values[FIELD_CPUS] = w.values[FIELD_POSSIBLE_CPUS] = 2;
        world_run(&w, 300, 0);
        assert_string_equal(world_story(&w, NULL, story), "");

        /* and what is an anomaly still is one */
        run_to(&w, FIELD_SUNRECLAIM, 400 * MIB, 30);
        assert_string_equal(world_story(&w, NULL, story), "firing/warning");
        world_done(&w);
}

static void test_clock_steps(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                double by;
        } cases[] = { { "back an hour", -3600 },
                      { "back a year", -31536000 },
                      { "forward a day", 86400 },
                      { "eight hours of sleep", 28800 },
                      { "back two seconds", -2 } };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                char story[1024];
                world_init(&w, SPIKE DROP SIZE GROWTH);
                world_run(&w, 1800, 0);
                w.sample.time += cases[i].by;
                w.values[FIELD_SUNRECLAIM] += 150 * MIB; /* what came meanwhile nobody saw */
                world_run(&w, 1800, 0);
                if (w.count != 0)
                        fail_msg("%s: \"%s\"", cases[i].name, world_story(&w, NULL, story));

                run_to(&w, FIELD_SUNRECLAIM, 600 * MIB, 10);
                assert_int_equal(w.count, 2);
                w.sample.time += cases[i].by; /* neither ends nor repeats what fires */
                run_to(&w, FIELD_SUNRECLAIM, 600 * MIB, 10);
                if (w.count != 2)
                        fail_msg("%s: \"%s\"", cases[i].name, world_story(&w, NULL, story));
                /* The size resolves after its ten seconds, whatever the clock did. */
                double moment = w.sample.time;
                run_to(&w, FIELD_SUNRECLAIM, 250 * MIB, 30);
                run_to(&w, FIELD_SUNRECLAIM, 100 * MIB, 60);
                world_story(&w, "slab-size", story);
                if (strcmp(story, "firing/warning resolved/ok") != 0)
                        fail_msg("%s: \"%s\"", cases[i].name, story);
                for (unsigned k = 2; k < w.count; k++)
                        if (strcmp(w.seen[k].rule, "slab-size") == 0) {
                                assert_float_equal((w.seen[k].time - moment), 41, 1.5);
                                assert_float_equal(w.seen[k].duration, 60, 5);
                        }
                world_done(&w);
        }
}

/* What was learned and what is open goes over to the new rules. */
static void test_reload_keeps(void **state)
{
        (void)state;
        struct world w;
        char story[1024];
        world_init(&w, SPIKE SIZE GROWTH);
        world_run(&w, 1800, 0);
        run_to(&w, FIELD_SUNRECLAIM, 400 * MIB, 20);
        assert_string_equal(world_story(&w, NULL, story), "firing/warning firing/warning");
        world_reload(&w, GROWTH SIZE SPIKE);
        world_run(&w, 120, 0);
        assert_int_equal(w.count, 2);
        for (size_t i = 0; i < w.engine->series_count; i++)
                if (w.engine->series[i].field == FIELD_SUNRECLAIM)
                        assert_true(w.engine->series[i].jump.learned > 1800);
        run_to(&w, FIELD_SUNRECLAIM, 100 * MIB, 60);
        assert_string_equal(world_story(&w, "slab-spike", story), "firing/warning resolved/ok");
        assert_string_equal(world_story(&w, "slab-size", story), "firing/warning resolved/ok");
        assert_string_equal(w.seen[3].text + strlen(w.seen[3].text) - 6, "in all");
        world_done(&w);
}

/* A rule that waits goes on waiting, with the limits of the new one. */
static void test_reload_while_pending(void **state)
{
        (void)state;
        static const char slow[] = "[slow]\ndimension = SUnreclaim\ndetect = ratio\n"
                                   "warning = 300M\nfor = 60s\n" WORLD_WORDS;
        struct world w;
        world_init(&w, slow);
        world_run(&w, 10, 0);
        run_to(&w, FIELD_SUNRECLAIM, 400 * MIB, 40);
        world_reload(&w, slow);
        world_run(&w, 15, 0);
        assert_int_equal(w.count, 0);
        world_run(&w, 10, 0);
        assert_int_equal(w.count, 1);
        world_done(&w);
}

static void test_reload_without_rule(void **state)
{
        (void)state;
        static const struct {
                const char *name, *rules;
        } cases[] = {
                { "removed", SPIKE },
                { "renamed", SPIKE "[renamed]\ndimension = SUnreclaim\ndetect = ratio\n"
                                   "warning = 300M\nfor = 1h\n" WORLD_WORDS },
                { "another dimension", SPIKE "[slab-size]\ndimension = SReclaimable\ndetect = "
                                             "ratio\nwarning = 300M\n" WORLD_WORDS },
                { "not for guests", SPIKE SIZE "when = container\n" },
                { "none at all", "" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                char story[1024];
                world_init(&w, SPIKE SIZE);
                world_run(&w, 300, 0);
                run_to(&w, FIELD_SUNRECLAIM, 400 * MIB, 20);
                struct seen size = w.seen[0];
                assert_string_equal(size.rule, "slab-size");
                w.refuse = true;
                world_reload(&w, cases[i].rules);
                world_run(&w, 5, 0);
                world_reload(&w, cases[i].rules); /* again, while its end waits */
                world_run(&w, 5, 0);
                w.refuse = false;
                world_run(&w, 5, 0);
                world_story(&w, "slab-size", story);
                if (strcmp(story, "firing/warning resolved/ok") != 0)
                        fail_msg("%s: \"%s\"", cases[i].name, story);
                for (unsigned k = 2; k < w.count; k++) {
                        if (strcmp(w.seen[k].rule, "slab-size") != 0)
                                continue;
                        assert_string_equal(w.seen[k].dedup_key, size.dedup_key);
                        assert_string_equal(w.seen[k].alert_id, size.alert_id);
                        assert_true(w.seen[k].resolve);
                        assert_float_equal(w.seen[k].value, 400 * MIB, MIB);
                        assert_non_null(strstr(w.seen[k].text, "its rule is no longer there"));
                }
                assert_int_equal(w.count, *cases[i].rules ? 3 : 4);
                world_done(&w);
        }
}

/* The end of more alerts than there may be orphans is refused, not forgotten. */
static void test_reload_too_often(void **state)
{
        (void)state;
        char *rules[3];
        for (int set = 0; set < 3; set++)
                rules[set] = PRINTED(for (int i = 0; i < 400; i++) fprintf(
                        out,
                        "[r%d-%d]\ndimension = SUnreclaim\ndetect = ratio\nwarning = 1M\nfor = "
                        "0s\n" WORLD_WORDS,
                        set, i));
        struct world w;
        struct rule_set next = { 0 };
        world_init(&w, rules[0]);
        w.refuse = true;
        world_run(&w, 2, 0);
        world_reload(&w, rules[1]);
        world_run(&w, 2, 0);
        world_reload(&w, rules[2]);
        world_run(&w, 2, 0);
        world_rules("", &next);
        assert_int_equal(engine_set_rules(w.engine, &next), -ENOBUFS);
        rule_set_done(&next);
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.waiting, 1200);
        assert_int_equal(sum.rules, 400);
        world_run(&w, 2, 0);
        world_done(&w);
        free(rules[0]);
        free(rules[1]);
        free(rules[2]);
}

/* An event that is not taken is offered until it is; its alert stands still meanwhile, so that
 * nothing is lost and what follows comes after it. Other alerts go on. */
static void test_not_taken(void **state)
{
        (void)state;
        struct world w;
        char story[1024];
        world_init(&w, SPIKE SIZE);
        world_run(&w, 300, 0);
        w.refuse = true;
        double moment = w.sample.time;
        run_to(&w, FIELD_SUNRECLAIM, 400 * MIB, 60);
        run_to(&w, FIELD_SUNRECLAIM, 3000 * MIB, 60);
        struct engine_summary sum;
        engine_summary(w.engine, &sum);
        assert_int_equal(sum.waiting, 2);
        assert_int_equal(w.count, 0);
        assert_true(w.tries > 200);
        w.refuse = false;
        world_run(&w, 20, 0);
        run_to(&w, FIELD_SUNRECLAIM, 100 * MIB, 60);
        static const char all[] = "firing/warning escalated/critical resolved/ok";
        assert_string_equal(world_story(&w, "slab-spike", story), all);
        assert_string_equal(world_story(&w, "slab-size", story), all);
        assert_int_equal(w.count, 6);
        for (unsigned i = 0; i < 2; i++) {
                /* as it was when it happened */
                assert_float_equal((w.seen[i].time - moment), 4, 2);
                assert_float_equal(w.seen[i].value, 400 * MIB, MIB);
        }
        world_done(&w);
}

/* Refused at random: whatever comes through is in order, complete, each event once. */
static void test_not_taken_at_random(void **state)
{
        (void)state;
        struct world w;
        struct random random = random_seeded("not taken at random");
        world_init(&w, SPIKE SIZE);
        world_run(&w, 300, 0);
        for (int round = 0; round < 12; round++) {
                w.values[FIELD_SUNRECLAIM] = (round % 2 ? 100 : 400) * MIB;
                for (int i = 0; i < 80; i++) {
                        w.refuse = random_uniform(&random) < 0.9;
                        world_step(&w);
                }
                w.refuse = false;
                world_run(&w, 40, 0);
        }
        static const char *const rules[] = { "slab-spike", "slab-size" };
        for (size_t r = 0; r < ELEMENTS_OF(rules); r++) {
                const struct seen *open = NULL;
                unsigned lives = 0;
                for (unsigned i = 0; i < w.count; i++) {
                        const struct seen *s = &w.seen[i];
                        if (strcmp(s->rule, rules[r]) != 0)
                                continue;
                        assert_int_equal(s->type, open ? EVENT_RESOLVED : EVENT_FIRING);
                        if (open) {
                                assert_string_equal(s->alert_id, open->alert_id);
                                assert_true(s->time > open->time);
                                lives++;
                        }
                        open = open ? NULL : s;
                }
                assert_null(open);
                assert_int_equal(lives, 6);
        }
        world_done(&w);
}

static void show(const struct event *e, void *userdata)
{
        struct world *w = userdata;
        assert_int_equal(e->type, EVENT_FIRING);
        assert_non_null(strstr(e->text, "SUnreclaim"));
        w->tries++;
}

/* Before the first sample as after many: each rule once, and nothing comes of it. */
static void test_rehearsal(void **state)
{
        (void)state;
        char story[1024];
        struct world w;
        world_init(&w, SPIKE DROP GROWTH SIZE);
        engine_rehearse(w.engine, show, &w);
        assert_int_equal(w.tries, 4);
        world_run(&w, 300, 0);
        engine_rehearse(w.engine, show, &w);
        assert_int_equal(w.tries, 8);
        run_to(&w, FIELD_SUNRECLAIM, 300 * MIB, 10);
        run_to(&w, FIELD_SUNRECLAIM, 100 * MIB, 60);
        assert_string_equal(world_story(&w, "slab-spike", story), "firing/warning resolved/ok");
        world_done(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stories),
                cmocka_unit_test(test_trigger_and_resolve),
                cmocka_unit_test(test_growth),
                cmocka_unit_test(test_ratio),
                cmocka_unit_test(test_only_if),
                cmocka_unit_test(test_kinds_of_host),
                cmocka_unit_test(test_missing_field),
                cmocka_unit_test(test_memory_changes),
                cmocka_unit_test(test_clock_steps),
                cmocka_unit_test(test_reload_keeps),
                cmocka_unit_test(test_reload_while_pending),
                cmocka_unit_test(test_reload_without_rule),
                cmocka_unit_test(test_reload_too_often),
                cmocka_unit_test(test_not_taken),
                cmocka_unit_test(test_not_taken_at_random),
                cmocka_unit_test(test_rehearsal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
