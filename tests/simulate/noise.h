/* SPDX-License-Identifier: MIT */
/* What a simulated host is made of: numbers that wander, numbers that fall late, draws. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../random.h"

/* A normal process with memory (Ornstein and Uhlenbeck 1930), in units of its own standard
 * deviation: exactly discretised, so that any interval gives the same process. */
struct wander {
        double value, tau; /* seconds until it has forgotten itself */
        double interval, keep, add;
};
double wander_step(struct wander *w, struct random *r, double interval);

/* Follows upwards at once and downwards late: slabs are given back when every object in them is
 * free, per-CPU chunks and page tables likewise. `share` of what was held at most goes late. */
struct ratchet {
        double held, share, tau;
        bool started;
};
double ratchet_step(struct ratchet *h, double target, double interval);

double draw_between(struct random *r, double low, double high);
/* Evenly in the logarithm: for what spreads over decades. */
double draw_scale(struct random *r, double low, double high);
/* The time to the next of events that know nothing of each other. */
double draw_wait(struct random *r, double mean);
/* 0 ... n - 1 */
unsigned draw_index(struct random *r, unsigned n);
bool draw_chance(struct random *r, double probability);
/* A generator of its own, so that more draws in one place do not move all others. */
struct random random_fork(struct random *r);
