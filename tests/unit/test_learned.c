/* SPDX-License-Identifier: MIT */
/* What was learned, over a restart: it goes on as if nothing had been, or it begins anew; never
 * something in between. */
#include <errno.h>

#include "../world.h"
#include "engine/learned.h"
#include "engine/open_alert.h"

#define SPIKE                                            \
        "[slab-spike]\ndimension = SUnreclaim\n"         \
        "detect = spike\nnotice = 20M\nwarning = 100M\n" \
        "for = 3s\nclear-for = 15s\n" WORLD_WORDS
#define GROWTH                                                     \
        "[slab-growth]\ndimension = SUnreclaim\ndetect = growth\n" \
        "warning = 64M/h\nfor = 1min\nclear-for = 5min\n" WORLD_WORDS
#define STACKS                                                     \
        "[stack-spike]\ndimension = KernelStack\ndetect = spike\n" \
        "workload = 16K*threads\nwarning = 8M\nfor = 3s\n" WORLD_WORDS
#define TABLES                                               \
        "[tables]\ndimension = PageTables\ndetect = ratio\n" \
        "per = AnonPages+Mapped\nwarning = 60%\n" WORLD_WORDS

struct memory {
        char *data;
        size_t size;
};

static struct memory save(const struct engine *e)
{
        struct memory m = { .size = learned_size(e) };
        m.data = malloc(m.size);
        assert_non_null(m.data);
        learned_encode(e, m.data);
        return m;
}

/* The daemon ends and comes back after `down` seconds. */
static int restart(struct world *w, const char *rules, double down)
{
        struct memory m = save(w->engine);
        world_restart(w, rules);
        int r = learned_decode(w->engine, m.data, m.size);
        w->sample.time += down;
        free(m.data);
        return r;
}

static const struct series *plain(const struct world *w, enum field field)
{
        return &w->engine->series[w->engine->field_series[field]];
}

/* Two machines, one of which is restarted again and again, must come to the same numbers. */
static void test_restarts_change_nothing(void **state)
{
        (void)state;
        struct world a, b;
        world_init(&a, SPIKE GROWTH STACKS TABLES);
        world_init(&b, SPIKE GROWTH STACKS TABLES);
        for (int i = 0; i < 20; i++) {
                world_run(&a, 400, 250 * MIB / 3600);
                world_run(&b, 400, 250 * MIB / 3600);
                assert_true(restart(&b, SPIKE GROWTH STACKS TABLES, 0) > 5);
        }
        assert_int_equal(a.engine->series_count, b.engine->series_count);
        for (size_t i = 0; i < a.engine->series_count; i++) {
                const struct series *x = &a.engine->series[i], *y = &b.engine->series[i];
                struct series_numbers p, q;
                double hour[2][EVENT_RECENT_MAX];
                series_numbers(x, &p);
                series_numbers(y, &q);
                assert_true(memcmp(&x->jump, &y->jump, sizeof(x->jump)) == 0);
                if (x->only_size) {
                        assert_false(p.growth_known || q.growth_known);
                        continue;
                }
                assert_true(p.growth_known && q.growth_known);
                assert_true(p.growth.rate == q.growth.rate);
                assert_true(p.growth.error == q.growth.error);
                assert_true(p.rise == q.rise);
                assert_int_equal(recent_read(&x->recent, hour[0]),
                                 recent_read(&y->recent, hour[1]));
        }
        /* and said the same; what was open is another file's */
        assert_true(a.count > 0);
        assert_true(b.seen[0].time == a.seen[0].time);
        assert_true(b.seen[0].value == a.seen[0].value);
        world_done(&a);
        world_done(&b);
}

static void test_spike_after_restart(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                double down, jump; /* MiB, at once after the restart */
                const char *story;
        } cases[] = {
                { "at once", 1, 200, "firing/warning" },
                { "nothing happened", 3, 0, "" },
                { "nobody saw it", 3600, 200, "" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct world w;
                char story[1024];
                world_init(&w, SPIKE);
                world_run(&w, 1200, 0);
                assert_true(restart(&w, SPIKE, cases[i].down) > 0);
                w.values[FIELD_SUNRECLAIM] += cases[i].jump * MIB;
                world_run(&w, 60, 0);
                world_story(&w, NULL, story);
                if (strcmp(story, cases[i].story) != 0)
                        fail_msg("%s: \"%s\"", cases[i].name, story);
                world_done(&w);
        }
}

/* In the middle of a spike that its workload explains: without the memory of how it was before,
 * nothing would be explained any more. */
