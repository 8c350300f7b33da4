/* SPDX-License-Identifier: MIT */
/* Reads traces: months of samples, faster than a disk delivers them, in memory that does not depend
 * on their length. Cells are parsed where they lie in the buffer. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/units.h"
#include "sample/decimal.h"
#include "sample/members.h"
#include "sample/trace.h"
#include "sample/trace_header.h"

enum {
        LINE_MAX_BYTES = 256 * 1024, /* FIELD_TABLE_MAX names of FIELD_NAME_MAX bytes and commas */
        BUFFER_BYTES = 2 * LINE_MAX_BYTES,
};

struct trace_reader {
        int fd;
        bool owns_fd, at_end;
        char *name;            /* for error texts */
        char *buffer;          /* BUFFER_BYTES, a terminator, DECIMAL_SLACK */
        size_t start, end;     /* of what has been read and not handed out */
        double consumed, size; /* bytes */
        size_t line;           /* number of the last line handed out, from 1 */
        struct trace_header head;
        char **cells;  /* of the last row, by column of the header */
        size_t *shown; /* columns other than time and host_kind */
        size_t shown_count, time_column;
        bool says_possible_cpus; /* until then they are the online ones */
        struct sample sample;
        double *values;
        struct members members; /* columns of slab caches and cgroups */
        size_t *member_fields;  /* by row; where its value stands in a sample */
};

DEFINE_CLEANUP(struct trace_reader, trace_reader_free);

static int fail(const struct trace_reader *r, char error[TRACE_ERROR_MAX], int code,
                const char *format, ...) _printf_(4, 5);
static int fail(const struct trace_reader *r, char error[TRACE_ERROR_MAX], int code,
                const char *format, ...)
{
        char what[TRACE_ERROR_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        /* A long path must not push out what is wrong. */
        (void)snprintf(error, TRACE_ERROR_MAX, "%.200s:%zu: %.280s", r->name,
                       r->line > 0 ? r->line : 1, what);
        return code;
}

static int out_of_memory(const struct trace_reader *r, char error[TRACE_ERROR_MAX])
{
        return fail(r, error, -ENOMEM, "not enough memory");
}

/* 1 with the next line in place of *ret_line, terminated, without its line ending; 0 at the end. */
static int next_line(struct trace_reader *r, char error[TRACE_ERROR_MAX], char **ret_line,
                     char **ret_end)
{
        char *newline;

        for (;;) {
                size_t length = r->end - r->start;

                newline = memchr(r->buffer + r->start, '\n', length);
                if (newline)
                        break;
                if (length > LINE_MAX_BYTES || r->at_end)
                        break;

                memmove(r->buffer, r->buffer + r->start, length);
                r->start = 0;
                r->end = length;
                ssize_t n = read(r->fd, r->buffer + r->end, BUFFER_BYTES - r->end);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        int code = -errno;
                        r->line++;
                        return fail(r, error, code, "cannot be read: %s", strerror(-code));
                }
                r->at_end = n == 0;
                r->end += (size_t)n;
        }

        char *line = r->buffer + r->start;
        char *end = newline ? newline : r->buffer + r->end;

        if (!newline && r->start == r->end)
                return 0;
        r->line++;
        if (end - line > LINE_MAX_BYTES)
                return fail(r, error, -EBADMSG, "the line is longer than %d bytes", LINE_MAX_BYTES);
        r->start = newline ? (size_t)(newline - r->buffer) + 1 : r->end;
        r->consumed += (double)(r->buffer + r->start - line);

        if (end > line && end[-1] == '\r')
                end--;
        *end = '\0';
        *ret_line = line;
        *ret_end = end;
        return 1;
}

static int wrong_cell_count(struct trace_reader *r, char error[TRACE_ERROR_MAX], size_t cells)
{
        if (cells == 1 && r->cells[0][0] == '\0')
                return fail(r, error, -EBADMSG, "the line is empty");
        return fail(r, error, -EBADMSG, "%zu cells, but the header has %zu columns", cells,
                    r->head.count);
}

static int bad_cell(struct trace_reader *r, char error[TRACE_ERROR_MAX], size_t column,
                    const char *end, const char *what)
{
        char quote[TRACE_QUOTE_MAX];
        const char *cell = r->cells[column];

        return fail(r, error, -EBADMSG, "%s: '%s' %s", r->head.columns[column].name,
                    trace_quote(cell, (size_t)(end - cell), quote), what);
}

static int take_time(struct trace_reader *r, char error[TRACE_ERROR_MAX], size_t column,
                     const char *end, double number)
{
        if (isnan(number))
                return fail(r, error, -EBADMSG, "time is empty");
        if (number < 0)
                return bad_cell(r, error, column, end, "is before 1970");
        if (number >= 253402300800.0) /* the year 10000, where RFC 3339 ends */
                return bad_cell(r, error, column, end,
                                "is after the year 9999: time is in seconds, not milliseconds");
        r->sample.time = number;
        return 0;
}

