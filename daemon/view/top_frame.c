/* SPDX-License-Identifier: MIT */
/* Lays out `kmemwatch top`: the machine and its worst alert, every dimension, then who makes them
 * grow. What does not fit is left out, from the least urgent on. */
#include "view/top_frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/report.h"
#include "view/spark.h"
#include "view/table.h"
#include "view/who_reply.h"

enum {
        LINE_BYTES = 1024,
        NARROW = 60, /* columns: below, words become marks and less is said */
        MIDDLE = 76, /* the same, less strict */
        GROWERS_LEAST =
                4, /* lines that the growers keep when there is little room: title and three */
        STATE_WIDTH = 8, /* as in status: nothing moves when a state comes and goes */
};

/* A line in one piece, cut with an ellipsis. */
static void put_line(const struct terminal *t, enum style style, const char *line)
{
        size_t columns = MIN_OF(terminal_columns(line), (size_t)t->width);

        terminal_put_field(t, style, line, columns, false);
        fputc('\n', t->out);
}

/* ---- the head ---- */

static const char *time_of_day(double now, char *buffer)
{
        time_t seconds = (time_t)now;
        struct tm tm;

        if (!localtime_r(&seconds, &tm) || strftime(buffer, FORMAT_MAX, "%H:%M:%S", &tm) == 0)
                *buffer = 0;
        return buffer;
}

static void print_head(const struct terminal *t, const struct top_frame *f)
{
        const struct daemon_reply *d = f->daemon;
        char line[LINE_BYTES], buffer[FORMAT_MAX];
        struct text l;

        text_init(&l, line, sizeof line);
        text_add(&l, "%.64s  %s", *d->host.name ? d->host.name : "this machine",
                 time_of_day(f->now, buffer));
        if (isfinite(d->host.mem_available))
                text_add(&l, "  %s available", format_bytes(d->host.mem_available, buffer));
        if (isfinite(d->host.mem_total))
                text_add(&l, " of %s", format_bytes(d->host.mem_total, buffer));
        if (isfinite(d->host.cpus))
                text_add(&l, ", %.0f CPU%s", d->host.cpus, d->host.cpus == 1 ? "" : "s");
        put_line(t, STYLE_STRONG, line);
}

/* The worst alert, and how many more there are. They come sorted. */
static void print_alert(const struct terminal *t, const struct daemon_reply *d)
{
        char line[LINE_BYTES];
        size_t firing = 0;

        while (firing < d->alert_count && d->alerts[firing].firing)
                firing++;
        if (firing == 0) {
                put_line(t, STYLE_GOOD, "no alerts");
                return;
        }
        const struct reply_alert *a = &d->alerts[0];
        struct text l;
        text_init(&l, line, sizeof line);
        if (firing > 1)
                text_add(&l, "%zu alerts; ", firing);
        text_add(&l, "%s: %.512s", severity_name(a->severity), *a->text ? a->text : a->rule);
        put_line(t, report_style(a->severity), line);
}

/* ---- dimensions ---- */

enum { STATE, NAME, NOW, CHANGE, TREND, LEFT, SPARK, COLUMNS };

static const char *mark(const struct reply_dimension *d)
{
        static const char *const MARKS[SEVERITY_COUNT] = { "", "*", "!", "!!" };

        return d->severity > SEVERITY_OK ? MARKS[d->severity] : d->learning ? "?" : "";
}

static bool is_plain(const struct reply_dimension *d)
{
        return d->unit == UNIT_BYTES || d->unit == UNIT_COUNT;
}

/* As many as there is room for, those with an alert before all others; ratios only with one. */
static void choose_dimensions(const struct top_frame *f, size_t room, bool ret_shown[])
{
        const struct daemon_reply *d = f->daemon;

        for (size_t i = 0; i < d->dimension_count; i++) {
                ret_shown[i] = d->dimensions[i].severity > SEVERITY_OK && room > 0;
                room -= ret_shown[i];
        }
        for (size_t i = 0; i < d->dimension_count; i++)
                if (!ret_shown[i] && is_plain(&d->dimensions[i]) && room > 0) {
                        ret_shown[i] = true;
                        room--;
                }
}

