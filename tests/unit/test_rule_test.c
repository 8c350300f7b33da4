/* SPDX-License-Identifier: MIT */
/* Rule tests: the machine behind them, the comparison with what came, and the whole command. Run in
 * the root of the tree, as `make check-unit` does. */
#include <glob.h>
#include <math.h>

#include "../rule_tests.h"
#include "engine/rule_test.h"
#include "engine/rule_test_machine.h"
#include "engine/rule_test_outcome.h"
#include "judge/rule_file.h"

/* --- the machine --- */

/* What the field shows at this many seconds after the begin. */
static double value_at(const char *body, int field, double at)
{
        _cleanup_free_ char *text = NULL;
        struct rule_test t;
        struct machine m;
        struct sample s;
        double value = NAN;
        assert_true(asprintf(&text, "noise = none\nstart = SUnreclaim 100M, threads 300\n%s" EXPECT,
                             body) > 0);
        load_good(text, &t);
        machine_init(&m, &t);
        while (machine_next(&m, &s))
                if (machine_elapsed(&m) <= at)
                        value = field == FIELD_KNOWN_COUNT ? s.time : s.values[field];
        rule_test_done(&t);
        return value;
}

static void test_moves(void **state)
{
        static const double MIB = 0x1p20;
        static const struct {
                const char *steps;
                int field;
                double at, value;
        } cases[] = {
#define SU(steps, at, mib) { "steps = " steps "\n", FIELD_SUNRECLAIM, at, (mib)*MIB }
                SU("hold for 1h", 0, 100),
                SU("hold for 1h", 3600, 100),
                SU("SUnreclaim grow 60M/h for 2h", 60, 101),
                SU("SUnreclaim grow 60M/h for 2h", 7200, 220),
                SU("SUnreclaim grow to 200M for 2h", 3600, 150),
                SU("SUnreclaim fall 60M/h for 1h", 3600, 40),
                SU("SUnreclaim fall 6000M/h for 1h", 3600, 0),
                SU("SUnreclaim fall to 40M for 1h", 1800, 70),
                SU("hold for 10s, SUnreclaim jump 50M for 10s", 10, 100),
                SU("hold for 10s, SUnreclaim jump 50M for 10s", 11, 150),
                SU("SUnreclaim jump 50M within 5s for 10s", 1, 110),
                SU("SUnreclaim jump 50M within 5s for 10s", 9, 150),
                SU("SUnreclaim jump to 70M for 10s", 5, 70),
                SU("SUnreclaim jump 3x for 10s", 5, 300),
                SU("SUnreclaim drop 50M for 10s", 5, 50),
                SU("SUnreclaim saw 50M every 10s for 25s", 5, 125),
                SU("SUnreclaim saw 50M every 10s for 25s", 10, 100),
                SU("SUnreclaim stairs 50M every 10s for 25s", 9, 100),
                SU("SUnreclaim stairs 50M every 10s for 25s", 25, 200),
                SU("SUnreclaim pulse 50M lasting 4s every 10s for 25s", 12, 150),
                SU("SUnreclaim pulse 50M lasting 4s every 10s for 25s", 15, 100),
                SU("SUnreclaim pulse 50M lasting 4s every 10s for 20s, hold for 10s", 25, 100),
                SU("SUnreclaim wave 50M every 40s for 40s", 10, 150),
                SU("SUnreclaim wave 50M every 40s for 40s", 30, 50),
                /* each thread brings 6.7K besides */
                SU("SUnreclaim follow threads by 1017.3K and threads jump 10 for 10s", 5, 110),
                SU("SUnreclaim follow AnonPages by 10% and AnonPages jump 100M for 10s", 5, 110),
                SU("SUnreclaim grow 60M/h and SUnreclaim grow 60M/h for 1h", 3600, 220),
                SU("SUnreclaim jump 50M for 10s, SUnreclaim jump 3x for 10s", 15, 450),
                SU("SUnreclaim absent for 10s, hold for 10s", 5, NAN),
                SU("SUnreclaim absent for 10s, hold for 10s", 15, 100),
                { "steps = threads jump 100 for 10s\n", FIELD_KERNEL_STACK, 5, 400 * 16384 },
                { "host = stack 8K\nsteps = threads jump 100 for 10s\n", FIELD_KERNEL_STACK, 5,
                  400 * 8192 },
                { "steps = clock jump 1h for 10s, clock drop 30min for 10s\n", FIELD_KNOWN_COUNT, 5,
                  RULE_TEST_BEGIN + 3605 },
                { "steps = clock jump 1h for 10s, clock drop 30min for 10s\n", FIELD_KNOWN_COUNT,
                  15, RULE_TEST_BEGIN + 1815 },
                { "steps = hold for 10s, gap for 1h, hold for 10s\n", FIELD_KNOWN_COUNT, 3610,
                  RULE_TEST_BEGIN + 10 },
                { "steps = hold for 10s, gap for 1h, hold for 10s\n", FIELD_KNOWN_COUNT, 3611,
                  RULE_TEST_BEGIN + 3611 },
#undef SU
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double value = value_at(cases[i].steps, cases[i].field, cases[i].at);
                if (!(fabs(value - cases[i].value) <= 4096) &&
                    !(isnan(value) && isnan(cases[i].value)))
                        fail_msg("%s %g s: %.1f, wanted %.1f", cases[i].steps, cases[i].at, value,
                                 cases[i].value);
        }
        /* Levels off: 95 % after the time given, never beyond. */
        double filled = value_at("steps = SUnreclaim fill to 200M within 1h for 9h\n",
                                 FIELD_SUNRECLAIM, 3600);
        assert_true(fabs(filled - (100 + 95) * MIB) < 0.1 * MIB);
        filled = value_at("steps = SUnreclaim fill to 200M within 1h for 9h\n", FIELD_SUNRECLAIM,
                          32400);
        assert_true(filled <= 200 * MIB && filled > 199.9 * MIB);
}