static int take_host_kind(struct trace_reader *r, char error[TRACE_ERROR_MAX], size_t column,
                          const char *end)
{
        const char *cell = r->cells[column];

        if (cell == end)
                return 0;

        int kind = strlen(cell) == (size_t)(end - cell) ? host_kind_by_name(cell) : -1;
        if (kind < 0)
                return bad_cell(r, error, column, end, "is not physical, vm or container");
        r->sample.kind = (enum host_kind)kind;
        return 0;
}

static int take_number(struct trace_reader *r, char error[TRACE_ERROR_MAX], size_t column,
                       const char *end, double number)
{
        const struct trace_column *c = &r->head.columns[column];

        if (c->kind == TRACE_TIME)
                return take_time(r, error, column, end, number);
        if (number < c->smallest)
                return bad_cell(r, error, column, end,
                                c->smallest > 0 ? "is less than 1" : "is negative");
        if (c->kind == TRACE_FACT) {
                if (isnan(number))
                        return 0;
                r->says_possible_cpus |= c->field == FIELD_POSSIBLE_CPUS;
        }
        r->values[c->field] = number * c->scale;
        return 0;
}

/* The long way: what decimal_scan leaves over. */
static int parse_cell(struct trace_reader *r, char error[TRACE_ERROR_MAX], size_t column,
                      const char *end, double *ret)
{
        /* Larger than anything that a machine counts, and squares of it can still be added up. */
        const double largest = 1e30;
        const char *cell = r->cells[column];

        if (cell == end) {
                *ret = SAMPLE_ABSENT;
                return 0;
        }
        if (strlen(cell) != (size_t)(end - cell) || parse_number(cell, ret) < 0)
                return bad_cell(r, error, column, end, "is not a number");
        if (fabs(*ret) > largest)
                return bad_cell(r, error, column, end, "is too large");
        return 0;
}

/* A family is known from its first value on: what has none then is not there. */
static void take_members(struct trace_reader *r)
{
        struct members *m = &r->members;

        for (unsigned i = 0; i < m->used; i++) {
                m->values[i] = r->values[r->member_fields[i]];
                m->known[m->family[i]] |= isfinite(m->values[i]);
                m->read[m->family[i]] |= isfinite(m->values[i]);
        }
}

static int parse_row(struct trace_reader *r, char error[TRACE_ERROR_MAX], char *line, char *end)
{
        const size_t count = r->head.count;
        char *at = line;

        for (size_t i = 0; i < count; i++) {
                double number = 0;
                char *stop = NULL;
                int result;

                r->cells[i] = at;
                if (r->head.columns[i].kind != TRACE_HOST_KIND)
                        stop = (char *)decimal_scan(at, &number);
                bool plain = stop && (*stop == ',' || stop == end);
                if (!plain) {
                        stop = memchr(at, ',', (size_t)(end - at));
                        if (!stop)
                                stop = end;
                }
                if ((stop == end) != (i == count - 1)) {
                        size_t cells = i + 1;

                        for (char *p = stop; p < end; p++)
                                cells += *p == ',';
                        *stop = '\0';
                        return wrong_cell_count(r, error, cells);
                }
                *stop = '\0';
                at = stop + 1;

                if (r->head.columns[i].kind == TRACE_HOST_KIND) {
                        result = take_host_kind(r, error, i, stop);
                } else {
                        result = plain ? 0 : parse_cell(r, error, i, stop, &number);
                        if (result == 0)
                                result = take_number(r, error, i, stop, number);
                }
                if (result < 0)
                        return result;
        }
        if (!r->says_possible_cpus)
                r->values[FIELD_POSSIBLE_CPUS] = r->values[FIELD_CPUS];
        take_members(r);
        return 0;
}

int trace_reader_next(struct trace_reader *r, char error[TRACE_ERROR_MAX],
                      const struct sample **ret)
{
        char *line, *end;
        int result = next_line(r, error, &line, &end);

        if (result <= 0)
                return result;
        result = parse_row(r, error, line, end);
        if (result < 0)
                return result;
        *ret = &r->sample;
        return 1;
}

/* Everything whose size the header decides. */
static int allocate_rows(struct trace_reader *r)
{
        const struct trace_header *h = &r->head;

        r->cells = calloc(h->count, sizeof(*r->cells));
        r->shown = calloc(h->count, sizeof(*r->shown));
        r->values = calloc(h->value_count, sizeof(*r->values));
        if (!r->cells || !r->shown || !r->values)
                return -ENOMEM;

        for (size_t i = 0; i < h->count; i++) {
                r->cells[i] = r->buffer + BUFFER_BYTES; /* "" before the first row */
                if (h->columns[i].kind == TRACE_TIME)
                        r->time_column = i;
                else if (h->columns[i].kind != TRACE_HOST_KIND)
                        r->shown[r->shown_count++] = i;
        }
        for (size_t i = 0; i < h->value_count; i++)
                r->values[i] = SAMPLE_ABSENT;
        r->values[FIELD_CPUS] = r->values[FIELD_POSSIBLE_CPUS] = 1;
        r->values[FIELD_CGROUPS] = 0;
        r->values[FIELD_STACK_SIZE] = 16384;
        r->sample = (struct sample){
                .kind = HOST_PHYSICAL,
                .count = h->value_count,
                .values = r->values,
        };
        return 0;
}

