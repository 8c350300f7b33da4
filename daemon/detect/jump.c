/* SPDX-License-Identifier: MIT */
/* Spike and drop: departure from a robust level, with a memory of what is ordinary. */
#include "detect/jump.h"

#include <math.h>

const struct jump_params jump_params_default = {
        /* Two minutes: long enough to average the kernel's counter folding, short enough that a
         * cache that fills over a quarter of an hour does not look like a jump. */
        .level_tau = 120,
        .spread_tau = 2 * 3600,
        .record_tau = 24 * 3600, /* the same hour of yesterday still counts by 1/e */
        .sigma = 6,
        .record = 2,
        .abrupt = 0.5,
        .look_back = 15,
        .learn = 60,
        .samples = 20,
};

/* The level must average at least this many samples, whatever their interval. */
enum { LEVEL_SAMPLES = 8 };

/* Departures are taken at most this many spreads wide into the spread. */
static const double CLIP = 6;

void jump_init(struct jump *j)
{
        *j = (struct jump){ 0 };
        for (unsigned i = 0; i < JUMP_PAST; i++)
                j->past_time[i] = -INFINITY;
}

/* For a normal distribution the mean absolute deviation is sqrt(2 / pi) of the standard deviation;
 * estimating from absolute values is the more robust of the two. */
static const double MAD_TO_SIGMA = 1.2533141373155003;

static double spread_of(const struct jump *j, double floor)
{
        return fmax(j->departure.count ? j->departure.mean * MAD_TO_SIGMA : 0, floor);
}

static double record_of(const struct jump *j, const struct jump_params *p, double time)
{
        return j->record * exp(-fmax(0, time - j->record_time) / p->record_tau);
}

/* How much of the change was made within the look-back: against the mean of what is remembered of
 * it, because the noise of a single sample, let alone of the most favourable one, is half a
 * beginning excursion. At least the last two samples count, however far apart they are. */
static double recent_change(const struct jump *j, const struct jump_params *p, double time,
                            double value, double direction)
{
        double reach = fmax(p->look_back, 2.2 * j->interval), sum = 0;
        unsigned count = 0;
        for (unsigned i = 0; i < JUMP_PAST; i++)
                if (time - j->past_time[i] <= reach) {
                        sum += j->past_value[i];
                        count++;
                }
        return count > 0 ? (value - sum / count) * direction : 0;
}

static void remember(struct jump *j, const struct jump_params *p, double time, double value)
{
        unsigned newest = (j->past + JUMP_PAST - 1) % JUMP_PAST;
        if (time - j->past_time[newest] < p->look_back / JUMP_PAST)
                return;
        j->past_time[j->past] = time;
        j->past_value[j->past] = value;
        j->past = (j->past + 1) % JUMP_PAST;
}

static bool learned_enough(const struct jump *j, const struct jump_params *p)
{
        return j->level.count >= p->samples && j->learned >= p->learn;
}

void jump_add(struct jump *j, const struct jump_params *p, double time, double value, double floor)
{
        if (!isfinite(time) || !isfinite(value) || (j->level.count > 0 && time <= j->time))
                return;
        if (j->level.count == 0) {
                if (j->departure.tau == 0)
                        ewma_init(&j->departure, p->spread_tau, CLIP);
                ewma_init(&j->level, p->level_tau, 0);
                ewma_add(&j->level, time, value, floor);
                remember(j, p, time, value);
                j->time = time;
                j->value = value;
                j->away = false;
                return;
        }

        double dt = time - j->time;
        /* A lasting change of the interval is followed within some samples; a gap is no interval.
         */
        j->interval = j->interval > 0
                              ? j->interval + 0.2 * (fmin(dt, 3 * j->interval) - j->interval)
                              : dt;
        j->learned += fmin(dt, 3 * j->interval);
        j->level.tau = fmax(p->level_tau, LEVEL_SAMPLES * j->interval);

        double change = value - j->level.mean, size = fabs(change), direction = change < 0 ? -1 : 1;
        double spread = spread_of(j, floor), record = record_of(j, p, time);

        if (!j->away && learned_enough(j, p) && size > p->sigma * spread &&
            size > p->record * record &&
            recent_change(j, p, time, value, direction) >= p->abrupt * size) {
                j->away = true;
                j->up = change > 0;
                j->away_since = time;
        } else if (j->away && (change > 0) != j->up && size > p->sigma * spread &&
                   size > p->record * record) {
                /* from above to far below: another excursion */
                j->up = !j->up;
                j->away_since = time;
        } else if (j->away && size <= fmax(p->sigma / 2 * spread, p->record / 2 * record)) {
                j->away = false;
        }

        if (j->away) {
                ewma_skip(&j->level, time);
                ewma_skip(&j->departure, time);
        } else {
                ewma_add(&j->departure, time, size, floor);
                if (size > record) {
                        j->record = size;
                        j->record_time = time;
                }
                ewma_add(&j->level, time, value, floor);
        }
        remember(j, p, time, value);
        j->time = time;
        j->value = value;
}

bool jump_read(const struct jump *j, const struct jump_params *p, double floor,
               struct jump_answer *ret)
{
        if (!learned_enough(j, p))
                return false;
        double spread = spread_of(j, floor), change = j->value - j->level.mean;
        double record = record_of(j, p, j->time);
        double sigma = spread > 0 ? fabs(change) / spread : 0;
        /* Logistic in the logarithm of the margin over both tests: 0.5 where an excursion begins.
         */
        double margin = fmax(record * p->record, spread * p->sigma);
        double ratio = margin > 0 ? fabs(change) / margin : change != 0 ? INFINITY : 0;
        double weight = j->away ? 1 : 0.5;
        *ret = (struct jump_answer){
                .level = j->level.mean,
                .spread = spread,
                .change = change,
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

void jump_adopt(struct jump *j)
{
        ewma_rebase(&j->level, j->value);
        j->away = false;
}

void jump_forget_level(struct jump *j)
{
        j->level.count = 0;
        j->learned = 0;
        j->away = false;
        for (unsigned i = 0; i < JUMP_PAST; i++)
                j->past_time[i] = -INFINITY;
}

void jump_shift(struct jump *j, double amount)
{
        j->level.mean += amount;
        j->value += amount;
        for (unsigned i = 0; i < JUMP_PAST; i++)
                j->past_value[i] += amount;
}
