/* SPDX-License-Identifier: MIT */
/* The names that a template may use, as one table. */
#include "deliver/placeholder.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "deliver/letter.h"
#include "deliver/phrase.h"

typedef const char *(*phrase)(const struct letter *m, char buffer[PHRASE_MAX]);

static const char *headline(const struct letter *m, char buffer[PHRASE_MAX])
{
        return phrase_headline(m, buffer, PHRASE_MAX);
}

static const char *state(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return phrase_state(m);
}

static const char *event(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return event_type_name(m->event);
}

static const char *severity(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return severity_name(m->severity);
}

static const char *highest(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return severity_name(m->highest_severity);
}

static const char *kind(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return m->kind >= 0 ? kind_name((enum kind)m->kind) : "";
}

/* A receiver that makes a link or a moment of it refuses the message when it is none. */
static const char *link_of(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return has_prefix(m->runbook, "https://") || has_prefix(m->runbook, "http://") ? m->runbook
                                                                                       : "";
}

static const char *moment(const struct letter *m, char buffer[PHRASE_MAX] _unused_)
{
        return isnan(m->time) ? "" : m->time_text;
}

enum { NO_MEMBER = -1 };
#define TEXT(member) .text = offsetof(struct letter, member), .number = NO_MEMBER
#define NUMBER(member) .number = offsetof(struct letter, member), .text = NO_MEMBER
#define PHRASE(function) .phrase = (function), .text = NO_MEMBER, .number = NO_MEMBER

static const struct {
        const char *name, *help;
        int text, number; /* offset of the member, or NO_MEMBER */
        phrase phrase;
} names[] = {
        { .name = "headline", PHRASE(headline), .help = "CRITICAL on db1: what is wrong" },
        { .name = "state", PHRASE(state), .help = "WARNING, CRITICAL, RESOLVED, NEW NORMAL" },
        { .name = "event",
          PHRASE(event),
          .help = "firing, escalated, eased, reminder, adopted, resolved" },
        { .name = "progress",
          PHRASE(phrase_event),
          .help = "the event in words: over after 12 min" },
        { .name = "severity", PHRASE(severity), .help = "now: ok, notice, warning, critical" },
        { .name = "highest_severity", PHRASE(highest), .help = "of the alert so far" },
        { .name = "summary", TEXT(summary), .help = "the rule's headline" },
        { .name = "text", TEXT(text), .help = "one line: what, how much, how fast, time left" },
        { .name = "explain", TEXT(explain), .help = "what it means" },
        { .name = "action", TEXT(action), .help = "what to look at first" },
        { .name = "runbook", TEXT(runbook), .help = "address of a page about it" },
        { .name = "link", PHRASE(link_of), .help = "the same when it is one of the web" },
        { .name = "culprit", TEXT(culprit_text), .help = "who is behind it" },
        { .name = "incident", TEXT(incident_text), .help = "what else moved with it" },
        { .name = "change", PHRASE(phrase_change), .help = "320 MiB → 1.4 GiB" },
        { .name = "rate", PHRASE(phrase_rate), .help = "+310 MiB/h ± 12 MiB/h" },
        { .name = "time_left", PHRASE(phrase_time_left), .help = "about 9 h (7 h to 12 h)" },
        { .name = "rule", TEXT(rule), .help = "name of the rule" },
        { .name = "dimension", TEXT(dimension), .help = "what was measured" },
        { .name = "kind", PHRASE(kind), .help = "spike, drop, growth, ratio" },
        { .name = "host", TEXT(host_name), .help = "name of the machine" },
        { .name = "machine", PHRASE(phrase_machine), .help = "kind, CPUs, memory, kernel" },
        { .name = "time", PHRASE(moment), .help = "when it happened, RFC 3339" },
        { .name = "note", TEXT(note), .help = "which earlier events this message stands for" },
        { .name = "dedup_key", TEXT(dedup_key), .help = "the same for all events of an incident" },
        { .name = "alert_id", TEXT(alert_id), .help = "the same for all events of an alert" },
        { .name = "id", TEXT(id), .help = "of this event" },
        { .name = "time_unix", NUMBER(time), .help = "a number: Unix seconds" },
        { .name = "value_bytes", NUMBER(value_bytes), .help = "a number: the field now" },
        { .name = "baseline_bytes", NUMBER(baseline_bytes), .help = "a number: what is normal" },
        { .name = "rate_bytes_per_hour", NUMBER(rate_per_hour), .help = "a number" },
        { .name = "mem_available_bytes", NUMBER(mem_available), .help = "a number" },
};