/* Whatever moves, with noise on everything, the fields go together. */
static void test_machine_is_consistent(void **state)
{
        struct rule_test t;
        struct machine m;
        struct sample s;
        const double *v = NULL;
        (void)state;
        load_good("host = 4G, 4 cpus, 16 possible, vm\ninterval = 10s\n"
                  "noise = SUnreclaim 3%, threads 10% over 1min, AnonPages 2%, Percpu 1M\n"
                  "steps = hold for 1h, threads jump 900 and cgroups jump 50 for 1h,"
                  " SUnreclaim grow 400M/h and AnonPages grow 300M/h for 2h,"
                  " PageTables jump 10M and SReclaimable fill to 500M for 1h\n" EXPECT,
                  &t);
        double before[FIELD_KNOWN_COUNT];
        memcpy(before, t.start, sizeof(before));
        machine_init(&m, &t);
        while (machine_next(&m, &s)) {
                v = s.values;
                assert_true(v[FIELD_SLAB] == v[FIELD_SRECLAIMABLE] + v[FIELD_SUNRECLAIM]);
                assert_true(v[FIELD_KRECLAIMABLE] == v[FIELD_SRECLAIMABLE]);
                assert_true(v[FIELD_KERNEL_STACK] == v[FIELD_THREADS] * 16384);
                assert_true(v[FIELD_VMALLOC_USED] > v[FIELD_KERNEL_STACK]);
                assert_true(v[FIELD_MEM_FREE] < v[FIELD_MEM_AVAILABLE] + v[FIELD_MEM_TOTAL] / 50);
                assert_true(v[FIELD_THREADS] == floor(v[FIELD_THREADS]));
                for (int f = 0; f < FIELD_MEMINFO_COUNT; f++)
                        if (v[f] < 0 || fmod(v[f], 4096) != 0)
                                fail_msg("%s is %.0f", field_name((enum field)f), v[f]);
        }
        /* What came took from MemAvailable what it should have, the noise aside. */
        double taken = before[FIELD_MEM_AVAILABLE] - v[FIELD_MEM_AVAILABLE];
        static const enum field users[] = { FIELD_SUNRECLAIM, FIELD_VMALLOC_USED, FIELD_PAGE_TABLES,
                                            FIELD_PERCPU, FIELD_ANON_PAGES };
        double came = 0;
        for (size_t i = 0; i < ELEMENTS_OF(users); i++)
                came += v[users[i]] - before[users[i]];
        assert_true(fabs(taken - came) < 0x1p20);
        assert_true(came > 1400 * 0x1p20);
        rule_test_done(&t);
}

/* Deviation and correlation are what was asked for, the same again with the same seed, other with
 * another, and noise on one field leaves the others alone. */
