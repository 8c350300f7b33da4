/* SPDX-License-Identifier: MIT */
/* deliver/queue, lane and record: what is sent next, in which order, and what an answer does. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../test.h"
#include "base/macros.h"
#include "deliver/lane.h"
#include "deliver/queue.h"
#include "deliver/record.h"

enum { BIT = 1, WALL = 1800000000 };

static struct queue_entry *add(struct queue *q, uint64_t sequence, uint64_t alert)
{
        struct queue_entry *entry;
        assert_int_equal(queue_add(q, sequence, "id", &entry), 0);
        entry->alert = alert;
        entry->time = WALL;
        return entry;
}

/* The sequence of what is to be sent, 0 when there is nothing. */
static uint64_t picked(const struct lane *l, struct queue *q, double now)
{
        struct bundle b;
        double when;
        if (lane_pick(l, q, BIT, now, WALL, &b, &when) != PICK_SEND)
                return 0;
        assert_int_equal(b.count, 1);
        return q->entries[b.at[0]].sequence;
}

static struct consequence answer(struct lane *l, struct queue *q, uint64_t sequence,
                                 enum verdict verdict, bool suspect, double now)
{
        uint64_t seed = 1;
        struct judgement j = { .verdict = verdict, .retry_after = NAN, .suspect = suspect };
        struct queue_entry *entry = queue_find(q, sequence, "id");
        enum form form = FORM_FULL;
        for (size_t i = 0; i < l->trouble_count; i++)
                if (l->troubles[i].sequence == sequence)
                        form = l->troubles[i].form;
        assert_non_null(entry);
        struct consequence c = lane_judge(l, entry, form, true, &j, now, &seed);
        if (c.outcome != OUTCOME_LATER)
                entry->settled |= BIT;
        return c;
}

static void test_queue_order(void **state _unused_)
{
        struct queue q = { 0 };
        struct queue_entry *entry;
        static const uint64_t sequences[] = { 5, 1, 9, 3, 7, UINT64_MAX, 0 };
        for (size_t i = 0; i < ELEMENTS_OF(sequences); i++)
                add(&q, sequences[i], 1);
        assert_int_equal(queue_add(&q, 5, "id", &entry), -EEXIST);
        assert_int_equal(queue_add(&q, 5, "other", &entry), 0);
        assert_int_equal(q.count, 8);
        for (size_t i = 1; i < q.count; i++)
                assert_true(q.entries[i - 1].sequence <= q.entries[i].sequence);
        assert_non_null(queue_find(&q, 9, "id"));
        assert_null(queue_find(&q, 9, "other"));
        queue_remove(&q, queue_find(&q, 9, "id"));
        assert_null(queue_find(&q, 9, "id"));
        assert_non_null(queue_find(&q, UINT64_MAX, "id"));
        assert_int_equal(queue_waiting(&q, BIT), 7);
        assert_int_equal(queue_waiting(&q, 0), 0);
        queue_done(&q);
}

static void test_queue_bound(void **state _unused_)
{
        struct queue q = { 0 };
        struct queue_entry *entry;
        for (uint64_t i = 0; i < QUEUE_MAX; i++)
                add(&q, 10 + i, 1);
        assert_false(q.overflow);
        assert_int_equal(queue_add(&q, 10 + QUEUE_MAX, "id", &entry), -ENOBUFS);
        assert_true(q.overflow);
        assert_int_equal(queue_add(&q, 1, "id", &entry),
                         0); /* an older one pushes out the youngest */
        assert_int_equal(q.count, QUEUE_MAX);
        assert_null(queue_find(&q, 10 + QUEUE_MAX - 1, "id"));
        queue_clear(&q);
        assert_false(q.overflow);
        queue_done(&q);
}

static void test_order(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        add(&q, 2, 77);
        add(&q, 1, 77);
        add(&q, 3, 88)->settled = BIT;
        assert_int_equal(picked(&l, &q, 0), 1);
        assert_int_equal(answer(&l, &q, 1, VERDICT_ACCEPTED, false, 0).outcome, OUTCOME_ACCEPTED);
        assert_int_equal(picked(&l, &q, 0), 2);
        answer(&l, &q, 2, VERDICT_ACCEPTED, false, 0);
        assert_int_equal(picked(&l, &q, 0), 0);
        assert_int_equal(l.delivered, 2);
        queue_done(&q);
}

static void test_unread_first(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        struct bundle b;
        double when;
        for (enum joining j = JOIN_NOTHING; j <= JOIN_ALL; j++) {
                l.joining = j;
                assert_int_equal(lane_pick(&l, &q, BIT, 0, WALL, &b, &when), PICK_WAIT);
                assert_true(isinf(when));
        }
        add(&q, 1, 0);
        for (enum joining j = JOIN_NOTHING; j <= JOIN_ALL; j++) {
                l.joining = j;
                assert_int_equal(lane_pick(&l, &q, BIT, 0, WALL, &b, &when), PICK_READ);
                assert_int_equal(b.at[0], 0);
        }
        q.entries[0].not_before = 60;
        assert_int_equal(lane_pick(&l, &q, BIT, 0, WALL, &b, &when), PICK_WAIT);
        assert_true(when == 60);
        queue_done(&q);
}

