/* SPDX-License-Identifier: MIT */
/* When to try again: backoff with jitter, Retry-After, and the pace of a channel. Pure: the time
 * and the seed are parameters. Times are seconds of one clock that does not step. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
        RETRY_FIRST = 1, /* seconds before the second try: most failures are a restart or a reset */
        RETRY_LAST = 120,       /* the longest pause: an alert is news for minutes, not for hours */
        RETRY_AFTER_MAX = 3600, /* a receiver that asks for more is asked again after an hour */
        PROBE_FIRST = 30, /* a broken target (archived channel, revoked token) does not mend */
        PROBE_LAST = 300, /* itself in seconds; whoever mends it waits for the next try */
        RETRY_NEWS = 120, /* failing this long is said, once: a restart takes less */
};

/* Parses a Retry-After header: seconds, or one of the three HTTP dates. unix_now for the dates.
 * Returns 0 with the seconds from now in 0 ... RETRY_AFTER_MAX, or -EINVAL. */
int retry_after_parse(const char *header, double unix_now, double *ret_seconds);

/* The next number of a seeded sequence in 0 <= x < 1 (splitmix64). */
double retry_random(uint64_t *seed);

/* The pause before try number `failures` + 1; failures >= 1. Doubles from first to last, and each
 * pause is drawn from its upper half, so that many hosts which lost the same receiver do not come
 * back together. */
double retry_pause(unsigned failures, double first, double last, uint64_t *seed);

/* How a target is doing. */
struct retry {
        unsigned failures; /* in a row */
        double failing_since;
        double next; /* not before; 0 at once */
        bool broken; /* the target itself is wrong, as far as its last answer says */
        bool said;   /* that it fails is known to the reader of the journal */
};

/* After a success. True when a failure had been said, so that the recovery is news too. */
bool retry_succeeded(struct retry *r);

/* After a failure. broken: the target is wrong, so probe seldom. retry_after: what the answer asked
 * for, NaN when nothing; obeyed as the shortest pause. True when it is time to say so: at once for
 * a broken target, else after RETRY_NEWS. */
bool retry_failed(struct retry *r, bool broken, double retry_after, double now, uint64_t *seed);
