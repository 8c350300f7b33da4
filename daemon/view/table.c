/* SPDX-License-Identifier: MIT */
/* Lays out a table: first all cells, then the widths, then the lines. Columns in which no row has
 * anything to say are left out, so that a quiet machine gives a quiet table. */
#include "view/table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct table_cell {
        char *text; /* NULL: empty */
        enum style style;
};

void table_init(struct table *t, const struct table_column *columns, size_t count)
{
        assert(count > 0 && count <= TABLE_COLUMNS_MAX);
        *t = (struct table){ .columns = columns, .column_count = count };
}

void table_done(struct table *t)
{
        for (size_t i = 0; i < t->rows * t->column_count; i++)
                free(t->cells[i].text);
        free(t->cells);
        *t = (struct table){ 0 };
}

void table_row(struct table *t)
{
        if (t->failed)
                return;
        if (t->rows == t->rows_space) {
                size_t space = t->rows_space * 2 + 16;
                struct table_cell *cells =
                        reallocarray(t->cells, space, t->column_count * sizeof *cells);
                if (!cells) {
                        t->failed = true;
                        return;
                }
                t->cells = cells;
                t->rows_space = space;
        }
        memset(&t->cells[t->rows * t->column_count], 0, t->column_count * sizeof *t->cells);
        t->rows++;
}

static void cell_take(struct table *t, size_t row, size_t column, enum style style, char *text)
{
        struct table_cell *cell = &t->cells[row * t->column_count + column];

        free(cell->text);
        cell->text = text;
        cell->style = style;
        if (!text)
                t->failed = true;
}

void table_cell(struct table *t, size_t column, enum style style, const char *format, ...)
{
        char *text;
        va_list arguments;

        if (t->failed)
                return;
        assert(t->rows > 0 && column < t->column_count);
        va_start(arguments, format);
        if (vasprintf(&text, format, arguments) < 0)
                text = NULL;
        va_end(arguments);
        cell_take(t, t->rows - 1, column, style, text);
}

void table_cell_at(struct table *t, size_t row, size_t column, enum style style, const char *text)
{
        if (t->failed)
                return;
        assert(row < t->rows && column < t->column_count);
        cell_take(t, row, column, style, strdup(text));
}

/* 0: the column is left out. */
static size_t column_width(const struct table *t, size_t column)
{
        size_t width = 0;

        for (size_t row = 0; row < t->rows; row++) {
                const char *text = t->cells[row * t->column_count + column].text;
                if (text)
                        width = MAX_OF(width, terminal_columns(text));
        }
        if (width == 0 && t->columns[column].min == 0)
                return 0;
        width = MAX_OF(width, t->columns[column].min);
        return MAX_OF(width, terminal_columns(t->columns[column].title));
}

static size_t total_width(const size_t widths[], size_t count)
{
        size_t total = 0;

        for (size_t i = 0; i < count; i++)
                if (widths[i] > 0)
                        total += (total > 0 ? TABLE_GAP : 0) + widths[i];
        return total;
}

/* Takes what is too much from the shrinking columns, the widest first, down to `least`. */
static void shrink(const struct table *t, size_t widths[], size_t limit, size_t least)
{
        for (size_t total = total_width(widths, t->column_count); total > limit; total--) {
                size_t widest = t->column_count;
                for (size_t i = 0; i < t->column_count; i++)
                        if (t->columns[i].shrinks && widths[i] > least &&
                            (widest == t->column_count || widths[i] > widths[widest]))
                                widest = i;
                if (widest == t->column_count)
                        return;
                widths[widest]--;
        }
}

size_t table_room_for_last(const struct table *t, const struct terminal *terminal, size_t wanted)
{
        size_t widths[TABLE_COLUMNS_MAX] = { 0 };

        for (size_t i = 0; i + 1 < t->column_count; i++)
                widths[i] = column_width(t, i);
        widths[t->column_count - 1] = wanted;
        shrink(t, widths, terminal->width, TABLE_ENOUGH);
        size_t total = total_width(widths, t->column_count);
        return total > terminal->width ? 0 : wanted + (terminal->width - total);
}

static void print_line(const struct table *t, const struct terminal *terminal,
                       const size_t widths[], const struct table_cell *cells)
{
        size_t pending = 0; /* spaces: those at the end of a line are not printed */
        bool first = true;

        for (size_t i = 0; i < t->column_count; i++) {
                if (widths[i] == 0)
                        continue;
                const char *text = cells ? cells[i].text : t->columns[i].title;
                enum style style = cells ? cells[i].style : STYLE_FAINT;
                size_t columns = text ? MIN_OF(terminal_columns(text), widths[i]) : 0;
                size_t space = widths[i] - columns;
                if (!first)
                        pending += TABLE_GAP;
                first = false;
                if (columns == 0) {
                        pending += widths[i];
                        continue;
                }
                terminal_spaces(terminal, pending + (t->columns[i].right ? space : 0));
                if (t->columns[i].path)
                        terminal_put_path(terminal, style, text, columns);
                else
                        terminal_put_field(terminal, style, text, columns, false);
                pending = t->columns[i].right ? 0 : space;
        }
        fputc('\n', terminal->out);
}

int table_print(const struct table *t, const struct terminal *terminal)
{
        size_t widths[TABLE_COLUMNS_MAX] = { 0 };

        if (t->failed)
                return -ENOMEM;
        if (t->rows == 0)
                return 0;
        for (size_t i = 0; i < t->column_count; i++)
                widths[i] = column_width(t, i);
        shrink(t, widths, terminal->width, TABLE_SHRUNK_MIN);
        print_line(t, terminal, widths, NULL);
        for (size_t row = 0; row < t->rows; row++)
                print_line(t, terminal, widths, &t->cells[row * t->column_count]);
        return 0;
}
