/* SPDX-License-Identifier: MIT */
/* The language of rule tests: what it takes, what it refuses and with which words. */
#include <math.h>

#include "../rule_tests.h"

static void test_faults(void **state)
{
        static const struct {
                const char *body, *problems;
        } cases[] = {
                { "x = 1\n" STEPS EXPECT, "f:2: unknown key x\n" },
                { EXPECT, "f:1: [t] has no steps\n" },
                { STEPS, "f:1: [t] has no expect\n" },
                { "interval = 0\n" STEPS EXPECT,
                  "f:2: interval: \"0\" is not between 100 ms and 1 h\n" },
                { "host = 16G, 8\n" STEPS EXPECT,
                  "f:2: host: 8 is no size of memory of a machine\n" },
                { "host = big\n" STEPS EXPECT,
                  "f:2: host: \"big\" is none of: 16G, 8 cpus, 16 possible, 60 cgroups, stack 16K, "
                  "physical, vm, container\n" },
                { "host = 0 cpus, stack 1K\n" STEPS EXPECT,
                  "f:2: host: 0 cpus: between 1 and 8192 are meant\n"
                  "f:2: host: a stack is between 4K and 64K large\n" },
                { "start = Slab 3M\n" STEPS EXPECT,
                  "f:2: start: Slab is the sum of SReclaimable and SUnreclaim; give one of "
                  "these\n" },
                { "start = SUnreclaim\n" STEPS EXPECT,
                  "f:2: start: an amount is missing at the end\n" },
                { "start = slab:a 3M, cgroup:/a/slab 2M\n" STEPS EXPECT, "" },
                { "start = slab:* 3M\n" STEPS EXPECT,
                  "f:2: start: \"slab:*\" is not the name of a slab cache or cgroup\n" },
                { "start = slab:a 3M, slab:a 4M\n" STEPS EXPECT,
                  "f:2: start: slab:a is given twice\n" },
                { "start = slab:a 3M\nsteps = slab:b grow 1M/h for 1h\n" EXPECT,
                  "f:3: steps: slab:b does not stand in start\n" },
                { "start = MemTotal 3G\n" STEPS EXPECT, "f:2: start: MemTotal stands in host\n" },
                { "start = SUnreclaim 3M, SUnreclaim 4M\n" STEPS EXPECT,
                  "f:2: start: SUnreclaim is given twice\n" },
                { "start = SUnreclaim 3M 4M\n" STEPS EXPECT,
                  "f:2: start: \"4M\" is not understood here\n" },
                { "start = Sunreclaim 3M\n" STEPS EXPECT,
                  "f:2: start: unknown field \"Sunreclaim\"; did you mean SUnreclaim?\n" },
                { "start = threads 400, KernelStack 1M\n" STEPS EXPECT,
                  "f:2: start: 400 threads have 6400K of KernelStack, no less\n" },
                { "start = threads 400, VmallocUsed 1M\n" STEPS EXPECT,
                  "f:2: start: KernelStack (6400K) is part of VmallocUsed, which must not be "
                  "less\n" },
                { "host = 1G\nstart = AnonPages 2G\n" STEPS EXPECT,
                  "f:3: start: this needs 2171M of memory, the machine has 1024M\n" },
                { "noise = SUnreclaim lots\n" STEPS EXPECT,
                  "f:2: noise: \"lots\" is neither a size (400M) nor a share of MemTotal (2%)\n" },
                { "steps = hold\n" EXPECT, "f:2: steps: \"for\" is missing at the end\n" },
                { "steps = hold for 0\n" EXPECT, "f:2: steps: a step takes some time\n" },
                { "steps = hold for ever\n" EXPECT,
                  "f:2: steps: a duration (90s, 10min, 1h 30min) is expected, not ever\n" },
                { "steps = hold for 1h,\n" EXPECT, "f:2: steps: a field is missing\n" },
                { "steps = SUnreclaim rise 2M for 1h\n" EXPECT,
                  "f:2: steps: \"rise\" is none of grow, fall, jump, drop, fill, saw, stairs, "
                  "wave, pulse, follow, absent\n" },
                { "steps = SUnreclaim grow 2% for 1h\n" EXPECT,
                  "f:2: steps: a rate (2%/h) or an aim (to 4G) is expected, not 2%\n" },
                { "steps = SUnreclaim grow 2%/y for 1h\n" EXPECT,
                  "f:2: steps: \"y\" is no time to grow in: s, min, h, d, w\n" },
                { "steps = SUnreclaim saw 2M for 1h\n" EXPECT,
                  "f:2: steps: \"every\" is expected where \"for\" stands\n" },
                { "steps = SUnreclaim pulse 2M lasting 1min every 1min for 1h\n" EXPECT,
                  "f:2: steps: what lasts as long as its period never ends\n" },
                { "steps = threads follow threads by 2 for 1h\n" EXPECT,
                  "f:2: steps: nothing follows itself\n" },
                { "steps = clock grow 1/h for 1h\n" EXPECT,
                  "f:2: steps: a clock can only jump or drop by a time\n" },
                { "steps = a: hold for 1h, a: hold for 1h, end: hold for 1h,"
                  " 1: hold for 1h\n" EXPECT,
                  "f:2: steps: a second step \"a\"\n"
                  "f:2: steps: no step can be called \"end\"\n"
                  "f:2: steps: a step's name has 1 to 31 bytes and begins with no digit\n" },
                { "steps = hold for 200d\n" EXPECT,
                  "f:2: steps: more than 10000000 samples: take a larger interval\n" },
                { STEPS "expect = alarm slab-growth\n",
                  "f:3: expect: \"alarm\" is none of firing, escalated, eased, reminder, adopted, "
                  "resolved, nothing, no, anything\n" },
                { STEPS "expect = firing\n", "f:3: expect: a rule's name is missing at the end\n" },
                { STEPS "expect = firing warning or slab-growth\n",
                  "f:3: expect: \"worse\" is expected where \"slab-growth\" stands\n" },
                { STEPS "expect = firing slab-grwoth\n",
                  "f:3: expect: there is no rule \"slab-grwoth\"; did you mean slab-growth?\n" },
                { STEPS "expect = firing slab-growth within 1h of laek\n",
                  "f:3: expect: there is no step \"laek\"; did you mean leak?\n" },
                { STEPS "expect = firing slab-growth within 1h of end\n",
                  "f:3: expect: the test ends before that time is over\n" },
                { STEPS "expect = firing slab-growth in step 5\n",
                  "f:3: expect: there is no step \"5\"\n" },
                { STEPS "expect = nothing slab-growth\n",
                  "f:3: expect: \"slab-growth\" is not understood here\n" },
                { STEPS "expect = no news\n",
                  "f:3: expect: no what: notice, warning or critical?\n" },
                { STEPS "expect = nothing, , nothing\n",
                  "f:3: expect: nothing between two commas\n" },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct rule_test t;
                _cleanup_free_ char *problems = load(cases[i].body, &t);
                if (strcmp(problems, cases[i].problems) != 0)
                        fail_msg("%s\nsays    %swanted  %s", cases[i].body, problems,
                                 cases[i].problems);
                rule_test_done(&t);
        }
}