static void test_pace(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { .interval = 1 };
        struct bundle b;
        double when;
        add(&q, 1, 5);
        assert_int_equal(picked(&l, &q, 100), 1);
        lane_sent(&l, 100);
        answer(&l, &q, 1, VERDICT_ACCEPTED, false, 100.1);
        assert_int_equal(lane_pick(&l, &q, BIT, 100.1, WALL, &b, &when), PICK_WAIT);
        assert_true(isinf(when)); /* nothing to do: nothing to wake up for */
        add(&q, 2, 5);
        assert_int_equal(lane_pick(&l, &q, BIT, 100.1, WALL, &b, &when), PICK_WAIT);
        assert_true(when == 101);
        assert_int_equal(picked(&l, &q, 101), 2);
        queue_done(&q);
}

/* One message that the receiver stumbles over does not hold up others, but those of its own alert.
 */
static void test_trouble(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        add(&q, 1, 77); /* trigger */
        add(&q, 2, 77); /* its resolve */
        add(&q, 3, 88);
        assert_int_equal(answer(&l, &q, 1, VERDICT_RETRY, true, 0).outcome, OUTCOME_LATER);
        assert_int_equal(picked(&l, &q, 0), 0); /* the channel as a whole waits first */
        double now = l.retry.next;
        assert_int_equal(picked(&l, &q, now), 3);
        answer(&l, &q, 3, VERDICT_ACCEPTED, false, now);
        assert_int_equal(picked(&l, &q, now), 0); /* 2 must not overtake 1 */
        now += RETRY_LAST;
        assert_int_equal(picked(&l, &q, now), 1);
        answer(&l, &q, 1, VERDICT_ACCEPTED, false, now);
        assert_int_equal(picked(&l, &q, now), 2);
        queue_done(&q);
}

static void test_network_failure_is_no_trouble(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        add(&q, 1, 77);
        add(&q, 2, 88);
        answer(&l, &q, 1, VERDICT_RETRY, false, 0);
        assert_int_equal(l.trouble_count, 0);
        assert_int_equal(picked(&l, &q, l.retry.next), 1);
        queue_done(&q);
}

static void test_refused_then_short(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        struct bundle b;
        double when;
        add(&q, 1, 77);
        assert_int_equal(answer(&l, &q, 1, VERDICT_REFUSED, false, 0).outcome, OUTCOME_LATER);
        assert_int_equal(lane_pick(&l, &q, BIT, 0, WALL, &b, &when), PICK_SEND);
        assert_int_equal(b.form, FORM_SHORT);
        assert_int_equal(l.retry.failures, 0);
        assert_int_equal(answer(&l, &q, 1, VERDICT_REFUSED, false, 0).outcome, OUTCOME_GIVEN_UP);
        assert_int_equal(l.failed, 1);
        assert_int_equal(l.trouble_count, 0);
        queue_done(&q);
}

static void test_no_short_form(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        uint64_t seed = 1;
        struct judgement j = { .verdict = VERDICT_REFUSED, .retry_after = NAN };
        struct consequence c = lane_judge(&l, add(&q, 1, 77), FORM_FULL, false, &j, 0, &seed);
        assert_int_equal(c.outcome, OUTCOME_GIVEN_UP);
        queue_done(&q);
}

/* A message that fails for hours while others pass is given up; while none pass, never. */
static void test_poison(void **state _unused_)
{
        for (int others_pass = 0; others_pass < 2; others_pass++) {
                struct queue q = { 0 };
                struct lane l = { 0 };
                unsigned tries = 0;
                uint64_t next = 100;
                bool given_up = false;
                add(&q, 1, 77);
                for (double now = 0; now < 5 * TROUBLE_SECONDS_MAX && !given_up; now += 10) {
                        if (others_pass)
                                add(&q, next++, 88);
                        uint64_t sequence = picked(&l, &q, now);
                        if (sequence == 1) {
                                tries++;
                                given_up = answer(&l, &q, 1, VERDICT_RETRY, true, now).outcome ==
                                           OUTCOME_GIVEN_UP;
                        } else if (sequence > 0) {
                                answer(&l, &q, sequence, VERDICT_ACCEPTED, false, now);
                        }
                }
                assert_int_equal(given_up, others_pass);
                assert_true(tries > TROUBLE_TRIES_MAX);
                queue_done(&q);
        }
}

