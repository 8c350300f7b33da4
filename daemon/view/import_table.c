/* SPDX-License-Identifier: MIT */
/* The table that all formats are read into. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "view/import.h"

static const double YEAR_9999 = 253402300799.0;

void import_done(struct import *m)
{
        free(m->rows);
        *m = (struct import){ 0 };
}

int import_fails(struct import *m, size_t line, const char *format, ...)
{
        char what[IMPORT_ERROR_MAX / 2], clean[IMPORT_ERROR_MAX / 2];
        struct text t;
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        text_init(&t, m->error, sizeof(m->error));
        if (line > 0)
                text_add(&t, "%s:%zu: %s", m->file, line, utf8_clean(what, clean, sizeof(clean)));
        else
                text_add(&t, "%s: %s", m->file, utf8_clean(what, clean, sizeof(clean)));
        return -EBADMSG;
}

struct import_row *import_row(struct import *m, double time)
{
        if (!(time >= 0 && time <= YEAR_9999)) {
                (void)import_fails(m, 0, "a time that is not between 1970 and 9999");
                return NULL;
        }
        if (m->count == m->space) {
                size_t more = m->space ? 2 * m->space : 1024;
                struct import_row *rows =
                        more > IMPORT_ROWS_MAX ? NULL : reallocarray(m->rows, more, sizeof(*rows));
                if (!rows) {
                        (void)import_fails(m, 0,
                                           more > IMPORT_ROWS_MAX ? "more than %d samples"
                                                                  : "no memory for %d samples",
                                           IMPORT_ROWS_MAX);
                        return NULL;
                }
                m->rows = rows;
                m->space = more;
        }
        struct import_row *row = &m->rows[m->count++];
        row->time = time;
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                row->values[i] = NAN;
        return row;
}

static int by_time(const void *a, const void *b)
{
        const struct import_row *x = a, *y = b;
        return (x->time > y->time) - (x->time < y->time);
}

/* What no kernel has is absent. A trace has whole KiB, as the kernel does; Netdata's MiB of seven
 * digits are not. */
static double sane(size_t field, double value)
{
        if (!(value >= 0 && value < 0x1p63))
                return NAN;
        return field < FIELD_MEMINFO_COUNT ? round(value / 1024) * 1024 : value;
}

void import_sort(struct import *m)
{
        size_t kept = 0;
        if (m->count == 0)
                return;
        qsort(m->rows, m->count, sizeof(*m->rows), by_time);
        for (size_t i = 1; i < m->count; i++) {
                if (m->rows[i].time != m->rows[kept].time) {
                        m->rows[++kept] = m->rows[i];
                        continue;
                }
                for (size_t k = 0; k < FIELD_KNOWN_COUNT; k++)
                        if (isfinite(m->rows[i].values[k]))
                                m->rows[kept].values[k] = m->rows[i].values[k];
        }
        m->count = kept + 1;
        for (size_t i = 0; i < m->count; i++)
                for (size_t k = 0; k < FIELD_KNOWN_COUNT; k++)
                        m->rows[i].values[k] = sane(k, m->rows[i].values[k]);
}

int import_read(struct import *m, const char *file, char *data, size_t size)
{
        m->file = file;
        const char *begin = data + strspn(data, " \t\r\n");
        if (*begin != '{' && *begin != '[')
                return import_csv(m, data);
        json_error_t error;
        json_t *root = json_loadb(data, size, 0, &error);
        if (!root)
                return import_fails(m, error.line > 0 ? (size_t)error.line : 0, "%s", error.text);
        int r;
        if (json_object_get(root, "sysstat"))
                r = import_sar(m, root);
        else if (json_object_get(root, "status"))
                r = import_prometheus(m, root);
        else if (json_object_get(root, "labels"))
                r = import_netdata_json(m, root);
        else if (json_object_get(root, "virtualization"))
                r = import_netdata_info(m, root);
        else
                r = import_fails(m, 0,
                                 "this JSON is neither of sadf -j, nor of Prometheus' "
                                 "query_range, nor of Netdata's /api/v1/data or info");
        json_decref(root);
        return r;
}
