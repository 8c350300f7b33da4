/* SPDX-License-Identifier: MIT */
/* `kmemwatch history`: what was told in the past. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "announce/json_value.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/units.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/pager.h"
#include "view/report.h"
#include "view/told.h"

/* A week: what happened since somebody last looked. */
static const double DEFAULT_SECONDS = 7 * 86400;

/* As many as journalctl --follow begins with. */
enum { FOLLOW_LINES = 10 };

DEFINE_CLEANUP(struct told_journal, told_close);

/* host: with the name of the machine, for journals of many. */
static void print_event(const struct terminal *t, const struct told *e, double now, bool host)
{
        enum { TEXT_INDENT = 14 };
        char when[FORMAT_MAX];
        bool over = told_ends(e);
        terminal_put_field(t, STYLE_FAINT, format_time_local(e->time, now, when), TEXT_INDENT - 2,
                           false);
        terminal_spaces(t, 2);
        if (host)
                terminal_print(t, STYLE_STRONG, "%s  ", e->host);
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

static json_t *event_object(const struct told *e)
{
        return json_pack(
                "{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o,"
                " s:o, s:o, s:o, s:o}",
                "time", json_value_time(e->time), "event", event_type_name(e->type), "severity",
                severity_name(e->severity), "previous_severity", severity_name(e->previous), "kind",
                kind_name(e->kind), "rule", json_value_text(e->rule), "dimension",
                json_value_text(e->dimension), "text", json_value_text(e->text), "summary",
                json_value_text(e->summary), "alert_id", json_value_text(e->alert_id), "id",
                json_value_text(e->id), "host", json_value_text(e->host), "unit",
                event_unit_name(e->unit), "value", json_value_exact(e->value), "baseline",
                json_value_exact(e->baseline), "rate_bytes_per_hour",
                json_value_exact(e->rate * 3600), "exhausts_at", json_value_time(e->exhausts_at),
                "started", json_value_time(e->started), "duration_seconds",
                json_value_exact(e->duration), "culprit",
                *e->culprit ? json_value_text(e->culprit) : json_null());
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

/* A line each: a list has no end while events come. */
static int print_json_lines(const struct terminal *t, const struct told_list *l)
{
        for (size_t i = 0; i < l->count; i++) {
                json_t *event = event_object(&l->list[i]);
                int r = event ? report_print_json_line(t, event) : -ENOMEM;
                json_decref(event);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void print_events(const struct terminal *t, const struct told_list *l, double now,
                         bool hosts)
{
        for (size_t i = 0; i < l->count; i++)
                print_event(t, &l->list[i], now, hosts);
}

static void print_all(const struct options *o, const struct terminal *t, const struct told_list *l,
                      double now)
{
        struct pager pager = { 0 };
        if (!o->no_pager)
                pager_open(&pager);
        if (l->cut)
                terminal_line(t, STYLE_FAINT, "(The newest %d; give a later --since or a --rule.)",
                              TOLD_MAX);
        if (l->count == 0)
                terminal_line(t, STYLE_GOOD, "Nothing was told in this time.");
        print_events(t, l, now, told_hosts(l) > 1);
        pager_close(&pager);
}

/* Until it is stopped, or nobody reads it. */
static int follow(const struct options *o, const struct terminal *t, struct told_journal *j,
                  struct told_list *l)
{
        int r;
        do {
                r = 0;
                if (o->json)
                        r = print_json_lines(t, l);
                else
                        print_events(t, l, clock_realtime(), o->directory != NULL);
                if (fflush(t->out) != 0 || r < 0)
                        return r;
                r = told_follow(j, l);
        } while (r >= 0);
        return r;
}

static enum exit_code cannot(const struct options *o, int error)
{
        const char *why = error == -ENOENT && o->directory ? "there is no journal in it"
                          : error == -ENOENT ? "there is no journal here; events went to standard "
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
        _cleanup_(told_closep) struct told_journal *j = NULL;
        _cleanup_(told_done) struct told_list list = { 0 };
        double now = clock_realtime();
        const struct told_query query = {
                .directory = o->directory,
                .since = moment_at(&o->since, now, now - DEFAULT_SECONDS),
                .until = moment_at(&o->until, now, INFINITY),
                .rule = o->rule,
                .host = o->host,
                .newest = o->lines                                    ? o->lines
                          : o->follow && o->since.kind == MOMENT_NONE ? FOLLOW_LINES
                                                                      : 0,
        };
        if (query.since >= query.until) {
                fputs("kmemwatch history: --since is not before --until\n", stderr);
                return EXIT_USAGE;
        }
        if (moment_is_ahead(&o->since, now))
                return ask_senseless(o, "--since has not come yet");
        int r = told_open(&query, &j);
        if (r >= 0)
                r = told_read(j, &list);
        if (r >= 0 && o->follow)
                r = follow(o, t, j, &list);
        else if (r >= 0 && o->json)
                r = print_json(t, &list) == -ENOMEM ? -ENOMEM : 0;
        else if (r >= 0)
                print_all(o, t, &list, now);
        return r < 0 ? cannot(o, r) : EXIT_FINE;
}
