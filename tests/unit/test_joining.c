/* SPDX-License-Identifier: MIT */
/* deliver/lane_pick: which events share a message. Nothing is left out, an alert's events stay in
 * their order, and what is newest is told first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../test.h"
#include "base/macros.h"
#include "deliver/lane.h"

enum { BIT = 1, WALL = 1800000000 };

enum what { BEGINS, CHANGES, ENDS };

static struct queue_entry *add(struct queue *q, uint64_t sequence, uint64_t alert, enum what what)
{
        struct queue_entry *entry;
        assert_int_equal(queue_add(q, sequence, "id", &entry), 0);
        entry->alert = alert;
        entry->time = WALL;
        entry->begins = what == BEGINS ? BIT : 0;
        entry->ends = what == ENDS ? BIT : 0;
        return entry;
}

/* What is to be sent, as "1 2 3", with "summary" before it; else "wait N". */
static const char *picked(const struct lane *l, const struct queue *q, double now)
{
        static char text[4096];
        struct bundle b;
        double when;
        size_t length = 0;
        text[0] = '\0';
        if (lane_pick(l, q, BIT, now, WALL + now, &b, &when) != PICK_SEND) {
                snprintf(text, sizeof(text), "wait %g", when);
                return text;
        }
        if (b.summary)
                length = (size_t)snprintf(text, sizeof(text), "summary ");
        for (size_t i = 0; i < b.count && length < sizeof(text); i++)
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%llu",
                                           i > 0 ? " " : "",
                                           (unsigned long long)q->entries[b.at[i]].sequence);
        return text;
}

static void settle(struct queue *q, uint64_t from, uint64_t to)
{
        for (uint64_t i = from; i <= to; i++) {
                struct queue_entry *entry = queue_find(q, i, "id");
                if (entry)
                        entry->settled |= BIT;
        }
}

/* The first goes at once, what comes within the interval becomes one message. */
static void test_storm(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { .joining = JOIN_ALL, .interval = 1, .group = 30 };
        add(&q, 1, 11, BEGINS);
        assert_string_equal(picked(&l, &q, 100), "1");
        lane_sent(&l, 100);
        settle(&q, 1, 1);
        assert_string_equal(picked(&l, &q, 101), "wait inf");
        for (uint64_t i = 2; i <= 90; i++)
                add(&q, i, 10 + i, BEGINS);
        assert_string_equal(picked(&l, &q, 102), "wait 130");
        struct bundle b;
        double when, now = 130;
        size_t messages = 0, events = 0;
        while (lane_pick(&l, &q, BIT, now, WALL + now, &b, &when) == PICK_SEND || when < 1000) {
                if (now < when && isfinite(when)) {
                        now = when;
                        continue;
                }
                assert_in_range(b.count, 1, BUNDLE_MAX);
                for (size_t i = 0; i < b.count; i++) {
                        assert_int_equal(q.entries[b.at[i]].settled, 0);
                        q.entries[b.at[i]].settled = BIT;
                }
                messages++;
                events += b.count;
                lane_sent(&l, now);
        }
        assert_int_equal(events, 89); /* never dropped, only grouped */
        assert_int_equal(messages, 3);
        queue_done(&q);
}

/* Of one alert alone: each at its time, and together when they are late. */
static void test_alert(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { .joining = JOIN_ALERT };
        add(&q, 1, 77, BEGINS);
        add(&q, 2, 88, BEGINS);
        add(&q, 3, 77, CHANGES);
        add(&q, 4, 77, ENDS);
        assert_string_equal(picked(&l, &q, 1), "1");
        /* after an outage: what is still open first */
        assert_string_equal(picked(&l, &q, LATE_SECONDS + 1), "2");
        l.failed_at = 1;
        assert_string_equal(picked(&l, &q, 2), "2");
        settle(&q, 2, 2);
        assert_string_equal(picked(&l, &q, 2), "1 3 4");
        /* what came after the outage is not late */
        l.failed_at = 0;
        settle(&q, 1, 4);
        add(&q, 5, 99, BEGINS)->arrived = 50;
        add(&q, 6, 99, ENDS)->arrived = 50;
        queue_find(&q, 5, "id")->time = queue_find(&q, 6, "id")->time = WALL + 50;
        assert_string_equal(picked(&l, &q, 51), "5");
        /* that a person knows comes after what is known, and not after what came since */
        l.failed_at = 60;
        add(&q, 7, 99, CHANGES)->acknowledges = true;
        queue_find(&q, 6, "id")->settled |= BIT;
        assert_string_equal(picked(&l, &q, 61), "5");
        settle(&q, 5, 5);
        assert_string_equal(picked(&l, &q, 61), "7");
        add(&q, 8, 99, ENDS);
        assert_string_equal(picked(&l, &q, 61), "7 8");
        settle(&q, 7, 8);
        queue_find(&q, 5, "id")->settled = queue_find(&q, 6, "id")->settled = 0;
        l.failed_at = 0;
        /* a courier that was started late */
        queue_find(&q, 5, "id")->time = WALL - 300;
        assert_string_equal(picked(&l, &q, 51), "5 6");
        queue_done(&q);
}

