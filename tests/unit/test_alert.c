/* SPDX-License-Identifier: MIT */
/* The alert's transition function, as a table: what the judge says second by second, and what must
 * come of it. */
#include <math.h>
#include <string.h>

#include "../test.h"
#include "alert/alert.h"
#include "base/macros.h"

/* One letter a step of ten seconds: what the limits say, and in the lower line what the lower
 * limits still hold (same letter when not given). . ok, n notice, w warning, c critical, ? unknown,
 * A the level was adopted. Expected: one letter a step: - nothing, F firing, E escalated, e eased,
 * r reminder, A adopted, R resolved. */
struct lifetime {
        const char *name;
        double for_seconds, clear_seconds, repeat_seconds;
        const char *severity, *holds, *expect;
        const char *triggers; /* t trigger, x resolve, - neither; NULL: not looked at */
};

static const struct lifetime lifetimes[] = {
        { "fires after `for`, resolves after `clear-for`", 20, 30, 0, ".wwwwww......",
          ".wwwwww......", "---F------R--", "---t------x--" },
        { "too short to fire", 20, 30, 0, ".ww..ww..", ".ww..ww..", "---------", NULL },
        { "fires at once without `for`", 0, 0, 0, ".w..", ".w..", "-FR-", "-tx-" },
        { "the lower limit holds it", 0, 20, 0, "w.........", "wwwwwww...", "F--------R",
          "t--------x" },
        { "well for less than `clear-for` does not end it", 0, 30, 0, "w..w..w......",
          "w..w..w......", "F---------R--", NULL },
        { "escalates once it has lasted", 20, 20, 0, "wwwwccccc....", "wwwwccccc....",
          "--F---E----R-", "--t--------x-" },
        { "critical at once is one event", 20, 20, 0, "cccc", "cccc", "--F-", "--t-" },
        { "eases, then resolves", 0, 20, 0, "ccwwwwww....", "ccwwwwww....", "F---e-----R-",
          "t---------x-" },
        { "a passing flicker does not ease", 0, 20, 0, "ccwcwcwccc", "ccwcwcwccc", "F---------",
          NULL },
        { "a notice triggers nothing", 0, 10, 0, "nnn...", "nnn...", "F---R-", "------" },
        { "notice to warning is the trigger, back to notice the resolve", 0, 10, 0, "nnwwnnn...",
          "nnwwnnn...", "F-E--e--R-", "--t--x----" },
        { "falls from critical to ok in one go", 0, 20, 0, "cc.....", "cc.....", "F---R--",
          "t---x--" },
        { "while well it was notice in between: eases to the worst of it", 0, 20, 0, "cc.n......",
          "cc.n......", "F---e--R--", "t---x-----" },
        { "unknown keeps a firing alert for ten minutes", 0, 10, 0,
          "w???????????????????????????????????????????????????????????????",
          "w???????????????????????????????????????????????????????????????",
          "F------------------------------------------------------------R--", NULL },
        { "unknown starts nothing", 0, 10, 0, "????", "????", "----", NULL },
        { "adopted ends it", 0, 10, 0, "wwA...", "wwA...", "F-A---", "t-x---" },
        { "fires again after its end", 0, 0, 0, "w.w.", "w.w.", "FRFR", "txtx" },
};

static enum severity severity_of(char letter)
{
        switch (letter) {
        case 'n':
                return SEVERITY_NOTICE;
        case 'w':
                return SEVERITY_WARNING;
        case 'c':
                return SEVERITY_CRITICAL;
        default:
                return SEVERITY_OK;
        }
}

static char letter_of(const struct alert_change *c)
{
        static const char letters[EVENT_TYPE_COUNT] = {
                [EVENT_FIRING] = 'F',       [EVENT_ESCALATED] = 'E', [EVENT_EASED] = 'e',
                [EVENT_REMINDER] = 'r',     [EVENT_ADOPTED] = 'A',   [EVENT_RESOLVED] = 'R',
                [EVENT_ACKNOWLEDGED] = '!',
        };
        return c->happened ? letters[c->type] : '-';
}

