/* SPDX-License-Identifier: MIT */
/* Rules that follow members: who is followed, what is told of them, and what becomes of it all. */
#include <errno.h>

#include "../members.h"
#include "engine/explain.h"
#include "engine/learned.h"
#include "engine/open_alert.h"

#define GROWS(follow)                                                  \
        "[cache-grows]\ndimension = slab:*\nfollow = " #follow         \
        "\ndetect = growth\nwarning = 20M/h\nfor = 5min\nclear-for = " \
        "5min\n" WORLD_WORDS
#define JUMPS(follow)                                                                              \
        "[cache-jumps]\ndimension = slab:*\nfollow = " #follow "\ndetect = spike\nwarning = 20M\n" \
        "for = 10s\nclear-for = 30s\n" WORLD_WORDS
#define LARGE                                                                               \
        "[cache-large]\ndimension = slab:*\nper = MemTotal\ndetect = ratio\nwarning = 5%\n" \
        "for = 0s\nclear-for = 30s\n" WORLD_WORDS
#define CGROUPS                                                                    \
        "[cgroup-grows]\ndimension = cgroup:*/slab\nfollow = 4\ndetect = growth\n" \
        "warning = 20M/h\nfor = 5min\n" WORLD_WORDS

/* 20 caches of 10 ... 200 MiB that rest, and a small one. */
static struct one *caches(struct crowd *c)
{
        char name[64];
        for (int i = 1; i <= 20; i++) {
                snprintf(name, sizeof(name), "slab:rest-%02d", i);
                crowd_add(c, name, 10 * i);
        }
        return crowd_add(c, "slab:leak", 1);
}

/* The second event is the end of the first one's alert. */
static void leak_ends(struct crowd *c, struct world *w, struct one *leak)
{
        leak->per_hour = 0;
        crowd_run(c, w, 7200);
        assert_int_equal(w->count, 2);
        assert_int_equal(w->seen[1].type, EVENT_RESOLVED);
        assert_string_equal(w->seen[1].alert_id, w->seen[0].alert_id);
}

/* The largest at first; then the one that leaks, which is named, and no other. */
static void test_leak(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, GROWS(4));
        struct one *leak = caches(&c);
        crowd_run(&c, &w, 1800);
        assert_int_equal(crowd_followed(&w, "slab:rest-20"), 1);
        assert_int_equal(crowd_followed(&w, "slab:rest-17"), 1);
        assert_int_equal(crowd_followed(&w, "slab:rest-16"), 0);
        assert_int_equal(crowd_followed(&w, "slab:leak"), 0);
        assert_int_equal(w.count, 0);
        leak->per_hour = 100;
        crowd_run(&c, &w, 3600);
        assert_int_equal(crowd_followed(&w, "slab:leak"), 1);
        assert_int_equal(w.count, 1);
        assert_string_equal(w.seen[0].dimension, "slab:leak");
        assert_string_equal(w.seen[0].rule, "cache-grows");
        assert_non_null(strstr(w.seen[0].dedup_key, ":cache-grows:slab:leak:"));
        assert_non_null(strstr(w.seen[0].text, "slab:leak"));
        leak_ends(&c, &w, leak);
        crowd_end(&c, &w);
}

/* Nobody loses a slot to one that is a little larger now and then. */
static void test_no_flapping(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, JUMPS(4));
        (void)caches(&c);
        for (int k = 0; k < 20; k++)
                c.list[k].mib = k < 16 ? 149 : 150;
        crowd_run(&c, &w, 60);
        for (int i = 0; i < 100; i++) {
                for (int k = 0; k < 20; k++)
                        c.list[k].mib = 150 + (double)((i * 7 + k * 13) % 10) * 0.1;
                crowd_run(&c, &w, 120);
        }
        for (int i = 17; i <= 20; i++) {
                char name[64];
                snprintf(name, sizeof(name), "slab:rest-%02d", i);
                assert_int_equal(crowd_followed(&w, name), 1);
        }
        crowd_end(&c, &w);
}