/* Whether a column stands for a cgroup below this one. */
static bool holds_others(const struct trace_header *h, const char *name)
{
        size_t length = member_path_length(name) + strlen("cgroup:");

        for (size_t i = 0; i < h->count; i++)
                if (strncmp(h->columns[i].name, name, length) == 0 &&
                    h->columns[i].name[length] == '/' &&
                    strchr(h->columns[i].name + length + 1, '/'))
                        return true;
        return false;
}

/* Columns of members are that too, and not only numbers. */
static int find_members(struct trace_reader *r)
{
        const struct trace_header *h = &r->head;

        for (size_t i = 0; i < h->count; i++) {
                const char *name = h->columns[i].name;
                int family = h->columns[i].kind == TRACE_VALUE ? family_of(name) : -1;
                if (family < 0)
                        continue;
                if (!r->member_fields) {
                        r->member_fields = calloc(h->count, sizeof(*r->member_fields));
                        if (!r->member_fields || members_init(&r->members) < 0)
                                return -ENOMEM;
                        r->sample.members = &r->members;
                }
                int row = members_put(&r->members, (enum family)family, name, SAMPLE_ABSENT,
                                      family == FAMILY_CGROUP && holds_others(h, name));
                if (row >= 0)
                        r->member_fields[row] = h->columns[i].field;
        }
        return 0;
}

static int read_header(struct trace_reader *r, char error[TRACE_ERROR_MAX])
{
        char what[TRACE_ERROR_MAX], *line = NULL, *end = NULL;
        int result = next_line(r, error, &line, &end);

        if (result < 0)
                return result == -EBADMSG ? -EINVAL : result;
        if (result == 0)
                return fail(r, error, -EINVAL, "the file is empty; a trace begins with a header");
        if (end - line >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
                line += 3; /* the mark that spreadsheets put before UTF-8 */

        result = trace_header_init(&r->head, line, (size_t)(end - line), what);
        if (result == -EINVAL)
                return fail(r, error, -EINVAL, "%s", what);
        if (result < 0 || allocate_rows(r) < 0 || find_members(r) < 0)
                return out_of_memory(r, error);
        return 0;
}

int trace_reader_new_fd(int fd, bool owns_fd, const char *name, char error[TRACE_ERROR_MAX],
                        struct trace_reader **ret)
{
        _cleanup_close_ int owned = owns_fd ? fd : -1;
        _cleanup_(trace_reader_freep) struct trace_reader *r = calloc(1, sizeof(*r));
        struct stat st;

        if (!r) {
                (void)snprintf(error, TRACE_ERROR_MAX, "%.200s:1: not enough memory", name);
                return -ENOMEM;
        }
        r->fd = fd;
        r->owns_fd = TAKE_FD(owned) >= 0;
        r->name = strdup(name);
        r->buffer = calloc(1, BUFFER_BYTES + 1 + DECIMAL_SLACK);
        if (!r->name || !r->buffer) {
                (void)snprintf(error, TRACE_ERROR_MAX, "%.200s:1: not enough memory", name);
                return -ENOMEM;
        }
        if (fstat(fd, &st) == 0) {
                if (S_ISDIR(st.st_mode))
                        return fail(r, error, -EINVAL, "is a directory, not a trace");
                if (S_ISREG(st.st_mode))
                        r->size = (double)st.st_size;
        }

        int result = read_header(r, error);
        if (result < 0)
                return result;
        *ret = TAKE_PTR(r);
        return 0;
}

int trace_reader_new(const char *path, char error[TRACE_ERROR_MAX], struct trace_reader **ret)
{
        if (strcmp(path, "-") == 0)
                return trace_reader_new_fd(STDIN_FILENO, false, "(standard input)", error, ret);

        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
                int code = -errno;
                (void)snprintf(error, TRACE_ERROR_MAX, "%.200s:1: cannot be opened: %s", path,
                               strerror(-code));
                return code;
        }
        return trace_reader_new_fd(fd, true, path, error, ret);
}

void trace_reader_free(struct trace_reader *r)
{
        if (!r)
                return;
        if (r->owns_fd)
                (void)close(r->fd);
        trace_header_done(&r->head);
        members_done(&r->members);
        free(r->member_fields);
        free(r->values);
        free(r->shown);
        free(r->cells);
        free(r->buffer);
        free(r->name);
        free(r);
}

size_t trace_reader_columns(const struct trace_reader *r)
{
        return r->shown_count;
}

const char *trace_reader_column_name(const struct trace_reader *r, size_t column)
{
        return r->head.columns[r->shown[column]].name;
}

size_t trace_reader_column_field(const struct trace_reader *r, size_t column)
{
        return r->head.columns[r->shown[column]].field;
}

const char *trace_reader_cell(const struct trace_reader *r, size_t column)
{
        return r->cells[r->shown[column]];
}

const char *trace_reader_time_cell(const struct trace_reader *r)
{
        return r->cells[r->time_column];
}

void trace_reader_progress(const struct trace_reader *r, double *ret_read, double *ret_all)
{
        *ret_read = r->consumed;
        *ret_all = r->size;
}
