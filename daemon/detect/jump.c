/* SPDX-License-Identifier: MIT */
/* Spike and drop: departure from a robust level, with a memory of what is ordinary. */
#include "detect/jump.h"

#include <math.h>
#include <stddef.h>

#include "base/number.h"

const struct jump_params jump_params_default = {
        /* Two minutes: long enough to average the kernel's counter folding, short enough that a
         * cache that fills over a quarter of an hour does not look like a jump. */
        .level_tau = 120,
        .spread_tau = 2 * 3600,
        .record_tau = 24 * 3600, /* the same hour of yesterday still counts by 1/e */
        .often_tau = 7 * 86400,
        .sigma = 6,
        .record = 2,
        .rise = 60,
        .back = 0.25,
        .look_back = 15,
        .learn = 60,
        .samples = 20,
};

/* The record is remembered for at most this many times what was learned in all. */
static const double RECORD_PER_LEARNED = 3;

/* Steps are taken at most this many spreads wide into the spread. */
static const double CLIP = 6;

enum {
        BEGIN_ANEW_FROM = 10, /* samples: fewer do not know what is far */
        BEGIN_ANEW_MAX = 4,   /* two bursts; a series that goes on stepping is like that */
};

/* What was seen during an excursion is nothing to measure an ordinary step from. */
static void forget_past(struct jump *j)
{
        j->past_known = 0;
}

void jump_init(struct jump *j)
{
        *j = (struct jump){ 0 };
}

/* For a normal distribution the mean absolute deviation is sqrt(2 / pi) of the standard deviation;
 * estimating from absolute values is the more robust of the two. */
static const double MAD_TO_SIGMA = 1.2533141373155003;

static double spread_of(const struct jump *j, double floor)
{
        return larger(j->step.count ? j->step.mean * MAD_TO_SIGMA : 0, floor);
}

/* What was learned in two minutes is not remembered for a day: a burst while a service starts must
 * not hide the next one until tomorrow. */
static double record_tau(const struct jump *j, const struct jump_params *p)
{
        return larger(1, smaller(p->record_tau, RECORD_PER_LEARNED * j->learned));
}

_hot_ static double record_of(const struct jump *j, const struct jump_params *p, double time)
{
        return (double)j->record * exp(-larger(0, time - j->record_time) / record_tau(j, p));
}

static double reach_of(const struct jump *j, const struct jump_params *p)
{
        return larger(p->look_back, 2.2 * (double)j->interval);
}

/* Differences of them are right across their wrapping around after 194 days. */
enum { TICKS = 256 };

static uint32_t ticks_of(double seconds)
{
        return (uint32_t)(int64_t)(seconds * TICKS);
}

/* The sample against the mean of what is remembered of the look-back: the noise of a single sample
 * counts once that way, not twice. At least the last two samples count, however far apart. */
static inline double step_of(const struct jump *j, const struct jump_params *p, uint32_t now,
                             double value)
{
        uint32_t reach = ticks_of(smaller(reach_of(j, p), 1e6));
        unsigned oldest = j->past, next = (oldest + 1u) % JUMP_PAST;
        double sum = 0, count = 0;
        /* Of samples that come each second or two the oldest falls out before it is replaced. */
        if (j->past_known == (1u << JUMP_PAST) - 1 && now - j->past_tick[next] <= reach) {
                if (now - j->past_tick[oldest] <= reach)
                        return value - j->past_sum * (1.0 / JUMP_PAST);
                return value - (j->past_sum - j->past_value[oldest]) * (1.0 / (JUMP_PAST - 1));
        }
        for (unsigned i = 0; i < JUMP_PAST; i++)
                if (now - j->past_tick[i] <= reach && j->past_known & 1u << i) {
                        sum += j->past_value[i];
                        count++;
                }
        return count > 0 ? value - sum / count : 0;
}

static double sum_past(const struct jump *j)
{
        double sum = 0;
        for (unsigned i = 0; i < JUMP_PAST; i++)
                sum += j->past_value[i];
        return sum;
}

