/* SPDX-License-Identifier: MIT */
/* `kmemwatch status`: the answer first (how bad is it), then the numbers, then what may be wrong
 * with kmemwatch itself. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "view/report.h"
#include "view/spark.h"
#include "view/table.h"

enum {
        STATE_WIDTH = 8,   /* "critical" and "learning" */
        ALERTS_SHOWN = 10, /* with what to look at first they fill two screens; `alerts` has all */
};

/* ---- what is wrong with kmemwatch itself ---- */

static size_t channels_in_state(const struct courier_reply *c, const char *state)
{
        size_t count = 0;

        for (size_t i = 0; c && i < c->channel_count; i++)
                count += strcmp(c->channels[i].state, state) == 0;
        return count;
}

static bool courier_missing(const struct status_report *s)
{
        return !s->courier && s->channel_files > 0;
}

/* They were written after the courier read its folder. */
static bool channels_unread(const struct status_report *s)
{
        return s->courier && s->courier->channel_count == 0 && s->channel_files > 0;
}

static void add_comma(struct text *t)
{
        if (t->length > 0)
                text_add(t, ", ");
}

/* Why it is degraded, in a few words; "" when it is not. */
static void degraded_reasons(const struct status_report *s, struct text *ret)
{
        size_t broken = channels_in_state(s->courier, "broken");

        for (size_t i = 0; i < s->daemon->trouble_count; i++) {
                add_comma(ret);
                text_add(ret, "%s", s->daemon->troubles[i]);
        }
        if (s->daemon->left_out_count > 0) {
                add_comma(ret);
                text_add(ret, "faults in rules");
        }
        if (s->courier && s->courier->left_out_count > 0) {
                add_comma(ret);
                text_add(ret, "faults in channels");
        }
        if (broken > 0) {
                add_comma(ret);
                text_add(ret, "%zu channel%s broken", broken, broken == 1 ? "" : "s");
        }
        if (courier_missing(s)) {
                add_comma(ret);
                text_add(ret, "the courier is not reached");
        }
        if (channels_unread(s)) {
                add_comma(ret);
                text_add(ret, "the courier has not read its channels");
        }
        if (s->daemon->spool_error && s->daemon->trouble_count == 0) {
                add_comma(ret);
                text_add(ret, "alerts cannot be written");
        }
}

enum exit_code report_status_code(const struct status_report *s)
{
        char buffer[1024];
        struct text reasons;

        text_init(&reasons, buffer, sizeof buffer);
        degraded_reasons(s, &reasons);
        if (report_alerts_code(s->daemon) != EXIT_FINE)
                return report_alerts_code(s->daemon);
        return reasons.length > 0 ? EXIT_DEGRADED : EXIT_FINE;
}

/* ---- the head ---- */

static void print_headline(const struct terminal *t, const struct status_report *s)
{
        const struct daemon_reply *d = s->daemon;
        size_t of[SEVERITY_COUNT] = { 0 }, learning = 0;
        char buffer[1024];
        struct text line;

        for (size_t i = 0; i < d->alert_count; i++)
                if (d->alerts[i].firing)
                        of[d->alerts[i].severity]++;
        for (size_t i = 0; i < d->dimension_count; i++)
                learning += d->dimensions[i].learning;

        terminal_print(t, STYLE_STRONG, "%s: ", *d->host.name ? d->host.name : "this machine");
        bool any = false;
        for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_NOTICE; severity--)
                if (of[severity] > 0) {
                        terminal_print(t, report_style((enum severity)severity), "%s%zu %s",
                                       any ? ", " : "", of[severity],
                                       severity_name((enum severity)severity));
                        any = true;
                }
        if (!any)
                terminal_put(t, STYLE_GOOD, "no alerts");
        if (learning > 0 && learning == d->dimension_count)
                terminal_put(t, STYLE_PLAIN, "; still learning what is normal");
        fputc('\n', t->out);
        text_init(&line, buffer, sizeof buffer);
        degraded_reasons(s, &line);
        if (line.length > 0) {
                terminal_put(t, STYLE_WARNING, "degraded: ");
                terminal_wrap(t, STYLE_WARNING, 10, 10, buffer);
        }
}

/* What is quiet on purpose. */
static void print_mode(const struct terminal *t, const struct daemon_reply *d)
{
        if (d->observe)
                terminal_line(t, STYLE_NOTICE,
                              "mode = observe: alerts go to the journal as notices, nobody is "
                              "paged");
        else if (d->rules_observed > 0)
                terminal_line(t, STYLE_NOTICE,
                              "%.0f rule%s with mode = observe: their alerts are notices and page "
                              "nobody",
                              d->rules_observed, d->rules_observed == 1 ? "" : "s");
}

