/* SPDX-License-Identifier: MIT */
/* Traces: CSV as DESIGN describes it; in (replay) and out (record). */
#pragma once

#include <stdio.h>

#include "sample/sample.h"

struct host_facts;
struct trace_reader;

/* Opens a trace ("-" is standard input) and reads its header. 0, or -EINVAL / negative errno with a
 * text "FILE:LINE: what is wrong" in error (ERROR_MAX bytes). Fast enough for 15 million values a
 * second: own buffer, own number parser, memory independent of the trace's length. */
enum { TRACE_ERROR_MAX = 512 };
int trace_reader_new(const char *path, char error[TRACE_ERROR_MAX], struct trace_reader **ret);
void trace_reader_free(struct trace_reader *r);

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
 * with error text on a bad row. What a trace does not say is set to: physical, cpus 1 when it has
 * no such column, possible_cpus = cpus, cgroups 0, 16 KiB stacks. */
int trace_reader_next(struct trace_reader *r, char error[TRACE_ERROR_MAX],
                      const struct sample **ret);

/* Bytes read so far and in all (0 when unknown), for a progress bar. */
void trace_reader_progress(const struct trace_reader *r, double *ret_read, double *ret_all);

/* Writing: header and rows that trace_reader reads back to the same values. */
int trace_write_header(FILE *out);
int trace_write_row(FILE *out, const struct sample *s);
