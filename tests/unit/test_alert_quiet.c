/* SPDX-License-Identifier: MIT */
/* What the channels are told of an alert that is silenced, observed or acknowledged, as a table. */
#include <math.h>
#include <string.h>

#include "../test.h"
#include "alert/alert.h"
#include "base/macros.h"

/* One letter a step of ten seconds. severity: . ok, n notice, w warning, c critical. quiet: . not,
 * s silenced, o observed, a acknowledged just before. Expected, what the journal is told: F firing,
 * E escalated, e eased, r reminder, R resolved, - nothing; small letters below it what the channels
 * are told: t trigger, x resolve, = an event between the two, - nothing. */
struct life {
        const char *name;
        double clear_seconds, repeat_seconds;
        const char *severity, *quiet, *expect, *channels;
};

static const struct life lives[] = {
        { "nothing is quiet", 0, 0, ".wwc.", ".....", "-F-ER", "-t-=x" },
        { "over before the silence is", 0, 0, ".ww...", "sssss.", "-F-R--", "------" },
        { "still wrong when the silence ends: told then", 0, 0, ".wwwww.", "sss....", "-F-F--R",
          "---t--x" },
        { "well when the silence ends: nothing", 10, 0, ".www..", "ssss..", "-F---R", "------" },
        { "wrong again after it, in the same life", 30, 0, ".ww.ww....", "ssss......", "-F--F----R",
          "----t----x" },
        { "told before the silence, still wrong after it: reminded", 0, 0, "wwwwww.", ".sss...",
          "F---r-R", "t---=-x" },
        { "told before the silence, over in it: the end is told", 0, 0, "www...", ".sssss",
          "F--R--", "t--x--" },
        { "over in the silence, and wrong again: another life", 0, 0, "ww.ww..", ".ssss..",
          "F-RF-R-", "t-x----" },
        { "escalates in the silence, told with its severity after it", 0, 0, "wwcccc.", ".sss...",
          "F-E-r-R", "t---=-x" },
        { "eases to a notice in the silence: the end of the incident", 0, 0, "ccnnnn.", ".sssss.",
          "F-e---R", "t-x----" },
        { "a notice after the silence is no page", 0, 0, ".wnnn.", "sss...", "-Fe--R", "------" },
        { "escalates from a notice after the silence", 0, 0, "nnnww.", "sss...", "F--E-R",
          "---t-x" },
        { "observed is the same without an end", 0, 0, ".wwcc.", "oooooo", "-F-E-R", "------" },
        { "the rule is set to page", 0, 0, ".wwww.", "ooo...", "-F-F-R", "---t-x" },
        { "acknowledged: nothing until it ends", 0, 0, "wwwww.", ".a....", "F----R", "t----x" },
        { "acknowledged: worse is told", 0, 0, "wwwcc.", ".a....", "F--E-R", "t--=-x" },
        { "acknowledged: eased is not told", 0, 0, "ccwww.", ".a....", "F-e--R", "t----x" },
        { "after worse it is as before", 0, 0, "wwcwcw.", ".a.....", "F-EeEeR", "t-====x" },
        { "acknowledged in a silence: its end tells nothing", 0, 0, "wwwwww.", "ssas...", "F-----R",
          "-------" },
        { "acknowledged in a silence, worse in it: told after it", 0, 0, "wwwccc.", "saass..",
          "F--E-FR", "-----tx" },
        { "the acknowledgement ends with the life", 0, 0, "ww.ww.", ".a....", "F-RF-R", "t-xt-x" },
};

static enum severity severity_of(char letter)
{
        return letter == 'c'   ? SEVERITY_CRITICAL
               : letter == 'w' ? SEVERITY_WARNING
               : letter == 'n' ? SEVERITY_NOTICE
                               : SEVERITY_OK;
}

static char letter_of(const struct alert_change *c)
{
        return c->happened ? "FEerAR"[c->type] : '-';
}

/* As the announcer does it. */
static char channel_letter(const struct alert *a, const struct alert_change *c)
{
        if (c->trigger || c->resolve)
                return c->trigger ? 't' : 'x';
        return c->happened && a->severity >= SEVERITY_WARNING && c->quiet == QUIET_NOT ? '=' : '-';
}

static void run(const struct life *l, char *got, char *channels)
{
        const struct alert_timing timing = { 0, l->clear_seconds, l->repeat_seconds };
        bool silenced = false;
        struct alert a;

        alert_init(&a);
        for (size_t s = 0; s < strlen(l->severity); s++) {
                double time = 1000 + 10.0 * (double)s;

                if (l->quiet[s] == 'a')
                        assert_true(alert_acknowledge(&a, time, NAN));
                else
                        silenced = l->quiet[s] != '.';
                struct alert_input in = {
                        .time = time,
                        .known = true,
                        .severity = severity_of(l->severity[s]),
                        .holds = severity_of(l->severity[s]),
                        .value = 100,
                        .quiet = !silenced            ? QUIET_NOT
                                 : l->quiet[s] == 'o' ? QUIET_OBSERVED
                                                      : QUIET_SILENCED,
                };
                struct alert_change c = alert_step(&a, &timing, &in);
                got[s] = letter_of(&c);
                channels[s] = channel_letter(&a, &c);
        }
}

