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
#include <stddef.h>
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
};

/* What is known of one horizon; floats: none of it is compared more closely than by a tenth. */
struct growth_level {
        /* What is ordinary over it, decayed: */
        float most;  /* the largest rise that has ended */
        float again; /* the second largest */
        float fall;  /* the largest fall */
        /* The climb that is going on: */
        float pending;  /* its largest rise */
        float steepest; /* its largest sure slope, unit per second */
        float told;     /* the last one that was called growth and has ended, 0 none */
        float told_for; /* seconds since its end */
};

struct growth {
        double beginning;  /* time of the first sample, NaN before */
        double climbed_at; /* when some horizon last passed every test, -INFINITY never */
        double settled;  /* where the last climb ended, or lower if it has fallen since; NaN none */
        float rate;      /* of that horizon then */
        uint8_t level;   /* which one it was */
        uint8_t answers; /* the horizon that answers: the longest that passes, else the longest */
        uint8_t sure;    /* bit per level: may be no noise */
        uint8_t begun;   /* bit per level: something stands in it */
        uint8_t flagged; /* its climb was called growth: not ordinary, unless it goes as it came */
        bool cache;      /* the kernel takes it back when it needs memory, and it fills again */
        bool known;      /* some horizon has an answer */
        bool rested;     /* it was seen not to grow */
        bool climbing;   /* some horizon grew, lately */
        bool grows;      /* some horizon passes every test */
        bool goes_on;    /* grows, or did and no horizon is sure that it is over */
        uint32_t stride;
        struct growth_level *levels; /* level i is levels[i * stride]; not owned */
};

/* cache: see there; what it gives back at once is ordinary. levels: zeros, kept by the caller. */
void growth_init(struct growth *g, bool cache, struct growth_level *levels, size_t stride);

/* Before the first sample: somebody else has seen the series since then, at rest at first, and no
 * fall. */
void growth_seen_at_rest(struct growth *g, double since);

_hot_ void growth_change(struct growth *g, const struct growth_params *p, const struct trend *t,
                         unsigned changed, double time, double noise, double big);

/* After trend_add: `changed` is what it returned, time that of the sample. noise: standard
 * deviation that a bucket mean has at least (counter folding), in the value's unit, >= 0. big: a
 * rise this large needs no history and no comparison with what is ordinary; INFINITY: none. */
static inline void growth_update(struct growth *g, const struct growth_params *p,
                                 const struct trend *t, unsigned changed, double time, double noise,
                                 double big)
{
        if (changed != 0 || g->beginning != g->beginning)
                growth_change(g, p, t, changed, time, noise, big);
}

/* The series was rebased by `amount`, see trend_shift. */
void growth_shift(struct growth *g, double amount);

/* Goes on in `to`, fresh, with what another has learned. */
void growth_copy(struct growth *to, const struct growth *from);

/* What is ordinary over a horizon, as it is known from before a reboot: most, again and fall. */
void growth_recall(struct growth *g, unsigned level, const struct growth_level *ordinary);

/* What one horizon says, by the same tests that growth_update goes by; each is appended to checks
 * unless that is NULL. False while the horizon has no answer. */
_hot_ bool growth_examine(const struct growth *g, const struct growth_params *p,
                          const struct trend *t, unsigned level, double time, double noise,
                          double big, struct growth_answer *ret, struct checks *checks);

/* The answer as of the last sample: that of one horizon, and what all of them say. False while none
 * has one. */
bool growth_read(const struct growth *g, const struct growth_params *p, const struct trend *t,
                 double noise, double big, struct growth_answer *ret);

static inline const struct growth_level *growth_level(const struct growth *g, unsigned level)
{
        return &g->levels[(size_t)level * g->stride];
}
