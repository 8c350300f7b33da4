/* SPDX-License-Identifier: MIT */
/* Sudden changes of level: the state behind spike and drop.
 *
 * A robust EWMA holds the level. What is tested is the step: the sample less the mean of what was
 * seen within the last few seconds (or the last two samples). A step that exceeds both several
 * spreads of ordinary steps and the largest ordinary one begins an excursion: the level is frozen,
 * nothing is learned from what is being alerted on, until the series comes back or the new level is
 * adopted. A climb that makes no such step is no jump: the level follows it.
 *
 * Beside the spread a decaying record of the largest ordinary step is kept: series of real machines
 * have heavy tails, and what happened an hour ago without being an anomaly is none now. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "detect/check.h"
#include "detect/ewma.h"

enum {
        JUMP_PAST = 8,     /* samples looked back at to tell a jump from a climb */
        LEVEL_SAMPLES = 8, /* that the level averages at least, whatever their interval */
};

struct jump_params {
        double level_tau;  /* seconds: memory of the level */
        double spread_tau; /* seconds: memory of the spread of steps */
        double record_tau; /* seconds: memory of the largest ordinary step */
        double sigma;      /* spreads that begin an excursion */
        double record;     /* times the record that begin an excursion */
        double rise; /* seconds, or LEVEL_SAMPLES samples, within which a sudden change is complete
                      */
        double back; /* share of the largest departure below which an excursion is over */
        double often_tau; /* seconds: memory of the excursions that have ended */
        double look_back; /* seconds that a step is measured over, or two samples where they are
                             farther apart */
        double learn;     /* seconds without an answer at first */
        uint64_t samples; /* samples without an answer at first */
};

/* The values the product uses, with their reasons beside them in jump.c. */
extern const struct jump_params jump_params_default;

/* Sizes are floats: none of them is compared more closely than by a tenth. */
struct jump {
        struct ewma level;
        struct ewma step; /* of |step|: its mean is used as scale */
        double time;      /* of the last sample */
        double value;     /* the last sample */
        double learned;   /* seconds of samples seen */
        float interval;   /* typical seconds between samples */
        float record;
        double record_time;
        double lately_until;
        float lately[2]; /* the largest step of now and of just before: not yet in it */
        /* How the last sample was judged: its step, and what was known before it. */
        float step_size, step_spread;
        float step_record;  /* NaN: not asked for, since it was larger than the step */
        float record_least; /* until then the record does not decay below that */
        double record_until;
        double past_value[JUMP_PAST];
        double past_sum;               /* of all of them */
        uint32_t past_tick[JUMP_PAST]; /* their times, in ticks of 1/256 s */
        uint8_t past_known;            /* bit per slot */
        uint8_t past;                  /* next slot */
        uint8_t begun_anew; /* how often, because something large changed while it learned */
        bool away;          /* an excursion is on */
        bool up;            /* its direction */
        float away_step;    /* the largest step in it */
        float away_most;    /* the largest departure in it */
        float away_early;   /* the largest departure while it could still be one sudden rise */
        double away_since;  /* its first sample */
        double rise_since;  /* its first step, or the last one that dwarfs all before */
        float often[2][2];  /* by direction, up is 1: the two largest that have ended, decayed */
        double often_time[2];
};

struct jump_answer {
        double level;  /* what is normal; frozen during an excursion */
        double spread; /* one standard deviation of ordinary steps, >= floor */
        double change; /* value - level */
        double sudden; /* how much of it came suddenly: its sign, at most its size, 0 while not away
                        */
        double often;  /* the second largest excursion of its direction before, decayed; 0 when none
                        */
        double sigma;  /* |change| / spread */
        double record; /* the largest ordinary step, decayed; 0 when none */
        bool away;     /* an excursion is on */
        double away_for; /* seconds since it began, 0 when none */
        double score;    /* 0 ... 1: how surely this is not ordinary, the same on every series */
        double seconds;  /* learned from */
        uint64_t count;
};

void jump_init(struct jump *j);

/* What series fed at the same times compute once. Begins as zeros. */
struct jump_shared {
        double dt;
        float interval;
        struct ewma_gain level, step;
};

/* One sample; time must advance. floor: the smallest spread believed, in the value's unit. shared:
 * with others; the result is the same. */
_hot_ void jump_add_shared(struct jump *j, const struct jump_params *p, double time, double value,
                           double floor, struct jump_shared *shared);
static inline void jump_add(struct jump *j, const struct jump_params *p, double time, double value,
                            double floor)
{
        struct jump_shared own = { .dt = 0 };
        jump_add_shared(j, p, time, value, floor, &own);
}

/* The tests that the last sample had to pass to begin an excursion, appended to checks. */
void jump_examine(const struct jump *j, const struct jump_params *p, struct checks *checks);

/* The smallest step that would begin one now, in the value's unit. */
double jump_least(const struct jump *j, const struct jump_params *p, double floor);

/* Whether jump_read has an answer. */
_hot_ bool jump_known(const struct jump *j, const struct jump_params *p);

/* False while it has learned too little. */
bool jump_read(const struct jump *j, const struct jump_params *p, double floor,
               struct jump_answer *ret);

/* The value seen now is the new normal. */
void jump_adopt(struct jump *j, const struct jump_params *p);

/* Adds `amount` to the level without calling it a change. */
void jump_shift(struct jump *j, double amount);
