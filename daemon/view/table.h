/* SPDX-License-Identifier: MIT */
/* A table as wide as its content, at most as wide as the terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "view/terminal.h"

struct table_column {
        const char *title;
        bool right;   /* numbers: aligned right, title too */
        bool shrinks; /* gives way when the table is too wide: cut with an ellipsis */
        size_t min;   /* width; more than 0: printed even when every cell is empty */
};

enum {
        TABLE_COLUMNS_MAX = 8, /* what 80 columns can hold */
        TABLE_SHRUNK_MIN = 12, /* a shrinking column keeps this much */
        TABLE_GAP = 2,         /* between columns */
};

struct table {
        const struct table_column *columns; /* not owned */
        size_t column_count;
        struct table_cell *cells; /* row by row */
        size_t rows, rows_space;
        bool failed; /* no memory: prints nothing, table_print says so */
};

void table_init(struct table *t, const struct table_column *columns, size_t count);
void table_done(struct table *t);

/* Begins a row; its cells are empty until set. */
void table_row(struct table *t);

/* A cell of the last row. */
void table_cell(struct table *t, size_t column, enum style style, const char *format, ...)
        _printf_(4, 5);

/* Columns on the terminal that all but the last table column take, the gap before the last
 * included: what is left is for a sparkline, whose cells are set afterwards with table_cell_at. */
size_t table_width_without_last(const struct table *t);
void table_cell_at(struct table *t, size_t row, size_t column, enum style style, const char *text);

/* 0 or -ENOMEM. Without rows it prints nothing. */
int table_print(const struct table *t, const struct terminal *terminal);
