/* SPDX-License-Identifier: MIT */
#include "noise.h"

#include <math.h>

double wander_step(struct wander *w, struct random *r, double interval)
{
        if (w->interval != interval) {
                w->keep = exp(-interval / w->tau);
                w->add = sqrt(1 - w->keep * w->keep);
                w->interval = interval;
        }
        w->value = w->keep * w->value + w->add * random_normal(r);
        return w->value;
}

double ratchet_step(struct ratchet *h, double target, double interval)
{
        if (!h->started || target > h->held) {
                h->started = true;
                h->held = target;
                return target;
        }
        h->held += (target - h->held) * (1 - exp(-interval / h->tau));
        return target + h->share * (h->held - target);
}

double draw_between(struct random *r, double low, double high)
{
        return low + (high - low) * random_uniform(r);
}

double draw_scale(struct random *r, double low, double high)
{
        return low * pow(high / low, random_uniform(r));
}

double draw_wait(struct random *r, double mean)
{
        return -mean * log(1 - random_uniform(r));
}

unsigned draw_index(struct random *r, unsigned n)
{
        return (unsigned)(random_uniform(r) * n);
}

bool draw_chance(struct random *r, double probability)
{
        return random_uniform(r) < probability;
}

struct random random_fork(struct random *r)
{
        return (struct random){ random_next(r) };
}
