/* SPDX-License-Identifier: MIT */
/* Small steps that the parsers of the kernel's tables share. All work on a terminated line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Past blanks (the kernel uses spaces and tabs). */
static inline const char *scan_blanks(const char *at)
{
        while (*at == ' ' || *at == '\t')
                at++;
        return at;
}

/* Blanks, then decimal digits that a blank or the end of the line follows. False when there is no
 * such number or it is above max: a counter below zero that was printed as unsigned looks like
 * that. On success *at is behind the number. */
static inline bool scan_number(const char **at, uint64_t max, uint64_t *ret)
{
        const char *s = scan_blanks(*at), *first = s;
        uint64_t value = 0;

        for (; *s >= '0' && *s <= '9'; s++) {
                uint64_t digit = (uint64_t)(*s - '0');

                if (value > (max - digit) / 10 || digit > max)
                        return false;
                value = value * 10 + digit;
        }
        if (s == first || (*s && *s != ' ' && *s != '\t'))
                return false;
        *at = s;
        *ret = value;
        return true;
}

/* Takes `word` off when it stands at *at and a blank or the end follows. */
static inline bool scan_word(const char **at, const char *word)
{
        const char *s = scan_blanks(*at);
        size_t length = strlen(word);

        if (strncmp(s, word, length) != 0 || (s[length] && s[length] != ' ' && s[length] != '\t'))
                return false;
        *at = s + length;
        return true;
}

/* The next word: its start, and its length in *ret_length (0 at the end). *at is behind it. */
static inline const char *scan_token(const char **at, size_t *ret_length)
{
        const char *s = scan_blanks(*at);

        *ret_length = strcspn(s, " \t");
        *at = s + *ret_length;
        return s;
}
