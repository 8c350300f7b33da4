/* SPDX-License-Identifier: MIT */
/* Continuous growth: what the trends of all horizons say together.
 *
 * A leak is what lasts, does not slow down, is not one step, does not come back, and exceeds what
 * this series does anyway. Each of these is a test with a number and a limit, so that a person can
 * check the verdict. What the series does anyway is a record per horizon: the largest rise that has
 * ended and the largest fall, decaying over days. A rise that goes on is never taken into it, so a
 * leak cannot teach the detector to accept it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "detect/check.h"
#include "detect/trend.h"

struct growth_params {
        double sure;       /* slope over its standard error, at least */
        double step;       /* share of the rise that one step between buckets may make, at most */
        double back;       /* share of the rise that may be given back in between, at most */
        double keeps_pace; /* slope of the later half over that of the earlier, at least */
        double keeps_pace_sure; /* the same where both are known well */
        double again;    /* rise over the second largest ordinary one of this horizon, at least */
        double most;     /* and over the largest, at least: what was seen once may be an accident */
        double straight; /* surer than this, less is asked */
        double most_least; /* the same for the straightest */
        double record_tau; /* seconds: memory of what is ordinary */
        double ended;      /* a rise has ended when it falls below this share of its largest */
        double returned;   /* share of a rise called growth that must go down again, gradually, to
                              show that it was ordinary */
        double day;        /* seconds within which it must, or the horizon where that is longer */
        double history; /* spans that must have been seen for a horizon to answer, itself included
                         */
        double rest;    /* seconds: a horizon this long shows that it does not always grow */
        double young;   /* seconds after which it need not show that */
        double over;    /* seconds without growth after which a climb has ended */
        double hour;    /* seconds: horizons at least this long must not say that it has stopped */
        double fresh;   /* share of the rise that must have come after the last climb ended */
};
extern const struct growth_params growth_params_default;

/* The tests a horizon passes, as bits. */
enum growth_test {
        GROWTH_SURE = 1 << 0,       /* not noise */
        GROWTH_NO_STEP = 1 << 1,    /* not one step */
        GROWTH_STAYS = 1 << 2,      /* does not come back */
        GROWTH_KEEPS_PACE = 1 << 3, /* does not slow down */
        GROWTH_UNUSUAL = 1 << 4,    /* exceeds what is ordinary here */
        GROWTH_SEEN = 1 << 5,       /* enough was seen before to compare with */
        GROWTH_FRESH = 1 << 6,      /* not what an earlier climb left */
        GROWTH_ALL = (1 << 7) - 1,
};

struct growth_answer {
        bool grows;     /* some horizon passes every test */
        bool goes_on;   /* grows, or did and no horizon is sure that it is over */
        unsigned level; /* the horizon that answers: the longest that passes, else the longest known
                         */
        unsigned passed; /* bits of enum growth_test of that horizon; 0 when it is noise */
        double rate;     /* unit per second */
        double error;    /* its standard error */
        double fit;      /* R squared */
        double seconds;  /* what it was learned from */
        double climb;    /* seconds of the horizon that told of the present climb, 0 none */
        double grown;    /* along the line over that time, unit */
        double sure, step, back, pace, unusual; /* the numbers of the tests */
        uint64_t count;                         /* samples behind it */
};

struct growth_level {
        /* What is ordinary over this horizon, decayed: */
        double most;  /* the largest rise that has ended */
        double again; /* the second largest */
        double fall;  /* the largest fall */
        /* The climb that is going on: */
        double pending;  /* its largest rise */
        double steepest; /* its largest sure slope, unit per second */
        bool flagged;    /* it was called growth: not ordinary, unless it goes as it came */
        double told_for; /* seconds since the end of */
        double told;     /* the last one that was called growth and has ended, 0 none */
};

struct growth {
        bool cache;       /* the kernel takes it back when it needs memory, and it fills again */
        double beginning; /* time of the first sample, NaN before */
        bool known;
        bool rested;    /* it was seen not to grow */
        bool climbing;  /* some horizon grew, lately */
        unsigned level; /* the horizon that last passed every test, and its rate then */
        double rate;
        double climbed_at; /* when it last did, -INFINITY never */
        double settled; /* where the last climb ended, or lower if it has fallen since; NaN none */
        double now;     /* where the line of the shortest horizon ends */
        struct growth_answer answer;
        struct growth_level levels[TREND_LEVELS];
};

/* cache: see there; what it gives back at once is ordinary. */
void growth_init(struct growth *g, bool cache);

/* After trend_add: `changed` is what it returned, time that of the sample. noise: standard
 * deviation that a bucket mean has at least (counter folding), in the value's unit, >= 0. big: a
 * rise this large needs no history and no comparison with what is ordinary; INFINITY: none. */
_hot_ void growth_update(struct growth *g, const struct growth_params *p, const struct trend *t,
                         unsigned changed, double time, double noise, double big);

/* The series was rebased by `amount`, see trend_shift. */
void growth_shift(struct growth *g, double amount);

/* What one horizon says, by the same tests that growth_update goes by; each is appended to checks
 * unless that is NULL. False while the horizon has no answer. */
_hot_ bool growth_examine(const struct growth *g, const struct growth_params *p,
                          const struct trend *t, unsigned level, double time, double noise,
                          double big, struct growth_answer *ret, struct checks *checks);

/* The answer, or NULL while no horizon has one. */
const struct growth_answer *growth_read(const struct growth *g);