static void test_lifetimes(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(lifetimes); i++) {
                const struct lifetime *l = &lifetimes[i];
                const struct alert_timing timing = { l->for_seconds, l->clear_seconds,
                                                     l->repeat_seconds };
                char got[80] = "", triggers[80] = "";
                size_t steps = strlen(l->severity);
                struct alert a;
                assert_int_equal(steps, strlen(l->holds));
                assert_int_equal(steps, strlen(l->expect));
                assert_true(steps < sizeof(got));
                alert_init(&a);
                for (size_t s = 0; s < steps; s++) {
                        struct alert_input in = {
                                .time = 1000 + 10.0 * (double)s,
                                .known = l->severity[s] != '?',
                                .severity = severity_of(l->severity[s]),
                                .holds = severity_of(l->holds[s]),
                                .adopted = l->severity[s] == 'A',
                                .value = 100,
                        };
                        struct alert_change c = alert_step(&a, &timing, &in);
                        got[s] = letter_of(&c);
                        triggers[s] = c.trigger ? 't' : c.resolve ? 'x' : '-';
                }
                if (strcmp(got, l->expect) != 0)
                        fail_msg("%s\n  severity %s\n  expected %s\n  got      %s", l->name,
                                 l->severity, l->expect, got);
                if (l->triggers && strcmp(triggers, l->triggers) != 0)
                        fail_msg("%s: triggers %s, expected %s", l->name, triggers, l->triggers);
        }
}

static void test_reminder_only_when_worse(void **state)
{
        (void)state;
        const struct alert_timing timing = { 0, 10, 100 };
        struct alert a;
        unsigned reminders = 0;
        alert_init(&a);
        for (unsigned s = 0; s < 40; s++) {
                /* steady for 200 s, then rising by a tenth every 50 s */
                double value = s < 20 ? 100 : 100 * pow(1.02, s - 19);
                struct alert_input in = {
                        10.0 * s, true, SEVERITY_WARNING, SEVERITY_WARNING, false, value, false,
                        false,    NAN,  QUIET_NOT
                };
                struct alert_change c = alert_step(&a, &timing, &in);
                if (c.happened && c.type == EVENT_REMINDER) {
                        assert_true(s >= 20);
                        reminders++;
                }
        }
        assert_int_equal(reminders, 2);
}

static void test_peak_and_start(void **state)
{
        (void)state;
        const struct alert_timing timing = { 20, 10, 0 };
        static const double values[] = { 5, 50, 60, 90, 70, 40, 6, 5, 5 };
        for (unsigned falling = 0; falling < 2; falling++) {
                struct alert a;
                struct alert_change c = { 0 };
                alert_init(&a);
                for (unsigned s = 0; s < ELEMENTS_OF(values); s++) {
                        bool wrong = values[s] >= 40;
                        struct alert_input in = {
                                .time = 10.0 * s,
                                .known = true,
                                .severity = wrong ? SEVERITY_WARNING : SEVERITY_OK,
                                .holds = wrong ? SEVERITY_WARNING : SEVERITY_OK,
                                .value = falling ? -values[s] : values[s],
                                .falling = falling,
                        };
                        c = alert_step(&a, &timing, &in);
                        if (c.happened && c.type == EVENT_RESOLVED)
                                break;
                }
                assert_int_equal(c.type, EVENT_RESOLVED);
                assert_true(fabs(a.peak) == 90); /* kept for the resolved event */
                assert_true(fabs(a.start_value) == 50);
                assert_int_equal(a.highest, SEVERITY_WARNING);
        }
}

/* A jump is all there with its first sample: what it began at is the level before. */
static void test_jump_begins_at_its_level(void **state)
{
        static const struct {
                bool jumped;
                double before, start;
        } cases[] = { { true, 2, 2 }, { true, NAN, 49 }, { false, 2, 49 } };
        const struct alert_timing timing = { 0 };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct alert a;
                const struct alert_input in = {
                        .time = 1,
                        .known = true,
                        .severity = SEVERITY_WARNING,
                        .holds = SEVERITY_WARNING,
                        .value = 49,
                        .jumped = cases[i].jumped,
                        .before = cases[i].before,
                };
                alert_init(&a);
                assert_int_equal(alert_step(&a, &timing, &in).type, EVENT_FIRING);
                assert_true(a.start_value == cases[i].start);
                assert_true(a.peak == 49);
        }
}

static void test_end(void **state)
{
        (void)state;
        const struct alert_timing timing = { 0, 10, 0 };
        struct alert a;
        alert_init(&a);
        assert_false(alert_end(&a, 1).happened);
        struct alert_input in = {
                10,    true, SEVERITY_CRITICAL, SEVERITY_CRITICAL, false, 1, false,
                false, NAN,  QUIET_NOT
        };
        assert_true(alert_step(&a, &timing, &in).trigger);
        struct alert_change c = alert_end(&a, 20);
        assert_true(c.happened && c.resolve);
        assert_int_equal(c.type, EVENT_RESOLVED);
        assert_int_equal(c.previous, SEVERITY_CRITICAL);
        assert_false(alert_end(&a, 30).happened);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lifetimes),
                cmocka_unit_test(test_reminder_only_when_worse),
                cmocka_unit_test(test_peak_and_start),
                cmocka_unit_test(test_jump_begins_at_its_level),
                cmocka_unit_test(test_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