static void print_host(const struct terminal *t, const struct reply_host *h)
{
        char buffer[512], size[FORMAT_MAX];
        struct text line;

        text_init(&line, buffer, sizeof buffer);
        if (strcmp(h->kind, "vm") == 0)
                text_add(&line, "Virtual machine");
        else if (strcmp(h->kind, "container") == 0)
                text_add(&line, "Container");
        else
                text_add(&line, "Physical machine");
        if (*h->kind_name)
                text_add(&line, " (%.32s)", h->kind_name);
        if (isfinite(h->cpus))
                text_add(&line, ", %.0f CPU%s", h->cpus, h->cpus == 1 ? "" : "s");
        if (h->numa_nodes > 1)
                text_add(&line, " on %.0f nodes", h->numa_nodes);
        if (isfinite(h->mem_total))
                text_add(&line, ", %s of memory", format_bytes(h->mem_total, size));
        if (isfinite(h->mem_available))
                text_add(&line, ", %s available", format_bytes(h->mem_available, size));
        terminal_wrap(t, STYLE_PLAIN, 0, 0, buffer);
}

/* ---- dimensions ---- */

enum {
        COLUMN_STATE,
        COLUMN_NAME,
        COLUMN_NOW,
        COLUMN_BASELINE,
        COLUMN_TREND,
        COLUMN_LEFT,
        COLUMN_SPARK,
        COLUMN_COUNT
};

static bool is_ratio(const struct reply_dimension *d)
{
        return d->unit == UNIT_RATIO || d->unit == UNIT_BYTES_PER_COUNT;
}

bool report_is_steady(const struct reply_dimension *d)
{
        static const double NOTHING = 1024; /* bytes an hour */

        return fabs(d->rate) <= 2 * fabs(d->rate_error) || fabs(d->rate) * 3600 < NOTHING;
}

static void set_trend(struct table *table, const struct reply_dimension *d)
{
        char buffer[FORMAT_MAX];

        if (!isfinite(d->rate))
                return;
        table_cell(table, COLUMN_TREND, STYLE_PLAIN, "%s",
                   report_is_steady(d) ? "steady" : format_rate(d->rate, buffer));
}

/* What a rule takes off first (SUnreclaim less 64 MiB) may be more than there is. */
static double not_below_zero(const struct reply_dimension *d, double value)
{
        return is_ratio(d) && value < 0 ? 0 : value;
}

static void add_dimension(struct table *table, const struct reply_dimension *d, double now)
{
        char buffer[FORMAT_MAX];

        table_row(table);
        if (d->severity > SEVERITY_OK)
                table_cell(table, COLUMN_STATE, report_style(d->severity), "%s",
                           severity_name(d->severity));
        else if (d->learning)
                table_cell(table, COLUMN_STATE, STYLE_FAINT, "learning");
        table_cell(table, COLUMN_NAME, STYLE_PLAIN, "%s", d->name);
        table_cell(table, COLUMN_NOW, STYLE_STRONG, "%s",
                   report_value(d->unit, not_below_zero(d, d->value), buffer));
        table_cell(table, COLUMN_BASELINE, STYLE_PLAIN, "%s",
                   report_value(d->unit, not_below_zero(d, d->baseline), buffer));
        set_trend(table, d);
        if (isfinite(d->exhausts_at))
                table_cell(table, COLUMN_LEFT, report_style(d->severity), "%s",
                           format_duration(fmax(d->exhausts_at - now, 0), buffer));
}

/* Some dimension has something to say in the first column: then both tables have it. */
static bool any_state(const struct daemon_reply *d)
{
        for (size_t i = 0; i < d->dimension_count; i++)
                if (d->dimensions[i].severity > SEVERITY_OK || d->dimensions[i].learning)
                        return true;
        return false;
}

