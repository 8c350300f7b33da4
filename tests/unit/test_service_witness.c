/* SPDX-License-Identifier: MIT */
/* Events that wait for their culprit, on a clock of the test's own and a recorded machine: they
 * leave when the look is done, after two seconds at the latest, and at once when memory is nearly
 * gone. */
#include <errno.h>
#include <math.h>
#include <systemd/sd-event.h>

#include "../world.h"
#include "announce/announce.h"
#include "announce/journal.h"
#include "base/clock.h"
#include "base/procfs.h"
#include "culprit/witness.h"
#include "engine/service_internal.h"
#include "engine/service_witness.h"
#include "sample/sampler.h"
#include "store/writer.h"

/* All of base/clock.h, so that the library's own is not linked. Each reading takes `pace`. */
static double now = 1000, pace = 1e-5;

double clock_monotonic(void)
{
        return now += pace;
}

double clock_realtime(void)
{
        return 1.7e9 + now;
}

double clock_boottime(void)
{
        return now;
}

double clock_process_cpu(void)
{
        return now;
}

double clock_thread_cpu(void)
{
        return now;
}

static const char RULES[] = "[stacks]\ndimension = KernelStack\ndetect = ratio\nwarning = 10M\n"
                            "for = 0s\nclear-for = 0s\nrepeat = 60s\n" WORLD_WORDS;

struct taken {
        double at; /* of the clock */
        enum event_type type;
        bool has_culprits, was_deep;
};

struct station {
        struct service s;
        struct world w; /* its rules and its sample; the engine is ours */
        struct taken taken[8];
        unsigned count, held;
        double began;
};

static int take(const struct event *e, void *userdata)
{
        struct station *t = userdata;
        if (service_witness_holds(&t->s, e)) {
                t->held++;
                return -EAGAIN;
        }
        const struct culprit_list *l = service_witness_culprits(&t->s, e);
        assert_true(t->count < ELEMENTS_OF(t->taken));
        t->taken[t->count++] = (struct taken){ now, e->type, l != NULL, l && !l->from_snapshot };
        return 0;
}

static void station_init(struct station *t, double wait)
{
        static const struct journal nowhere = { .identifier = "test" };
        const struct sample *sample;
        *t = (struct station){ 0 };
        world_init(&t->w, RULES);
        engine_free(t->w.engine);
        t->s.settings.attribution = true;
        t->s.settings.attribution_interval = 60;
        t->s.settings.attribution_wait = wait;
        t->s.witness_file = (struct kept_file){ .name = "witness.state",
                                                .folder = "/proc/no/such/folder",
                                                .announcer = &t->s.announcer,
                                                .failing_since = NAN,
                                                .folder_fd = -1 };
        assert_int_equal(procfs_init(&t->s.procfs, "tests/roots/debian12-growth/after"), 0);
        assert_int_equal(sampler_new(&t->s.procfs, &t->s.sampler), 0);
        assert_int_equal(sampler_take(t->s.sampler, clock_realtime(), &sample), 0);
        assert_true(sd_event_default(&t->s.loop) >= 0);
        assert_int_equal(writer_new(&t->s.writer), 0);
        assert_int_equal(announcer_new(t->s.writer, &nowhere, NULL, NULL, &t->s.announcer), 0);
        assert_int_equal(engine_new(&t->w.rules, &t->w.host, take, t, &t->s.engine), 0);
        t->w.engine = t->s.engine;
        t->w.sample.time = clock_realtime();
        service_witness_set(&t->s);
        assert_non_null(service_witness(&t->s));
}

static void station_done(struct station *t)
{
        service_witness_free(&t->s);
        assert_int_equal(writer_free(t->s.writer, 5, NULL), 0);
        announcer_free(t->s.announcer);
        sd_event_unref(t->s.loop);
        sampler_free(t->s.sampler);
        procfs_done(&t->s.procfs);
        world_done(&t->w);
}

/* The loop, until a second of the clock has passed; then the tick. */
static void second(struct station *t)
{
        double end = floor(now) + 1;
        while (now < end) {
                int r = sd_event_run(t->s.loop, 0);
                assert_true(r >= 0);
                now += r == 0 ? 0.05 : 0;
        }
        t->w.sample.time = clock_realtime();
        engine_feed(t->s.engine, &t->w.sample);
        service_witness_tick(&t->s);
}

static void fire(struct station *t)
{
        for (int i = 0; i < 30; i++)
                second(t);
        assert_int_equal(t->count, 0);
        t->w.values[FIELD_KERNEL_STACK] = 64 * MIB;
        t->held = 0;
        t->w.sample.time = clock_realtime();
        t->began = now;
        engine_feed(t->s.engine, &t->w.sample);
}

static void test_waits_for_the_look(void **state)
{
        (void)state;
        struct station t;
        pace = 1e-5;
        station_init(&t, 2);
        fire(&t);
        assert_int_equal(t.count, 0); /* nothing in the tick */
        assert_int_equal(t.held, 1);
        second(&t);
        assert_int_equal(t.count, 1);
        assert_true(t.taken[0].at - t.began < 0.5);
        assert_true(t.taken[0].has_culprits && t.taken[0].was_deep);

        /* Its end is told with what was found, and waits for nothing. */
        t.w.values[FIELD_KERNEL_STACK] = MIB;
        for (int i = 0; i < 3; i++)
                second(&t);
        assert_int_equal(t.count, 2);
        assert_int_equal(t.taken[1].type, EVENT_RESOLVED);
        assert_true(t.taken[1].has_culprits);
        station_done(&t);
}

/* Reading takes so long that no look is done in time. */
static void test_leaves_without(void **state)
{
        (void)state;
        struct station t;
        pace = 1e-5;
        station_init(&t, 1);
        fire(&t);
        pace = 0.02;
        for (int i = 0; i < 6; i++)
                second(&t);
        pace = 1e-5;
        assert_int_equal(t.count, 1);
        assert_false(t.taken[0].has_culprits);
        assert_true(t.taken[0].at - t.began >= 1 && t.taken[0].at - t.began < 2);

        /* It followed in the journal, and the next event has it. */
        t.w.values[FIELD_KERNEL_STACK] = MIB;
        for (int i = 0; i < 3; i++)
                second(&t);
        assert_int_equal(t.count, 2);
        assert_true(t.taken[1].has_culprits);
        station_done(&t);
}

static void test_does_not_wait(void **state)
{
        (void)state;
        struct station t;
        pace = 1e-5;
        station_init(&t, 2);
        t.w.values[FIELD_MEM_AVAILABLE] = 0.02 * 8 * GIB;
        fire(&t);
        assert_int_equal(t.count, 1); /* in the tick itself */
        assert_int_equal(t.held, 0);
        assert_true(t.taken[0].has_culprits);
        station_done(&t);

        station_init(&t, 0);
        fire(&t);
        assert_int_equal(t.count, 1);
        assert_false(t.taken[0].has_culprits);
        station_done(&t);
}

/* The daemon stops while an event waits: it leaves. */
static void test_stops(void **state)
{
        (void)state;
        struct station t;
        pace = 1e-5;
        station_init(&t, 2);
        fire(&t);
        assert_int_equal(t.count, 0);
        service_witness_stop(&t.s);
        assert_int_equal(t.count, 1);
        station_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_waits_for_the_look),
                cmocka_unit_test(test_leaves_without),
                cmocka_unit_test(test_does_not_wait),
                cmocka_unit_test(test_stops),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