static inline void remember(struct jump *j, const struct jump_params *p, uint32_t now, double value)
{
        unsigned newest = (j->past + JUMP_PAST - 1u) % JUMP_PAST;
        if (j->past_known & 1u << newest &&
            now - j->past_tick[newest] < ticks_of(p->look_back / JUMP_PAST))
                return;
        j->past_tick[j->past] = now;
        j->past_value[j->past] = value;
        j->past_sum = sum_past(j);
        j->past_known |= (uint8_t)(1u << j->past);
        j->past = (j->past + 1u) % JUMP_PAST;
}

static const struct question LEARNED = { "learned", "enough time was seen to know what is normal",
                                         CHECK_SECONDS, CHECK_AT_LEAST };
static const struct question SAMPLES = { "samples", "enough samples were seen", CHECK_NUMBER,
                                         CHECK_AT_LEAST };
static const struct question STEP = { "step", "is sudden: the last step in usual ones",
                                      CHECK_NUMBER, CHECK_ABOVE };
static const struct question RECORD = { "record",
                                        "is unusual here: times the largest ordinary step",
                                        CHECK_NUMBER, CHECK_ABOVE };

_hot_ static bool learned_enough(const struct jump *j, const struct jump_params *p,
                                 struct checks *c)
{
        bool time = check_pass(c, &LEARNED, j->learned, p->learn, NULL);
        return check_pass(c, &SAMPLES, (double)j->level.count, (double)p->samples, NULL) && time;
}

/* Without a usual step or an ordinary one any step is infinitely many of them. */
static double times(double step, double of)
{
        return of > 0 ? step / of : step > 0 ? INFINITY : 0;
}

_hot_ static bool is_far(const struct jump *j, const struct jump_params *p, struct checks *c)
{
        double step = fabs((double)j->step_size);
        double record = isnan(j->step_record) ? record_of(j, p, j->time) : (double)j->step_record;
        bool sudden = check_pass(c, &STEP, times(step, (double)j->step_spread), p->sigma, NULL);
        return check_pass(c, &RECORD, times(step, record), p->record, NULL) && sudden;
}

/* Nearly every step is far below the record; then it is not worth the exponential. The least that
 * the record comes down to for a while is known from the last time it was asked for: its time
 * constant never becomes shorter, and e^-x >= 1 - x. */
static const double RECORD_FRESH = 64; /* seconds */

static inline double record_if_near(struct jump *j, const struct jump_params *p, double time,
                                    double step, double spread)
{
        bool sudden = step > p->sigma * spread;
        if (!sudden && step <= (double)j->record_least && time <= j->record_until)
                return NAN;
        double record = record_of(j, p, time);
        double least = 1 - RECORD_FRESH / record_tau(j, p) - 1e-9;
        j->record_least = (float)(record * larger(0, least));
        j->record_until = time + RECORD_FRESH;
        return record;
}

void jump_examine(const struct jump *j, const struct jump_params *p, struct checks *checks)
{
        (void)learned_enough(j, p, checks);
        (void)is_far(j, p, checks);
}

double jump_least(const struct jump *j, const struct jump_params *p, double floor)
{
        return larger(p->sigma * spread_of(j, floor), p->record * record_of(j, p, j->time));
}

static double often_decay(const struct jump *j, const struct jump_params *p, bool up, double time)
{
        return exp(-larger(0, time - j->often_time[up]) / p->often_tau);
}

/* An excursion is over: what comes for the third time is no news. */
static void end(struct jump *j, const struct jump_params *p, double time)
{
        float *largest = j->often[j->up], decay = (float)often_decay(j, p, j->up, time);
        float most = largest[0] * decay, again = largest[1] * decay;
        largest[0] = fmaxf(most, j->away_early);
        largest[1] = fmaxf(again, fminf(most, j->away_early));
        j->often_time[j->up] = time;
        j->away = false;
}

