/* SPDX-License-Identifier: MIT */
/* The first line of a trace: what its columns are. Pure. */
#pragma once

#include <stddef.h>

#include "sample/trace.h"

enum trace_column_kind {
        TRACE_TIME,      /* Unix seconds */
        TRACE_HOST_KIND, /* a word */
        TRACE_VALUE,     /* a number that may be absent */
        TRACE_FACT,      /* a number that holds until another is given: cpus, stack_kib ... */
};

struct trace_column {
        const char *name;
        enum trace_column_kind kind;
        size_t field;    /* TRACE_VALUE and TRACE_FACT: where it stands in a sample */
        double scale;    /* cell times this is the sample's value */
        double smallest; /* that makes sense in this column */
};

struct trace_header {
        char *names; /* the line, cut into names */
        struct trace_column *columns;
        size_t count;
        size_t value_count; /* values of a sample: the known fields and the columns beyond them */
};

/* Takes the header apart. line is not terminated. 0; -ENOMEM; -EINVAL with a text in error that
 * lacks FILE:LINE. */
int trace_header_init(struct trace_header *h, const char *line, size_t length,
                      char error[TRACE_ERROR_MAX]);
void trace_header_done(struct trace_header *h);

/* A cell or name from a file for an error text: valid UTF-8, without control characters, cut. */
enum { TRACE_QUOTE_MAX = 80 };
const char *trace_quote(const char *text, size_t length, char buffer[TRACE_QUOTE_MAX]);
