/* SPDX-License-Identifier: MIT */
/* What a person wants to hear nothing of for a time, and why. Time is seconds of a clock that never
 * steps and runs on while the machine sleeps: who silences something for two hours means two hours,
 * whatever the wall clock does meanwhile. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "judge/rule.h"

enum {
        SILENCES_MAX = 64,       /* a person keeps a handful in mind; one may be a pattern */
        SILENCE_NAME_SIZE = 128, /* a rule's name, or its dimension: RULE_DIMENSION_MAX */
        SILENCE_WHY_SIZE = 256,  /* a line */
        SILENCE_SECONDS_MIN = 1,
        SILENCE_SECONDS_MAX = 90 * 86400, /* longer is not a silence: mask the rule, or observe */
};

struct silence {
        char name[SILENCE_NAME_SIZE]; /* as rule_is_meant takes it */
        char why[SILENCE_WHY_SIZE];
        double began, ends;
        double began_wall; /* Unix seconds, for a person */
        unsigned user;     /* who said so */
};

struct silences {
        struct silence list[SILENCES_MAX];
        size_t count;
};

/* Adds it, in place of the one with the same name. 0; 1 when there was one; -ENOSPC when there are
 * SILENCES_MAX others. */
int silences_add(struct silences *s, const struct silence *add);

/* Takes out the one with this name. False when there is none. */
bool silences_remove(struct silences *s, const char *name, struct silence *ret);

/* Takes out one that has ended by `now`. False when none has. */
bool silences_expire(struct silences *s, double now, struct silence *ret);

/* The silence that the rule is under for longest, where it measures this; or NULL. */
const struct silence *silences_of_rule(const struct silences *s, const struct rule *rule,
                                       const char *dimension);
