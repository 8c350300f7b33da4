/* SPDX-License-Identifier: MIT */
/* A small seeded generator, so that a failed property can be repeated: KMW_SEED=N. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random {
        uint64_t state;
};

/* SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014). */
static inline uint64_t random_next(struct random *r)
{
        uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
        return z ^ z >> 31;
}

/* 0 <= x < 1 */
static inline double random_uniform(struct random *r)
{
        return (double)(random_next(r) >> 11) * 0x1p-53;
}

/* Standard normal (Box and Muller 1958). */
static inline double random_normal(struct random *r)
{
        double u = 1 - random_uniform(r), v = random_uniform(r);
        return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* The seed: $KMW_SEED, or the time; printed either way. */
static inline struct random random_seeded(const char *test)
{
        const char *given = getenv("KMW_SEED");
        uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
        printf("%s: KMW_SEED=%llu\n", test, (unsigned long long)seed);
        return (struct random){ seed };
}