static void take_record(struct jump *j, const struct jump_params *p, double time, double step)
{
        if (step > record_of(j, p, time)) {
                j->record = (float)step;
                j->record_time = time;
        }
}

/* A step enters the record when it lies farther back than steps are measured over: else a change
 * that takes some seconds teaches, sample by sample, that it is ordinary. */
static inline void learn_record(struct jump *j, const struct jump_params *p, double time,
                                double step)
{
        if (time >= j->lately_until) {
                if (j->lately[1] > j->record_least || time > j->record_until)
                        take_record(j, p, time, (double)j->lately[1]);
                j->lately[1] = j->lately[0];
                j->lately[0] = 0;
                j->lately_until = time + reach_of(j, p);
        }
        if (step > (double)j->lately[0])
                j->lately[0] = (float)step;
}

static void begin(struct jump *j, double time, double change, double step)
{
        j->away_step = (float)fabs(step);
        j->away = true;
        j->up = change > 0;
        j->away_since = j->rise_since = time;
        j->away_most = j->away_early = (float)fabs(change);
        j->lately[0] = j->lately[1] = 0;
}

static void begin_level(struct jump *j, double time, double value)
{
        struct ewma_gain unused = { 0 };
        ewma_add(&j->level, 1, 0, 0, value, 0, &unused);
        j->time = time;
        j->value = value;
}

/* What ended or began in the first minute (a build, a service that starts) belongs neither to what
 * is normal nor to what steps are ordinary: with it, nothing of its size is seen for an hour. */
static void begin_anew(struct jump *j, double time, double value)
{
        j->level = (struct ewma){ .count = 0 };
        begin_level(j, time, value);
        j->learned = 0;
        j->record_least = 0; /* its time constant is short again */
        j->begun_anew++;
        forget_past(j);
}

/* The typical interval. A lasting change is followed within some samples; a gap is no interval. */
static inline void note_interval(struct jump *j, double dt)
{
        double interval = (double)j->interval;
        if (dt == interval)
                return;
        j->interval = (float)(interval > 0 ? interval + 0.2 * (smaller(dt, 3 * interval) - interval)
                                           : dt);
}

/* During an excursion, or where one may begin. False: the sample is a beginning, and learned from
 * already. */
static bool judge(struct jump *j, const struct jump_params *p, double time, double value, bool far,
                  double spread, double *step)
{
        double change = value - j->level.mean;
        double rise = larger(p->rise, LEVEL_SAMPLES * (double)j->interval);

        if (j->away) {
                /* Back is near the old level, or past it; what lies far on the other side is
                 * another excursion. */
                double most = (double)(j->up ? j->away_most : -j->away_most);
                if ((change > 0) != j->up && far) {
                        end(j, p, time);
                        begin(j, time, change, *step);
                } else if (change / most <= p->back || fabs(change) <= p->sigma / 2 * spread) {
                        end(j, p, time);
                        forget_past(j);
                        *step = 0; /* the way back is no ordinary step */
                } else {
                        j->away_most = fmaxf(j->away_most, (float)fabs(change));
                        /* What is added later is a climb on top of the jump, unless it is
                         * another jump. */
                        if (far && fabs(*step) > p->record * (double)j->away_step) {
                                j->rise_since = time;
                                j->away_step = (float)fabs(*step);
                        }
                        if (time - j->rise_since <= rise)
                                j->away_early = j->away_most;
                }
        } else if (learned_enough(j, p, NULL)) {
                if ((change > 0) == (*step > 0))
                        begin(j, time, change, *step);
                else
                        *step = 0; /* towards a level that lags: the end of a climb, not ordinary */
        } else if (j->step.count >= BEGIN_ANEW_FROM && j->learned < p->learn &&
                   j->begun_anew < BEGIN_ANEW_MAX) {
                begin_anew(j, time, value);
                return false;
        }
        return true;
}

