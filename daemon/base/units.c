/* SPDX-License-Identifier: MIT */
/* Reads numbers with units, one parser per type of number: the whole string or an error. */
#include "base/units.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"

struct unit {
        const char *name;
        double factor;
};

static const struct unit BYTE_UNITS[] = {
        { "", 1 },         { "B", 1 },        { "K", 0x1p10 },   { "KB", 0x1p10 },
        { "KiB", 0x1p10 }, { "kB", 0x1p10 }, /* as /proc/meminfo spells 1024 bytes */
        { "M", 0x1p20 },   { "MB", 0x1p20 },  { "MiB", 0x1p20 }, { "G", 0x1p30 },
        { "GB", 0x1p30 },  { "GiB", 0x1p30 }, { "T", 0x1p40 },   { "TB", 0x1p40 },
        { "TiB", 0x1p40 }, { NULL, 0 },
};

static const struct unit TIME_UNITS[] = {
        { "ms", 1e-3 },     { "s", 1 },          { "sec", 1 },      { "second", 1 },
        { "seconds", 1 },   { "m", 60 },         { "min", 60 },     { "minute", 60 },
        { "minutes", 60 },  { "h", 3600 },       { "hour", 3600 },  { "hours", 3600 },
        { "d", 86400 },     { "day", 86400 },    { "days", 86400 }, { "w", 604800 },
        { "week", 604800 }, { "weeks", 604800 }, { NULL, 0 },
};

static bool is_digit(char c)
{
        return c >= '0' && c <= '9'; /* isdigit() asks the locale */
}

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int parse_u64(const char *text, uint64_t *ret)
{
        uint64_t value = 0;

        if (!is_digit(*text))
                return -EINVAL;
        for (; is_digit(*text); text++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) {
                        while (is_digit(*text))
                                text++;
                        return *text ? -EINVAL : -ERANGE;
                }
        if (*text)
                return -EINVAL;
        *ret = value;
        return 0;
}

/* Length of the decimal number at the start of text, 0 when there is none. What strtod takes beyond
 * it (hexadecimal, inf, nan, leading white space) is no number here. */
static size_t number_length(const char *text)
{
        const char *p = text;
        size_t digits = 0;

        if (*p == '+' || *p == '-')
                p++;
        for (; is_digit(*p); p++)
                digits++;
        if (*p == '.' && is_digit(p[1]))
                for (p++; is_digit(*p); p++)
                        digits++;
        if (digits == 0)
                return 0;
        if (*p == 'e' || *p == 'E') {
                const char *e = p + 1;

                if (*e == '+' || *e == '-')
                        e++;
                if (is_digit(*e)) {
                        while (is_digit(*e))
                                e++;
                        p = e;
                }
        }
        return (size_t)(p - text);
}

/* The number at the start of text, *ret_end behind it. */
static int take_number(const char *text, double *ret, const char **ret_end)
{
        enum { NUMBER_MAX = 64 }; /* 17 digits say all a double holds */
        size_t length = number_length(text);
        char copy[NUMBER_MAX + 1];
        locale_t c_locale;
        double value;

        if (length == 0 || length > NUMBER_MAX)
                return -EINVAL;
        memcpy(copy, text, length); /* strtod would go on into "0x10" */
        copy[length] = 0;
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc: a constant, no allocation */
        if (c_locale == (locale_t)0)
                return -ENOMEM;
        value = strtod_l(copy, NULL, c_locale);
        freelocale(c_locale);
        if (!isfinite(value))
                return -ERANGE;
        *ret = value;
        *ret_end = text + length;
        return 0;
}

int parse_number(const char *text, double *ret)
{
        const char *end;
        double value;
        int r = take_number(text, &value, &end);

        if (r < 0)
                return r;
        if (*end)
                return -EINVAL;
        *ret = value;
        return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t length)
{
        for (; units->name; units++)
                if (strlen(units->name) == length && memcmp(units->name, name, length) == 0)
                        return units;
        return NULL;
}

static const char *skip_spaces(const char *p)
{
        return p + strspn(p, " ");
}

