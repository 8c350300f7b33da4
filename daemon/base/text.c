/* SPDX-License-Identifier: MIT */
/* Strings in fixed buffers that are cut, never overflow, and stay valid UTF-8. */
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *t, char *buffer, size_t size)
{
        *t = (struct text){ .buffer = buffer, .size = size };
        if (size > 0)
                buffer[0] = 0;
}

/* vsnprintf cuts at a byte: takes away what it left of a character at the end. */
static void drop_half_character(struct text *t)
{
        size_t start = t->length;
        uint32_t c;

        while (start > 0 && t->length - start < 3 &&
               ((unsigned char)t->buffer[start - 1] & 0xC0) == 0x80)
                start--;
        if (start > 0 && (unsigned char)t->buffer[start - 1] >= 0xC0 &&
            utf8_decode(t->buffer + start - 1, &c) == 0)
                t->length = start - 1;
        t->buffer[t->length] = 0;
}

void text_add(struct text *t, const char *format, ...)
{
        size_t space;
        va_list args;
        int n;

        /* After a cut nothing more is added: a text with a hole reads as if it were whole. */
        if (t->cut || t->length >= t->size)
                return;
        space = t->size - t->length;
        va_start(args, format);
        n = vsnprintf(t->buffer + t->length, space, format, args);
        va_end(args);
        if (n < 0) {
                t->buffer[t->length] = 0;
                t->cut = true;
        } else if ((size_t)n < space) {
                t->length += (size_t)n;
        } else {
                t->length = t->size - 1;
                drop_half_character(t);
                t->cut = true;
        }
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t utf8_decode(const char *s, uint32_t *ret)
{
        static const uint32_t SMALLEST[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *p = (const unsigned char *)s;
        uint32_t c;
        size_t length;

        if (p[0] < 0x80) {
                *ret = p[0];
                return 1;
        }
        if (p[0] >= 0xC2 && p[0] < 0xE0) {
                length = 2;
                c = p[0] & 0x1F;
        } else if (p[0] >= 0xE0 && p[0] < 0xF0) {
                length = 3;
                c = p[0] & 0x0F;
        } else if (p[0] >= 0xF0 && p[0] < 0xF5) {
                length = 4;
                c = p[0] & 0x07;
        } else
                return 0;
        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xC0) != 0x80) /* stops at the terminating zero too */
                        return 0;
                c = c << 6 | (p[i] & 0x3F);
        }
        if (c < SMALLEST[length] || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF)
                return 0;
        *ret = c;
        return length;
}

bool utf8_valid(const char *s)
{
        uint32_t c;

        while (*s) {
                size_t n = utf8_decode(s, &c);

                if (n == 0)
                        return false;
                s += n;
        }
        return true;
}

size_t utf8_cut(const char *s, size_t max)
{
        size_t length = strnlen(s, max);

        if (length < max || !s[length])
                return length;
        /* s goes on: step back when the cut would fall before a continuation byte. */
        while (length > 0 && ((unsigned char)s[length] & 0xC0) == 0x80)
                length--;
        return length;
}

static bool is_control(uint32_t c)
{
        return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

char *utf8_clean(const char *s, char *buffer, size_t size)
{
        size_t length = 0;
        uint32_t c;

        if (size == 0)
                return buffer;
        while (*s) {
                const char *piece = s;
                size_t taken = utf8_decode(s, &c), n = taken;

                if (taken == 0) {
                        piece = "\xEF\xBF\xBD"; /* U+FFFD */
                        n = 3;
                        taken = 1;
                } else if (is_control(c)) {
                        piece = " ";
                        n = 1;
                }
                if (length + n > size - 1)
                        break;
                memcpy(buffer + length, piece, n);
                length += n;
                s += taken;
        }
        buffer[length] = 0;
        return buffer;
}

struct range {
        uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

/* The blocks of combining marks and of East Asian wide characters (Unicode 15, UAX 11), whole
 * blocks only: this lays out tables of names and numbers, it does not set type. wcwidth() would
 * need a locale that a service may not have. */
static const struct range NO_WIDTH[] = {
        { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x064B, 0x065F },
        { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x200B, 0x200F }, { 0x202A, 0x202E },
        { 0x2060, 0x2064 }, { 0x20D0, 0x20FF }, { 0x302A, 0x302D }, { 0x3099, 0x309A },
        { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF }, { 0xE0100, 0xE01EF },
};
static const struct range WIDE[] = {
        { 0x1100, 0x115F },   { 0x231A, 0x231B },   { 0x2329, 0x232A },   { 0x23E9, 0x23EC },
        { 0x2E80, 0x303E },   { 0x3041, 0x33FF },   { 0x3400, 0x4DBF },   { 0x4E00, 0xA4CF },
        { 0xA960, 0xA97F },   { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },
        { 0xFF00, 0xFF60 },   { 0xFFE0, 0xFFE6 },   { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF },
        { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
};

size_t utf8_width(const char *s)
{
        size_t width = 0;
        uint32_t c;

        while (*s) {
                size_t n = utf8_decode(s, &c);

                if (n == 0) {
                        n = 1; /* shown as one replacement character */
                        width++;
                } else if (!is_control(c) && !in_ranges(c, NO_WIDTH, ELEMENTS_OF(NO_WIDTH)))
                        width += in_ranges(c, WIDE, ELEMENTS_OF(WIDE)) ? 2 : 1;
                s += n;
        }
        return width;
}

char *sparkline(const double *values, size_t count, char *buffer, size_t size)
{
        double low = INFINITY, high = -INFINITY;
        size_t length = 0;

        if (size == 0)
                return buffer;
        for (size_t i = 0; i < count; i++)
                if (isfinite(values[i])) {
                        low = fmin(low, values[i]);
                        high = fmax(high, values[i]);
                }
        for (size_t i = 0; i < count; i++) {
                char block[4] = " ";
                size_t n = 1;

                if (isfinite(values[i])) {
                        /* halves, so that the largest span does not overflow */
                        double span = high / 2 - low / 2;
                        double share = span > 0 ? (values[i] / 2 - low / 2) / span : 0;
                        int level = (int)fmin(7, floor(share * 8));

                        memcpy(block, "\xE2\x96\x81", 4); /* U+2581 ... U+2588 */
                        block[2] = (char)(0x81 + level);
                        n = 3;
                }
                if (length + n > size - 1)
                        break;
                memcpy(buffer + length, block, n);
                length += n;
        }
        buffer[length] = 0;
        return buffer;
}

static bool is_space(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

char *trim(char *s)
{
        size_t length;

        while (is_space(*s))
                s++;
        length = strlen(s);
        while (length > 0 && is_space(s[length - 1]))
                length--;
        s[length] = 0;
        return s;
}

bool has_suffix(const char *s, const char *suffix)
{
        size_t length = strlen(s), n = strlen(suffix);

        return length >= n && memcmp(s + length - n, suffix, n) == 0;
}

bool has_prefix(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool glob_match(const char *pattern, const char *s)
{
        const char *star = NULL, *from = NULL;

        while (*s) {
                if (*pattern == '*') {
                        star = ++pattern;
                        from = s;
                } else if (*pattern == '?' || *pattern == *s) {
                        pattern++;
                        s++;
                } else if (star) { /* the last star takes one more; those before it have enough */
                        pattern = star;
                        s = ++from;
                } else {
                        return false;
                }
        }
        return pattern[strspn(pattern, "*")] == 0;
}