static void set_change(struct table *table, const struct top_frame *f,
                       const struct reply_dimension *d)
{
        char buffer[FORMAT_MAX];
        double change = f->top && is_plain(d) ? top_reply_change(f->top, d->name) : NAN;

        if (!isfinite(change))
                return;
        report_value(d->unit, fabs(change), buffer);
        table_cell(table, CHANGE, change == 0 ? STYLE_FAINT : STYLE_PLAIN, "%s%s",
                   change > 0   ? "+"
                   : change < 0 ? "-"
                                : "",
                   buffer);
}

static void add_dimension(const struct terminal *t, struct table *table, const struct top_frame *f,
                          const struct reply_dimension *d)
{
        enum style style = d->severity > SEVERITY_OK ? report_style(d->severity) : STYLE_FAINT;
        char buffer[FORMAT_MAX];

        table_row(table);
        if (t->width < NARROW)
                table_cell(table, STATE, style, "%s", mark(d));
        else if (d->severity > SEVERITY_OK || d->learning)
                table_cell(table, STATE, style, "%s",
                           d->severity > SEVERITY_OK ? severity_name(d->severity) : "learning");
        table_cell(table, NAME, STYLE_PLAIN, "%s", d->name);
        table_cell(table, NOW, STYLE_STRONG, "%s", report_value(d->unit, d->value, buffer));
        set_change(table, f, d);
        if (t->width < NARROW)
                return;
        if (isfinite(d->rate)) {
                bool steady = report_is_steady(d);
                table_cell(table, TREND, steady ? STYLE_FAINT : STYLE_PLAIN, "%s",
                           steady ? "steady" : format_rate(d->rate, buffer));
        }
        if (isfinite(d->exhausts_at) && t->width >= MIDDLE)
                table_cell(table, LEFT, report_style(d->severity), "%s",
                           format_duration(fmax(d->exhausts_at - f->now, 0), buffer));
}

static void set_sparks(const struct terminal *t, struct table *table, const struct top_frame *f,
                       const bool shown[])
{
        size_t room = table_room_for_last(table, t, SPARK_COLUMNS_MIN), row = 0;
        char buffer[SPARK_SIZE];

        if (t->width < MIDDLE || room == 0)
                return;
        for (size_t i = 0; i < f->daemon->dimension_count; i++) {
                const struct reply_dimension *d = &f->daemon->dimensions[i];
                if (!shown[i])
                        continue;
                spark(d->recent, d->recent_count, room, buffer);
                table_cell_at(table, row++, SPARK, STYLE_PLAIN, buffer);
        }
}

/* At most `lines` lines, the title included; *ret_lines: how many it took. */
static int print_dimensions(const struct terminal *t, const struct top_frame *f, size_t lines,
                            size_t *ret_lines)
{
        const struct table_column columns[COLUMNS] = {
                [STATE] = { .title = "", .min = t->width < NARROW ? 2 : STATE_WIDTH },
                [NAME] = { .title = "DIMENSION", .shrinks = true, .path = true },
                [NOW] = { .title = "NOW", .right = true },
                [CHANGE] = { .title = "CHANGE", .right = true },
                [TREND] = { .title = "TREND", .right = true },
                [LEFT] = { .title = "TIME LEFT", .right = true },
                [SPARK] = { .title = "LAST HOUR" },
        };
        _cleanup_(table_done) struct table table;

        bool shown[REPLY_LIST_MAX];
        choose_dimensions(f, lines > 0 ? lines - 1 : 0, shown);
        table_init(&table, columns, COLUMNS);
        for (size_t i = 0; i < f->daemon->dimension_count; i++)
                if (shown[i])
                        add_dimension(t, &table, f, &f->daemon->dimensions[i]);
        set_sparks(t, &table, f, shown);
        *ret_lines = table.rows > 0 ? table.rows + 1 : 0;
        return table_print(&table, t);
}

