/* SPDX-License-Identifier: MIT */
/* Checks the header of a trace. A wrong name costs a whole replay, so it is strict, and says what
 * it wanted. */
#include "sample/trace_header.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "sample/member.h"

const char *trace_quote(const char *text, size_t length, char buffer[TRACE_QUOTE_MAX])
{
        char raw[TRACE_QUOTE_MAX];
        size_t kept = MIN_OF(length, (size_t)48);

        memcpy(raw, text, kept);
        for (size_t i = 0; i < kept; i++)
                if (raw[i] == '\0')
                        raw[i] = ' ';
        raw[kept] = '\0';
        utf8_clean(raw, buffer, TRACE_QUOTE_MAX - 3);
        if (kept < length)
                strcat(buffer, "...");
        return buffer;
}

/* NULL when the name can be one, else what is wrong. Names go into JSON, tables and file lines. */
static const char *name_fault(const char *name, size_t length)
{
        char clean[MEMBER_NAME_MAX * 3 + 1]; /* a bad byte becomes three */

        if (length == 0)
                return "a column has no name";
        if (length > FIELD_NAME_MAX && family_of(name) < 0)
                return "a column name is longer than 63 bytes";
        if (length > MEMBER_NAME_MAX)
                return "a column name is longer than 231 bytes";
        if (strlen(name) != length || strcmp(utf8_clean(name, clean, sizeof(clean)), name) != 0)
                return "a column name holds bytes that are not text";
        if (strchr(name, '"'))
                return "a column name is quoted; names stand bare in a trace";
        if (name[0] == ' ' || name[length - 1] == ' ')
                return "a column name begins or ends with a space";
        return NULL;
}

static struct trace_column describe(const char *name, size_t *value_count)
{
        struct trace_column column = { .name = name, .kind = TRACE_VALUE, .scale = 1 };

        if (strcmp(name, "time") == 0) {
                column.kind = TRACE_TIME;
                return column;
        }
        if (strcmp(name, "host_kind") == 0) {
                column.kind = TRACE_HOST_KIND;
                return column;
        }

        int known = field_by_name(name);

        column.field = known >= 0 ? (size_t)known : (*value_count)++;
        column.smallest = known >= 0 ? 0 : -INFINITY;
        if (field_unit(column.field) == FIELD_BYTES)
                column.scale = 1024;
        switch (known) {
        case FIELD_CPUS:
        case FIELD_POSSIBLE_CPUS:
        case FIELD_STACK_SIZE: /* are divided by */
                column.kind = TRACE_FACT;
                column.smallest = 1;
                break;
        case FIELD_CGROUPS:
                column.kind = TRACE_FACT;
                break;
        default:
                break;
        }
        return column;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A name that occurs twice, or NULL. */
static int find_duplicate(const struct trace_header *h, const char **ret)
{
        _cleanup_free_ const char **names = malloc(h->count * sizeof(*names));

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < h->count; i++)
                names[i] = h->columns[i].name;
        qsort(names, h->count, sizeof(*names), compare_names);
        *ret = NULL;
        for (size_t i = 1; i < h->count && !*ret; i++)
                if (strcmp(names[i - 1], names[i]) == 0)
                        *ret = names[i];
        return 0;
}

static int parse(struct trace_header *h, const char *line, size_t length,
                 char error[TRACE_ERROR_MAX])
{
        char quote[TRACE_QUOTE_MAX];
        bool has_time = false;
        const char *duplicate, *fault;

        h->count = 1;
        for (size_t i = 0; i < length; i++)
                h->count += line[i] == ',';
        if (h->count > FIELD_TABLE_MAX) {
                snprintf(error, TRACE_ERROR_MAX, "%zu columns, at most %d are read", h->count,
                         FIELD_TABLE_MAX);
                return -EINVAL;
        }

        h->names = malloc(length + 1);
        h->columns = calloc(h->count, sizeof(*h->columns));
        if (!h->names || !h->columns)
                return -ENOMEM;
        memcpy(h->names, line, length);
        h->names[length] = '\0';

        char *end = h->names + length;
        char *name = h->names;
        for (size_t i = 0; i < h->count; i++) {
                char *comma = memchr(name, ',', (size_t)(end - name));
                size_t name_length = (size_t)((comma ? comma : end) - name);

                name[name_length] = '\0';
                fault = name_fault(name, name_length);
                if (fault) {
                        snprintf(error, TRACE_ERROR_MAX, "%s (column %zu: '%s')", fault, i + 1,
                                 trace_quote(name, name_length, quote));
                        return -EINVAL;
                }
                h->columns[i] = describe(name, &h->value_count);
                has_time |= h->columns[i].kind == TRACE_TIME;
                name += name_length + 1;
        }

        if (!has_time) {
                snprintf(error, TRACE_ERROR_MAX,
                         "no column is called time; a trace begins with a line like "
                         "time,Slab,VmallocUsed");
                return -EINVAL;
        }
        if (find_duplicate(h, &duplicate) < 0)
                return -ENOMEM;
        if (duplicate) {
                snprintf(error, TRACE_ERROR_MAX, "two columns are called %s", duplicate);
                return -EINVAL;
        }
        return 0;
}

int trace_header_init(struct trace_header *h, const char *line, size_t length,
                      char error[TRACE_ERROR_MAX])
{
        *h = (struct trace_header){ .value_count = FIELD_KNOWN_COUNT };

        int r = parse(h, line, length, error);
        if (r < 0)
                trace_header_done(h);
        return r;
}

void trace_header_done(struct trace_header *h)
{
        free(h->names);
        free(h->columns);
        *h = (struct trace_header){ 0 };
}