static void test_explained_spike(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, STACKS);
        w.values[FIELD_THREADS] = 5000;
        w.values[FIELD_KERNEL_STACK] = 5000 * 16384;
        world_run(&w, 600, 0);
        w.values[FIELD_THREADS] += 1000;
        w.values[FIELD_KERNEL_STACK] += 1000 * 16384;
        world_run(&w, 60, 0);
        unsigned before = w.count;
        enum severity severity = before ? world_last(&w)->severity : SEVERITY_OK;
        assert_true(severity < SEVERITY_WARNING);
        double explained = w.engine->watches[0].life->explained.explained;
        assert_true(explained > 0.9);

        _cleanup_free_ char *json = NULL;
        struct open_alerts_result result;
        assert_int_equal(open_alerts_encode(w.engine, &json), 0);
        assert_true(restart(&w, STACKS, 2) > 0);
        assert_int_equal(
                open_alerts_decode(w.engine, json, strlen(json), w.sample.time, false, &result), 0);
        world_run(&w, 60, 0);
        assert_float_equal(w.engine->watches[0].life->explained.explained, explained, 0.01);
        assert_int_equal(w.count, before);
        world_done(&w);
}

/* Other rules after the restart: what both measure goes on. */
static void test_other_rules(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, SPIKE TABLES);
        world_run(&w, 1200, 0);
        int restored = restart(&w, GROWTH STACKS, 1);
        assert_true(restored >= 9);
        assert_true(restored < (int)w.engine->series_count);
        world_run(&w, 10, 0);
        assert_true(plain(&w, FIELD_SUNRECLAIM)->jump.learned > 1200);
        world_done(&w);
}

static void test_damage(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, SPIKE);
        world_run(&w, 300, 0);
        struct memory m = save(w.engine);
        world_restart(&w, SPIKE);
        for (size_t size = 0; size < m.size; size += size < 200 ? 1 : 997)
                assert_int_equal(learned_decode(w.engine, m.data, size), -EBADMSG);
        char *longer = realloc(m.data, m.size + 1);
        assert_non_null(longer);
        m.data = longer;
        m.data[m.size] = 0;
        assert_int_equal(learned_decode(w.engine, m.data, m.size + 1), -EBADMSG);
        /* Another count than there are records, another size: each field of the head. */
        for (size_t at = 0; at < 16; at++) {
                m.data[at] ^= 1;
                assert_int_equal(learned_decode(w.engine, m.data, m.size), -EBADMSG);
                m.data[at] ^= 1;
        }
        assert_int_equal(w.engine->samples, 0);
        assert_false(w.engine->timeline.started);
        assert_int_equal(plain(&w, FIELD_SUNRECLAIM)->jump.level.count, 0);

        /* Numbers where others belong, as another layout of the same size would have them: what is
         * said may be wrong, but nothing outside of an array is read or written (under ASan). All
         * of them end in a zero byte, which is a valid bool. */
        static const double odd[] = { NAN, INFINITY, -INFINITY, 0, 0x1p1000, -0x1p-500 };
        struct random random = random_seeded("learned");
        for (int i = 0; i < 300; i++) {
                char *copy = malloc(m.size);
                memcpy(copy, m.data, m.size);
                for (int k = 0; k < 40; k++) {
                        size_t slot = 2 + (size_t)(random_uniform(&random) *
                                                   (double)(m.size / sizeof(double) - 2));
                        memcpy(copy + slot * sizeof(double),
                               &odd[random_next(&random) % ELEMENTS_OF(odd)], sizeof(double));
                }
                world_restart(&w, SPIKE);
                if (learned_decode(w.engine, copy, m.size) >= 0)
                        world_run(&w, 30, 0);
                free(copy);
                w.count = 0;
        }
        world_restart(&w, SPIKE);
        assert_int_equal(learned_decode(w.engine, m.data, m.size), (int)w.engine->series_count);
        world_done(&w);
        free(m.data);
}

/* A reboot: levels are learned anew, what is usual at this hour and over each horizon stays. */
static void test_baselines_over_a_reboot(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, SPIKE GROWTH);
        world_run(&w, 30000, 250 * MIB / 3600);
        struct series before = *plain(&w, FIELD_SUNRECLAIM);
        size_t size = baselines_size(w.engine);
        char *data = malloc(size);
        assert_non_null(data);
        baselines_encode(w.engine, data);

        world_restart(&w, SPIKE GROWTH);
        assert_int_equal(baselines_decode(w.engine, data, size - 1), -EBADMSG);
        assert_int_equal(plain(&w, FIELD_SUNRECLAIM)->days.count, 0);
        assert_true(baselines_decode(w.engine, data, size) > 5);
        const struct series *after = plain(&w, FIELD_SUNRECLAIM);
        assert_true(memcmp(&after->season, &before.season, sizeof(before.season)) == 0);
        assert_true(after->days.mean == before.days.mean);
        assert_true(after->growth.levels[2].most == before.growth.levels[2].most);
        assert_int_equal(after->jump.level.count, 0);
        double mean = after->days.mean;
        world_run(&w, 60, 0);
        /* the baseline of days does not stand for the time that was not seen */
        assert_true(fabs(plain(&w, FIELD_SUNRECLAIM)->days.mean / mean - 1) < 0.01);
        free(data);
        world_done(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_restarts_change_nothing),
                cmocka_unit_test(test_spike_after_restart),
                cmocka_unit_test(test_explained_spike),
                cmocka_unit_test(test_other_rules),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_baselines_over_a_reboot),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