/* ---- growers ---- */

static int print_growers(const struct terminal *t, const struct top_frame *f, size_t lines)
{
        enum { GREW, OF, KIND, WHO, COUNT };
        static const struct table_column columns[COUNT] = {
                [GREW] = { .title = "GREW", .right = true },
                [OF] = { .title = "IN", .shrinks = true, .path = true },
                [KIND] = { .title = "KIND" },
                [WHO] = { .title = "WHO", .shrinks = true },
        };
        char buffer[FORMAT_MAX], line[LINE_BYTES];

        if (!f->top) {
                put_line(t, STYLE_WARNING, f->top_problem ? f->top_problem : "");
                return 0;
        }
        _cleanup_(table_done) struct table table;
        table_init(&table, columns, COUNT);
        for (size_t i = 0; i < f->top->grower_count && table.rows + 1 < lines; i++) {
                const struct reply_culprit *c = &f->top->growers[i];
                table_row(&table);
                table_cell(&table, GREW, STYLE_STRONG, "%s%s", c->about ? "~" : "",
                           report_value(UNIT_BYTES, c->bytes, buffer));
                if (t->width >= NARROW) {
                        table_cell(&table, OF, STYLE_PLAIN, "%s", c->dimension);
                        table_cell(&table, KIND, STYLE_PLAIN, "%s", culprit_kind_words(c->kind));
                }
                table_cell(&table, WHO, STYLE_PLAIN, "%s", *c->label ? c->label : c->name);
        }
        if (table.rows == 0) {
                snprintf(line, sizeof line, "Nobody grew within %s.",
                         format_duration(f->seconds, buffer));
                put_line(t, STYLE_FAINT, line);
        }
        return table_print(&table, t);
}

/* What limits the view, or the keys. */
static void print_foot(const struct terminal *t, const struct top_frame *f)
{
        char line[LINE_BYTES], buffer[FORMAT_MAX];
        struct text l;

        text_init(&l, line, sizeof line);
        if (f->keys)
                text_add(&l, "q quit  w window: %s", format_duration(f->seconds, buffer));
        else
                text_add(&l, "Growers and changes within %s", format_duration(f->seconds, buffer));
        if (f->top && strcmp(f->top->view, "container") == 0)
                text_add(&l, "; in a container: only its own cgroups and processes have names");
        if (f->top && f->top->denied_count > 0) {
                text_add(&l, "; not allowed to read");
                for (size_t i = 0; i < f->top->denied_count; i++)
                        text_add(&l, "%s %.64s", i > 0 ? "," : "", f->top->denied[i]);
        }
        put_line(t, STYLE_FAINT, line);
}

int top_frame_print(const struct terminal *t, const struct top_frame *f)
{
        size_t room = f->height > 0 ? f->height : SIZE_MAX / 2, used = 0;
        int r;

        if (!f->daemon) {
                put_line(t, STYLE_CRITICAL, f->problem ? f->problem : "");
                return 0;
        }
        print_head(t, f);
        if (f->problem)
                put_line(t, STYLE_CRITICAL, f->problem);
        else
                print_alert(t, f->daemon);
        fputc('\n', t->out);
        /* Head 3, a line between the tables, the foot. */
        room -= MIN_OF(room, (size_t)5);
        size_t for_growers = MIN_OF((size_t)GROWERS_LEAST, room / 2);
        r = print_dimensions(t, f, room - for_growers, &used);
        if (r < 0)
                return r;
        fputc('\n', t->out);
        r = print_growers(t, f, room - MIN_OF(room, used));
        if (r < 0)
                return r;
        print_foot(t, f);
        return 0;
}
