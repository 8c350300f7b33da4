/* SPDX-License-Identifier: MIT */
/* `kmemwatch history`: what was told in the past. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "view/commands.h"
#include "view/report.h"
#include "view/told.h"

/* A week: what happened since somebody last looked. */
static const double DEFAULT_SECONDS = 7 * 86400;

static void print_event(const struct terminal *t, const struct told *e, double now)
{
        enum { TEXT_INDENT = 14 };
        char when[FORMAT_MAX];
        bool over = told_ends(e);
        terminal_put_field(t, STYLE_FAINT, format_time_local(e->time, now, when), TEXT_INDENT - 2,
                           false);
        terminal_spaces(t, 2);
        terminal_print(t, over ? STYLE_GOOD : report_style(e->severity), "%s",
                       over ? event_type_name(e->type) : severity_name(e->severity));
        if (!over && e->type != EVENT_FIRING)
                terminal_print(t, STYLE_PLAIN, " (%s)", event_type_name(e->type));
        terminal_line(t, STYLE_FAINT, "  %s", e->rule);
        terminal_spaces(t, TEXT_INDENT);
        terminal_wrap(t, STYLE_PLAIN, TEXT_INDENT, TEXT_INDENT, e->text);
        if (*e->culprit) {
                terminal_spaces(t, TEXT_INDENT);
                terminal_wrap(t, STYLE_PLAIN, TEXT_INDENT, TEXT_INDENT, e->culprit);
        }
}

static json_t *text(const char *s)
{
        json_t *value = json_string(s);
        return value ? value : json_string("(not UTF-8)");
}

static json_t *number(double value)
{
        if (!isfinite(value))
                return json_null();
        return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value)
                                                           : json_real(value);
}

static json_t *moment(double time)
{
        char buffer[FORMAT_MAX];
        return isfinite(time) ? json_string(format_time_utc(time, buffer)) : json_null();
}

static json_t *event_object(const struct told *e)
{
        return json_pack(
                "{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o,"
                " s:o, s:o, s:o, s:o}",
                "time", moment(e->time), "event", event_type_name(e->type), "severity",
                severity_name(e->severity), "previous_severity", severity_name(e->previous), "kind",
                kind_name(e->kind), "rule", text(e->rule), "dimension", text(e->dimension), "text",
                text(e->text), "summary", text(e->summary), "alert_id", text(e->alert_id), "id",
                text(e->id), "host", text(e->host), "unit", event_unit_name(e->unit), "value",
                number(e->value), "baseline", number(e->baseline), "rate_bytes_per_hour",
                number(e->rate * 3600), "exhausts_at", moment(e->exhausts_at), "started",
                moment(e->started), "duration_seconds", number(e->duration), "culprit",
                *e->culprit ? text(e->culprit) : json_null());
}

static int print_json(const struct terminal *t, const struct told_list *l)
{
        json_t *list = json_array();
        for (size_t i = 0; i < l->count; i++)
                json_array_append_new(list, event_object(&l->list[i]));
        json_t *root = json_pack("{s:i, s:b, s:o}", "version", 1, "cut", l->cut, "events", list);
        int r = root ? report_print_json(t, root) : -ENOMEM;
        json_decref(root);
        return r;
}

static enum exit_code cannot(const struct options *o, int error)
{
        const char *why = error == -ENOENT   ? "there is no journal here; events went to standard "
                                               "error where kmemwatchd was started"
                          : error == -EACCES ? "no right to read it: ask as root, or as a member "
                                               "of the group systemd-journal"
                                             : strerror(-error);
        fprintf(stderr, "kmemwatch history: %s: %s\n", o->directory ? o->directory : "journal",
                why);
        return EXIT_USAGE;
}

enum exit_code history_run(const struct options *o, const struct terminal *t)
{
        double now = clock_realtime();
        struct told_list list = { 0 };
        const struct told_query query = {
                .directory = o->directory,
                .since = moment_at(&o->since, now, now - DEFAULT_SECONDS),
                .until = moment_at(&o->until, now, INFINITY),
                .rule = o->rule,
        };
        int r = told_read(&query, &list);
        if (r < 0)
                return cannot(o, r);
        if (o->json) {
                r = print_json(t, &list);
        } else {
                if (list.cut)
                        terminal_line(t, STYLE_FAINT,
                                      "(The newest %d; give a later --since or a --rule.)",
                                      TOLD_MAX);
                if (list.count == 0)
                        terminal_line(t, STYLE_GOOD, "Nothing was told in this time.");
                for (size_t i = 0; i < list.count; i++)
                        print_event(t, &list.list[i], now);
        }
        told_done(&list);
        return r == -ENOMEM ? cannot(o, r) : EXIT_FINE;
}
