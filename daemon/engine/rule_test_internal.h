/* SPDX-License-Identifier: MIT */
/* What the files of the rule tests share: a test as it stands after reading. */
#pragma once

#include "alert/event.h"
#include "config/keys.h"
#include "judge/rule.h"
#include "sample/sample.h"

struct ini_section;
struct problems;

/* Bounds against a generated mistake: a test that a person can follow needs a tenth of each. */
enum {
        RULE_TEST_STEPS_MAX = 64,
        RULE_TEST_MOVES_MAX = 8, /* of one step */
        RULE_TEST_EXPECTATIONS_MAX = 32,
        RULE_TEST_NAME_MAX = 31,          /* bytes of a step's name */
        RULE_TEST_SAMPLES_MAX = 10000000, /* a minute of computing; four months at one a second */
};

/* The first sample's time: 2026-01-05 00:00:00 UTC, a Monday. */
#define RULE_TEST_BEGIN 1767571200.0

/* What a test may set and move: the fields, the clock, and members of its own. */
enum {
        RULE_TEST_MEMBERS_MAX = 16, /* one leaks among a few that rest */
        RULE_TEST_CLOCK = FIELD_KNOWN_COUNT,
        RULE_TEST_MEMBERS, /* the first of them */
        RULE_TEST_FIELDS = RULE_TEST_MEMBERS + RULE_TEST_MEMBERS_MAX,
};

enum move_verb {
        MOVE_GROW,   /* a straight line over the step */
        MOVE_JUMP,   /* at once, or within some time, and stays */
        MOVE_FILL,   /* levels off: exponential, 95 % of the way within some time */
        MOVE_SAW,    /* rises, falls back at once, again and again */
        MOVE_STAIRS, /* a step at the end of each period */
        MOVE_PULSE,  /* up for a while in each period */
        MOVE_WAVE,   /* sine */
        MOVE_FOLLOW, /* so much for each unit of another field */
        MOVE_ABSENT, /* the kernel does not report it */
};

/* What one field does in a step; what it has reached at the end, the next step begins with. */
struct move {
        enum move_verb verb;
        int field; /* RULE_TEST_CLOCK and RULE_TEST_MEMBERS too */
        enum { REACH_BY, REACH_TO, REACH_TIMES } reach;
        double amount; /* unit of the field (GROW by: per second); TO: the value; TIMES: a factor */
        double within; /* seconds; FILL, JUMP */
        double every;  /* seconds: the period */
        double lasting; /* seconds of each period: PULSE */
        int other;      /* the field that is followed */
};

struct step {
        char name[RULE_TEST_NAME_MAX + 1]; /* "" when it has none */
        double start, seconds;             /* since the first sample */
        bool gap;                          /* no samples: the machine sleeps */
        unsigned move_count;
        struct move moves[RULE_TEST_MOVES_MAX];
};

enum expect_what {
        EXPECT_FIRING,   /* the alert is there at this severity (`worse`: or above) */
        EXPECT_EVENT,    /* an event of `type` */
        EXPECT_NOTHING,  /* no alert fires, at this severity or above */
        EXPECT_ANYTHING, /* whatever comes is fine */
};

struct expectation {
        enum expect_what what;
        enum event_type type;   /* EXPECT_EVENT */
        enum severity severity; /* EXPECT_FIRING, NOTHING: SEVERITY_OK is any */
        bool worse;
        char rule[RULE_NAME_MAX + 1]; /* a pattern as in fnmatch(3) */
        double from, to;              /* seconds since the first sample, both included */
        double until;                 /* EXPECT_FIRING: it does not end before; NaN */
        char *text;                   /* as the test has it */
};

struct rule_test {
        /* the keys */
        double interval; /* seconds */
        unsigned seed;
        char *host_text, *start_text, *noise_text, *steps_text, *expect_text;

        char *name, *file;
        unsigned line;

        enum host_kind kind;
        double start[RULE_TEST_FIELDS];     /* every field as it is seen at the start; NaN absent */
        double deviation[RULE_TEST_FIELDS]; /* noise: standard deviation in the field's unit */
        double correlation[RULE_TEST_FIELDS]; /* noise: seconds over which it is alike; 0 none */

        unsigned member_count;
        char members[RULE_TEST_MEMBERS_MAX][FIELD_NAME_MAX + 1];

        unsigned step_count;
        struct step steps[RULE_TEST_STEPS_MAX];
        double seconds; /* all steps */

        unsigned expectation_count;
        struct expectation expectations[RULE_TEST_EXPECTATIONS_MAX];
};

extern const struct key_table RULE_TEST_KEYS;

/* Reads a section; what is wrong is added to problems. *ret is only a test when nothing was added.
 * rules: those whose names expectations may use. 0 or -ENOMEM; rule_test_done() in both cases. */
int rule_test_load(const struct ini_section *section, const struct rule_set *rules,
                   struct problems *problems, struct rule_test *ret);
void rule_test_done(struct rule_test *t);

/* The parts of it, each for one item of a list; error as in config/keys.h. */
int rule_test_parse_host(struct rule_test *t, char *item, char error[KEY_ERROR_MAX]);
int rule_test_parse_start(struct rule_test *t, char *item, bool given[RULE_TEST_FIELDS],
                          char error[KEY_ERROR_MAX]);
int rule_test_parse_noise(struct rule_test *t, char *item, char error[KEY_ERROR_MAX]);
int rule_test_parse_step(struct rule_test *t, char *item, char error[KEY_ERROR_MAX]);
int rule_test_parse_expectation(struct rule_test *t, const struct rule_set *rules, char *item,
                                char error[KEY_ERROR_MAX]);

/* The fields that were not given: what a machine of this size shows. -EINVAL when what was given
 * does not go together. */
int rule_test_complete_start(struct rule_test *t, const bool given[RULE_TEST_FIELDS],
                             char error[KEY_ERROR_MAX]);

struct words;

/* The next word as a field that a test may set or move; clock: that is one too. Members are those
 * that `start` has. */
int rule_test_take_field(struct words *w, const struct rule_test *t, bool clock, int *ret);

/* The next word as an amount in the field's unit: "200M", "2%" of MemTotal, "300", "1h". */
int rule_test_take_amount(struct words *w, const struct rule_test *t, int field, double *ret);

/* Index of the step with this name, or of the word after "step"; -1. */
int rule_test_step_find(const struct rule_test *t, const char *name);
