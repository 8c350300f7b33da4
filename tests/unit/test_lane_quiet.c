/* SPDX-License-Identifier: MIT */
/* deliver/lane_quiet, announce/spool_held: what waits for the end of quiet hours, what is never
 * told, what goes all the same; and what the daemon makes of events that lie there on purpose. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../random.h"
#include "../test.h"
#include "announce/spool_held.h"
#include "base/macros.h"
#include "deliver/lane.h"

enum { BIT = 4, BEGAN = 1800000000 };

/* One letter an event, of alert A unless a digit follows: b began before the quiet hours, B in
 * them, t in them and was sent once; C changes, X changes and is critical, K is known to a person,
 * E ends; ? is not read yet. What becomes of each: "." goes, "h" is held, "m" is muted. */
static const struct {
        const char *events, *fate;
        bool ends_all, but_critical;
} cases[] = {
        { "", "", false, false },
        { "B", "h", false, false },
        { "BC", "hh", false, false },
        /* came and went */
        { "BE", "mm", false, false },
        { "BCCE", "mmmm", false, false },
        { "BE", "m.", true, false },
        /* and came back */
        { "BEB", "mmh", false, false },
        { "BEBE", "mmmm", false, false },
        { "BEBC", "m.hh", true, false },
        /* known before: its end calls nobody */
        { "E", ".", false, false },
        { "CE", "..", false, false },
        { "C", "h", false, false },
        { "CEBC", "..hh", false, false },
        { "CEBE", "..mm", false, false },
        /* perhaps known: sent, or waiting since before */
        { "bE", "..", false, false },
        { "tE", "..", false, false },
        { "tCE", "...", true, false },
        { "b", "h", false, false },
        /* critical */
        { "X", "h", false, false },
        { "X", ".", false, true },
        { "BX", "..", false, true },
        { "BXC", "...", false, true },
        { "BXE", "...", false, true },
        { "BEB1X1", "mm..", false, true },
        { "BE B1", "mmh", false, false },
        /* of two alerts in turn */
        { "B1B2E1C2", "mhmh", false, false },
        { "B1E2E1C2", "m.mh", false, false },
        /* a person knows of it: nothing to tell to who has not heard, else only that */
        { "BK", "mm", false, false },
        { "BCK", "mmm", true, false },
        { "K", ".", true, false },
        { "CK", "h.", true, false },
        { "bK", "h.", true, false },
        { "BKX", "hhh", true, false },
        { "BKE", "mm.", true, false },
        { "?", ".", false, false },
        { "?B", ".h", false, false },
};

static void add(struct queue *q, char what, uint64_t alert)
{
        struct queue_entry *entry;
        assert_int_equal(queue_add(q, q->count + 1, "id", &entry), 0);
        entry->alert = what == '?' ? 0 : alert;
        entry->time = what == 'b' ? BEGAN - 1 : BEGAN + (double)q->count;
        entry->begins = strchr("bBt", what) ? BIT | 1 : 0;
        entry->ends = what == 'E' ? BIT | 1 : 0;
        entry->critical = what == 'X';
        entry->acknowledges = what == 'K';
        entry->tried = what == 't' ? BIT : 0;
}

static void fill(struct queue *q, const char *events)
{
        for (; *events; events++) {
                char what = *events;
                uint64_t alert = 100;
                if (what == ' ')
                        continue;
                if (events[1] >= '0' && events[1] <= '9')
                        alert = (uint64_t) * ++events;
                add(q, what, alert);
        }
}

static void test_fates(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct queue q = { 0 };
                struct lane l = { .quiet = { true, BEGAN, 0, cases[i].ends_all,
                                             cases[i].but_critical } };
                char fate[64];
                size_t muted, expected = 0;
                fill(&q, cases[i].events);
                assert_int_equal(lane_hold(&l, &q, BIT, &muted), 0);
                for (size_t k = 0; k < q.count; k++) {
                        const struct queue_entry *e = &q.entries[k];
                        assert_false(e->held & e->muted & BIT);
                        assert_int_equal((e->held | e->muted) & ~(uint32_t)BIT, 0);
                        fate[k] = e->held & BIT ? 'h' : e->muted & BIT ? 'm' : '.';
                        expected += fate[k] == 'm';
                }
                fate[q.count] = '\0';
                if (strcmp(fate, cases[i].fate) != 0 || muted != expected)
                        fail_msg("%s: %s, not %s", cases[i].events, fate, cases[i].fate);
                lane_release(&q, BIT);
                for (size_t k = 0; k < q.count; k++)
                        assert_int_equal(q.entries[k].held | q.entries[k].muted, 0);
                queue_done(&q);
        }
}

