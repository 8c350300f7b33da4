/* SPDX-License-Identifier: MIT */
/* Why a rule says what it says: every test that its verdict rests on, collected by the code that
 * decides, and in words. */
#pragma once

#include <stdbool.h>

#include "alert/check_text.h"
#include "base/text.h"
#include "base/units.h"
#include "detect/check.h"
#include "engine/series.h"
#include "judge/judge.h"

struct engine;
struct watch;

/* One horizon of growth. */
struct explained_horizon {
        bool answers; /* the one that the verdict goes by */
        struct growth_answer answer;
        struct checks checks;
};

struct explanation {
        const struct watch *watch;
        const char *dimension;
        const struct series *series;
        double now; /* engine time */
        enum host_kind kind;
        struct series_numbers numbers;
        struct verdict verdict;
        struct judge_account account;
        struct checks detector; /* its tests: of the last step, or of the horizon that answers */
        unsigned horizon_count; /* growth only */
        struct explained_horizon horizons[TREND_LEVELS];
        double least; /* spike, drop: the smallest step that would begin one */
        double wait;  /* seconds that it must be wrong before it fires */
};

/* Looks at a rule at work as it stood at the last sample; changes nothing. */
void explanation_make(const struct engine *e, const struct watch *w, struct explanation *ret);

/* --- words --- */

enum { EXPLANATION_TEXT_MAX = 256, EXPLANATION_LINES_MAX = 24 };

/* A field's name, for people: a trace may have more columns than we know. */
const char *explanation_field(int field);

/* A value or limit of a check: "41 %", "+310 MiB/h". */
const char *explanation_value(const struct explanation *x, const struct check *c, double value,
                              char buffer[FORMAT_MAX]);

/* "at least 65 %" */
const char *explanation_limit(const struct explanation *x, const struct check *c,
                              char buffer[CHECK_LIMIT_TEXT_MAX]);

/* "0.12 %", "0.12 %, times 1.54": the rule's words, and how sure growth must be beside its horizon.
 */
const char *explanation_term(const struct judged_term *t, char buffer[EXPLANATION_TEXT_MAX]);

/* "does not slow down: later half over earlier: 41 %, asked is at least 65 %" */
void explanation_check(const struct explanation *x, const struct check *c, struct text *t);

/* What the rule waits for now, in a sentence. */
void explanation_waits(const struct explanation *x, struct text *t);

struct explanation_lines {
        unsigned count;
        char list[EXPLANATION_LINES_MAX][EXPLANATION_TEXT_MAX];
};

/* What must become different for it to fire, or to become more severe, one a line. */
void explanation_takes(const struct explanation *x, struct explanation_lines *ret);
