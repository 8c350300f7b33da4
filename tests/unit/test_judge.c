/* SPDX-License-Identifier: MIT */
/* Limits against numbers: what reaches them, and what must not. */
#include <math.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "judge/judge.h"

static const double MIB = 1024 * 1024, GIB = 1024.0 * 1024 * 1024;

struct ratio_case {
        const char *name;
        double value, level; /* of the ratio; level NAN: not known */
        struct limit notice, warning;
        enum severity expect;
};

#define ONE(u, v)                                                  \
        {                                                          \
                .count = 1, .terms = { { .unit = u, .value = v } } \
        }
#define BOTH(u, v, x, y)                                                                      \
        {                                                                                     \
                .count = 2, .terms = { { .unit = u, .value = v }, { .unit = x, .value = y } } \
        }
#define NONE               \
        {                  \
                .count = 0 \
        }

static void test_ratio(void **state)
{
        static const struct ratio_case cases[] = {
                { "below", 0.05, NAN, NONE, ONE(LIMIT_SHARE, 0.06), SEVERITY_OK },
                { "at the limit", 0.06, NAN, NONE, ONE(LIMIT_SHARE, 0.06), SEVERITY_WARNING },
                { "zero", 0, NAN, NONE, ONE(LIMIT_SHARE, 0.06), SEVERITY_OK },
                /* SUnreclaim of a freshly booted guest is below the 64M that the rule takes off. */
                { "negative", -0.001, NAN, NONE, ONE(LIMIT_SHARE, 0.06), SEVERITY_OK },
                { "three times its past", 0.031, 0.01, ONE(LIMIT_BASELINE, 3), NONE,
                  SEVERITY_NOTICE },
                { "twice its past", 0.02, 0.01, ONE(LIMIT_BASELINE, 3), NONE, SEVERITY_OK },
                { "no past", 0.02, NAN, ONE(LIMIT_BASELINE, 3), NONE, SEVERITY_OK },
                { "a past of nothing", 0.02, 0, ONE(LIMIT_BASELINE, 3), NONE, SEVERITY_OK },
                { "a negative past", 0.02, -0.01, ONE(LIMIT_BASELINE, 3), NONE, SEVERITY_OK },
                { "absent", NAN, 0.01, NONE, ONE(LIMIT_SHARE, 0.06), SEVERITY_OK },
                { "three times its past, but little", 0.031, 0.01,
                  BOTH(LIMIT_BASELINE, 3, LIMIT_SHARE, 0.05), NONE, SEVERITY_OK },
                { "that and enough", 0.05, 0.01, BOTH(LIMIT_BASELINE, 3, LIMIT_SHARE, 0.05), NONE,
                  SEVERITY_NOTICE },
        };
        double values[FIELD_KNOWN_COUNT];
        (void)state;
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                values[i] = NAN;
        values[FIELD_MEM_TOTAL] = 8 * GIB;
        values[FIELD_STACK_SIZE] = 16 * 1024;
        const struct machine_numbers machine = {
                .kind = HOST_VM,
                .count = FIELD_KNOWN_COUNT,
                .values = values,
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const struct ratio_case *c = &cases[i];
                struct rule rule = { .field = FIELD_SUNRECLAIM,
                                     .kind = KIND_RATIO,
                                     .clear = 0.8,
                                     .per = { .count = 1,
                                              .parts = { { .field = FIELD_MEM_TOTAL } } } };
                rule.limits[HOST_VM][SEVERITY_NOTICE] = &c->notice;
                rule.limits[HOST_VM][SEVERITY_WARNING] = &c->warning;
                const struct series_numbers series = {
                        .value = c->value,
                        .value_bytes = 64 * MIB,
                        .days_level = c->level,
                };
                struct verdict v;
                judge_rule(&rule, &series, &machine, &v);
                if (v.severity > SEVERITY_OK && !(c->value >= judge_least(&rule, &machine)))
                        fail_msg("%s: reached below the least value", c->name);
                if (v.severity != c->expect)
                        fail_msg("%s: %s", c->name, severity_name(v.severity));
                if (c->expect == SEVERITY_OK && c->value < 0.02 && v.holds != SEVERITY_OK)
                        fail_msg("%s: still holds", c->name);
        }
}

static void test_least(void **state)
{
        double values[FIELD_KNOWN_COUNT] = {
                [FIELD_MEM_TOTAL] = 8 * GIB, [FIELD_STACK_SIZE] = 16 * 1024
        };
        const struct machine_numbers machine = { HOST_VM, FIELD_KNOWN_COUNT, values };
        struct rule rule = { .kind = KIND_RATIO };
        const struct limit **limits = rule.limits[HOST_VM];
        (void)state;
        assert_true(judge_least(&rule, &machine) == INFINITY); /* no limit at all */
        limits[SEVERITY_WARNING] = &(struct limit)ONE(LIMIT_SHARE, 0.25);
        assert_true(judge_least(&rule, &machine) == 2 * GIB);
        limits[SEVERITY_NOTICE] = &(struct limit)BOTH(LIMIT_BYTES, GIB, LIMIT_BASELINE, 3);
        assert_true(judge_least(&rule, &machine) == GIB);
        limits[SEVERITY_CRITICAL] = &(struct limit)ONE(LIMIT_STACKS, 1.25);
        assert_true(judge_least(&rule, &machine) == 1.25 * 16384);
        values[FIELD_STACK_SIZE] = NAN; /* not known, so not reached */
        assert_true(judge_least(&rule, &machine) == GIB);
        limits[SEVERITY_NOTICE] = &(struct limit)ONE(LIMIT_BASELINE, 3);
        assert_true(judge_least(&rule, &machine) == -INFINITY); /* who knows */
        rule.kind = KIND_SPIKE;
        assert_true(judge_least(&rule, &machine) == -INFINITY);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_ratio),
                                            cmocka_unit_test(test_least) };
        return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
