/* SPDX-License-Identifier: MIT */
/* Parses hours of the week and looks a moment up. */
#include "base/window.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/macros.h"

enum { DAY_MINUTES = 24 * 60, WEEK = 7 };

static int fails(char error[WINDOW_ERROR_MAX], const char *what, const char *at)
{
        snprintf(error, WINDOW_ERROR_MAX, "%s at \"%.40s\"; as in Mon..Fri 02:00-04:00", what, at);
        return -EINVAL;
}

/* The day at *p, moved past it; -1 when there is none. Longer names, as Monday, are taken too. */
static int take_day(const char **p)
{
        static const char *const days[WEEK] = { "sunday",   "monday", "tuesday", "wednesday",
                                                "thursday", "friday", "saturday" };
        size_t length = 0;
        while (isalpha((unsigned char)(*p)[length]))
                length++;
        for (int i = 0; i < WEEK; i++)
                if (length >= 3 && length <= strlen(days[i]) &&
                    strncasecmp(*p, days[i], length) == 0) {
                        *p += length;
                        return i;
                }
        return -1;
}

static void skip_blanks(const char **p)
{
        *p += strspn(*p, " \t");
}

/* "Mon..Fri", "Sat,Sun". The days, or 0 when it is wrong. */
static unsigned take_days(const char **p)
{
        unsigned days = 0;
        for (;;) {
                int first = take_day(p), last = first;
                if (first < 0)
                        return 0;
                if (strncmp(*p, "..", 2) == 0) {
                        *p += 2;
                        last = take_day(p);
                        if (last < 0)
                                return 0;
                }
                /* Sat..Mon goes over the end of the week. */
                for (int i = first;; i = (i + 1) % WEEK) {
                        days |= 1U << i;
                        if (i == last)
                                break;
                }
                const char *next = *p;
                skip_blanks(&next);
                if (*next != ',')
                        return days;
                next++;
                skip_blanks(&next);
                if (!isalpha((unsigned char)*next))
                        return days; /* the comma before another window */
                *p = next;
        }
}

static int take_number(const char **p, int least, int most)
{
        int value = 0, digits = 0;
        while (isdigit((unsigned char)**p) && digits < 3) {
                value = 10 * value + (*(*p)++ - '0');
                digits++;
        }
        return digits >= least && digits <= 2 && value <= most ? value : -1;
}

/* "02:00": minutes of the day, or -1. */
static int take_clock(const char **p)
{
        int hours = take_number(p, 1, 24);
        if (hours < 0 || **p != ':')
                return -1;
        ++*p;
        int minutes = take_number(p, 2, 59);
        return minutes < 0 || hours * 60 + minutes > DAY_MINUTES ? -1 : hours * 60 + minutes;
}

static int take_window(const char **p, struct window *ret, char error[WINDOW_ERROR_MAX])
{
        const char *begin = *p;
        unsigned days = (1U << WEEK) - 1;
        if (isalpha((unsigned char)**p)) {
                days = take_days(p);
                if (days == 0)
                        return fails(error, "no days", begin);
                skip_blanks(p);
        }
        const char *clock = *p;
        int from = take_clock(p), to = -1;
        if (from >= 0 && **p == '-') {
                ++*p;
                to = take_clock(p);
        }
        if (from < 0 || to < 0)
                return fails(error, "no times", clock);
        if (from == to || from == DAY_MINUTES)
                return fails(error, "an empty window", clock);
        *ret = (struct window){ (uint8_t)days, (uint16_t)from, (uint16_t)to };
        return 0;
}

int windows_parse(const char *text, struct windows *ret, char error[WINDOW_ERROR_MAX])
{
        struct windows w = { .count = 0 };
        for (const char *p = text;; p++) {
                skip_blanks(&p);
                if (w.count == WINDOWS_MAX)
                        return fails(error, "more than eight windows", p);
                int r = take_window(&p, &w.list[w.count++], error);
                if (r < 0)
                        return r;
                skip_blanks(&p);
                if (!*p)
                        break;
                if (*p != ',')
                        return fails(error, "something else", p);
        }
        *ret = w;
        return 0;
}

bool windows_hold(const struct windows *w, double unix_seconds)
{
        time_t seconds = (time_t)floor(unix_seconds);
        struct tm t;
        if (w->count == 0 || !localtime_r(&seconds, &t))
                return false;
        int minute = t.tm_hour * 60 + t.tm_min;
        unsigned today = 1U << t.tm_wday, yesterday = 1U << (t.tm_wday + WEEK - 1) % WEEK;
        for (unsigned i = 0; i < w->count; i++) {
                const struct window *x = &w->list[i];
                bool over_midnight = x->to <= x->from;
                if (x->days & today && minute >= x->from && (over_midnight || minute < x->to))
                        return true;
                if (over_midnight && x->days & yesterday && minute < x->to)
                        return true;
        }
        return false;
}

/* By the clock, minute by minute: so that whatever a time zone does is right. A day more
 * than a week: whatever comes then has come before. */
enum { MINUTE = 60, SPAN_MINUTES = (WEEK + 1) * DAY_MINUTES };

bool windows_span(const struct windows *w, double unix_seconds, double *ret_from, double *ret_until)
{
        time_t seconds = (time_t)floor(unix_seconds);
        struct tm t;
        if (!windows_hold(w, unix_seconds) || !localtime_r(&seconds, &t))
                return false;
        double first = (double)(seconds - t.tm_sec), last = first;
        for (int i = 0; i < SPAN_MINUTES && windows_hold(w, first - MINUTE); i++)
                first -= MINUTE;
        for (int i = 0; i < SPAN_MINUTES && windows_hold(w, last); i++)
                last += MINUTE;
        *ret_from = first;
        *ret_until = windows_hold(w, last) ? INFINITY : last;
        return true;
}

bool windows_are_always(const struct windows *w)
{
        uint8_t days[DAY_MINUTES] = { 0 }; /* bit per day */
        for (unsigned i = 0; i < w->count; i++) {
                const struct window *x = &w->list[i];
                unsigned after = (x->days << 1 | x->days >> (WEEK - 1)) & ((1U << WEEK) - 1);
                for (int m = 0; m < DAY_MINUTES; m++) {
                        if (m >= x->from && (x->to <= x->from || m < x->to))
                                days[m] |= x->days;
                        if (x->to <= x->from && m < x->to)
                                days[m] |= (uint8_t)after;
                }
        }
        for (int m = 0; m < DAY_MINUTES; m++)
                if (days[m] != (1U << WEEK) - 1)
                        return false;
        return true;
}
