/* SPDX-License-Identifier: MIT */
/* The beat: at once, then on its grid, through late ticks and other intervals. */
#include <sys/timerfd.h>
#include <time.h>

#include "../test.h"
#include "base/clock.h"
#include "base/macros.h"
#include "engine/ticker.h"

enum { SEEN_MAX = 16 };

struct seen {
        sd_event *loop;
        double time[SEEN_MAX];
        unsigned count, stop_at;
        unsigned soon, turns;
        double late; /* seconds that the second tick takes */
};

static enum ticker_result tick(void *userdata)
{
        struct seen *s = userdata;
        s->time[s->count++] = clock_monotonic();
        if (s->count == 2 && s->late > 0) {
                struct timespec t = { .tv_nsec = (long)(s->late * 1e9) };
                (void)nanosleep(&t, NULL);
        }
        if (s->count < s->stop_at)
                return TICKER_QUIET;
        (void)sd_event_exit(s->loop, 7);
        return TICKER_LOOP_DUE;
}

static void run(struct seen *s, struct ticker *t, double interval)
{
        assert_int_equal(sd_event_new(&s->loop), 0);
        assert_int_equal(ticker_init(t, s->loop, interval, tick, s), 0);
        assert_int_equal(ticker_run(t), 7);
}

static void done(struct seen *s, struct ticker *t)
{
        ticker_done(t);
        ticker_done(t); /* nothing is left to do */
        sd_event_unref(s->loop);
}

static void test_grid(void **state)
{
        (void)state;
        struct seen s = { .stop_at = 6, .late = 0.13 };
        struct ticker t;
        double start = clock_monotonic();
        run(&s, &t, 0.05);
        /* The second took longer than two intervals: these are gone, the grid stays. */
        assert_true(s.time[2] - s.time[1] >= 0.13);
        for (unsigned i = 3; i < s.count; i++) {
                double beats = (s.time[i] - start) / 0.05;
                assert_true(s.time[i] > s.time[i - 1]);
                assert_true(beats >= i + 1);
        }
        done(&s, &t);
}

static void test_another_interval(void **state)
{
        (void)state;
        struct seen s = { .stop_at = 1 };
        struct ticker t;
        run(&s, &t, 3600);
        assert_int_equal(ticker_set_interval(&t, 3600), 0);
        assert_int_equal(ticker_set_interval(&t, 0.01), 0);
        struct itimerspec set;
        assert_int_equal(timerfd_gettime(t.timer_fd, &set), 0);
        assert_true(set.it_value.tv_sec > 3590); /* the next one comes when it would have come */
        assert_int_equal(set.it_interval.tv_nsec, 10000000);
        done(&s, &t);
}

/* A tick that is due when the interval changes is not lost. */
static void test_due(void **state)
{
        (void)state;
        struct seen s = { .stop_at = 1 };
        struct ticker t;
        struct timespec pause = { .tv_nsec = 5000000 };
        assert_int_equal(sd_event_new(&s.loop), 0);
        assert_int_equal(ticker_init(&t, s.loop, 3600, tick, &s), 0);
        (void)nanosleep(&pause, NULL);
        assert_int_equal(ticker_set_interval(&t, 1800), 0);
        assert_int_equal(ticker_run(&t), 7);
        assert_int_equal(s.count, 1);
        done(&s, &t);
}

static int on_soon(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct seen *s = userdata;
        (void)source;
        (void)usec;
        s->soon = s->count;
        return 0;
}

static int on_deferred(sd_event_source *source, void *userdata)
{
        struct seen *s = userdata;
        struct timespec t = { .tv_nsec = 2000000 };
        (void)source;
        (void)nanosleep(&t, NULL);
        s->turns++;
        return 0;
}

/* What was added to the loop before it ran is done between the ticks, and a loop that always has
 * something to do holds up no tick. */
static void test_loop(void **state)
{
        (void)state;
        struct seen s = { .stop_at = 8 };
        struct ticker t;
        sd_event_source *always = NULL;
        assert_int_equal(sd_event_new(&s.loop), 0);
        assert_true(sd_event_add_time_relative(s.loop, NULL, CLOCK_MONOTONIC, 30000, 1, on_soon,
                                               &s) >= 0);
        assert_true(sd_event_add_defer(s.loop, &always, on_deferred, &s) >= 0);
        assert_true(sd_event_source_set_enabled(always, SD_EVENT_ON) >= 0);
        /* as the witness's slices, so that the timer gets its turn */
        assert_true(sd_event_source_set_priority(always, SD_EVENT_PRIORITY_NORMAL + 50) >= 0);
        assert_int_equal(ticker_init(&t, s.loop, 0.02, tick, &s), 0);
        double start = clock_monotonic();
        assert_int_equal(ticker_run(&t), 7);
        assert_true(s.time[7] - start >= 0.13);
        assert_true(s.soon > 0 && s.soon < 8);
        assert_true(s.turns > 5);
        sd_event_source_disable_unref(always);
        done(&s, &t);
}

/* A timer of the loop's that was set before it slept beside it. */
static void test_timer_alone(void **state)
{
        (void)state;
        struct seen s = { .stop_at = 3 };
        struct ticker t;
        assert_int_equal(sd_event_new(&s.loop), 0);
        assert_true(sd_event_add_time_relative(s.loop, NULL, CLOCK_MONOTONIC, 50000, 1, on_soon,
                                               &s) >= 0);
        assert_int_equal(ticker_init(&t, s.loop, 0.04, tick, &s), 0);
        assert_int_equal(ticker_run(&t), 7);
        assert_true(s.soon > 0 && s.soon < 3);
        done(&s, &t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_grid),
                                            cmocka_unit_test(test_another_interval),
                                            cmocka_unit_test(test_due), cmocka_unit_test(test_loop),
                                            cmocka_unit_test(test_timer_alone) };
        return cmocka_run_group_tests_name("ticker", tests, NULL, NULL);
}
