/* SPDX-License-Identifier: MIT */
/* JSON out. jansson would give all reals the same number of digits and print 5.0 for bytes; events
 * need whole bytes, short ratios and exact times side by side, the same bytes on every machine. */
#include "announce/json_out.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"

static const double WHOLE_MAX = 9007199254740992.0; /* 2^53: what any JSON reader keeps exactly */
static const double YEAR_9999 = 253402300799.0;

void json_out_init(struct json_out *j)
{
        *j = (struct json_out){ .buffer = NULL };
}

void json_out_done(struct json_out *j)
{
        free(j->buffer);
        json_out_init(j);
}

int json_out_take(struct json_out *j, char **ret)
{
        if (j->failed || !j->buffer) {
                json_out_done(j);
                return -ENOMEM;
        }
        *ret = TAKE_PTR(j->buffer);
        json_out_init(j);
        return 0;
}

static void add(struct json_out *j, const char *s, size_t length)
{
        if (j->failed)
                return;
        if (j->length + length + 1 > j->space) {
                size_t space = MAX_OF(2 * j->space, (size_t)8192);
                char *grown;

                while (space < j->length + length + 1)
                        space *= 2;
                grown = realloc(j->buffer, space);
                if (!grown) {
                        j->failed = true;
                        return;
                }
                j->buffer = grown;
                j->space = space;
        }
        memcpy(j->buffer + j->length, s, length);
        j->length += length;
        j->buffer[j->length] = 0;
}

static void add_string(struct json_out *j, const char *s)
{
        add(j, s, strlen(s));
}

static void begin(struct json_out *j, const char *name)
{
        if (j->comma)
                add(j, ",", 1);
        j->comma = true;
        if (!name)
                return;
        add(j, "\"", 1);
        add_string(j, name);
        add(j, "\":", 2);
}

void json_out_open(struct json_out *j, const char *name, char bracket)
{
        begin(j, name);
        add(j, &bracket, 1);
        j->comma = false;
}

void json_out_close(struct json_out *j, char bracket)
{
        add(j, &bracket, 1);
        j->comma = true;
}

void json_out_null(struct json_out *j, const char *name)
{
        begin(j, name);
        add(j, "null", 4);
}

void json_out_bool(struct json_out *j, const char *name, bool value)
{
        begin(j, name);
        add_string(j, value ? "true" : "false");
}

void json_out_text(struct json_out *j, const char *name, const char *s, size_t max)
{
        char clean[JSON_TEXT_MAX + 1];

        assert(max <= JSON_TEXT_MAX);
        if (!s) {
                json_out_null(j, name);
                return;
        }
        begin(j, name);
        add(j, "\"", 1);
        utf8_clean(s, clean, max + 1);
        for (const char *p = clean; *p;) {
                size_t plain = strcspn(p, "\"\\");

                add(j, p, plain);
                p += plain;
                if (*p) {
                        add(j, "\\", 1);
                        add(j, p++, 1);
                }
        }
        add(j, "\"", 1);
}

static void number(struct json_out *j, const char *name, double value, int digits)
{
        char text[64];

        if (!isfinite(value)) {
                json_out_null(j, name);
                return;
        }
        if (value == 0)
                value = 0; /* no "-0" */
        if (digits == 0)
                snprintf(text, sizeof(text), fabs(value) < WHOLE_MAX ? "%.0f" : "%.17g", value);
        else
                snprintf(text, sizeof(text), "%.*g", digits, value);
        begin(j, name);
        add_string(j, strcmp(text, "-0") == 0 ? "0" : text);
}

void json_out_whole(struct json_out *j, const char *name, double value)
{
        number(j, name, value, 0);
}

void json_out_number(struct json_out *j, const char *name, double value)
{
        number(j, name, value, fabs(value) < 100000 ? 6 : 0);
}

void json_out_exact(struct json_out *j, const char *name, double value)
{
        char text[64];
        int digits = 15;

        for (; digits < 17; digits++) {
                snprintf(text, sizeof(text), "%.*g", digits, value);
                if (strtod(text, NULL) == value)
                        break;
        }
        number(j, name, value, digits);
}

void json_out_time(struct json_out *j, const char *name, double unix_seconds)
{
        char text[FORMAT_MAX];

        if (!(unix_seconds >= 0 && unix_seconds <= YEAR_9999))
                json_out_null(j, name);
        else
                json_out_text(j, name, format_time_utc(unix_seconds, text), FORMAT_MAX);
}
