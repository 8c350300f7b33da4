/* SPDX-License-Identifier: MIT */
/* Fast exact reading of the decimal numbers that traces consist of. */
#pragma once

#include <stdint.h>

/* Reads "123", "-123" or "123.456" of at most 15 digits from text that something other than a digit
 * ends. Returns where the number ends and sets *ret to the double nearest to it; NULL for
 * everything else, which may still be a number for parse_number(), and for no number at all.
 *
 * Exact because the digits as an integer, and 10^0 ... 10^15, are doubles without rounding, so that
 * their quotient is rounded once (W. D. Clinger, How to Read Floating Point Numbers Accurately,
 * 1990, section 5). */
static inline const char *decimal_scan(const char *text, double *ret)
{
        static const double power_of_ten[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
        const char *at = text + (*text == '-');
        const char *first = at;
        uint64_t digits = 0; /* wraps around behind 19 digits, when the result is not used */
        double value;

        for (; (unsigned char)(*at - '0') < 10; at++)
                digits = digits * 10 + (unsigned char)(*at - '0');
        if (at == first || at - first > 15)
                return 0;
        value = (double)digits;

        if (*at == '.') {
                const char *point = at++;

                for (; (unsigned char)(*at - '0') < 10; at++)
                        digits = digits * 10 + (unsigned char)(*at - '0');
                if (at == point + 1 || at - first > 16)
                        return 0;
                value = (double)digits / power_of_ten[at - point - 1];
        }
        *ret = *text == '-' ? -value : value;
        return at;
}
