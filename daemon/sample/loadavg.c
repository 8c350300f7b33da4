/* SPDX-License-Identifier: MIT */
/* Parses /proc/loadavg for the number of threads, the denominator of KernelStack. */
#include "sample/loadavg.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

int loadavg_parse_threads(const char *text, size_t size, double *ret_threads)
{
        const char *at = text, *end = text + size;
        uint64_t threads = 0;

        for (int field = 0; field < 3; field++) {
                at = memchr(at, ' ', (size_t)(end - at));
                if (!at)
                        return -EBADMSG;
                at++;
        }

        const char *running = at;
        while (at < end && *at >= '0' && *at <= '9')
                at++;
        if (at == running || at == end || *at != '/')
                return -EBADMSG;
        at++;

        const char *digits = at;
        for (; at < end && *at >= '0' && *at <= '9'; at++) {
                threads = threads * 10 + (uint64_t)(*at - '0');
                /* PID_MAX_LIMIT is 2^22; a lot more is not a count of threads. */
                if (threads > UINT32_MAX)
                        return -EBADMSG;
        }
        if (at == digits || (at < end && *at != ' ' && *at != '\n'))
                return -EBADMSG;

        *ret_threads = (double)threads;
        return 0;
}