/* An alert is not dropped for what grows faster; and ends with its member, as what that is. */
static void test_gone(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, GROWS(1) JUMPS(1));
        struct one *leak = crowd_add(&c, "slab:leak", 50), *other = crowd_add(&c, "slab:other", 1);
        crowd_run(&c, &w, 3600);
        leak->per_hour = 100;
        crowd_run(&c, &w, 3600);
        assert_int_equal(w.count, 1);
        other->per_hour = 5000;
        crowd_run(&c, &w, 1200);
        assert_int_equal(w.count, 1);
        assert_int_equal(crowd_followed(&w, "slab:leak"), 1); /* the other rule has let go */
        assert_int_equal(crowd_followed(&w, "slab:other"), 1);
        leak->mib = NAN;
        crowd_run(&c, &w, 50);
        assert_int_equal(w.count, 1); /* it may come back */
        crowd_run(&c, &w, 60);
        assert_int_equal(w.count, 2);
        assert_int_equal(w.seen[1].type, EVENT_RESOLVED);
        assert_true(w.seen[1].resolve);
        assert_string_equal(w.seen[1].dimension, "slab:leak");
        assert_non_null(strstr(w.seen[1].text, "no longer there"));
        crowd_run(&c, &w, 120);
        assert_int_equal(crowd_followed(&w, "slab:leak"), 0);
        assert_int_equal(crowd_followed(&w, "slab:other"), 2); /* the slot is another's */
        crowd_end(&c, &w);
}

/* What a service that restarts leaves for some seconds is no end. */
static void test_away(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, LARGE);
        struct one *one = crowd_add(&c, "slab:big", 600);
        crowd_run(&c, &w, 300);
        assert_int_equal(w.count, 1);
        assert_string_equal(w.seen[0].dimension, "slab:big/MemTotal");
        one->mib = NAN;
        crowd_run(&c, &w, 30);
        one->mib = 600;
        crowd_run(&c, &w, 300);
        assert_int_equal(w.count, 1);
        /* Nobody can tell: the file cannot be read. */
        members_fail(&c.members, FAMILY_SLAB);
        world_run(&w, 20, 0);
        assert_int_equal(w.count, 1);
        assert_int_equal(crowd_followed(&w, "slab:big/MemTotal"), 1);
        crowd_end(&c, &w);
}

/* A leak in a cgroup is one alert, not one for each folder above it. */
static void test_cgroups(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, CGROUPS);
        struct one *above = crowd_add(&c, "cgroup:/system.slice/slab", 300);
        struct one *leak = crowd_add(&c, "cgroup:/system.slice/leak.service/slab", 10);
        crowd_add(&c, "cgroup:/system.slice/rest.service/slab", 200);
        crowd_add(&c, "slab:dentry", 999);
        above->inner = true;
        crowd_run(&c, &w, 3600);
        above->per_hour = leak->per_hour = 100;
        crowd_run(&c, &w, 3600);
        assert_int_equal(crowd_followed(&w, "cgroup:/system.slice/slab"), 0);
        assert_int_equal(w.count, 1);
        assert_string_equal(w.seen[0].dimension, "cgroup:/system.slice/leak.service/slab");
        crowd_end(&c, &w);
}

/* Members by thousands come and go: the slots stay as many, nothing is told. */
static void test_churn(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        char name[128];
        crowd_begin(&c, &w, CGROUPS);
        for (int i = 0; i < CROWD_MAX; i++)
                crowd_add(&c, "cgroup:/none/slab", NAN);
        for (int round = 0; round < 60; round++) {
                for (int i = 0; i < CROWD_MAX; i++) {
                        snprintf(name, sizeof(name), "cgroup:/run-%d-%d.scope/slab", round, i);
                        strcpy(c.list[i].name, name);
                        c.list[i].mib = 1 + i % 7;
                }
                crowd_run(&c, &w, 90);
        }
        assert_int_equal(w.count, 0);
        assert_int_equal(c.members.used <= 2 * CROWD_MAX, true);
        unsigned used = 0;
        for (size_t i = w.engine->watch_plain; i < w.engine->watch_count; i++)
                used += w.engine->watches[i].slot > SLOT_EMPTY;
        assert_int_equal(used, 4);
        crowd_end(&c, &w);
}