/* The dimensions that are ratios, or those that are not. 0 or -ENOMEM. */
static int print_dimensions(const struct terminal *t, const struct daemon_reply *d, double now,
                            bool ratios)
{
        const struct table_column columns[COLUMN_COUNT] = {
                [COLUMN_STATE] = { .title = "", .min = any_state(d) ? STATE_WIDTH : 0 },
                [COLUMN_NAME] = { .title = ratios ? "RATIO" : "DIMENSION",
                                  .shrinks = true,
                                  .path = true },
                [COLUMN_NOW] = { .title = "NOW", .right = true },
                [COLUMN_BASELINE] = { .title = "BASELINE", .right = true },
                [COLUMN_TREND] = { .title = "TREND", .right = true },
                [COLUMN_LEFT] = { .title = "TIME LEFT", .right = true },
                [COLUMN_SPARK] = { .title = "LAST HOUR" },
        };
        _cleanup_(table_done) struct table table;
        char buffer[SPARK_SIZE];
        size_t row = 0;

        table_init(&table, columns, COLUMN_COUNT);
        for (size_t i = 0; i < d->dimension_count; i++)
                if (is_ratio(&d->dimensions[i]) == ratios)
                        add_dimension(&table, &d->dimensions[i], now);
        size_t room = table_room_for_last(&table, t, SPARK_COLUMNS_MIN);
        if (room > 0)
                for (size_t i = 0; i < d->dimension_count; i++) {
                        const struct reply_dimension *dimension = &d->dimensions[i];
                        if (is_ratio(dimension) != ratios)
                                continue;
                        spark(dimension->recent, dimension->recent_count, room, buffer);
                        table_cell_at(&table, row++, COLUMN_SPARK, STYLE_PLAIN, buffer);
                }
        if (table.rows > 0)
                fputc('\n', t->out);
        return table_print(&table, t);
}

/* ---- alerts ---- */

static void print_alerts(const struct terminal *t, const struct daemon_reply *d, double now)
{
        size_t firing = 0, waiting = 0;

        for (size_t i = 0; i < d->alert_count; i++) {
                if (!d->alerts[i].firing) {
                        waiting++;
                        continue;
                }
                if (firing++ >= ALERTS_SHOWN)
                        continue;
                fputc('\n', t->out);
                report_print_alert(t, &d->alerts[i], now, false);
        }
        if (firing > ALERTS_SHOWN || waiting > 0)
                fputc('\n', t->out);
        if (firing > ALERTS_SHOWN)
                terminal_line(t, STYLE_PLAIN, "%zu more: kmemwatch alerts", firing - ALERTS_SHOWN);
        if (waiting > 0)
                terminal_line(t, STYLE_PLAIN,
                              "%zu waiting to see whether it lasts: kmemwatch alerts", waiting);
}

/* ---- delivery ---- */

static void print_queue(const struct terminal *t, const struct daemon_reply *d)
{
        char buffer[256], age[FORMAT_MAX];
        struct text line;

        text_init(&line, buffer, sizeof buffer);
        if (d->spool_waiting > 0) {
                text_add(&line, "%.0f waiting", d->spool_waiting);
                if (isfinite(d->spool_oldest))
                        text_add(&line, " (the oldest for %s)",
                                 format_duration(d->spool_oldest, age));
        }
        if (d->spool_dead > 0) {
                add_comma(&line);
                text_add(&line, "%.0f given up (in the spool's dead/)", d->spool_dead);
        }
        if (d->spool_held > 0) {
                add_comma(&line);
                text_add(&line, "%.0f still to be written", d->spool_held);
        }
        terminal_put(t, STYLE_STRONG, "Delivery:");
        terminal_spaces(t, 1);
        terminal_wrap(t, STYLE_PLAIN, 10, 10, line.length > 0 ? buffer : "nothing waits");
        if (d->spool_error) {
                terminal_spaces(t, 10);
                terminal_print(t, STYLE_WARNING, "Cannot write: ");
                terminal_wrap(t, STYLE_WARNING, 24, 10, d->spool_error);
        }
}

static bool is_in_trouble(const struct reply_channel *c)
{
        return strcmp(c->state, "broken") == 0 || strcmp(c->state, "retrying") == 0;
}

static void print_quiet(const struct terminal *t, const struct reply_channel *c, double now)
{
        char line[256], until[FORMAT_MAX], lasts[FORMAT_MAX];
        if (isnan(c->quiet_until))
                return;
        int n = snprintf(line, sizeof line, "%.128s: quiet hours until %s (for %s)", c->name,
                         format_time_local(c->quiet_until, now, until),
                         format_duration(fmax(c->quiet_until - now, 0), lasts));
        if (c->held > 0)
                snprintf(line + n, sizeof line - (size_t)n, ", %.0f event%s wait%s for their end",
                         c->held, c->held == 1 ? "" : "s", c->held == 1 ? "s" : "");
        terminal_spaces(t, 2);
        terminal_wrap(t, STYLE_PLAIN, 2, 6, line);
}

