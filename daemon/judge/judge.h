/* SPDX-License-Identifier: MIT */
/* Rule and numbers in, verdict out. Pure: no clock, no state, no log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "detect/growth.h"
#include "detect/jump.h"
#include "judge/rule.h"

/* MemAvailable is taken as exhausted at this share of MemTotal: in a run to the end on a 512 MB
 * machine the first OOM kill came at 1.6 %, after reclaim had slowed everything tenfold. */
#define EXHAUSTED_SHARE 0.03

/* Work that begins fills its caches within the hour, and looks like a leak until it levels off:
 * over a horizon shorter than this a rise must be so many times the limit to count. */
#define FILL_SECONDS 7200.0
#define FILL_FACTOR 2.5

/* Who has seen a horizon only a few times does not know what is ordinary over it: until so many, a
 * rise must be larger in proportion. A horizon speaks when it was seen twice. */
#define SEEN_TIMES 4.0

/* Over longer horizons a rise that is this sure (slope over its standard error) must reach the
 * whole limit; the surer it is, the less, by the square root, down to this part. */
#define SURE_FULL 16.0
#define SURE_LEAST 0.25

/* What exceeds the rise of other days at this hour by less than this factor is that again. */
#define EXPECTED_FACTOR 1.5

/* Who has not seen a day does not know what comes and goes in daily life: a notice asks for more,
 * by the square root of the part of a day that was seen, up to this factor. */
#define DAY_SECONDS 86400.0
#define NOTICE_MOST 2.0

/* A change is explained by the workload from this share on. Threads that are more than this many
 * times what they were have themselves run away, which explains nothing; memory in use may grow as
 * it likes, it is not ours to judge. */
#define EXPLAINED_SHARE 0.5
#define RUNAWAY_FACTOR 2.0 /* growth: a pool may well grow by half in a morning */
#define RUNAWAY_JUMP 1.75  /* within a minute: about twice, whatever was there just before */

/* Page tables that grow with the memory they map, and by no more, are no news at all. */
#define EXPLAINED_FULLY 0.8

/* A forecast reaches at most this many times what it was learned from. */
#define FORECAST_REACH 2.0

/* How the workload changed over the same time as the dimension. NaN where unknown. */
struct workload_numbers {
        double change;    /* of the workload itself, in its unit */
        double factor;    /* a count now over what it was; NaN when the workload is memory */
        double explained; /* share of the dimension's change that it explains, 0 ... 1 */
};

/* What the detectors say of one series now. */
struct series_numbers {
        double value;       /* field - less, over per: bytes, bytes per count, or a plain ratio; NaN
                               absent */
        double value_bytes; /* the field itself */
        bool jump_known, growth_known;
        struct jump_answer jump;
        struct growth_answer growth;
        double days_level;                /* the baseline of days, NaN while unknown */
        double seen;                      /* seconds learned from in all, 0 nothing */
        double rise;                      /* above the lowest of the last hours */
        double expected_rise;             /* what other days had at this hour, 0 none */
        struct workload_numbers workload; /* of the rule's pattern: jump or growth */
        /* Unit per second of each condition's field, over the horizon that the growth is judged by;
         * NaN unknown. */
        double condition_rate[CONDITIONS_MAX];
};

/* What the machine says now. */
struct machine_numbers {
        enum host_kind kind;
        size_t count;
        const double *values; /* by field, NaN absent */
};

struct verdict {
        bool known;             /* false: no answer yet, or the dimension is absent */
        enum severity severity; /* by the limits */
        enum severity
                holds; /* by the lower limits that a firing alert must fall below; >= severity */
        bool capped;   /* a condition is untrue: at most notice */
        bool expected; /* happens at this hour on other days too */
        bool lowered;  /* explained by the workload: one step lower */
        double judged; /* the number compared: change, rate, ratio ... in the unit of limit */
        double limit;  /* the limit of `severity`, or the lowest one while ok; NaN none */
        double value, value_bytes, baseline, spread;
        double rate, rate_error;                  /* unit per second, NaN unknown */
        double exhausts_in;                       /* seconds, NaN when withheld */
        double exhausts_soonest, exhausts_latest; /* its interval of two standard errors */
        double score;
};

void judge_rule(const struct rule *r, const struct series_numbers *s,
                const struct machine_numbers *m, struct verdict *ret);

/* The least value that may reach a limit of a ratio rule: with one below it the verdict is ok
 * whatever else is so. It depends on MemTotal, the stack size and the kind of host only. -INFINITY
 * for rules of other kinds. */
double judge_least(const struct rule *r, const struct machine_numbers *m);

/* One term of a limit as it was compared. */
struct judged_term {
        enum severity severity;
        const struct limit_term *term; /* the rule's */
        double factor;                 /* the limit is so many times the rule's */
        struct check check;
};

/* What a verdict rests on beside the detector's own tests. */
struct judge_account {
        unsigned term_count;
        struct judged_term terms[(SEVERITY_COUNT - 1) * LIMIT_TERMS_MAX];
        struct checks pattern;                   /* that the detector sees what the rule is for */
        struct checks workload;                  /* that it does not go with that: empty or one */
        struct check conditions[CONDITIONS_MAX]; /* in the rule's order */
};

/* The same verdict by the same way, with its account. */
void judge_rule_account(const struct rule *r, const struct series_numbers *s,
                        const struct machine_numbers *m, struct verdict *ret,
                        struct judge_account *ret_account);

/* Seconds until growth at rate +- error (bytes per second), learned over `seconds`, brings
 * MemAvailable down to EXHAUSTED_SHARE of MemTotal. False when withheld: memory unknown, rate not
 * surely positive, or farther away than FORECAST_REACH times what it was learned from. */
bool judge_exhaustion(double rate, double error, double seconds, const struct machine_numbers *m,
                      double *ret_in, double *ret_soonest, double *ret_latest);
