/* SPDX-License-Identifier: MIT */
/* Strings that never overflow, and UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* A string that is appended to in a fixed buffer; what does not fit is cut on a UTF-8 boundary and
 * `cut` is set. Always terminated. */
struct text {
        char *buffer;
        size_t size, length;
        bool cut;
};

void text_init(struct text *t, char *buffer, size_t size);
void text_add(struct text *t, const char *format, ...) _printf_(2, 3);

/* The character at the start of s: its length in bytes (1 for the terminating zero), or 0 when it
 * is not valid UTF-8. */
size_t utf8_decode(const char *s, uint32_t *ret);

/* True when all of s is valid UTF-8. */
bool utf8_valid(const char *s);

/* Length of s cut to at most max bytes on a UTF-8 boundary. */
size_t utf8_cut(const char *s, size_t max);

/* Copies s into buffer as valid UTF-8 without control characters: invalid bytes become U+FFFD, each
 * control character a space. At most size - 1 bytes, cut on a boundary. Returns buffer. */
char *utf8_clean(const char *s, char *buffer, size_t size);

/* The columns a terminal needs for s (wcwidth over UTF-8, locale independent; combining marks 0,
 * wide 2). */
size_t utf8_width(const char *s);

/* Eight block characters ("▁▂▃▄▅▆▇█"), one per value, scaled between the smallest and the largest;
 * NaN gives a space, a constant series the lowest block. buffer needs 3 * count + 1 bytes. */
char *sparkline(const double *values, size_t count, char *buffer, size_t size);

/* Cuts white space at both ends, in place; returns the new start. */
char *trim(char *s);

bool has_suffix(const char *s, const char *suffix);
bool has_prefix(const char *s, const char *prefix);

/* Whether all of s fits the pattern, in which * stands for any characters and ? for one. Unlike
 * fnmatch(3), which a stranger's pattern of many stars keeps busy for ever, its time is at most the
 * product of the two lengths. */
bool glob_match(const char *pattern, const char *s);
