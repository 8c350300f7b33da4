/* SPDX-License-Identifier: MIT */
/* Writes numbers with units for a person: three digits say enough, more only look exact. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "base/units.h"

enum { DIGITS_MAX = 16 }; /* of a number without its unit: four digits, or three and a point */

static const char *not_known(char buffer[FORMAT_MAX])
{
        strcpy(buffer, "-");
        return buffer;
}

/* Three significant digits, or all before the point, without zeros at the end: "3.2", "310",
 * "1020".
 */
static void three_digits(double value, char buffer[DIGITS_MAX])
{
        int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

        snprintf(buffer, DIGITS_MAX, "%.*f", decimals, value);
        if (decimals > 0) {
                char *end = buffer + strlen(buffer);

                while (end[-1] == '0')
                        *--end = 0;
                if (end[-1] == '.')
                        *--end = 0;
        }
}

static void bytes_with_sign(double bytes, bool plus, char *buffer, size_t size)
{
        static const char *const UNITS[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        double value = fabs(bytes);
        char digits[DIGITS_MAX];
        const char *sign;
        size_t unit = 0;

        /* 1023.6 would be printed as 1024 of this unit: say 1 of the next. */
        while (unit + 1 < ELEMENTS_OF(UNITS) && value >= 1023.5) {
                value /= 1024;
                unit++;
        }
        if (unit == 0)
                value = round(value);
        sign = bytes < 0 && value > 0 ? "-" : plus ? "+" : "";
        if (value >= 999.5 && unit + 1 == ELEMENTS_OF(UNITS)) {
                /* No memory is that large; the width is what is kept. */
                snprintf(buffer, size, "%s>999 EiB", bytes < 0 ? "-" : "");
                return;
        }
        three_digits(value, digits);
        snprintf(buffer, size, "%s%s %s", sign, digits, UNITS[unit]);
}

const char *format_bytes(double bytes, char buffer[FORMAT_MAX])
{
        if (!isfinite(bytes))
                return not_known(buffer);
        bytes_with_sign(bytes, false, buffer, FORMAT_MAX);
        return buffer;
}

const char *format_rate(double bytes_per_second, char buffer[FORMAT_MAX])
{
        double per_hour = bytes_per_second * 3600;

        if (!isfinite(per_hour))
                return not_known(buffer);
        bytes_with_sign(per_hour, true, buffer, FORMAT_MAX - 2);
        strcat(buffer, "/h");
        return buffer;
}

const char *format_duration(double seconds, char buffer[FORMAT_MAX])
{
        static const struct {
                double seconds;
                const char *name;
        } UNITS[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
        enum { DAYS, HOURS, MINUTES, SECONDS };
        const char *sign = seconds < 0 ? "-" : "";
        double value = fabs(seconds), first, second;
        unsigned unit = SECONDS, small;

        if (!isfinite(seconds))
                return not_known(buffer);
        if (value < 0.9995) {
                double ms = round(value * 1000);

                if (ms > 0)
                        snprintf(buffer, FORMAT_MAX, "%s%.0f ms", sign, ms);
                else
                        strcpy(buffer, "0 s");
                return buffer;
        }
        if (value >= 86400.0 * 100000) {
                snprintf(buffer, FORMAT_MAX, "%sover 100000 d", sign);
                return buffer;
        }
        /* Rounding may carry into the next unit (59.7 s is 1 min), so it is asked for each. */
        for (unit = DAYS; unit < SECONDS; unit++) {
                double step = UNITS[unit + 1].seconds;

                if (round(value / step) * step >= UNITS[unit].seconds)
                        break;
        }
        small = unit < SECONDS && !(unit == DAYS && value >= 10 * 86400) ? unit + 1 : unit;
        value = round(value / UNITS[small].seconds) * UNITS[small].seconds;
        first = floor(value / UNITS[unit].seconds);
        second = (value - first * UNITS[unit].seconds) / UNITS[small].seconds;
        if (second > 0)
                snprintf(buffer, FORMAT_MAX, "%s%.0f %s %.0f %s", sign, first, UNITS[unit].name,
                         second, UNITS[small].name);
        else
                snprintf(buffer, FORMAT_MAX, "%s%.0f %s", sign, first, UNITS[unit].name);
        return buffer;
}

const char *format_percent(double share, char buffer[FORMAT_MAX])
{
        double value = fabs(share) * 100;
        const char *sign = share < 0 ? "-" : "";
        char digits[DIGITS_MAX];

        if (!isfinite(value))
                return not_known(buffer);
        if (value == 0)
                strcpy(buffer, "0 %");
        else if (value < 0.001)
                snprintf(buffer, FORMAT_MAX, "%s<0.001 %%", sign);
        else if (value < 0.0995)
                /* one digit that counts, two from 0.01 on: "0.004 %", "0.061 %" */
                snprintf(buffer, FORMAT_MAX, "%s%.*g %%", sign, value < 0.01 ? 1 : 2, value);
        else if (value < 10000) {
                three_digits(value, digits);
                snprintf(buffer, FORMAT_MAX, "%s%s %%", sign, digits);
        } else
                snprintf(buffer, FORMAT_MAX, "%s%.3g %%", sign, value);
        return buffer;
}

const char *format_time_utc(double unix_seconds, char buffer[FORMAT_MAX])
{
        /* .123 is .12299 in a double: rounded, not cut */
        double ms = round(unix_seconds * 1000), whole = floor(ms / 1000);
        time_t seconds;
        struct tm t;

        /* 253402300799 is the last second of the year 9999. */
        if (!isfinite(unix_seconds) || whole < 0 || whole > 253402300799.0)
                return not_known(buffer);
        seconds = (time_t)whole;
        if (!gmtime_r(&seconds, &t))
                return not_known(buffer);
        snprintf(buffer, FORMAT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900,
                 t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(ms - whole * 1000));
        return buffer;
}

const char *format_time_local(double unix_seconds, double now, char buffer[FORMAT_MAX])
{
        /* strftime would ask the locale */
        static const char MONTHS[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        time_t seconds;
        struct tm t;

        if (!isfinite(unix_seconds) || fabs(unix_seconds) > 253402300799.0)
                return not_known(buffer);
        seconds = (time_t)unix_seconds;
        if (!localtime_r(&seconds, &t))
                return not_known(buffer);
        if (fabs(unix_seconds - now) < 20 * 3600)
                snprintf(buffer, FORMAT_MAX, "%02d:%02d", t.tm_hour, t.tm_min);
        else
                snprintf(buffer, FORMAT_MAX, "%s %d %02d:%02d", MONTHS[t.tm_mon], t.tm_mday,
                         t.tm_hour, t.tm_min);
        return buffer;
}