static void test_times(void **state)
{
        /* STEPS: 0 ... 1 h, leak ... 7 h, gap ... 7 h 10 min, well ... 8 h 10 min */
        static const struct {
                const char *text;
                double from, to, until;
        } cases[] = {
                { "firing slab-growth", 0, 29400, NAN },
                { "firing slab-growth within 30min of leak", 3600, 5400, NAN },
                { "firing slab-growth within 1h 5min of the end of leak", 25200, 29100, NAN },
                { "firing slab-growth within 10 min of start until the end", 0, 600, 29400 },
                { "firing slab-growth in leak until end of well", 3600, 25200, 29400 },
                { "firing slab-* in step 2 until step 4", 3600, 25200, 25800 },
                { "firing critical slab-growth after leak", 3600, 29400, NAN },
                { "nothing before leak", 0, 3600, NAN },
                { "no warning from other after end of step 3", 25800, 29400, NAN },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *body = NULL;
                struct rule_test t;
                assert_true(asprintf(&body, "%sexpect = %s\n", STEPS, cases[i].text) > 0);
                load_good(body, &t);
                const struct expectation *e = &t.expectations[0];
                if (e->from != cases[i].from || e->to != cases[i].to ||
                    (e->until != cases[i].until && !(isnan(e->until) && isnan(cases[i].until))))
                        fail_msg("%s: from %g to %g until %g", cases[i].text, e->from, e->to,
                                 e->until);
                if (strcmp(e->text, cases[i].text) != 0)
                        fail_msg("%s is remembered as %s", cases[i].text, e->text);
                rule_test_done(&t);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_faults),
                cmocka_unit_test(test_times),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