static void test_noise(void **state)
{
        enum { COUNT = 20000, LAG = 10 };
        static double runs[4][COUNT];
        static const char *const noise[] = {
                "noise = SUnreclaim 1M over 10s\n", "noise = SUnreclaim 1M over 10s\n",
                "noise = SUnreclaim 1M over 10s, SReclaimable 3%, Percpu 1M\n",
                "seed = 2\nnoise = SUnreclaim 1M over 10s\n"
        };
        (void)state;
        for (int run = 0; run < 4; run++) {
                _cleanup_free_ char *body = NULL;
                struct rule_test t;
                struct machine m;
                struct sample s;
                assert_true(asprintf(&body, "%ssteps = hold for 19999s\n" EXPECT, noise[run]) > 0);
                load_good(body, &t);
                /* Threads bring SUnreclaim with them. */
                t.deviation[FIELD_THREADS] = 0;
                assert_int_equal(machine_init(&m, &t), 0);
                for (int i = 0; i < COUNT; i++) {
                        assert_true(machine_next(&m, &s));
                        runs[run][i] = s.values[FIELD_SUNRECLAIM] - t.start[FIELD_SUNRECLAIM];
                }
                assert_false(machine_next(&m, &s));
                rule_test_done(&t);
        }
        assert_memory_equal(runs[0], runs[1], sizeof(runs[0]));
        assert_memory_equal(runs[0], runs[2], sizeof(runs[0]));
        assert_true(memcmp(runs[0], runs[3], sizeof(runs[0])) != 0);
        double square = 0, product = 0;
        for (int i = LAG; i < COUNT; i++) {
                square += runs[0][i] * runs[0][i];
                product += runs[0][i] * runs[0][i - LAG];
        }
        double deviation = sqrt(square / (COUNT - LAG)), correlation = product / square;
        /* Some 1,000 independent values: 2 % of error each; four times that is let pass. */
        if (fabs(deviation / 0x1p20 - 1) > 0.09 || fabs(correlation - exp(-1)) > 0.1)
                fail_msg("deviation %g MiB, correlation %g", deviation / 0x1p20, correlation);
}

/* --- the comparison --- */

