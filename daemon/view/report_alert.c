/* SPDX-License-Identifier: MIT */
/* Alerts as a tired person reads them: how bad, what, the numbers, what to do. */
#include <assert.h>
#include <math.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "view/report.h"

enum { ALERT_INDENT = 10 }; /* the longest severity and a gap */

static const char *const WORDS[] = {
        [SEVERITY_OK] = "OK",
        [SEVERITY_NOTICE] = "NOTICE",
        [SEVERITY_WARNING] = "WARNING",
        [SEVERITY_CRITICAL] = "CRITICAL",
};
static_assert(ELEMENTS_OF(WORDS) == SEVERITY_COUNT, "each severity has its word");

enum style report_style(enum severity severity)
{
        static const enum style STYLES[] = {
                [SEVERITY_OK] = STYLE_PLAIN,
                [SEVERITY_NOTICE] = STYLE_NOTICE,
                [SEVERITY_WARNING] = STYLE_WARNING,
                [SEVERITY_CRITICAL] = STYLE_CRITICAL,
        };
        static_assert(ELEMENTS_OF(STYLES) == SEVERITY_COUNT, "each severity has its style");
        return STYLES[severity];
}

const char *report_value(enum event_unit unit, double value, char *buffer)
{
        if (!isfinite(value))
                return "-";
        switch (unit) {
        case UNIT_BYTES:
        case UNIT_BYTES_PER_COUNT:
                return format_bytes(value, buffer);
        case UNIT_RATIO:
                return format_percent(value, buffer);
        case UNIT_COUNT:
                break;
        }
        snprintf(buffer, FORMAT_MAX, fabs(value) < 1e9 ? "%.0f" : "%.3g", value);
        return buffer;
}

/* A label and what belongs to it, in lines of their own. */
static void print_part(const struct terminal *t, const char *label, const char *text)
{
        if (!*text)
                return;
        terminal_spaces(t, ALERT_INDENT);
        terminal_put(t, STYLE_STRONG, label);
        terminal_spaces(t, 1);
        terminal_wrap(t, STYLE_PLAIN, ALERT_INDENT + strlen(label) + 1, ALERT_INDENT, text);
}

void report_print_alert(const struct terminal *t, const struct reply_alert *a, double now,
                        bool in_full)
{
        char since[FORMAT_MAX], lasts[FORMAT_MAX], origin[512];
        const char *title = *a->summary ? a->summary : *a->rule ? a->rule : "-";

        terminal_put_field(t, report_style(a->severity), WORDS[a->severity], ALERT_INDENT - 2,
                           false);
        terminal_spaces(t, 2);
        terminal_wrap(t, STYLE_STRONG, ALERT_INDENT, ALERT_INDENT, title);
        if (*a->text) {
                terminal_spaces(t, ALERT_INDENT);
                terminal_wrap(t, STYLE_PLAIN, ALERT_INDENT, ALERT_INDENT, a->text);
        }
        print_part(t, "Who:", a->culprit);
        print_part(t, "Incident:", a->incident);
        snprintf(origin, sizeof origin, "%s%s%s%ssince %s (%s), rule %.*s",
                 event_quiet_name(a->quiet), a->would_be > a->severity ? ", would be " : "",
                 a->would_be > a->severity ? severity_name(a->would_be) : "",
                 a->quiet != QUIET_NOT ? "; " : "", format_time_local(a->since, now, since),
                 format_duration(fmax(now - a->since, 0), lasts), 4 * RULE_NAME_MAX, a->rule);
        terminal_spaces(t, ALERT_INDENT);
        terminal_wrap(t, STYLE_FAINT, ALERT_INDENT, ALERT_INDENT, origin);
        if (in_full)
                print_part(t, "What it means:", a->explain);
        if (in_full || a->severity >= SEVERITY_WARNING)
                print_part(t, "Look first:", a->action);
        if (in_full)
                print_part(t, "More:", a->runbook);
}

/* The daemon knows only the number. */
static const char *user_name(double user, char buffer[FORMAT_MAX])
{
        const struct passwd *known =
                user >= 0 && user < (double)UINT32_MAX ? getpwuid((uid_t)user) : NULL;

        char number[FORMAT_MAX];

        if (known)
                snprintf(buffer, FORMAT_MAX, "%s", known->pw_name);
        else
                snprintf(buffer, FORMAT_MAX, "user %.40s", report_value(UNIT_COUNT, user, number));
        return buffer;
}

void report_print_silences(const struct terminal *t, const struct daemon_reply *d, double now)
{
        if (d->silence_count == 0)
                return;
        fputc('\n', t->out);
        terminal_line(t, STYLE_STRONG, "Silenced:");
        for (size_t i = 0; i < d->silence_count; i++) {
                const struct reply_silence *s = &d->silences[i];
                char line[1024], until[FORMAT_MAX], left[FORMAT_MAX], user[FORMAT_MAX];
                snprintf(line, sizeof line, "%.128s for %s more, until %s, by %s: %.512s", s->name,
                         format_duration(s->left, left), format_time_local(s->ends, now, until),
                         user_name(s->user, user), s->why);
                terminal_spaces(t, 2);
                terminal_wrap(t, STYLE_PLAIN, 2, 6, line);
        }
}

void report_print_alerts(const struct terminal *t, const struct daemon_reply *d, double now)
{
        size_t i = 0;

        if (d->alert_count == 0 || !d->alerts[0].firing)
                terminal_line(t, STYLE_GOOD, "No active alerts.");
        for (; i < d->alert_count && d->alerts[i].firing; i++) {
                if (i > 0)
                        fputc('\n', t->out);
                report_print_alert(t, &d->alerts[i], now, true);
        }
        if (i < d->alert_count) {
                fputc('\n', t->out);
                terminal_line(t, STYLE_STRONG, "Waiting to see whether it lasts:");
        }
        for (; i < d->alert_count; i++) {
                char buffer[FORMAT_MAX];
                const struct reply_alert *a = &d->alerts[i];
                terminal_spaces(t, 2);
                terminal_print(t, report_style(a->severity), "%s", severity_name(a->severity));
                terminal_line(t, STYLE_PLAIN, " %s, for %s", a->rule,
                              format_duration(fmax(now - a->since, 0), buffer));
        }
        report_print_silences(t, d, now);
}

enum exit_code report_alerts_code(const struct daemon_reply *d)
{
        for (size_t i = 0; i < d->alert_count; i++)
                if (d->alerts[i].firing && d->alerts[i].severity >= SEVERITY_WARNING)
                        return EXIT_FAULTS;
        return EXIT_FINE;
}
