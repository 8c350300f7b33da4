/* SPDX-License-Identifier: MIT */
/* An event carries the 60 values of its last hour: one a line, they push all that matters off the
 * screen. */
#include "view/pretty.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

enum { STEP = 2 };

static void put_spaces(FILE *out, size_t count)
{
        fprintf(out, "%*s", (int)count, "");
}

/* false without memory. */
static bool put_flat(FILE *out, const json_t *value)
{
        _cleanup_free_ char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        if (!text)
                return false;
        fputs(text, out);
        return true;
}

static bool is_numbers(const json_t *list)
{
        for (size_t i = 0; i < json_array_size(list); i++)
                if (!json_is_number(json_array_get(list, i)) &&
                    !json_is_null(json_array_get(list, i)))
                        return false;
        return json_array_size(list) > 0;
}

static bool put_numbers(FILE *out, const json_t *list, size_t indent, size_t width)
{
        size_t count = json_array_size(list), column = width;

        fputc('[', out);
        for (size_t i = 0; i < count; i++) {
                _cleanup_free_ char *text =
                        json_dumps(json_array_get(list, i), JSON_COMPACT | JSON_ENCODE_ANY);
                if (!text)
                        return false;
                size_t length = strlen(text) + 2; /* with a comma and a space */
                if (column + length > width) {
                        fputc('\n', out);
                        put_spaces(out, indent + STEP);
                        column = indent + STEP;
                } else
                        fputc(' ', out);
                fprintf(out, "%s%s", text, i + 1 < count ? "," : "");
                column += length;
        }
        fputc('\n', out);
        put_spaces(out, indent);
        fputc(']', out);
        return true;
}

static bool put_value(FILE *out, const json_t *value, size_t indent, size_t width)
{
        size_t i = 0, count;

        if (is_numbers(value))
                return put_numbers(out, value, indent, width);
        if (json_is_array(value) && json_array_size(value) > 0) {
                fputc('[', out);
                count = json_array_size(value);
                for (; i < count; i++) {
                        fputc('\n', out);
                        put_spaces(out, indent + STEP);
                        if (!put_value(out, json_array_get(value, i), indent + STEP, width))
                                return false;
                        if (i + 1 < count)
                                fputc(',', out);
                }
        } else if (json_is_object(value) && json_object_size(value) > 0) {
                const char *key;
                json_t *member;
                fputc('{', out);
                count = json_object_size(value);
                /* jansson walks an object that it does not change. */
                json_object_foreach((json_t *)value, key, member)
                {
                        json_auto_t *name = json_string_nocheck(key);
                        fputc('\n', out);
                        put_spaces(out, indent + STEP);
                        if (!name || !put_flat(out, name))
                                return false;
                        fputs(": ", out);
                        if (!put_value(out, member, indent + STEP, width))
                                return false;
                        if (++i < count)
                                fputc(',', out);
                }
        } else
                return put_flat(out, value);
        fputc('\n', out);
        put_spaces(out, indent);
        fputc(json_is_array(value) ? ']' : '}', out);
        return true;
}

char *pretty_json(const json_t *value, size_t width)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        bool whole = put_value(out, value, 0, width);
        if (fclose(out) != 0 || !whole) {
                free(text);
                return NULL;
        }
        return text;
}