bool placeholder_list(size_t at, const char **ret_name, const char **ret_help)
{
        if (at >= ELEMENTS_OF(names))
                return false;
        *ret_name = names[at].name;
        *ret_help = names[at].help;
        return true;
}

bool placeholder_find(const char *name, struct placeholder *ret)
{
        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (strcmp(names[i].name, name) == 0) {
                        *ret = (struct placeholder){ .index = (int)i };
                        return true;
                }
        return false;
}

/* ":markdown" or ":200". Its length, or 0. */
static size_t parse_modifier(const char *s, struct placeholder *p)
{
        static const char markdown[] = ":markdown";
        if (has_prefix(s, markdown)) {
                p->markdown = true;
                return strlen(markdown);
        }
        size_t digits = s[0] == ':' ? strspn(s + 1, "0123456789") : 0;
        if (digits == 0 || digits > 4)
                return 0;
        p->max = (size_t)strtoul(s + 1, NULL, 10);
        return p->max > 0 ? digits + 1 : 0;
}

int placeholder_parse(const char *s, struct placeholder *ret, char name[PLACEHOLDER_NAME_MAX])
{
        size_t length = s[0] == '{' ? strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_") : 0, step;
        const char *end = s + 1 + length;
        struct placeholder p;
        if (length == 0 || (*end != ':' && *end != '}'))
                return 0;
        snprintf(name, PLACEHOLDER_NAME_MAX, "%.*s", (int)length, s + 1);
        if (!placeholder_find(name, &p))
                return -EINVAL;
        while ((step = parse_modifier(end, &p)) > 0)
                end += step;
        if (*end != '}')
                return -EINVAL;
        *ret = p;
        return (int)(end + 1 - s);
}

bool placeholder_number(const struct placeholder *p, const struct letter *m, double *ret)
{
        if (names[p->index].number == NO_MEMBER)
                return false;
        memcpy(ret, (const char *)m + names[p->index].number, sizeof(*ret));
        return true;
}

static const char *plain(const struct placeholder *p, const struct letter *m,
                         char buffer[PHRASE_MAX])
{
        double number;
        if (names[p->index].phrase)
                return names[p->index].phrase(m, buffer);
        if (!placeholder_number(p, m, &number)) {
                const char *text;
                memcpy(&text, (const char *)m + names[p->index].text, sizeof(text));
                return text ? text : "";
        }
        buffer[0] = '\0';
        if (isfinite(number))
                snprintf(buffer, PHRASE_MAX, "%.15g", number);
        return buffer;
}

/* Markup gets a backslash before it. A mention (@everyone) is broken up by a blank that is not
 * seen, since what a backslash does there differs. */
static void make_plain(const char *text, char *buffer, size_t size)
{
        static const char markup[] = "\\`*_{}[]()<>#~|!", unseen[] = "\xe2\x80\x8b";
        size_t n = 0;
        for (; *text && n + sizeof(unseen) + 1 < size; text++) {
                if (strchr(markup, *text))
                        buffer[n++] = '\\';
                buffer[n++] = *text;
                if (*text == '@') {
                        memcpy(buffer + n, unseen, strlen(unseen));
                        n += strlen(unseen);
                }
        }
        buffer[n] = '\0';
}

const char *placeholder_text(const struct placeholder *p, const struct letter *m,
                             char buffer[PLACEHOLDER_TEXT_MAX])
{
        char phrase_buffer[PHRASE_MAX], cut[PLACEHOLDER_TEXT_MAX];
        const char *text = plain(p, m, phrase_buffer);
        size_t max = p->max > 0 && p->max < sizeof(cut) ? p->max : sizeof(cut) - 1;
        snprintf(cut, sizeof(cut), "%.*s", (int)utf8_cut(text, max), text);
        if (p->markdown)
                make_plain(cut, buffer, PLACEHOLDER_TEXT_MAX);
        else
                memcpy(buffer, cut, strlen(cut) + 1);
        buffer[utf8_cut(buffer, PLACEHOLDER_TEXT_MAX - 1)] = '\0';
        return buffer;
}
