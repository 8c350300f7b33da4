/* SPDX-License-Identifier: MIT */
/* Traces: CSV as DESIGN describes it; in (replay) and out (record). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "sample/members.h"
#include "sample/sample.h"

struct trace_reader;

/* What the reader takes beyond DESIGN's words: lines end in \n or \r\n, the last one may lack it; a
 * UTF-8 byte order mark is skipped; `time` may be any column. What it refuses: empty lines, quotes,
 * spaces around cells, times outside of 1970 ... 9999, a negative number in a known column (sizes
 * and counts; other columns may hold one), 0 for cpus, possible_cpus or stack_kib, names longer
 * than FIELD_NAME_MAX (of a member of a family: MEMBER_NAME_MAX) or twice, more than
 * FIELD_TABLE_MAX columns, lines above 256 KiB. */

/* Opens a trace ("-" is standard input) and reads its header. 0, or -EINVAL / negative errno with a
 * text "FILE:LINE: what is wrong" in error (TRACE_ERROR_MAX bytes). Fast enough for 15 million
 * values a second: own buffer, own number parser, memory independent of the trace's length. */
enum { TRACE_ERROR_MAX = 512 };
int trace_reader_new(const char *path, char error[TRACE_ERROR_MAX], struct trace_reader **ret);
void trace_reader_free(struct trace_reader *r); /* NULL is fine */

/* The same from an open descriptor; name stands in error texts. With owns_fd the descriptor is the
 * reader's from here on, also on failure. */
int trace_reader_new_fd(int fd, bool owns_fd, const char *name, char error[TRACE_ERROR_MAX],
                        struct trace_reader **ret);

/* Columns without `time` and `host_kind`, in the file's order. */
size_t trace_reader_columns(const struct trace_reader *r);
const char *trace_reader_column_name(const struct trace_reader *r, size_t column);
/* Where the column's value stands in a sample: a known field, or FIELD_KNOWN_COUNT + n. */
size_t trace_reader_column_field(const struct trace_reader *r, size_t column);
/* The cell's text of the last row as it stood, "" when empty. Valid until the next call of next. */
const char *trace_reader_cell(const struct trace_reader *r, size_t column);
/* The time cell's text of the last row as it stood. */
const char *trace_reader_time_cell(const struct trace_reader *r);

/* The next row: 1 with *ret pointing into the reader until the next call, 0 at the end, -EBADMSG
 * with error text on a bad row (a negative errno from reading likewise); do not go on after an
 * error. What a trace does not say is set to: physical, cpus 1, possible_cpus = cpus, cgroups 0,
 * 16 KiB stacks; an empty cell in one of these columns keeps what the rows before said. */
int trace_reader_next(struct trace_reader *r, char error[TRACE_ERROR_MAX],
                      const struct sample **ret);

/* Bytes read so far and in all (0 when unknown), for a progress bar. */
void trace_reader_progress(const struct trace_reader *r, double *ret_read, double *ret_all);

/* Writing: header and rows that trace_reader reads back to the same values: `time` with
 * milliseconds, all known fields in the order of enum field (KiB or counts, absent ones empty),
 * then host_kind. 0 or negative errno; -EINVAL for a time that a trace cannot hold. Nothing is
 * flushed. */
int trace_write_header(FILE *out);
int trace_write_row(FILE *out, const struct sample *s);

/* The members of a trace: a header cannot grow, so they are those of the beginning. */
struct trace_members {
        unsigned count;
        uint64_t keys[MEMBERS_MAX];
};

/* Those that are in the table now, by name, as many as a header that can be read has room for. The
 * number of those that it has no room for. */
unsigned trace_members_choose(const struct members *m, struct trace_members *ret);

/* As trace_write_header and trace_write_row, with columns for these members of the sample's table.
 */
int trace_write_members_header(FILE *out, const struct members *table,
                               const struct trace_members *members);
int trace_write_members_row(FILE *out, const struct sample *s, const struct trace_members *members);