static int restart(struct world *w, const char *rules)
{
        struct open_alerts_result result;
        size_t size = learned_size(w->engine);
        _cleanup_free_ char *learned = malloc(size), *open = NULL;
        assert_non_null(learned);
        learned_encode(w->engine, learned);
        assert_int_equal(open_alerts_encode(w->engine, &open), 0);
        world_restart(w, rules);
        int restored = learned_decode(w->engine, learned, size);
        assert_int_equal(
                open_alerts_decode(w->engine, open, strlen(open), w->sample.time, 0, &result), 0);
        assert_int_equal(result.bad + result.gone, 0);
        return restored;
}

/* An alert goes on over a restart by its member's name, and so does what was learned. */
static void test_restart(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, GROWS(4) LARGE);
        struct one *leak = caches(&c);
        crowd_run(&c, &w, 1800);
        leak->per_hour = 100;
        crowd_run(&c, &w, 3600);
        assert_int_equal(w.count, 1);
        const struct watch *before =
                engine_find_heir(w.engine, "cache-grows", "slab:leak", KIND_GROWTH);
        assert_non_null(before);
        double learned = w.engine->series[before->series].jump.learned;
        assert_true(restart(&w, GROWS(4) LARGE) > 4);
        const struct watch *after =
                engine_find_heir(w.engine, "cache-grows", "slab:leak", KIND_GROWTH);
        assert_non_null(after);
        assert_true(w.engine->series[after->series].jump.learned == learned);
        crowd_run(&c, &w, 600);
        assert_int_equal(w.count, 1);
        leak_ends(&c, &w, leak);
        crowd_end(&c, &w);
}

/* Who gets a slot is not decided by what happens to have been read first. */
static void test_half_read(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, JUMPS(1));
        members_begin(&c.members, FAMILY_SLAB);
        (void)members_put(&c.members, FAMILY_SLAB, "slab:first", 4096, false);
        world_run(&w, 3, 0);
        assert_int_equal(crowd_followed(&w, "slab:first"), 0);
        (void)members_put(&c.members, FAMILY_SLAB, "slab:largest", 40960, false);
        members_end(&c.members, FAMILY_SLAB, true);
        world_run(&w, 12, 0);
        assert_int_equal(crowd_followed(&w, "slab:largest"), 1);
        crowd_end(&c, &w);
}

/* Another table, in which all have other rows (after a seed): they are found again. */
static void test_other_table(void **state)
{
        (void)state;
        struct world w;
        struct crowd a, b;
        world_init(&w, LARGE);
        crowd_init(&a, &w);
        crowd_add(&a, "slab:x", 10);
        crowd_add(&a, "slab:y", 10);
        crowd_run(&a, &w, 120);
        crowd_init(&b, &w);
        crowd_add(&b, "slab:y", 10);
        struct one *x = crowd_add(&b, "slab:x", 10);
        crowd_run(&b, &w, 120);
        assert_int_equal(w.count, 0);
        x->mib = 600;
        crowd_run(&b, &w, 120);
        assert_int_equal(w.count, 1);
        assert_string_equal(w.seen[0].dimension, "slab:x/MemTotal");
        world_done(&w);
        crowd_done(&a, &w);
        crowd_done(&b, &w);
}

