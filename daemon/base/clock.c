/* SPDX-License-Identifier: MIT */
/* The kernel's clocks as seconds in a double: 2^53 microseconds are 285 years, so nothing that we
 * measure is lost. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static double read_clock(clockid_t id)
{
        struct timespec t;
        int r = clock_gettime(id, &t);

        assert(r == 0); /* can only fail for a clock that does not exist */
        (void)r;
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double clock_realtime(void)
{
        return read_clock(CLOCK_REALTIME);
}

double clock_monotonic(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

double clock_boottime(void)
{
        return read_clock(CLOCK_BOOTTIME);
}

double clock_process_cpu(void)
{
        return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double clock_thread_cpu(void)
{
        return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
