/* SPDX-License-Identifier: MIT */
/* What a person in the foreground sees of an alert: a headline that can be found again at a glance,
 * and below it, indented, the words of the rule. */
#include "announce/readable.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "announce/entry.h"
#include "announce/wrap.h"
#include "base/text.h"

enum {
        INDENT = 4,
        WIDTH_MIN = 40, /* narrower, a wrapped text cannot be read: rather let the terminal wrap */
};

static const char RESET[] = "\033[0m", DIM[] = "\033[2m", BOLD[] = "\033[1m";

struct headline {
        const char *word, *colour;
};

static struct headline headline_of(const char *event, const char *severity)
{
        static const struct {
                const char *name;
                struct headline headline;
        } events[] = { { "resolved", { "RESOLVED", "\033[1;32m" } },
                       { "adopted", { "ADOPTED", "\033[1;32m" } } },
          severities[] = { { "critical", { "CRITICAL", "\033[1;31m" } },
                           { "warning", { "WARNING", "\033[1;33m" } },
                           { "notice", { "NOTICE", "\033[1;36m" } } };

        for (size_t i = 0; i < ELEMENTS_OF(events); i++)
                if (strcmp(event, events[i].name) == 0)
                        return events[i].headline;
        for (size_t i = 0; i < ELEMENTS_OF(severities); i++)
                if (strcmp(severity, severities[i].name) == 0)
                        return severities[i].headline;
        return (struct headline){ "OK", "\033[1;32m" };
}

/* "2026-11-20 06:34:57" in local time from RFC 3339 in UTC; as it stands when it is something
 * else. */
static const char *local_time(const char *utc, char buffer[32])
{
        struct tm t = { .tm_isdst = 0 };
        time_t seconds;

        if (!strptime(utc, "%Y-%m-%dT%H:%M:%S", &t))
                return utc;
        seconds = timegm(&t);
        if (!localtime_r(&seconds, &t) || !strftime(buffer, 32, "%F %T", &t))
                return utc;
        return buffer;
}

/* The journal's fields are broken into lines of their own width. */
static void add_words(struct text *t, const char *s, size_t length)
{
        for (size_t i = 0; i < length;) {
                size_t part = strcspn(s + i, "\n");

                part = MIN_OF(part, length - i);
                text_add(t, "%.*s%s", (int)part, s + i, i + part < length ? " " : "\n");
                i += part + 1;
        }
}

static void add_paragraph(struct text *t, const struct readable_style *style, const char *lead,
                          const char *s)
{
        unsigned width = style->width >= WIDTH_MIN ? style->width - INDENT : 0;
        size_t first = strlen(lead);

        if (!s)
                return;
        text_add(t, "%*s%s%s%s", INDENT, "", style->colour && *lead ? BOLD : "", lead,
                 style->colour && *lead ? RESET : "");
        while (*s) {
                size_t next, length = wrap_line(s, width > 0 ? width - first : SIZE_MAX, &next);

                add_words(t, s, length);
                s += next;
                first = 0;
                if (*s)
                        text_add(t, "%*s", INDENT, "");
        }
}

size_t readable_event(const char *data, size_t size, const struct readable_style *style,
                      char buffer[READABLE_MAX])
{
        const char *event = entry_value(data, size, "KMEMWATCH_EVENT");
        const char *severity = entry_value(data, size, "KMEMWATCH_SEVERITY");
        const char *utc = entry_value(data, size, "KMEMWATCH_TIME");
        const char *summary = entry_value(data, size, "KMEMWATCH_SUMMARY");
        const char *runbook = entry_value(data, size, "KMEMWATCH_RUNBOOK");
        const char *rule = entry_value(data, size, "KMEMWATCH_RULE");
        const char *quiet = entry_value(data, size, "KMEMWATCH_QUIET");
        const char *would_be = entry_value(data, size, "KMEMWATCH_WOULD_BE");
        struct headline head = headline_of(event ? event : "", severity ? severity : "");
        char local[32], foot[ENTRY_VALUE_MAX + 256];
        bool wrong;
        struct text t;

        text_init(&t, buffer, READABLE_MAX);
        text_add(&t, "%s%s%s ", style->colour ? DIM : "", utc ? local_time(utc, local) : "",
                 style->colour ? RESET : "");
        text_add(&t, "%s%s%s%s%s ", style->colour ? head.colour : "", head.word,
                 style->colour ? RESET : "",
                 event && strcmp(event, "reminder") == 0 ? " (still)" : "",
                 event && strcmp(event, "eased") == 0 ? " (eased)" : "");
        if (quiet)
                text_add(&t, "(%s%s%s) ", quiet, would_be ? ", would be " : "",
                         would_be ? would_be : "");
        text_add(&t, "%s%s%s\n", style->colour ? BOLD : "", summary ? summary : "",
                 style->colour ? RESET : "");
        add_paragraph(&t, style, "", entry_value(data, size, "KMEMWATCH_TEXT"));
        add_paragraph(&t, style, "Who: ", entry_value(data, size, "KMEMWATCH_CULPRIT"));
        add_paragraph(&t, style, "Incident: ", entry_value(data, size, "KMEMWATCH_INCIDENT"));

        wrong = event && (strcmp(event, "firing") == 0 || strcmp(event, "escalated") == 0);
        if (wrong) {
                add_paragraph(&t, style, "", entry_value(data, size, "KMEMWATCH_EXPLAIN"));
                add_paragraph(&t, style, "First: ", entry_value(data, size, "KMEMWATCH_ACTION"));
                snprintf(foot, sizeof(foot), "%s%s%s", rule ? rule : "", runbook ? ", " : "",
                         runbook ? runbook : "");
                add_paragraph(&t, style, "Rule: ", foot);
        }
        if (t.cut && t.length > 0)
                buffer[t.length - 1] = '\n';
        return t.length;
}
