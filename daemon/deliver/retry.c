/* SPDX-License-Identifier: MIT */
/* When to try again: the arithmetic of pauses, without clock, network or randomness of its own. */
#include "deliver/retry.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"

static int month_by_name(const char *name)
{
        static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        const char *hit = strstr(names, name);
        return hit && (hit - names) % 3 == 0 ? (int)(hit - names) / 3 : -1;
}

/* RFC 9110 5.6.7: the fixed form, and the two old ones that a recipient must take too. */
static int http_date_parse(const char *s, double *ret)
{
        char month[4] = "";
        int day, year, hour, minute, second, end = 0;
        if (sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month, &year,
                   &hour, &minute, &second, &end) == 6 &&
            end > 0 && !s[end])
                ;
        else if (end = 0, sscanf(s, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day,
                                 month, &year, &hour, &minute, &second, &end) == 6 &&
                                  end > 0 && !s[end])
                year += year < 70 ? 2000 : 1900;
        else if (end = 0, sscanf(s, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &day,
                                 &hour, &minute, &second, &year, &end) == 6 &&
                                  end > 0 && !s[end])
                ;
        else
                return -EINVAL;

        struct tm tm = { .tm_mday = day,
                         .tm_mon = month_by_name(month),
                         .tm_year = year - 1900,
                         .tm_hour = hour,
                         .tm_min = minute,
                         .tm_sec = second };
        if (tm.tm_mon < 0 || strlen(month) != 3 || day < 1 || day > 31 || year < 1970 || hour < 0 ||
            hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
                return -EINVAL;
        *ret = (double)timegm(&tm);
        return 0;
}

int retry_after_parse(const char *header, double unix_now, double *ret_seconds)
{
        size_t digits = strspn(header, "0123456789");
        double seconds = 0;
        if (digits > 0 && !header[digits]) {
                /* More digits than a double holds exactly only mean "long". */
                for (size_t i = 0; i < digits; i++)
                        seconds = seconds * 10 + (header[i] - '0');
        } else {
                double date;
                int r = http_date_parse(header, &date);
                if (r < 0)
                        return r;
                seconds = date - unix_now;
        }
        *ret_seconds = fmin(fmax(seconds, 0), RETRY_AFTER_MAX);
        return 0;
}

double retry_random(uint64_t *seed)
{
        uint64_t x = *seed += 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        x ^= x >> 31;
        return (double)(x >> 11) * 0x1p-53;
}

double retry_pause(unsigned failures, double first, double last, uint64_t *seed)
{
        /* 2^31 seconds are beyond every `last`; the bound keeps ldexp finite. */
        double pause = fmin(ldexp(first, (int)MIN_OF(failures - 1, 31u)), last);
        return pause * (0.5 + 0.5 * retry_random(seed));
}

bool retry_succeeded(struct retry *r)
{
        bool news = r->said;
        *r = (struct retry){ 0 };
        return news;
}

bool retry_failed(struct retry *r, bool broken, double retry_after, double now, uint64_t *seed)
{
        if (r->failures == 0)
                r->failing_since = now;
        if (r->failures < UINT32_MAX)
                r->failures++;
        r->broken = broken;

        double pause = retry_pause(r->failures, broken ? PROBE_FIRST : RETRY_FIRST,
                                   broken ? PROBE_LAST : RETRY_LAST, seed);
        if (!isnan(retry_after))
                pause = fmax(pause, fmin(retry_after, RETRY_AFTER_MAX));
        r->next = now + pause;

        if (r->said || (!broken && now - r->failing_since < RETRY_NEWS))
                return false;
        r->said = true;
        return true;
}
