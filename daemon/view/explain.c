/* SPDX-License-Identifier: MIT */
/* `kmemwatch explain`: asks the daemon and prints why its rules say what they say. */
#include "view/explain.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/json_in.h"
#include "view/reply.h"
#include "view/report.h"
#include "view/table.h"

#define TIMEOUT 5.0

/* A margin beyond it says nothing that the value does not say. */
static const double MARGIN_MAX = 100;

enum {
        INDENT = 2,
        MARK = 5,        /* "yes", "NO" and a gap */
        FAILS_MAX = 128, /* bytes of the names of the tests that a horizon fails */
};

static enum severity severity_of(const json_t *object, const char *key)
{
        int severity = severity_by_name(json_in_text(object, key));

        return severity < 0 ? SEVERITY_OK : (enum severity)severity;
}

static enum event_unit unit_of(const json_t *rule)
{
        int unit = event_unit_by_name(json_in_text(rule, "unit"));

        return unit < 0 ? UNIT_COUNT : (enum event_unit)unit;
}

/* ---- one test ---- */

static void print_mark(const struct terminal *t, bool passed)
{
        terminal_spaces(t, INDENT);
        terminal_put_field(t, passed ? STYLE_GOOD : STYLE_WARNING, passed ? "yes" : "NO", MARK,
                           false);
}

static void print_check(const struct terminal *t, const json_t *check)
{
        char line[640];
        struct text l;
        double margin = json_in_number(check, "margin");
        const char *waived = json_in_text(check, "waived"), *term = json_in_text(check, "term");

        text_init(&l, line, sizeof line);
        text_add(&l, "%s", json_in_text(check, "asks"));
        if (*term)
                text_add(&l, " (%s)", term);
        bool number = strcmp(json_in_text(check, "unit"), "yes") != 0;
        if (number && !(*waived && isnan(json_in_number(check, "value")))) {
                text_add(&l, ": %s, %s", json_in_text(check, "value_text"),
                         json_in_text(check, "limit_text"));
                if (fabs(margin) < MARGIN_MAX)
                        text_add(&l, " (%+.0f %%)", margin * 100);
        }
        if (*waived)
                text_add(&l, ": not needed, %s", waived);
        print_mark(t, json_in_truth(check, "passed"));
        terminal_wrap(t, STYLE_PLAIN, INDENT + MARK, INDENT + MARK, line);
}

static bool is_away(const json_t *checks)
{
        const json_t *check;
        size_t i;

        json_array_foreach(checks, i, check) if (strcmp(json_in_text(check, "name"), "away") ==
                                                 0) return json_in_truth(check, "passed");
        return false;
}

/* The tests of one kind under a title; nothing when there are none. */
static void print_group(const struct terminal *t, const json_t *checks, const char *of,
                        const char *title)
{
        const json_t *check;
        size_t i;
        bool any = false;

        json_array_foreach(checks, i, check)
        {
                if (i == REPLY_LIST_MAX)
                        break;
                if (strcmp(json_in_text(check, "of"), of) != 0)
                        continue;
                if (!any) {
                        fputc('\n', t->out);
                        terminal_line(t, STYLE_STRONG, "%s", title);
                }
                any = true;
                print_check(t, check);
        }
}

/* ---- horizons ---- */

static void names_of_failed(const json_t *checks, char names[FAILS_MAX])
{
        const json_t *check;
        struct text t;
        size_t i;

        text_init(&t, names, FAILS_MAX);
        json_array_foreach(checks, i, check) if (!json_in_truth(check, "passed"))
                text_add(&t, "%s%s", t.length ? ", " : "", json_in_text(check, "name"));
}

static int print_horizons(const struct terminal *t, const json_t *rule)
{
        static const struct table_column columns[] = {
                { .title = "  OVER", .right = false }, { .title = "RATE", .right = true },
                { .title = "+/-", .right = true },     { .title = "IN ALL", .right = true },
                { .title = "FIT", .right = true },     { .title = "FAILS", .shrinks = true },
        };
        const json_t *horizons = json_object_get(rule, "horizons"), *h;
        enum event_unit unit = unit_of(rule);
        struct table table;
        size_t i;

        if (json_array_size(horizons) == 0)
                return 0;
        fputc('\n', t->out);
        terminal_line(t, STYLE_STRONG, "Horizons");
        table_init(&table, columns, ELEMENTS_OF(columns));
        json_array_foreach(horizons, i, h)
        {
                char over[FORMAT_MAX], rate[FORMAT_MAX], error[FORMAT_MAX], grown[FORMAT_MAX],
                        fit[FORMAT_MAX], fails[FAILS_MAX];
                bool answers = json_in_truth(h, "answers");
                if (i == REPLY_LIST_MAX)
                        break;
                enum style style = answers ? STYLE_STRONG : STYLE_PLAIN;
                names_of_failed(json_object_get(h, "checks"), fails);
                table_row(&table);
                table_cell(&table, 0, style, "%s %s", answers ? "*" : " ",
                           format_duration(json_in_number(h, "seconds"), over));
                table_cell(&table, 1, style, "%s/h",
                           report_value(unit, json_in_number(h, "rate_per_hour"), rate));
                table_cell(&table, 2, style, "%s",
                           report_value(unit, 2 * json_in_number(h, "rate_error_per_hour"), error));
                table_cell(&table, 3, style, "%s",
                           report_value(unit, json_in_number(h, "grown"), grown));
                table_cell(&table, 4, style, "%s", format_percent(json_in_number(h, "fit"), fit));
                table_cell(&table, 5, json_in_truth(h, "grows") ? STYLE_WARNING : STYLE_PLAIN, "%s",
                           json_in_truth(h, "grows") ? "nothing: it grows" : fails);
        }
        int r = table_print(&table, t);
        table_done(&table);
        return r;
}

