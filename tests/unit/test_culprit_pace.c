/* SPDX-License-Identifier: MIT */
/* When the witness looks, and with which look of the past it compares. */
#include "../test.h"
#include "../witness.h"

#include <errno.h>
#include <math.h>

#include "base/macros.h"

/* One fault comes and goes, the next follows before the look of the minute: the first's look is
 * nothing to compare with. */
static void test_another_change_before(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        struct culprit_list l;
        struct witness_question q = { .dimension = DIMENSION_SUNRECLAIM,
                                      .since = 1e9 + 56,
                                      .until = 1e9 + 58,
                                      .grown = NAN,
                                      .host = &host };

        clock_time = 5000;
        clock_pace = 1e-6;
        go_to(&p, GROWTH "before");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        run(w, 1e9);
        clock_time = 5003;
        run(w, 1e9 + 3);
        go_to(&p, GROWTH "after");
        clock_time = 5030;
        witness_glance(w, 1e9 + 30); /* it is over before the next look, and then: */
        clock_time = 5058;
        assert_int_equal(witness_ask(w, DIMENSION_SUNRECLAIM), 0);
        run(w, 1e9 + 58);

        witness_answer(w, &q, &l);
        assert_true(fabs(l.grown) < 1 << 20);
        q.direction = 1;
        witness_answer(w, &q, &l);
        assert_true(l.grown == (21412 - 12156) * 1024.0);
        assert_int_equal(l.culprits[0].kind, CULPRIT_CACHE);
        assert_true(l.culprits[0].since == 1e9);
        /* It did not fall: nobody is named for what he did not do. */
        q.direction = -1;
        witness_answer(w, &q, &l);
        assert_true(fabs(l.grown) < 1 << 20);
        witness_free(w);
        procfs_done(&p);
}

/* slabinfo that takes a second is read every 1,000 s; looks are paced. */
static void test_backs_off(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        struct witness_costs costs;

        clock_time = 5000;
        clock_pace = 0.1;
        go_to(&p, GROWTH "before");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        run(w, 1e9);
        double seconds = witness_snapshot(w)->seconds[SOURCE_SLABINFO];
        assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_DONE);
        assert_true(seconds >= 0.3);
        witness_costs_read(w, &costs);
        assert_true(fabs(costs.slabinfo_pause - 1000 * seconds) < 1e-6);

        clock_pace = 1e-6;
        double slow = clock_time;
        for (unsigned i = 0; i < 40; i++) {
                clock_time = 5000 + 61 * (i + 2);
                run(w, 1e9 + 61 * (i + 1));
                bool due = clock_time > slow + costs.slabinfo_pause;
                if (due)
                        break;
                assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_UNASKED);
        }
        assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_DONE);
        witness_costs_read(w, &costs);
        assert_true(costs.slabinfo_pause == WITNESS_SNAPSHOT_SECONDS);
        assert_true(costs.snapshots > 5 && costs.looks > 1);

        /* Asked for again: at once the same look serves. */
        clock_time += 100;
        assert_int_equal(witness_ask(w, DIMENSION_SLAB), 0);
        assert_int_equal(witness_ask(w, DIMENSION_SLAB), 0);
        run(w, 2e9);
        assert_int_equal(witness_ask(w, DIMENSION_SLAB), 1);
        /* After quiet each of many alerts gets a look of its own, then one in ten seconds. */
        unsigned taken = 0;
        for (unsigned i = 0; i < 100; i++) {
                clock_time += 6;
                int r = witness_ask(w, DIMENSION_SLAB);
                assert_true(r == 0 || (r == -EAGAIN && i >= 20));
                taken += r == 0;
                run(w, 2e9 + 6 * i);
        }
        assert_true(taken >= 70 && taken <= 74);
        witness_free(w);
        procfs_done(&p);
}

/* While the slab is as large as it was, slabinfo is read each five minutes; when it has moved, with
 * the next snapshot; and for an answer always. */
static void test_slabs_that_rest(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        unsigned read = 0;

        clock_time = 5000;
        clock_pace = 1e-7;
        go_to(&p, GROWTH "before");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        for (unsigned i = 0; i < 20; i++) {
                clock_time = 5000 + 61 * i;
                run(w, 1e9 + 61 * i);
                read += witness_snapshot(w)->state[SOURCE_SLABINFO] == SOURCE_DONE;
        }
        assert_int_equal(read, 4);
        assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_UNASKED);
        witness_glance(w, 1e9 + 1200);
        assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_DONE);
        clock_time += 61;
        run(w, 1e9 + 1261);
        assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_UNASKED);
        go_to(&p, GROWTH "after");
        clock_time += 61;
        run(w, 1e9 + 1322);
        assert_int_equal(witness_snapshot(w)->state[SOURCE_SLABINFO], SOURCE_DONE);
        witness_free(w);
        procfs_done(&p);
}

/* Deep looks that nobody asks for come soon after the start, then each hour. */
static void test_bases(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        struct witness_costs costs;
        double born = clock_time = 5000;

        clock_pace = 1e-7;
        go_to(&p, GROWTH "before");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        for (unsigned second = 0; second < 3600 * 3; second++) {
                clock_time = fmax(clock_time, born + second);
                if (witness_due(w) <= clock_time)
                        run(w, 1e9 + second);
        }
        witness_costs_read(w, &costs);
        assert_true(costs.snapshots >= 178 && costs.snapshots <= 181);
        assert_true(costs.looks >= 10 && costs.looks <= 14);
        assert_true(fabs(witness_unaccounted(w)) < 1e9);
        witness_free(w);
        procfs_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_another_change_before),
                cmocka_unit_test(test_backs_off),
                cmocka_unit_test(test_slabs_that_rest),
                cmocka_unit_test(test_bases),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