/* Newest first, and what is over last. */
static void test_newest_truth(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { .joining = JOIN_ALERT, .failed_at = 10 };
        add(&q, 1, 11, BEGINS);
        add(&q, 2, 22, BEGINS);
        add(&q, 3, 33, BEGINS);
        add(&q, 4, 33, ENDS);
        add(&q, 5, 44, BEGINS);
        add(&q, 6, 55, ENDS);
        static const char *const order[] = { "5", "2", "1", "6", "3 4" };
        for (size_t i = 0; i < ELEMENTS_OF(order); i++) {
                struct bundle b;
                double when;
                assert_string_equal(picked(&l, &q, 20), order[i]);
                assert_int_equal(lane_pick(&l, &q, BIT, 20, WALL, &b, &when), PICK_SEND);
                for (size_t k = 0; k < b.count; k++)
                        q.entries[b.at[k]].settled = BIT;
        }
        queue_done(&q);
}

/* Alone, each of its alert's events is to be told to a program. */
static void test_programs(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { .joining = JOIN_NOTHING, .summaries = true, .failed_at = 10 };
        add(&q, 1, 77, BEGINS);
        add(&q, 2, 88, BEGINS);
        add(&q, 3, 77, ENDS);
        assert_string_equal(picked(&l, &q, 20), "1");
        settle(&q, 1, 1);
        assert_string_equal(picked(&l, &q, 20), "2");
        queue_done(&q);
}

/* Days old and over: one message, after what still matters; what was told before is closed for
 * itself. */
static void test_summary(void **state _unused_)
{
        static const struct {
                enum joining joining;
                bool summaries;
                const char *order[6];
        } cases[] = {
                { JOIN_ALL, true, { "5 7 8", "summary 1 2 3 4" } },
                { JOIN_ALERT, true, { "8", "5", "7", "summary 1 2 3 4" } },
                { JOIN_ALERT, false, { "8", "5", "7", "2 4", "1 3" } },
                { JOIN_NOTHING, true, { "summary 1 2 3 4", "5", "7", "8" } },
                { JOIN_NOTHING, false, { "1", "2", "3", "4", "5", "7" } },
        };
        for (size_t c = 0; c < ELEMENTS_OF(cases); c++) {
                struct queue q = { 0 };
                struct lane l = { .joining = cases[c].joining, .summaries = cases[c].summaries };
                double old = WALL - 3 * STALE_SECONDS;
                add(&q, 1, 11, BEGINS)->time = old;
                add(&q, 2, 22, BEGINS)->time = old;
                add(&q, 3, 11, ENDS)->time = old;
                add(&q, 4, 22, ENDS)->time = old;
                add(&q, 5, 33, BEGINS)->time = old; /* still open */
                add(&q, 7, 44, ENDS)->time = old;   /* its trigger was delivered */
                add(&q, 8, 55, BEGINS);
                for (size_t i = 0; i < 6 && cases[c].order[i]; i++) {
                        struct bundle b;
                        double when;
                        const char *is = picked(&l, &q, 1);
                        if (strcmp(is, cases[c].order[i]) != 0)
                                fail_msg("case %zu, %zu: %s", c, i, is);
                        assert_int_equal(lane_pick(&l, &q, BIT, 1, WALL, &b, &when), PICK_SEND);
                        for (size_t k = 0; k < b.count; k++)
                                q.entries[b.at[k]].settled = BIT;
                }
                queue_done(&q);
        }
}

static struct consequence answer(struct lane *l, size_t count, enum verdict verdict, bool suspect,
                                 double now, bool *ret_apart)
{
        uint64_t seed = 1;
        struct judgement j = { .verdict = verdict, .retry_after = NAN, .suspect = suspect };
        return lane_judge_bundle(l, count, &j, now, &seed, ret_apart);
}