/* A number, perhaps a space, a unit, at the start of text. */
static int take_with_unit(const char *text, const struct unit *units, double *ret,
                          const struct unit **ret_unit, const char **ret_end)
{
        const struct unit *unit;
        const char *end, *name;
        double value;
        size_t length = 0;
        int r = take_number(text, &value, &end);

        if (r < 0)
                return r;
        name = skip_spaces(end);
        while (is_letter(name[length]))
                length++;
        if (length == 0)
                name = end; /* white space at the end is refused by the caller */
        unit = find_unit(units, name, length);
        if (!unit)
                return -EINVAL;
        value *= unit->factor;
        if (value < 0 || !isfinite(value))
                return -ERANGE;
        *ret = value;
        *ret_unit = unit;
        *ret_end = name + length;
        return 0;
}

int parse_bytes(const char *text, double *ret)
{
        const struct unit *unit;
        const char *end;
        double value;
        int r = take_with_unit(text, BYTE_UNITS, &value, &unit, &end);

        if (r < 0)
                return r;
        if (*end)
                return -EINVAL;
        *ret = value;
        return 0;
}

int parse_percent(const char *text, double *ret)
{
        const char *end;
        double value;
        int r = take_number(text, &value, &end);

        if (r < 0)
                return r;
        if (strcmp(skip_spaces(end), "%") != 0)
                return -EINVAL;
        if (value < 0)
                return -ERANGE;
        *ret = value / 100;
        return 0;
}

int parse_duration(const char *text, double *ret)
{
        double sum = 0;
        int r;

        r = parse_number(text, &sum);
        if (r == 0 && sum < 0)
                r = -ERANGE;
        if (r != -EINVAL) {
                if (r == 0)
                        *ret = sum;
                return r;
        }
        for (sum = 0;;) {
                const struct unit *unit;
                const char *end;
                double value;

                r = take_with_unit(text, TIME_UNITS, &value, &unit, &end);
                if (r < 0)
                        return r;
                sum += value;
                if (!*end)
                        break;
                text = skip_spaces(end);
        }
        if (!isfinite(sum))
                return -ERANGE;
        *ret = sum;
        return 0;
}

/* Exactly `count` digits. */
static bool take_digits(const char *s, unsigned count, int *ret)
{
        int value = 0;
        for (unsigned i = 0; i < count; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return false;
                value = value * 10 + (s[i] - '0');
        }
        *ret = value;
        return true;
}

int parse_time(const char *text, double *ret)
{
        struct tm tm = { .tm_isdst = 0 };
        const char *s = text;
        int year, month;

        if (strlen(s) < strlen("2026-01-01T00:00:00Z") || !take_digits(s, 4, &year) ||
            s[4] != '-' || !take_digits(s + 5, 2, &month) || s[7] != '-' ||
            !take_digits(s + 8, 2, &tm.tm_mday) || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') ||
            !take_digits(s + 11, 2, &tm.tm_hour) || s[13] != ':' ||
            !take_digits(s + 14, 2, &tm.tm_min) || s[16] != ':' ||
            !take_digits(s + 17, 2, &tm.tm_sec))
                return -EINVAL;
        if (year < 1970 || month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
            tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
                return -EINVAL;
        tm.tm_year = year - 1900;
        tm.tm_mon = month - 1;

        s += 19;
        double fraction = 0;
        if (*s == '.') {
                double scale = 0.1;
                const char *first = ++s;
                for (; *s >= '0' && *s <= '9'; s++, scale /= 10)
                        fraction += (*s - '0') * scale;
                if (s == first)
                        return -EINVAL;
        }

        int offset = 0;
        if (*s == 'Z' || *s == 'z') {
                s++;
        } else {
                int hours, minutes;
                if ((*s != '+' && *s != '-') || !take_digits(s + 1, 2, &hours) || s[3] != ':' ||
                    !take_digits(s + 4, 2, &minutes) || hours > 23 || minutes > 59)
                        return -EINVAL;
                offset = (hours * 60 + minutes) * (*s == '-' ? -60 : 60);
                s += 6;
        }
        if (*s)
                return -EINVAL;
        *ret = (double)timegm(&tm) - offset + fraction;
        return 0;
}

int parse_boolean(const char *text, int *ret)
{
        static const char *const WORDS[][4] = {
                { "no", "false", "off", "0" },
                { "yes", "true", "on", "1" },
        };

        for (int value = 0; value < 2; value++)
                for (size_t i = 0; i < ELEMENTS_OF(WORDS[value]); i++)
                        if (strcmp(text, WORDS[value][i]) == 0) {
                                *ret = value;
                                return 0;
                        }
        return -EINVAL;
}
