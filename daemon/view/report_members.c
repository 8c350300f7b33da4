/* SPDX-License-Identifier: MIT */
/* The slab caches and cgroups that rules follow, in `kmemwatch status`: those that matter, how many
 * there are, and what reading them costs. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/report.h"
#include "view/table.h"

/* The largest; more than a screen helps nobody. What is wrong is shown in any case. */
enum { MEMBERS_SHOWN = 8 };

/* The worse first, then the larger. */
static int compare(const void *a, const void *b)
{
        const struct reply_dimension *x = *(const struct reply_dimension *const *)a;
        const struct reply_dimension *y = *(const struct reply_dimension *const *)b;

        if (x->severity != y->severity)
                return x->severity > y->severity ? -1 : 1;
        if (x->unit != y->unit)
                return x->unit < y->unit ? -1 : 1;
        if (x->value != y->value)
                return x->value > y->value ? -1 : 1;
        return strcmp(x->name, y->name);
}

/* Whatever was answered. */
static double count(double number)
{
        return fmin(fmax(number, 0), 999999);
}

static void print_family(const struct terminal *t, const struct reply_family *f)
{
        char buffer[512], number[FORMAT_MAX];
        const char *what = strcmp(f->name, "slab") == 0 ? "slab caches" : "cgroups";
        struct text line;

        text_init(&line, buffer, sizeof(buffer));
        if (f->error) {
                text_add(&line, "%s cannot be read: %.100s", what, f->error);
        } else {
                text_add(&line, "%.0f of %.0f %s followed", count(f->followed), count(f->found),
                         what);
                if (f->cut)
                        text_add(&line, " (there are more than can be)");
                if (f->interval > 0)
                        text_add(&line, ", read every %s", format_duration(f->interval, number));
                if (f->readings > 0)
                        text_add(&line, ", %.2g ms each", f->seconds / f->readings * 1000);
        }
        terminal_wrap(t, f->error || f->cut ? STYLE_WARNING : STYLE_FAINT, 0, 0, buffer);
}

int report_print_members(const struct terminal *t, const struct daemon_reply *d)
{
        enum { COLUMN_STATE, COLUMN_NAME, COLUMN_NOW, COLUMN_BASELINE, COLUMN_TREND, COLUMN_COUNT };
        static const struct table_column columns[COLUMN_COUNT] = {
                [COLUMN_STATE] = { .title = "" },
                [COLUMN_NAME] = { .title = "MEMBER", .shrinks = true, .path = true },
                [COLUMN_NOW] = { .title = "NOW", .right = true },
                [COLUMN_BASELINE] = { .title = "BASELINE", .right = true },
                [COLUMN_TREND] = { .title = "TREND", .right = true },
        };
        _cleanup_(table_done) struct table table;
        _cleanup_free_ const struct reply_dimension **order = NULL;
        char buffer[FORMAT_MAX];

        table_init(&table, columns, COLUMN_COUNT);
        if (d->family_count == 0)
                return 0;
        order = calloc(d->member_count + 1, sizeof(*order));
        if (!order)
                return -ENOMEM;
        for (size_t i = 0; i < d->member_count; i++)
                order[i] = &d->members[i];
        qsort(order, d->member_count, sizeof(*order), compare);
        for (size_t i = 0; i < d->member_count; i++) {
                const struct reply_dimension *m = order[i];
                if (i >= MEMBERS_SHOWN && m->severity == SEVERITY_OK)
                        break;
                table_row(&table);
                if (m->severity > SEVERITY_OK)
                        table_cell(&table, COLUMN_STATE, report_style(m->severity), "%s",
                                   severity_name(m->severity));
                else if (m->learning)
                        table_cell(&table, COLUMN_STATE, STYLE_FAINT, "learning");
                table_cell(&table, COLUMN_NAME, STYLE_PLAIN, "%s", m->name);
                table_cell(&table, COLUMN_NOW, STYLE_STRONG, "%s",
                           report_value(m->unit, m->value, buffer));
                table_cell(&table, COLUMN_BASELINE, STYLE_PLAIN, "%s",
                           report_value(m->unit, m->baseline, buffer));
                if (isfinite(m->rate))
                        table_cell(&table, COLUMN_TREND, STYLE_PLAIN, "%s",
                                   report_is_steady(m) ? "steady" : format_rate(m->rate, buffer));
        }
        fputc('\n', t->out);
        int r = table_print(&table, t);
        if (r < 0)
                return r;
        for (size_t i = 0; i < d->family_count; i++)
                print_family(t, &d->families[i]);
        return 0;
}
