/* SPDX-License-Identifier: MIT */
/* What the rules said during a rule test, and whether that is what it expects. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "engine/rule_test_internal.h"

/* An event, as far as a test asks for it. */
struct heard {
        double at; /* seconds since the first sample */
        enum event_type type;
        enum severity severity;
        const char *rule; /* the rule set's */
        char *text;
};

/* Rules that flap all the time are seen after far fewer. */
enum { OUTCOME_MAX = 4096 };

struct outcome {
        struct heard *list;
        size_t count, dropped;
};

void outcome_done(struct outcome *o);

/* 0 or -ENOMEM; beyond OUTCOME_MAX it is only counted. */
int outcome_add(struct outcome *o, double at, const struct event *e);

/* Says in a line why an expected alert had not come by the end of the expectation's time. */
typedef void (*outcome_reason)(const struct rule_test *t, const struct expectation *e, FILE *out,
                               void *userdata);

/* Prints everything that is not as expected, indented, to out. How much that was. why: may be NULL.
 */
unsigned outcome_judge(const struct outcome *o, const struct rule_test *t, outcome_reason why,
                       void *userdata, FILE *out);

/* When what was expected to fire did: ", warning after 38 min of leak"; nothing when no alert was
 * expected. */
void outcome_print_times(const struct outcome *o, const struct rule_test *t, FILE *out);

/* The event that meets the expectation, NULL when there is none. Only for EXPECT_FIRING and
 * EXPECT_EVENT. */
const struct heard *outcome_find(const struct outcome *o, const struct expectation *e);
