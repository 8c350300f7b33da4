/* SPDX-License-Identifier: MIT */
/* Reads the times of --since and --until. What depends on the clock is worked out when it is asked
 * for, not when the command line is read. */
#include "view/moment.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/macros.h"
#include "base/units.h"

/* A bare number from here on (1973) is Unix seconds; as a time ago it would be three years. */
static const double UNIX_LEAST = 1e8;

enum { TEXT_MAX = 64 };

/* Takes the ending and the spaces before it off. */
static bool cut_ending(char *text, const char *ending)
{
        size_t length = strlen(text), n = strlen(ending);
        if (length <= n || strcmp(text + length - n, ending) != 0 || text[length - n - 1] != ' ')
                return false;
        for (length -= n; length > 0 && text[length - 1] == ' ';)
                length--;
        text[length] = '\0';
        return true;
}

static int parse_word(const char *text, struct moment *ret)
{
        static const struct {
                const char *word;
                struct moment moment;
        } words[] = {
                { "now", { .kind = MOMENT_AGO } },
                { "today", { .kind = MOMENT_DAY } },
                { "yesterday", { .kind = MOMENT_DAY, .day = -1 } },
        };
        for (size_t i = 0; i < ELEMENTS_OF(words); i++)
                if (strcasecmp(text, words[i].word) == 0) {
                        *ret = words[i].moment;
                        return 0;
                }
        return -EINVAL;
}

/* One of the formats fits the whole text. */
static bool fits(const char *text, const char *const *formats, struct tm *ret)
{
        for (; *formats; formats++) {
                struct tm tm = { .tm_isdst = -1 };
                const char *end = strptime(text, *formats, &tm);
                if (end && *end == '\0' && !isspace((unsigned char)*text)) {
                        *ret = tm;
                        return true;
                }
        }
        return false;
}

static int parse_date(char *text, struct moment *ret)
{
        static const char *const DATES[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
                                             "%Y-%m-%d %H:%M", "%Y-%m-%d", NULL };
        struct tm tm;
        bool utc = cut_ending(text, "UTC");
        if (!fits(text, DATES, &tm) || tm.tm_year < 70)
                return -EINVAL;
        int day = tm.tm_mday;
        time_t seconds = utc ? timegm(&tm) : mktime(&tm);
        if (tm.tm_mday != day) /* the 30th of February */
                return -EINVAL;
        *ret = (struct moment){ .kind = MOMENT_UNIX, .seconds = (double)seconds };
        return 0;
}

static int parse_clock(const char *text, struct moment *ret)
{
        static const char *const CLOCKS[] = { "%H:%M:%S", "%H:%M", NULL };
        struct tm tm;
        if (!fits(text, CLOCKS, &tm))
                return -EINVAL;
        *ret = (struct moment){ .kind = MOMENT_DAY,
                                .seconds = tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec };
        return 0;
}

static int parse_ago(char *text, struct moment *ret)
{
        bool ago = cut_ending(text, "ago") || *text == '-';
        double seconds;
        if (*text == '+' || parse_duration(text + (*text == '-'), &seconds) < 0)
                return -EINVAL;
        *ret = (struct moment){ .kind = ago || seconds < UNIX_LEAST ? MOMENT_AGO : MOMENT_UNIX,
                                .seconds = seconds };
        return 0;
}

int moment_parse(const char *text, struct moment *ret)
{
        char copy[TEXT_MAX];
        struct moment m = { .kind = MOMENT_UNIX };
        if (strlen(text) >= sizeof(copy))
                return -EINVAL;
        strcpy(copy, text);
        if ((*text == '@' && parse_number(text + 1, &m.seconds) == 0) ||
            parse_time(text, &m.seconds) == 0 || parse_word(text, &m) == 0 ||
            parse_clock(text, &m) == 0 || parse_date(copy, &m) == 0) {
                *ret = m;
                return 0;
        }
        strcpy(copy, text);
        return parse_ago(copy, ret);
}

/* mktime() knows which day is before the first of a month. */
static double of_day(const struct moment *m, double now)
{
        struct tm tm;
        time_t t = (time_t)now;
        if (!localtime_r(&t, &tm))
                return now;
        tm.tm_mday += m->day;
        /* Not midnight and so many seconds: 14:30 is that on every day of the year. */
        tm.tm_hour = (int)m->seconds / 3600;
        tm.tm_min = (int)m->seconds / 60 % 60;
        tm.tm_sec = (int)m->seconds % 60;
        tm.tm_isdst = -1;
        return (double)mktime(&tm);
}

double moment_at(const struct moment *m, double now, double otherwise)
{
        switch (m->kind) {
        case MOMENT_UNIX:
                return m->seconds;
        case MOMENT_AGO:
                return now - m->seconds;
        case MOMENT_DAY:
                return of_day(m, now);
        case MOMENT_NONE:
                break;
        }
        return otherwise;
}

bool moment_is_ahead(const struct moment *m, double now)
{
        static const double NOW = 1; /* the clock went on since it was named */
        return moment_at(m, now, now) > now + NOW;
}
