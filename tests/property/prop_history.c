/* SPDX-License-Identifier: MIT */
/* The thinned history against one that keeps all: whoever asks for any time of the last 12 days
 * gets a record that is at most a quarter (or two steps) older, with the numbers of its own time,
 * and the count of records stays small. With pauses, bursts and clocks that are set. */
#include <stdio.h>

#include "../random.h"
#include "../test.h"
#include "base/macros.h"
#include "culprit/history.h"

static const double DAY = 86400, STEP = 60;

/* A row whose number tells when it was added, in seconds since the start; large enough to be kept.
 */
static const double MARK_BASE = 1e6;

static void fill(struct findings *f, double time, double born)
{
        struct tally *t = &f->tables[TABLE_CACHES];

        findings_clear(f);
        f->time = time;
        f->state[SOURCE_SLABINFO] = SOURCE_DONE;
        tally_now(t, tally_get(t, tally_key(0, "x", 1), 0, "x", 1))[CACHE_BYTES] =
                MARK_BASE + time - born;
}

static double mark_of(const struct history *h, const struct record *r, struct findings *f)
{
        struct tally *t = &f->tables[TABLE_CACHES];

        assert_true(history_compare(h, r, TABLE_CACHES, t));
        return tally_then(t, 0)[CACHE_BYTES];
}

static void check(const struct history *h, struct findings *f, struct random *r, double born,
                  double now, double longest_gap)
{
        for (unsigned i = 0; i < 20; i++) {
                double back = exp(random_uniform(r) * log(12 * DAY)); /* seconds, log-uniform */
                const struct record *record = history_find(h, now - back, TABLE_CACHES);

                assert_non_null(record);
                double age = now - record_time(record);
                if (now - back >= born && age < back)
                        fail_msg("asked for %g s back, got %g", back, age);
                if (age > back * 1.25 + 2 * STEP + longest_gap)
                        fail_msg("asked for %g s back, got %g", back, age);
                double mark = mark_of(h, record, f);
                if (fabs(mark - MARK_BASE - (record_time(record) - born)) > 1)
                        fail_msg("the record of %g has the numbers of %g", record_time(record),
                                 mark);
        }
}

static void test_every_horizon(void **state)
{
        (void)state;
        struct history *h;
        struct findings f;
        unsigned most = 0;

        assert_int_equal(findings_init(&f, false), 0);
        assert_int_equal(history_new(512 * 1024, 64, STEP, ~0U, &h), 0);
        double born = 1.7e9, now = born;
        for (unsigned i = 0; now < born + 30 * DAY; i++) {
                fill(&f, now, born);
                history_add(h, &f);
                most = MAX_OF(most, history_count(h));
                if (i % 64 == 0) {
                        const struct record *newest = history_at(h, history_count(h) - 1);
                        assert_true(record_time(newest) == now);
                }
                now += STEP;
        }
        now -= STEP;
        printf("history: %u records at most over 30 days\n", most);
        assert_true(most <= 80);
        assert_true(record_time(history_at(h, 0)) <= now - 12 * DAY);

        for (double back = 60; back < 12 * DAY; back *= 1.01) {
                const struct record *record = history_find(h, now - back, TABLE_CACHES);
                double age = now - record_time(record);

                if (age < back || age > back * 1.25 + 2 * STEP)
                        fail_msg("asked for %g s back, got %g", back, age);
        }
        history_free(h);
        findings_done(&f);
}

static void test_irregular(void **state)
{
        (void)state;
        struct random r = random_seeded("history, irregular");

        for (unsigned series = 0; series < 6; series++) {
                struct history *h;
                struct findings f;
                double born = 1.7e9, now = born, longest = 0;

                assert_int_equal(findings_init(&f, false), 0);
                assert_int_equal(history_new(512 * 1024, 64, STEP, ~0U, &h), 0);
                for (unsigned i = 0; i < 6000; i++) {
                        fill(&f, now, born);
                        history_add(h, &f);
                        assert_true(history_count(h) <= 120);
                        for (unsigned j = 1; j < history_count(h); j++)
                                assert_true(record_time(history_at(h, j)) >
                                            record_time(history_at(h, j - 1)));
                        if (i % 50 == 49 && now - born > DAY)
                                check(h, &f, &r, born, now, longest);

                        double gap = STEP * (0.5 + random_uniform(&r));
                        if (random_uniform(&r) < 0.002) {
                                gap = random_uniform(&r) * DAY / 4; /* suspended */
                                longest = fmax(longest, gap);
                        }
                        now += gap;
                        if (random_uniform(&r) < 0.002) {
                                double set = (random_uniform(&r) - 0.5) * DAY; /* the wall clock */

                                history_shift(h, set);
                                now += set;
                                born += set;
                        }
                }
                history_free(h);
                findings_done(&f);
        }
}

/* Too little memory for all: the steps become larger, evenly, and both ends stay. */
static void test_little_memory(void **state)
{
        (void)state;
        struct random r = random_seeded("history, little memory");
        struct history *h;
        struct findings f;
        double born = 1.7e9, now = born;

        assert_int_equal(findings_init(&f, false), 0);
        assert_int_equal(history_new(32 * 1024, 64, STEP, ~0U, &h), 0); /* some 30 records */
        for (unsigned i = 0; i < 10 * 1440; i++) {
                fill(&f, now, born);
                history_add(h, &f);
                now += STEP * (0.9 + 0.2 * random_uniform(&r));
        }
        now = record_time(history_at(h, history_count(h) - 1));
        assert_true(history_count(h) >= 15);
        assert_true(record_time(history_at(h, 0)) == born);
        for (double back = 3600; back < 9 * DAY; back *= 1.1) {
                double age = now - record_time(history_find(h, now - back, TABLE_CACHES));

                if (age < back || age > back * 2.5)
                        fail_msg("asked for %g s back, got %g", back, age);
        }
        history_free(h);
        findings_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_horizon),
                cmocka_unit_test(test_irregular),
                cmocka_unit_test(test_little_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
