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
        double late; /* seconds that the second tick takes */
        int result;
};

static int tick(void *userdata)
{
        struct seen *s = userdata;
        s->time[s->count++] = clock_monotonic();
        if (s->count == 2 && s->late > 0) {
                struct timespec t = { .tv_nsec = (long)(s->late * 1e9) };
                (void)nanosleep(&t, NULL);
        }
        if (s->count == s->stop_at)
                (void)sd_event_exit(s->loop, 0);
        return s->result;
}

static void run(struct seen *s, struct ticker *t, double interval)
{
        assert_int_equal(sd_event_new(&s->loop), 0);
        assert_int_equal(ticker_init(t, s->loop, interval, tick, s), 0);
        assert_int_equal(sd_event_loop(s->loop), 0);
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
        assert_true(s.time[0] - start < 0.05); /* at once */
        /* The second took longer than two intervals: these are gone, the grid stays. */
        assert_true(s.time[2] - s.time[1] >= 0.13);
        for (unsigned i = 3; i < s.count; i++) {
                double beats = (s.time[i] - s.time[0]) / 0.05;
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
        assert_int_equal(timerfd_gettime(t.fd, &set), 0);
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
        assert_int_equal(sd_event_loop(s.loop), 0);
        assert_int_equal(s.count, 1);
        done(&s, &t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_grid),
                                            cmocka_unit_test(test_another_interval),
                                            cmocka_unit_test(test_due) };
        return cmocka_run_group_tests_name("ticker", tests, NULL, NULL);
}