static void test_answers(void **state _unused_)
{
        struct lane l = { .joining = JOIN_ALL };
        bool apart = false;
        struct consequence c = answer(&l, 5, VERDICT_ACCEPTED, false, 1, &apart);
        assert_int_equal(c.outcome, OUTCOME_ACCEPTED);
        assert_int_equal(l.delivered, 5);
        assert_int_equal(answer(&l, 5, VERDICT_BROKEN, false, 2, &apart).outcome, OUTCOME_LATER);
        assert_int_equal(answer(&l, 5, VERDICT_RETRY, false, 3, &apart).outcome, OUTCOME_LATER);
        assert_false(apart);
        assert_true(l.failed_at == 3);
        assert_int_equal(answer(&l, 5, VERDICT_RETRY, true, 4, &apart).outcome, OUTCOME_LATER);
        assert_false(apart); /* an accident */
        answer(&l, 5, VERDICT_RETRY, true, 5, &apart);
        assert_true(apart); /* one of them may be it */
        apart = false;
        assert_int_equal(answer(&l, 5, VERDICT_REFUSED, false, 6, &apart).outcome, OUTCOME_LATER);
        assert_true(apart);
        assert_int_equal(l.retry.failures, 0); /* it answered as it should */
        assert_int_equal(l.failed, 0);

        /* then each goes by itself, and the others do not wait for one that has trouble */
        struct queue q = { 0 };
        l.failed_at = 0;
        add(&q, 1, 11, BEGINS)->alone = BIT;
        add(&q, 2, 11, ENDS)->alone = BIT;
        add(&q, 3, 22, BEGINS)->alone = BIT;
        add(&q, 4, 33, BEGINS);
        add(&q, 5, 44, BEGINS);
        assert_string_equal(picked(&l, &q, 10), "1");
        uint64_t seed = 1;
        struct judgement j = { .verdict = VERDICT_RETRY, .retry_after = NAN, .suspect = true };
        lane_judge(&l, queue_find(&q, 1, "id"), FORM_FULL, true, &j, 10, &seed);
        l.retry.failures = 0;
        assert_string_equal(picked(&l, &q, l.retry.next), "4 5");
        queue_done(&q);
}

/* Random answers over random alerts: everything ends once, in its order, whatever shares messages.
 */
static void test_random(void **state _unused_)
{
        enum { EVENTS = 400, ALERTS = 25 };
        uint64_t seed = (uint64_t)time(NULL);
        print_message("seed %llu\n", (unsigned long long)seed);
        for (enum joining joining = JOIN_NOTHING; joining <= JOIN_ALL; joining++) {
                struct queue q = { 0 };
                struct lane l = { .joining = joining,
                                  .interval = 1,
                                  .group = joining == JOIN_ALL ? 10 : 0,
                                  .summaries = retry_random(&seed) < 0.5 };
                uint64_t last[ALERTS + 1] = { 0 };
                unsigned ended = 0;
                for (uint64_t i = 1; i <= EVENTS; i++) {
                        struct queue_entry *entry =
                                add(&q, i, 1 + (uint64_t)(retry_random(&seed) * ALERTS),
                                    (enum what)(retry_random(&seed) * 3));
                        entry->arrived = (double)i;
                        if (retry_random(&seed) < 0.5)
                                entry->time -= 2 * STALE_SECONDS;
                }
                for (double now = 0; ended < EVENTS && now < 1e6;) {
                        struct bundle b = { 0 };
                        double when;
                        enum pick pick = lane_pick(&l, &q, BIT, now, WALL + now, &b, &when);
                        assert_int_not_equal(pick, PICK_READ);
                        if (pick == PICK_WAIT) {
                                assert_true(isfinite(when) && when > now);
                                now = when;
                                continue;
                        }
                        lane_sent(&l, now);
                        double x = retry_random(&seed);
                        struct judgement j = { .retry_after = NAN };
                        j.verdict = x < 0.5   ? VERDICT_ACCEPTED
                                    : x < 0.8 ? VERDICT_RETRY
                                    : x < 0.9 ? VERDICT_REFUSED
                                              : VERDICT_BROKEN;
                        j.suspect = x < 0.7;
                        bool apart = false;
                        struct consequence c =
                                b.count > 1 ? lane_judge_bundle(&l, b.count, &j, now, &seed, &apart)
                                            : lane_judge(&l, &q.entries[b.at[0]], b.form, true, &j,
                                                         now, &seed);
                        for (size_t i = 0; i < b.count; i++) {
                                struct queue_entry *entry = &q.entries[b.at[i]];
                                if (apart)
                                        entry->alone |= BIT;
                                if (c.outcome == OUTCOME_LATER)
                                        continue;
                                assert_int_equal(entry->settled, 0);
                                assert_true(entry->sequence > last[entry->alert]);
                                last[entry->alert] = entry->sequence;
                                entry->settled = BIT;
                                lane_forget(&l, entry->sequence);
                                ended++;
                        }
                }
                assert_int_equal(ended, EVENTS);
                assert_int_equal(l.trouble_count, 0);
                assert_int_equal(l.delivered + l.failed, EVENTS);
                queue_done(&q);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_storm),        cmocka_unit_test(test_alert),
                cmocka_unit_test(test_newest_truth), cmocka_unit_test(test_programs),
                cmocka_unit_test(test_summary),      cmocka_unit_test(test_answers),
                cmocka_unit_test(test_random),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