/* ---- a rule ---- */

static void print_lines(const struct terminal *t, const char *title, const json_t *lines)
{
        const json_t *line;
        size_t i;

        if (json_array_size(lines) == 0)
                return;
        fputc('\n', t->out);
        terminal_line(t, STYLE_STRONG, "%s", title);
        json_array_foreach(lines, i, line)
        {
                if (i == REPLY_LIST_MAX)
                        break;
                terminal_spaces(t, INDENT);
                terminal_put(t, STYLE_PLAIN, "- ");
                terminal_wrap(t, STYLE_PLAIN, INDENT + 2, INDENT + 2,
                              json_string_value(line) ? json_string_value(line) : "");
        }
}

static void print_head(const struct terminal *t, const json_t *rule)
{
        char value[FORMAT_MAX], level[FORMAT_MAX], line[512];
        enum severity severity = severity_of(rule, "severity"),
                      verdict = severity_of(rule, "verdict");
        double baseline = json_in_number(rule, "baseline");
        struct text l;

        terminal_put(t, STYLE_STRONG, json_in_text(rule, "rule"));
        if (strcmp(json_in_text(rule, "state"), "firing") == 0)
                terminal_line(t, report_style(severity), "  %s, firing", severity_name(severity));
        else if (verdict > SEVERITY_OK)
                terminal_line(t, report_style(verdict), "  %s, pending", severity_name(verdict));
        else if (json_in_truth(rule, "known"))
                terminal_line(t, STYLE_GOOD, "  ok");
        else
                terminal_line(t, STYLE_FAINT, "  no answer");
        text_init(&l, line, sizeof line);
        text_add(&l, "%s is %s", json_in_text(rule, "dimension"),
                 report_value(unit_of(rule), json_in_number(rule, "value"), value));
        if (isfinite(baseline))
                text_add(&l, ", of late about %s", report_value(unit_of(rule), baseline, level));
        text_add(&l, ". Rule: %s.", json_in_text(rule, "summary"));
        terminal_spaces(t, INDENT);
        terminal_wrap(t, STYLE_PLAIN, INDENT, INDENT, line);
        snprintf(line, sizeof line, "Waits for %s.", json_in_text(rule, "waits_for"));
        terminal_spaces(t, INDENT);
        terminal_wrap(t, STYLE_PLAIN, INDENT, INDENT, line);
}

static int print_rule(const struct terminal *t, const json_t *rule)
{
        const json_t *checks = json_object_get(rule, "checks");
        bool growth = json_array_size(json_object_get(rule, "horizons")) > 0;
        bool firing = strcmp(json_in_text(rule, "state"), "firing") == 0;

        print_head(t, rule);
        print_lines(t, firing ? "To become more severe it takes" : "To fire it takes",
                    json_object_get(rule, "takes"));
        print_group(t, checks, "detector",
                    growth            ? "Tests of the horizon that answers (marked * below)"
                    : is_away(checks) ? "Tests that begin it (it has begun before the last sample)"
                                      : "Tests of the last sample");
        int r = print_horizons(t, rule);
        print_group(t, checks, "pattern", "What the rule is for");
        print_group(t, checks, "notice", "Limit of a notice");
        print_group(t, checks, "warning", "Limit of a warning");
        print_group(t, checks, "critical", "Limit of critical");
        print_group(t, checks, "workload",
                    "Goes with the workload? Then it is one step less severe");
        print_group(t, checks, "only-if", "Conditions; while one is untrue it is at most a notice");
        return r;
}

static int print_rules(const struct terminal *t, const json_t *root)
{
        const json_t *rule;
        size_t i;

        json_array_foreach(json_object_get(root, "rules"), i, rule)
        {
                if (i == REPLY_LIST_MAX)
                        break;
                if (i > 0)
                        fputs("\n\n", t->out);
                int r = print_rule(t, rule);
                if (r < 0)
                        return r;
        }
        return 0;
}

int explain_print(const struct terminal *t, const char *json)
{
        _cleanup_(json_decrefp) json_t *root = NULL;

        int r = json_in_open(json, &root);
        return r < 0 ? r : print_rules(t, root);
}

enum exit_code explain_run(const struct options *o, const struct terminal *t)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_(json_decrefp) json_t *root = NULL;
        char problem[ASK_PROBLEM_MAX];

        int r = ask(o, PROGRAM_DAEMON, "Explain", o->argument, TIMEOUT, &text, problem);
        if (r == -EREMOTEIO)
                return ask_senseless(o, problem);
        if (r >= 0)
                r = ask_understood(json_in_open(text, &root), PROGRAM_DAEMON, problem);
        if (r >= 0)
                r = ask_understood(o->json ? report_print_json(t, root) : print_rules(t, root),
                                   PROGRAM_DAEMON, problem);
        return r < 0 ? ask_unreachable(o, PROGRAM_DAEMON, r, problem) : EXIT_FINE;
}
