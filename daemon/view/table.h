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
        bool path;    /* cut in its middle: its beginning and its end tell it from others */
        size_t min;   /* width; more than 0: printed even when every cell is empty */
};

enum {
        TABLE_COLUMNS_MAX = 8, /* what 80 columns can hold */
        TABLE_SHRUNK_MIN = 12, /* a shrinking column keeps this much */
        TABLE_ENOUGH = 28,     /* more than this gives way to a sparkline: PageTables/Anon... */
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

/* Columns that are left for the last table column on this terminal, for a sparkline, whose cells
 * are set afterwards with table_cell_at. Shrinking columns give way to `wanted` columns of it down
 * to TABLE_ENOUGH. May be 0. */
size_t table_room_for_last(const struct table *t, const struct terminal *terminal, size_t wanted);
void table_cell_at(struct table *t, size_t row, size_t column, enum style style, const char *text);

/* 0 or -ENOMEM. Without rows it prints nothing. */
int table_print(const struct table *t, const struct terminal *terminal);