/* A reload: rules that stay go on; an alert whose rule is gone is ended. */
static void test_reload(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w, GROWS(8));
        struct one *leak = caches(&c);
        leak->mib = 30;
        crowd_run(&c, &w, 3600);
        leak->per_hour = 100;
        crowd_run(&c, &w, 3600);
        assert_int_equal(w.count, 1);
        world_reload(&w, JUMPS(8) GROWS(1));
        crowd_run(&c, &w, 600);
        assert_int_equal(w.count, 1);
        assert_int_equal(crowd_followed(&w, "slab:leak"), 2);
        world_reload(&w, JUMPS(2));
        crowd_run(&c, &w, 60);
        assert_int_equal(w.count, 2);
        assert_int_equal(w.seen[1].type, EVENT_RESOLVED);
        assert_string_equal(w.seen[1].dimension, "slab:leak");
        world_reload(&w, LARGE
                     "[plain]\ndimension = SUnreclaim\ndetect = spike\nwarning = 1G\n" WORLD_WORDS);
        world_reload(&w,
                     "[plain]\ndimension = SUnreclaim\ndetect = spike\nwarning = 1G\n" WORLD_WORDS);
        crowd_run(&c, &w, 60);
        assert_int_equal(w.count, 2);
        crowd_end(&c, &w);
}

static enum event_quiet ask(const struct rule *rule, const char *dimension, void *userdata)
{
        return rule_is_meant(rule, dimension, userdata) ? QUIET_SILENCED : QUIET_NOT;
}

/* A silence of one member, of its rule's pattern, of a rule. */
static void test_silence(void **state)
{
        (void)state;
        static const struct {
                char name[32];
                bool silenced;
        } cases[] = {
                { "slab:a", true },
                { "slab:a/MemTotal", true },
                { "slab:b", false },
                { "slab:*", true },
                { "slab:*/MemTotal", true },
                { "cache-large", true },
                { "cache-*", true },
                { "slab", false },
                { "slab:", false },
                { "slab:a/", false },
                { "*", true },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                struct crowd c;
                world_init(&w, LARGE);
                crowd_init(&c, &w);
                engine_set_quiet(w.engine, ask, (void *)cases[i].name);
                crowd_add(&c, "slab:a", 600);
                crowd_add(&c, "slab:b", 10);
                crowd_run(&c, &w, 60);
                assert_int_equal(w.count, 1);
                if ((w.seen[0].quiet == QUIET_SILENCED) != cases[i].silenced)
                        fail_msg("%s", cases[i].name);
                char error[EXPLAIN_ERROR_MAX];
                assert_true(engine_is_meant(w.engine, "slab:not-followed-now", error));
                assert_false(engine_is_meant(w.engine, "cgroup:/a/slab", error));
                char *json = NULL;
                assert_int_equal(explain_json(w.engine, "slab:not-followed-now", &json, error),
                                 -ENOENT);
                assert_non_null(strstr(error, "not followed now"));
                assert_int_equal(explain_json(w.engine, "slab:a", &json, error), 0);
                assert_non_null(strstr(json, "\"slab:a/MemTotal\""));
                free(json);
                world_done(&w);
                crowd_done(&c, &w);
        }
}

/* One that is named is followed whatever holds it, and waited for while it is not there. */
static void test_exact(void **state)
{
        (void)state;
        struct world w;
        struct crowd c;
        crowd_begin(&c, &w,
                    "[slice]\ndimension = cgroup:/a.slice/slab\ndetect = ratio\nwarning = 100M\n"
                    "for = 0s\nclear-for = 10s\n" WORLD_WORDS);
        crowd_add(&c, "cgroup:/b.slice/slab", 999)->inner = true;
        struct one *one = crowd_add(&c, "cgroup:/a.slice/slab", NAN);
        one->inner = true;
        crowd_run(&c, &w, 300);
        assert_int_equal(w.count, 0);
        one->mib = 200;
        crowd_run(&c, &w, 120);
        assert_int_equal(w.count, 1);
        crowd_end(&c, &w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_leak),        cmocka_unit_test(test_no_flapping),
                cmocka_unit_test(test_gone),        cmocka_unit_test(test_away),
                cmocka_unit_test(test_cgroups),     cmocka_unit_test(test_churn),
                cmocka_unit_test(test_restart),     cmocka_unit_test(test_reload),
                cmocka_unit_test(test_other_table), cmocka_unit_test(test_half_read),
                cmocka_unit_test(test_silence),     cmocka_unit_test(test_exact),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