static int print_channels(const struct terminal *t, const struct courier_reply *c, double now)
{
        static const struct table_column columns[] = {
                { .title = "CHANNEL", .shrinks = true }, { .title = "TYPE", .shrinks = true },
                { .title = "STATE", .shrinks = true },   { .title = "WAITING", .right = true },
                { .title = "DELIVERED", .right = true }, { .title = "NEXT TRY", .right = true },
        };
        _cleanup_(table_done) struct table table;
        char buffer[FORMAT_MAX];

        table_init(&table, columns, ELEMENTS_OF(columns));
        for (size_t i = 0; i < c->channel_count; i++) {
                const struct reply_channel *channel = &c->channels[i];
                table_row(&table);
                table_cell(&table, 0, STYLE_PLAIN, "%s", channel->name);
                table_cell(&table, 1, STYLE_PLAIN, "%s", channel->type);
                table_cell(&table, 2, is_in_trouble(channel) ? STYLE_WARNING : STYLE_PLAIN, "%s",
                           channel->state);
                table_cell(&table, 3, STYLE_PLAIN, "%s",
                           report_value(UNIT_COUNT, channel->waiting, buffer));
                table_cell(&table, 4, STYLE_PLAIN, "%s",
                           report_value(UNIT_COUNT, channel->delivered, buffer));
                if (isfinite(channel->next_try) && channel->next_try > now)
                        table_cell(&table, 5, STYLE_PLAIN, "%s",
                                   format_duration(channel->next_try - now, buffer));
        }
        int r = table_print(&table, t);
        if (r < 0)
                return r;
        for (size_t i = 0; i < c->channel_count; i++)
                print_quiet(t, &c->channels[i], now);
        for (size_t i = 0; i < c->channel_count; i++)
                /* An old error of a channel that works again is history. */
                if (is_in_trouble(&c->channels[i]) && *c->channels[i].last_error) {
                        char line[1024];
                        snprintf(line, sizeof line, "%.128s: %s", c->channels[i].name,
                                 c->channels[i].last_error);
                        terminal_spaces(t, 2);
                        terminal_wrap(t, STYLE_PLAIN, 2, 6, line);
                }
        return 0;
}

static int print_delivery(const struct terminal *t, const struct status_report *s)
{
        fputc('\n', t->out);
        print_queue(t, s->daemon);
        if (s->courier && s->courier->channel_count > 0)
                return print_channels(t, s->courier, s->now);
        if (channels_unread(s)) {
                terminal_spaces(t, 10);
                terminal_wrap(t, STYLE_WARNING, 10, 10,
                              "There are channels, but the courier has not read them: systemctl "
                              "restart kmemwatch-courier");
                return 0;
        }
        if (s->courier || s->channel_files == 0) {
                terminal_spaces(t, 10);
                terminal_wrap(t, STYLE_PLAIN, 10, 10,
                              "No channel is configured: alerts go to the journal only.");
                return 0;
        }
        terminal_spaces(t, 10);
        terminal_print(t, courier_missing(s) ? STYLE_WARNING : STYLE_PLAIN,
                       "kmemwatch-courier cannot be reached:");
        terminal_spaces(t, 1);
        terminal_wrap(t, STYLE_PLAIN, 47, 10, s->courier_problem);
        if (courier_missing(s)) {
                char line[128];
                snprintf(line, sizeof line,
                         "%d channel%s configured. Start it: systemctl start kmemwatch-courier",
                         s->channel_files, s->channel_files == 1 ? " is" : "s are");
                terminal_spaces(t, 10);
                terminal_wrap(t, STYLE_PLAIN, 10, 10, line);
        }
        return 0;
}

/* ---- all of it ---- */

int report_print_status(const struct terminal *t, const struct status_report *s)
{
        const struct daemon_reply *d = s->daemon;
        int r;

        print_headline(t, s);
        print_mode(t, d);
        print_host(t, &d->host);
        if ((r = print_dimensions(t, d, s->now, false)) < 0 ||
            (r = print_dimensions(t, d, s->now, true)) < 0)
                return r;
        if ((r = report_print_members(t, d)) < 0)
                return r;
        report_print_learning(t, d, s->now);
        print_alerts(t, d, s->now);
        report_print_silences(t, d, s->now);
        r = print_delivery(t, s);
        if (r < 0)
                return r;
        report_print_left_out(t, "Rules with faults, left out:", d->left_out, d->left_out_count);
        if (s->courier)
                report_print_left_out(t, "Channels with faults, left out:", s->courier->left_out,
                                      s->courier->left_out_count);
        report_print_daemon(t, d, s->now);
        return 0;
}