static void test_judgement(void **state)
{
        /* leak from 1 h to 7 h; of the rule "slab-growth" unless another is named */
        static const struct {
                const char *expect;
                struct {
                        double hours;
                        enum event_type type;
                        enum severity severity;
                        const char *rule;
                } heard[4];
                unsigned faults;
        } cases[] = {
                { "nothing", { { 0, EVENT_FIRING, SEVERITY_OK, NULL } }, 0 },
                { "nothing", { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 1 },
                { "nothing from slab-spike", { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 0 },
                { "nothing from slab-spike", { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL } }, 1 },
                { "nothing from slab-*", { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 1 },
                { "nothing before leak", { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 0 },
                { "nothing before leak", { { 0.5, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 1 },
                { "no warning", { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 0 },
                { "no critical", { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL } }, 1 },
                { "anything from slab-growth",
                  { { 2, EVENT_FIRING, SEVERITY_CRITICAL, NULL },
                    { 2, EVENT_FIRING, SEVERITY_WARNING, "other" } },
                  1 },
                { "anything in leak",
                  { { 2, EVENT_FIRING, SEVERITY_CRITICAL, NULL },
                    { 7.5, EVENT_FIRING, SEVERITY_WARNING, NULL } },
                  1 },
                { "firing slab-growth", { { 0, EVENT_FIRING, SEVERITY_OK, NULL } }, 1 },
                { "firing slab-growth", { { 2, EVENT_FIRING, SEVERITY_CRITICAL, NULL } }, 0 },
                { "firing warning slab-growth",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL } },
                  0 },
                { "firing warning slab-growth",
                  { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL },
                    { 3, EVENT_ESCALATED, SEVERITY_WARNING, NULL } },
                  0 },
                /* a notice is no warning; a critical alert is neither expected nor what was */
                { "firing warning slab-growth", { { 2, EVENT_FIRING, SEVERITY_NOTICE, NULL } }, 1 },
                { "firing warning slab-growth",
                  { { 2, EVENT_FIRING, SEVERITY_CRITICAL, NULL } },
                  2 },
                { "firing warning or worse slab-growth",
                  { { 2, EVENT_FIRING, SEVERITY_CRITICAL, NULL } },
                  0 },
                /* too early is unexpected, and then it does not come */
                { "firing warning slab-growth in leak",
                  { { 0.5, EVENT_FIRING, SEVERITY_WARNING, NULL } },
                  2 },
                { "firing warning slab-growth within 1h of leak",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL },
                    { 3, EVENT_RESOLVED, SEVERITY_OK, NULL },
                    { 4, EVENT_FIRING, SEVERITY_WARNING, NULL } },
                  1 },
                { "firing warning slab-growth in leak until end of leak",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL },
                    { 3, EVENT_EASED, SEVERITY_NOTICE, NULL } },
                  1 },
                { "firing warning slab-growth in leak until end of leak",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL },
                    { 3, EVENT_RESOLVED, SEVERITY_OK, "other" },
                    { 7.5, EVENT_RESOLVED, SEVERITY_OK, NULL } },
                  0 },
                { "firing slab-growth, resolved slab-growth after end of leak",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL },
                    { 7.5, EVENT_RESOLVED, SEVERITY_OK, NULL } },
                  0 },
                { "firing slab-growth, resolved slab-growth after end of leak",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL },
                    { 7.5, EVENT_ADOPTED, SEVERITY_OK, NULL } },
                  1 },
                { "firing slab-growth, adopted slab-growth",
                  { { 2, EVENT_FIRING, SEVERITY_WARNING, NULL },
                    { 7.5, EVENT_ADOPTED, SEVERITY_OK, NULL } },
                  0 },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *body = NULL;
                _cleanup_(outcome_done) struct outcome outcome = { 0 };
                struct rule_test t;
                unsigned faults;
                assert_true(asprintf(&body, "%sexpect = %s\n", STEPS, cases[i].expect) > 0);
                load_good(body, &t);
                for (size_t k = 0; k < 4 && cases[i].heard[k].hours > 0; k++) {
                        struct event e = {
                                .type = cases[i].heard[k].type,
                                .severity = cases[i].heard[k].severity,
                                .rule = cases[i].heard[k].rule ? cases[i].heard[k].rule
                                                               : "slab-growth",
                                .text = "words",
                        };
                        assert_int_equal(outcome_add(&outcome, cases[i].heard[k].hours * 3600, &e),
                                         0);
                }
                _cleanup_free_ char *text =
                        PRINTED(faults = outcome_judge(&outcome, &t, NULL, NULL, out));
                if (faults != cases[i].faults || (*text != 0) != (faults > 0))
                        fail_msg("case %zu, %s: %u faults\n%s", i, cases[i].expect, faults, text);
                rule_test_done(&t);
        }
}

/* --- the command --- */

static const char RULES[] = "[big]\ndimension = SUnreclaim\ndetect = ratio\nwarning = 1G\n"
                            "for = 1min\nsummary = s\nexplain = e\naction = a\n";

