/* SPDX-License-Identifier: MIT */
/* The table of --watch. */
#include "engine/watch_table.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "engine/engine_internal.h"
#include "view/terminal.h"

/* What matters first: with less than 100 columns, or one of them more than usual, the last ones are
 * left out. */
static const enum field columns[] = {
        FIELD_SUNRECLAIM,      FIELD_SRECLAIMABLE,  FIELD_VMALLOC_USED,
        FIELD_KERNEL_STACK,    FIELD_PAGE_TABLES,   FIELD_PERCPU,
        FIELD_SEC_PAGE_TABLES, FIELD_MEM_AVAILABLE, FIELD_THREADS,
};

enum {
        LINE_MAX_COLUMNS = 100, /* easily read, and fits beside something else */
        TIME_COLUMNS = 8,
        BYTES_COLUMNS = 10, /* "1023 MiB", a space, an arrow */
        COUNT_COLUMNS = 8,  /* "4194304", an arrow: the kernel's most threads */
        CELL_TEXT_MAX = FORMAT_MAX + 8,
};

static const struct series *column_series(const struct engine *e, enum field field)
{
        int i = e->field_series[field];
        return i >= 0 ? &e->series[i] : NULL;
}

/* A kernel without the field, or one that never used it for anything. */
static bool is_shown(const struct engine *e, enum field field)
{
        const struct series *s = column_series(e, field);
        return s && (field == FIELD_SEC_PAGE_TABLES ? s->value > 0 : isfinite(s->value));
}

static size_t column_width(enum field field)
{
        size_t least = field_unit(field) == FIELD_COUNT ? COUNT_COLUMNS : BYTES_COLUMNS;
        return MAX_OF(strlen(field_name(field)), least);
}

/* The fields that have room, in order; their number. */
static size_t choose(const struct engine *e, unsigned width, enum field ret[ELEMENTS_OF(columns)])
{
        size_t used = TIME_COLUMNS, count = 0;
        width = MIN_OF(width, (unsigned)LINE_MAX_COLUMNS);
        for (size_t i = 0; i < ELEMENTS_OF(columns); i++) {
                size_t more = 1 + column_width(columns[i]);
                if (!is_shown(e, columns[i]) || used + more > width)
                        continue;
                used += more;
                ret[count++] = columns[i];
        }
        return count;
}

static enum severity worst_of(const struct engine *e, enum field field)
{
        enum severity worst = SEVERITY_OK;
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                if (w->applies && w->life->alert.state == ALERT_FIRING &&
                    w->rule->field == (int)field)
                        worst = MAX_OF(worst, w->life->alert.severity);
        }
        return worst;
}

static enum style style_of(enum severity severity, bool learning)
{
        static const enum style styles[] = { STYLE_PLAIN, STYLE_NOTICE, STYLE_WARNING,
                                             STYLE_CRITICAL };
        return severity == SEVERITY_OK && learning ? STYLE_FAINT : styles[severity];
}

static const char *arrow(const struct series_numbers *n, bool utf8)
{
        if (!growth_is_shown(n))
                return " ";
        if (n->growth.rate > 0)
                return utf8 ? "↗" : "+";
        return utf8 ? "↘" : "-";
}

static void print_cell(const struct engine *e, const struct terminal *terminal, enum field field)
{
        const struct series *s = column_series(e, field);
        struct series_numbers n;
        struct text t;
        char cell[CELL_TEXT_MAX], value[FORMAT_MAX];
        series_numbers(s, &n);
        text_init(&t, cell, sizeof(cell));
        if (field_unit(field) == FIELD_COUNT)
                text_add(&t, "%.0f", s->value);
        else
                text_add(&t, "%s ", format_bytes(s->value, value));
        text_add(&t, "%s", arrow(&n, terminal->utf8));
        terminal_put(terminal, STYLE_PLAIN, " ");
        terminal_put_field(terminal, style_of(worst_of(e, field), !n.jump_known), cell,
                           column_width(field), true);
}

static void print_head(const struct terminal *terminal, const enum field *fields, size_t count)
{
        terminal_put_field(terminal, STYLE_STRONG, "time", TIME_COLUMNS, false);
        for (size_t i = 0; i < count; i++) {
                terminal_put(terminal, STYLE_PLAIN, " ");
                terminal_put_field(terminal, STYLE_STRONG, field_name(fields[i]),
                                   column_width(fields[i]), true);
        }
        terminal_line(terminal, STYLE_PLAIN, "%s", "");
}

void watch_table_print(const struct engine *e, const struct terminal *terminal, unsigned *lines)
{
        enum field fields[ELEMENTS_OF(columns)];
        size_t count = choose(e, terminal->width, fields);
        time_t seconds = (time_t)e->wall;
        struct tm tm;
        char moment[TIME_COLUMNS + 1] = "";
        if (localtime_r(&seconds, &tm))
                (void)strftime(moment, sizeof(moment), "%H:%M:%S", &tm);
        if ((*lines)++ % WATCH_HEAD_LINES == 0)
                print_head(terminal, fields, count);
        terminal_put_field(terminal, STYLE_FAINT, moment, TIME_COLUMNS, false);
        for (size_t i = 0; i < count; i++)
                print_cell(e, terminal, fields[i]);
        terminal_line(terminal, STYLE_PLAIN, "%s", "");
}