/* What is held is not picked, and is when they are over; others' bits are theirs. */
static void test_pick(void **state _unused_)
{
        struct queue q = { 0 };
        struct lane l = { .joining = JOIN_NOTHING, .quiet = { true, BEGAN, 0, false, false } };
        struct bundle b;
        size_t muted;
        double when;
        fill(&q, "B1C1E2");
        for (enum joining joining = JOIN_NOTHING; joining <= JOIN_ALL; joining++) {
                l.joining = joining;
                assert_int_equal(lane_hold(&l, &q, BIT, &muted), 0);
                assert_int_equal(queue_held(&q, BIT), 2);
                assert_int_equal(lane_pick(&l, &q, BIT, 1, BEGAN + 5, &b, &when), PICK_SEND);
                assert_int_equal(b.count, 1);
                assert_int_equal(b.at[0], 2);
                assert_int_equal(lane_pick(&l, &q, 1, 1, BEGAN + 5, &b, &when), PICK_SEND);
                assert_int_equal(b.at[0], 0);
                q.entries[2].settled |= BIT;
                assert_int_equal(lane_pick(&l, &q, BIT, 1, BEGAN + 5, &b, &when), PICK_WAIT);
                assert_true(isinf(when));
                q.entries[2].settled = 0;
                lane_release(&q, BIT);
                assert_int_equal(lane_pick(&l, &q, BIT, 1, BEGAN + 5, &b, &when), PICK_SEND);
                assert_int_equal(b.at[0], 0);
        }
        queue_done(&q);
}

/* Whatever comes, in whatever order: an end is never told before its begin, and what is open at the
 * end of the quiet hours is told then, so that what the receiver knows is the truth. */
static void test_truth(void **state _unused_)
{
        struct random seed = random_seeded("quiet hours");
        for (unsigned round = 0; round < 2000; round++) {
                struct queue q = { 0 };
                struct lane l = { .joining = JOIN_NOTHING,
                                  .quiet = { true, BEGAN, 0, (random_next(&seed) % 2 != 0),
                                             false } };
                bool open[4] = { false }, known[4] = { false };
                unsigned steps = 1 + (unsigned)(random_next(&seed) % 30);
                for (unsigned i = 0; i < 4; i++)
                        open[i] = known[i] = (random_next(&seed) % 2 != 0); /* from before */
                for (unsigned step = 0; step <= steps; step++) {
                        struct bundle b;
                        size_t muted;
                        double when;
                        unsigned alert = (unsigned)(random_next(&seed) % 4);
                        bool over = step == steps;
                        if (!over) {
                                char what = open[alert]
                                                    ? ((random_next(&seed) % 2 != 0) ? 'E' : 'C')
                                                    : 'B';
                                if (what != 'C')
                                        open[alert] = !open[alert];
                                add(&q, what, alert + 1);
                        }
                        if (over)
                                lane_release(&q, BIT);
                        else
                                assert_int_equal(lane_hold(&l, &q, BIT, &muted), 0);
                        for (size_t i = 0; i < q.count; i++)
                                if (q.entries[i].muted & BIT)
                                        q.entries[i].settled |= BIT;
                        while (lane_pick(&l, &q, BIT, 1, BEGAN + 100, &b, &when) == PICK_SEND) {
                                struct queue_entry *e = &q.entries[b.at[0]];
                                e->settled |= BIT;
                                if (e->begins & BIT)
                                        assert_true(over); /* nothing new in quiet hours */
                                if (e->ends & BIT && !known[e->alert - 1])
                                        assert_true(l.quiet.ends_all);
                                known[e->alert - 1] = !(e->ends & BIT);
                        }
                }
                for (unsigned i = 0; i < 4; i++)
                        if (open[i] != known[i])
                                fail_msg("round %u: alert %u", round, i);
                queue_done(&q);
        }
}