/* Mostly all that are fed at the same times have learned for equally long. */
static inline void weigh(const struct jump *j, const struct jump_params *p, double dt,
                         struct jump_shared *shared)
{
        if (shared->dt == dt && shared->interval == j->interval &&
            shared->level.weight == j->level.weight && shared->step.weight == j->step.weight)
                return;
        shared->dt = dt;
        shared->interval = j->interval;
        ewma_weigh(&j->level, larger(p->level_tau, LEVEL_SAMPLES * (double)j->interval), dt,
                   &shared->level);
        ewma_weigh(&j->step, p->spread_tau, dt, &shared->step);
}

void jump_add_shared(struct jump *j, const struct jump_params *p, double time, double value,
                     double floor, struct jump_shared *shared)
{
        uint32_t now = ticks_of(time);
        double dt = time - j->time;
        if (!(value - value == 0) || !(time - time == 0) || (j->level.count > 0 && dt <= 0))
                return;
        if (j->level.count == 0) {
                begin_level(j, time, value);
                remember(j, p, now, value);
                j->away = false;
                return;
        }

        note_interval(j, dt);
        j->learned += smaller(dt, 3 * (double)j->interval);
        double step = step_of(j, p, now, value), spread = spread_of(j, floor);
        double record = record_if_near(j, p, time, fabs(step), spread);
        j->step_size = (float)step;
        j->step_spread = (float)spread;
        j->step_record = (float)record;
        bool far = !isnan(record) && is_far(j, p, NULL);
        if ((j->away || far) && !judge(j, p, time, value, far, spread, &step))
                return;
        if (!j->away) {
                weigh(j, p, dt, shared);
                if (j->step.count > 0)
                        ewma_take(&j->step, CLIP, fabs(step), floor, &shared->step);
                else
                        ewma_add(&j->step, p->spread_tau, CLIP, dt, fabs(step), floor,
                                 &shared->step);
                if (j->learned < p->learn)
                        take_record(j, p, time, fabs(step));
                else
                        learn_record(j, p, time, fabs(step));
                ewma_follow(&j->level, value, &shared->level);
        }
        remember(j, p, now, value);
        j->time = time;
        j->value = value;
}

bool jump_known(const struct jump *j, const struct jump_params *p)
{
        return learned_enough(j, p, NULL);
}

bool jump_read(const struct jump *j, const struct jump_params *p, double floor,
               struct jump_answer *ret)
{
        if (!learned_enough(j, p, NULL))
                return false;
        double spread = spread_of(j, floor), change = j->value - j->level.mean;
        double record = record_of(j, p, j->time);
        double sigma = spread > 0 ? fabs(change) / spread : 0;
        /* Logistic in the logarithm of the margin over both tests: 0.5 where an excursion begins.
         */
        double margin = larger(record * p->record, spread * p->sigma);
        double ratio = margin > 0 ? fabs(change) / margin : change != 0 ? INFINITY : 0;
        double weight = j->away ? 1 : 0.5;
        *ret = (struct jump_answer){
                .level = j->level.mean,
                .spread = spread,
                .change = change,
                .sudden = j->away ? copysign(smaller(fabs(change), (double)j->away_early), change)
                                  : 0,
                .often = (double)j->often[change > 0][1] * often_decay(j, p, change > 0, j->time),
                .sigma = sigma,
                .record = record,
                .away = j->away,
                .away_for = j->away ? j->time - j->away_since : 0,
                .score = weight * (isinf(ratio) ? 1 : ratio * ratio / (1 + ratio * ratio)),
                .seconds = j->learned,
                .count = j->level.count,
        };
        return true;
}

void jump_adopt(struct jump *j, const struct jump_params *p)
{
        j->level.mean = j->value; /* what was known of its weight stays */
        end(j, p, j->time);
        forget_past(j);
}

void jump_shift(struct jump *j, double amount)
{
        j->level.mean += amount;
        j->value += amount;
        for (unsigned i = 0; i < JUMP_PAST; i++)
                j->past_value[i] += amount;
        j->past_sum = sum_past(j);
}