static void test_lives(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(lives); i++) {
                const struct life *l = &lives[i];
                char got[32] = "", channels[32] = "";

                assert_int_equal(strlen(l->severity), strlen(l->quiet));
                assert_int_equal(strlen(l->severity), strlen(l->expect));
                assert_int_equal(strlen(l->severity), strlen(l->channels));
                run(l, got, channels);
                if (strcmp(got, l->expect) != 0 || strcmp(channels, l->channels) != 0)
                        fail_msg("%s\n  severity %s\n  quiet    %s\n  expected %s %s\n"
                                 "  got      %s %s",
                                 l->name, l->severity, l->quiet, l->expect, l->channels, got,
                                 channels);
        }
}

/* Whatever is silenced and acknowledged when: a trigger and a resolve alternate, and what is told
 * between them is told of an open incident. */
static void test_any_life(void **state)
{
        static const char severities[] = "..nwwcc", quiets[] = "....ssa";
        (void)state;
        srand(7);
        for (unsigned round = 0; round < 3000; round++) {
                char severity[31] = "", quiet[31] = "", got[32] = "", channels[32] = "";
                const struct life l = {
                        "", round % 3 * 10, round % 2 * 30, severity, quiet, "", ""
                };
                const struct alert_timing timing = { 0, l.clear_seconds, l.repeat_seconds };
                bool open = false, silenced = false;
                struct alert a;

                alert_init(&a);
                for (size_t s = 0; s < sizeof(severity) - 1; s++) {
                        double time = 1000 + 10.0 * (double)s;
                        severity[s] = severities[rand() % (int)(sizeof(severities) - 1)];
                        quiet[s] = quiets[rand() % (int)(sizeof(quiets) - 1)];
                        if (quiet[s] == 'a')
                                (void)alert_acknowledge(&a, time, NAN);
                        else
                                silenced = quiet[s] == 's';
                        struct alert_input in = {
                                .time = time,
                                .known = true,
                                .severity = severity_of(severity[s]),
                                .holds = severity_of(severity[s]),
                                .value = 100 + rand() % 50,
                                .quiet = silenced ? QUIET_SILENCED : QUIET_NOT,
                        };
                        struct alert_change c = alert_step(&a, &timing, &in);
                        got[s] = letter_of(&c);
                        channels[s] = channel_letter(&a, &c);
                        bool bad = (channels[s] == 't' && (open || silenced)) ||
                                   (strchr("=x", channels[s]) && !open) ||
                                   (channels[s] == '=' && silenced);
                        open = channels[s] == 't' || (open && channels[s] != 'x');
                        /* What is over is over for the receivers, too. */
                        bad = bad || (open && a.severity < SEVERITY_WARNING);
                        if (bad)
                                fail_msg("round %u\n  severity %s\n  quiet    %s\n  got      %s\n"
                                         "           %s",
                                         round, severity, quiet, got, channels);
                }
        }
}

static void test_acknowledged_growth(void **state)
{
        (void)state;
        const struct alert_timing timing = { 0, 0, 100 };
        const struct {
                double time, value;
                char expect;
        } steps[] = {
                { 0, 100, 'F' },   { 50, 120, '-' },  { 100, 105, '-' }, /* not worse enough */
                { 150, 150, 'r' }, { 160, 200, '-' },                    /* too soon */
                { 300, 205, '-' }, /* acknowledged at 200, here below 220 */
                { 310, 221, 'r' },
        };
        struct alert a;
        alert_init(&a);
        for (size_t i = 0; i < ELEMENTS_OF(steps); i++) {
                struct alert_input in = { .time = steps[i].time,
                                          .known = true,
                                          .severity = SEVERITY_WARNING,
                                          .holds = SEVERITY_WARNING,
                                          .value = steps[i].value };
                struct alert_change c = alert_step(&a, &timing, &in);
                if (letter_of(&c) != steps[i].expect || (c.happened && c.quiet != QUIET_NOT))
                        fail_msg("at %g: %c", steps[i].time, letter_of(&c));
                if (steps[i].time == 160)
                        assert_true(alert_acknowledge(&a, 160, 200));
        }
        assert_false(a.acknowledged);
}

static void test_nothing_to_acknowledge(void **state)
{
        (void)state;
        struct alert a;
        alert_init(&a);
        assert_false(alert_acknowledge(&a, 1, 2));
        assert_false(a.acknowledged);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lives),
                cmocka_unit_test(test_any_life),
                cmocka_unit_test(test_acknowledged_growth),
                cmocka_unit_test(test_nothing_to_acknowledge),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