static void test_command(void **state)
{
        static const struct {
                const char *rules, *test, *only;
                int code;
                const char *out, *err;
        } cases[] = {
                { RULES,
                  "[one]\nstart = SUnreclaim 500M\nsteps = a: hold for 10min,\n"
                  " up: SUnreclaim jump to 2G for 10min\n"
                  "expect = firing warning big within 2min of up\n"
                  "[two]\nsteps = hold for 1min\nexpect = nothing\n",
                  NULL, 0,
                  "PASS  a.test:1: one: warning after 1 min 1 s\nPASS  a.test:6: two\n"
                  "2 passed, 0 failed\n",
                  "" },
                { RULES,
                  "[one]\nstart = SUnreclaim 500M\nsteps = a: hold for 10min,\n"
                  " up: SUnreclaim jump to 2G for 10min\nexpect = nothing before up\n",
                  NULL, 1,
                  "FAIL  a.test:1: one\n"
                  "    unexpected  11 min 1 s (up + 1 min 1 s) firing warning big: SUnreclaim is "
                  "2 GiB (limit 1 GiB)\n"
                  "0 passed, 1 failed\n",
                  "" },
                { RULES,
                  "[one]\nsteps = hold for 1min\nexpect = firing big in step 1\n"
                  "[two]\nsteps = hold for 1min\nexpect = nothing\n",
                  "o*", 1,
                  "FAIL  a.test:1: one\n"
                  "    expected    firing big in step 1\n    came        nothing from big\n"
                  "    then it     waits for a size out of proportion; for a warning: how large it "
                  "is: 196 MiB, asked is at least 1 GiB (1 GiB)\n"
                  "0 passed, 1 failed\n",
                  "" },
                { RULES, "[one]\nsteps = hold for 1min\nexpect = nothing\n", "t*", 2,
                  "0 passed, 0 failed\n", "no test is called t*\n" },
                /* What is without fault runs all the same. */
                { RULES,
                  "[one]\nsteps = hold\nexpect = nothing\n"
                  "[two]\nsteps = hold for 1min\nexpect = nothing\n",
                  NULL, 2, "PASS  a.test:4: two\n1 passed, 0 failed\n",
                  "a.test:2: steps: \"for\" is missing at the end\n" },
                { RULES, "; nothing\n", NULL, 2, "0 passed, 0 failed\n",
                  "a.test: no test in it\n" },
                { "[big]\n", "[two]\nsteps = hold for 1min\nexpect = nothing\n", NULL, 1,
                  "0 passed, 0 failed\n", NULL },
                { "", "[two]\nsteps = hold for 1min\nexpect = nothing\n", NULL, 2,
                  "0 passed, 0 failed\n", "there are no rules in rules\n" },
        };
        struct folder *f = *state;
        _cleanup_free_ char *file = path_join(f->path, "a.test");
        _cleanup_free_ char *rules = path_join(f->path, "rules");
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const char *const files[] = { file, NULL }, *const folders[] = { rules, NULL };
                const struct rule_test_options o = { .files = files,
                                                     .rules = folders,
                                                     .only = cases[i].only };
                _cleanup_free_ char *err = NULL, *printed;
                size_t size;
                int code;
                FILE *err_file = open_memstream(&err, &size);
                folder_put(f, "a.test", cases[i].test);
                folder_put(f, "rules/a.ini", cases[i].rules);
                printed = PRINTED(code = rule_test_run(&o, out, err_file));
                fclose(err_file);
                folder_forget(f, printed);
                folder_forget(f, err);
                if (code != cases[i].code || strcmp(printed, cases[i].out) != 0 ||
                    (cases[i].err && strcmp(err, cases[i].err) != 0))
                        fail_msg("case %zu: %d\n%s%s", i, code, printed, err);
        }
}

/* --- the shipped tests --- */

/* Whether some test expects an alert of this rule. */
static bool is_expected(const glob_t *files, const struct rule_set *rules, const char *name)
{
        bool found = false;
        for (size_t i = 0; i < files->gl_pathc; i++) {
                struct problems p = { 0 };
                _cleanup_(ini_document_done) struct ini_document d = { 0 };
                assert_int_equal(ini_document_read(files->gl_pathv[i], &p, &d), 0);
                for (size_t k = 0; k < d.count && !found; k++) {
                        struct rule_test t;
                        assert_int_equal(rule_test_load(&d.sections[k], rules, &p, &t), 0);
                        for (unsigned e = 0; e < t.expectation_count; e++)
                                if (t.expectations[e].what == EXPECT_FIRING &&
                                    strcmp(t.expectations[e].rule, name) == 0)
                                        found = true;
                        rule_test_done(&t);
                }
                problems_print(&p, stderr);
                assert_false(problems_any(&p));
                problems_done(&p);
        }
        return found;
}

/* Each shipped rule fires in a test of its own name. */
static void test_each_shipped_rule_is_tested(void **state)
{
        static const char *const folders[] = { "rules", NULL };
        struct problems p = { 0 };
        struct rule_set rules = { 0 };
        glob_t files;
        unsigned missing = 0;
        (void)state;
        assert_int_equal(rule_set_load(folders, NULL, &p, &rules), 0);
        assert_int_equal(glob("tests/rules/*.test", 0, NULL, &files), 0);
        for (size_t i = 0; i < rules.count; i++)
                if (!is_expected(&files, &rules, rules.rules[i].name)) {
                        print_message("no test expects %s to fire\n", rules.rules[i].name);
                        missing++;
                }
        assert_int_equal(missing, 0);
        globfree(&files);
        rule_set_done(&rules);
        problems_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_moves),
                cmocka_unit_test(test_machine_is_consistent),
                cmocka_unit_test(test_noise),
                cmocka_unit_test(test_judgement),
                cmocka_unit_test_setup_teardown(test_command, folder_setup, folder_teardown),
                cmocka_unit_test(test_each_shipped_rule_is_tested),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