static void test_held_line(void **state _unused_)
{
        static const char *const bad[] = {
                "",
                "\n",
                "1 2 3 4 5\n",
                "1 2 3 4 5 6 7\n",
                "2 2 3 4 5 6\n",
                "1 2 3 4 5 6",
                "1 2 3 -4 5 6\n",
                "1 2 3 4.0 5 6\n",
                "1 2 3 4 5 x\n",
                "1 2 3 4 5 99999999999999999999\n",
        };
        const struct spool_held held = { 1000, 2000, 1, 500, 7 };
        struct spool_held read;
        char line[SPOOL_HELD_MAX], longer[2 * SPOOL_HELD_MAX];
        size_t length = spool_held_format(&held, line);
        assert_int_equal(length, strlen(line));
        assert_true(spool_held_parse(line, &read));
        assert_memory_equal(&held, &read, sizeof(held));
        const struct spool_held most = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                         UINT64_MAX };
        assert_in_range(spool_held_format(&most, line), 1, SPOOL_HELD_MAX - 1);
        assert_true(spool_held_parse(line, &read));
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                if (spool_held_parse(bad[i], &read))
                        fail_msg("\"%s\" was taken", bad[i]);
        memset(longer, ' ', sizeof(longer));
        memcpy(longer + sizeof(longer) - 2, "\n", 2);
        assert_false(spool_held_parse(longer, &read));
}

static void test_held_age(void **state _unused_)
{
        enum { NOW = 10000, NEVER = -1 };
        static const struct {
                struct spool_held held; /* written, until, since, last, due */
                uint64_t sequence;
                double written, since; /* NEVER: it is held back */
        } ages[] = {
                { { NOW - 10, NOW + 3600, 0, 50, 0 }, 50, 100, NEVER },
                { { NOW - 10, NOW + 3600, 0, 50, 0 }, 51, 100, 100 }, /* not looked at yet */
                { { NOW - 10, NOW + 3600, 0, 50, 40 }, 39, 100, NEVER },
                { { NOW - 10, NOW + 3600, 0, 50, 40 }, 40, 100, 100 }, /* something else, too */
                { { NOW - 10, NOW + 3600, 0, 50, 40 }, 50, 100, 100 },
                { { NOW - 10, NOW + 3600, 9000, 50, 40 }, 45, 100, 9000 },
                { { NOW - 10, NOW + 3600, 9000, 50, 40 }, 45, 9500, 9500 },
                { { NOW - 10, NOW + 3600, NOW + 9, 50, 40 }, 45, 9500, 9500 }, /* not in future */
                { { NOW - 200, NOW + 3600, 0, 50, 0 }, 5, 100, 100 },     /* the courier is dead */
                { { NOW + 200, NOW + 3600, 0, 50, 0 }, 5, 100, 100 },     /* the clock was set */
                { { NOW - 10, NOW + 9 * 86400, 0, 50, 0 }, 5, 100, 100 }, /* longer than any */
                { { NOW - 900, NOW - 20, 0, 50, 0 }, 5, 100, NOW - 20 },  /* over */
                { { NOW - 900, NOW - 20, 0, 50, 0 }, 5, NOW - 5, NOW - 5 },
        };
        assert_true(spool_held_waits_since(NULL, 1, 77, NOW) == 77);
        for (size_t i = 0; i < ELEMENTS_OF(ages); i++) {
                double since = spool_held_waits_since(&ages[i].held, ages[i].sequence,
                                                      ages[i].written, NOW);
                if (isnan(since) ? ages[i].since != NEVER : since != ages[i].since)
                        fail_msg("case %zu: %g", i, since);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fates),    cmocka_unit_test(test_pick),
                cmocka_unit_test(test_truth),    cmocka_unit_test(test_held_line),
                cmocka_unit_test(test_held_age),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
