/* SPDX-License-Identifier: MIT */
/* Writes JSON text front to back: members in the order given, numbers in a form that does not
 * depend on the locale or the library, one line. What it writes is valid whatever the strings and
 * numbers are: text is cleaned to UTF-8 without control characters, NaN and infinities are null.
 * name: the member's name (plain ASCII, not escaped), NULL in an array and at the top. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_out {
        char *buffer;
        size_t length, space;
        bool failed; /* no memory: everything after is ignored, json_out_take says so */
        bool comma;  /* something stands before on this level */
};

enum { JSON_TEXT_MAX = 4096 }; /* longest string in bytes, the rest is cut */

void json_out_init(struct json_out *j);
void json_out_done(struct json_out *j);

/* The text, terminated, owned by the caller; j is empty afterwards. 0 or -ENOMEM. */
int json_out_take(struct json_out *j, char **ret);

void json_out_open(struct json_out *j, const char *name, char bracket); /* '{' or '[' */
void json_out_close(struct json_out *j, char bracket);                  /* '}' or ']' */

void json_out_null(struct json_out *j, const char *name);
void json_out_bool(struct json_out *j, const char *name, bool value);
/* At most max bytes (<= JSON_TEXT_MAX) of s; NULL is null. */
void json_out_text(struct json_out *j, const char *name, const char *s, size_t max);
/* Rounded to a whole number, as bytes and counts are. */
void json_out_whole(struct json_out *j, const char *name, double value);
/* At most 6 significant digits; from 100,000 on whole. */
void json_out_number(struct json_out *j, const char *name, double value);
/* The shortest text that reads back as the same number. */
void json_out_exact(struct json_out *j, const char *name, double value);
/* RFC 3339; null when it is not between 1970 and the year 9999. */
void json_out_time(struct json_out *j, const char *name, double unix_seconds);
