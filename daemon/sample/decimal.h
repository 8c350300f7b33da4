/* SPDX-License-Identifier: MIT */
/* Fast exact reading of the decimal numbers that traces consist of. */
#pragma once

#include <stdint.h>
#include <string.h>

/* So many bytes behind the text may be read, whatever they are. */
enum { DECIMAL_SLACK = 8 };

/* Appends the digits that the next eight bytes begin with. All eight at once: they are as many
 * bytes of one integer (D. Lemire, "Quickly parsing eight digits", 2018); what stands behind the
 * last digit is shifted out, which leaves zeros in front. Returns how many there were. */
static inline unsigned decimal_eight(const char *at, uint64_t *digits)
{
        static const uint64_t power_of_ten[] = { 1,      10,      100,      1000,     10000,
                                                 100000, 1000000, 10000000, 100000000 };
        unsigned count = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        uint64_t eight, others;

        memcpy(&eight, at, sizeof(eight));
        eight ^= 0x3030303030303030; /* '0' */
        others = ((eight + 0x7676767676767676) | eight) & 0x8080808080808080;
        count = others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
        if (count == 0)
                return 0;
        eight <<= 8 * (8 - count);
        eight = (eight * 10 + (eight >> 8)) & 0x00ff00ff00ff00ff;
        eight = (eight * 100 + (eight >> 16)) & 0x0000ffff0000ffff;
        eight = (eight * 10000 + (eight >> 32)) & 0x00000000ffffffff;
        *digits = *digits * power_of_ten[count] + eight;
#else
        (void)power_of_ten;
        for (; count < 8 && (unsigned char)(at[count] - '0') < 10; count++)
                *digits = *digits * 10 + (unsigned char)(at[count] - '0');
#endif
        return count;
}

/* The same of all digits there, where they are not more than 16. */
static inline unsigned decimal_digits(const char *at, uint64_t *digits)
{
        unsigned count = decimal_eight(at, digits);

        return count < 8 ? count : 8 + decimal_eight(at + 8, digits);
}

/* Reads "123", "-123" or "123.456" of at most 15 digits from text that something other than a digit
 * ends and DECIMAL_SLACK bytes follow. Returns where the number ends and sets *ret to the double
 * nearest to it; NULL for everything else, which may still be a number for parse_number(), and for
 * no number at all.
 *
 * Exact because the digits as an integer, and 10^0 ... 10^15, are doubles without rounding, so that
 * their quotient is rounded once (W. D. Clinger, How to Read Floating Point Numbers Accurately,
 * 1990, section 5). */
static inline const char *decimal_scan(const char *text, double *ret)
{
        static const double power_of_ten[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
        const char *at = text + (*text == '-');
        uint64_t digits = 0; /* at most 15 of them, and 16 behind the point: wraps around, unused */
        unsigned whole = decimal_digits(at, &digits);
        double value;

        if (whole == 0 || whole > 15)
                return 0;
        at += whole;
        value = (double)digits;

        if (*at == '.') {
                unsigned part = decimal_digits(++at, &digits);

                if (part == 0 || whole + part > 15)
                        return 0;
                at += part;
                value = (double)digits / power_of_ten[part];
        }
        *ret = *text == '-' ? -value : value;
        return at;
}