static void test_broken_target(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { 0 };
        add(&q, 1, 77);
        struct consequence c = answer(&l, &q, 1, VERDICT_BROKEN, false, 0);
        assert_int_equal(c.outcome, OUTCOME_LATER);
        assert_true(c.say_failing);
        assert_int_equal(picked(&l, &q, 20), 0);
        assert_int_equal(picked(&l, &q, PROBE_FIRST), 1);
        lane_hurry(&l);
        assert_int_equal(picked(&l, &q, 20), 1);
        c = answer(&l, &q, 1, VERDICT_ACCEPTED, false, 20);
        assert_true(c.say_recovered);
        queue_done(&q);
}

/* Random answers over random alerts: everything ends, in order per alert, and nothing twice. */
static void test_random(void **state _unused_)
{
        enum { EVENTS = 300, ALERTS = 7 };
        uint64_t seed = (uint64_t)time(NULL);
        print_message("seed %llu\n", (unsigned long long)seed);
        struct queue q = { 0 };
        struct lane l = { .interval = 1 };
        uint64_t last[ALERTS + 1] = { 0 };
        unsigned ended = 0;
        for (uint64_t i = 1; i <= EVENTS; i++)
                add(&q, i, 1 + (uint64_t)(retry_random(&seed) * ALERTS));

        for (double now = 0; ended < EVENTS && now < 1e6;) {
                struct bundle b = { 0 };
                double when;
                enum pick pick = lane_pick(&l, &q, BIT, now, WALL, &b, &when);
                struct queue_entry *entry = &q.entries[b.at[0]];
                enum form form = b.form;
                assert_int_not_equal(pick, PICK_READ);
                if (pick == PICK_WAIT) {
                        assert_true(isfinite(when) && when > now);
                        now = when;
                        continue;
                }
                lane_sent(&l, now);
                double x = retry_random(&seed);
                struct judgement j = { .retry_after = NAN };
                j.verdict = x < 0.4   ? VERDICT_ACCEPTED
                            : x < 0.8 ? VERDICT_RETRY
                            : x < 0.9 ? VERDICT_REFUSED
                                      : VERDICT_BROKEN;
                j.suspect = j.verdict == VERDICT_RETRY && x < 0.6;
                if (x > 0.75 && x < 0.8)
                        j.retry_after = 30;
                struct consequence c = lane_judge(&l, entry, form, true, &j, now, &seed);
                assert_true(l.trouble_count <= TROUBLES_MAX);
                if (c.outcome == OUTCOME_LATER)
                        continue;
                assert_int_equal(entry->settled, 0);
                assert_true(entry->sequence > last[entry->alert]);
                last[entry->alert] = entry->sequence;
                entry->settled = BIT;
                if (retry_random(&seed) < 0.5)
                        queue_remove(&q, entry);
                ended++;
        }
        assert_int_equal(ended, EVENTS);
        assert_int_equal(l.trouble_count, 0);
        assert_int_equal(l.delivered + l.failed, EVENTS);
        queue_done(&q);
}

static void test_record(void **state _unused_)
{
        static const struct {
                const char *record, *channel;
                bool named;
        } cases[] = {
                { NULL, "ops", false },
                { "", "ops", false },
                { "ops accepted\n", "ops", true },
                { "ops dead\n", "ops", true },
                { "oncall accepted\nops accepted\n", "ops", true },
                { "ops accepted", "ops", false }, /* torn */
                { "ops\n", "ops", false },
                { "ops \n", "ops", false },
                { "ops2 accepted\n", "ops", false },
                { "ops accepted\n", "op", false },
                { "ops perhaps\n", "ops", false },
                { "\n\n\nops accepted\n", "ops", true },
                { "\xff\xfe", "ops", false },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                if (record_names(cases[i].record, cases[i].channel) != cases[i].named)
                        fail_msg("case %zu", i);

        char *record = NULL;
        assert_int_equal(record_add(NULL, "ops", "accepted", &record), 0);
        assert_string_equal(record, "ops accepted\n");
        char *longer = NULL;
        assert_int_equal(record_add("torn", "ops", "dead", &longer), 0);
        assert_true(record_names(longer, "ops"));
        free(longer);
        free(record);

        char full[RECORD_MAX];
        memset(full, 'x', sizeof(full));
        full[sizeof(full) - 1] = '\0';
        assert_int_equal(record_add(full, "ops", "dead", &longer), -EFBIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_queue_order),
                cmocka_unit_test(test_queue_bound),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_unread_first),
                cmocka_unit_test(test_pace),
                cmocka_unit_test(test_trouble),
                cmocka_unit_test(test_network_failure_is_no_trouble),
                cmocka_unit_test(test_refused_then_short),
                cmocka_unit_test(test_no_short_form),
                cmocka_unit_test(test_poison),
                cmocka_unit_test(test_broken_target),
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_record),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
