/* SPDX-License-Identifier: MIT */
/* An alert's event as a journal entry. kmemwatch-formats(7) lists the fields. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "alert/check_text.h"
#include "alert/event.h"
#include "alert/text.h"
#include "announce/entry.h"
#include "announce/wrap.h"
#include "base/text.h"
#include "base/units.h"
#include "culprit/culprit.h"

enum {
        /* One line in `journalctl`, and forwarders to syslog cut at 1 or 2 KiB. */
        MESSAGE_MAX = 1024,
        FIRST_MAX = 400,
        CATALOG_COLUMNS = 80, /* as the texts around it in the catalog */
};

static const double YEAR_9999 = 253402300799.0;

static int priority_of(const struct event *e)
{
        if (e->type == EVENT_RESOLVED || e->type == EVENT_EASED || e->type == EVENT_ADOPTED)
                return LOG_INFO;
        if (e->quiet != QUIET_NOT) /* who pages by the journal is not to be paged either */
                return LOG_NOTICE;
        switch (e->severity) {
        case SEVERITY_CRITICAL:
                return LOG_CRIT;
        case SEVERITY_WARNING:
                return LOG_WARNING;
        default:
                return LOG_NOTICE;
        }
}

/* The length of the first sentence. A full stop in a command (between back quotes) ends none. */
static size_t first_sentence(const char *s)
{
        bool quoted = false;

        for (size_t i = 0; s[i]; i++) {
                if (s[i] == '`')
                        quoted = !quoted;
                else if (!quoted && strchr(".!?", s[i]) && (s[i + 1] == ' ' || !s[i + 1]))
                        return i + 1;
        }
        return strlen(s);
}

/* The mark of what no channel is told. */
static void add_quiet(struct text *t, const struct event *e)
{
        if (e->quiet == QUIET_OBSERVED && e->would_be > e->severity)
                text_add(t, "(observed, would be %s) ", severity_name(e->would_be));
        else if (e->quiet != QUIET_NOT)
                text_add(t, "(%s) ", event_quiet_name(e->quiet));
}

/* What happened, and for what is going wrong what to look at first. */
static void message_of(const struct event *e, char buffer[MESSAGE_MAX])
{
        char who[CULPRIT_TEXT_MAX], incident[INCIDENT_TEXT_MAX];
        struct text t;

        text_init(&t, buffer, MESSAGE_MAX);
        add_quiet(&t, e);
        if (e->type == EVENT_RESOLVED || e->type == EVENT_ADOPTED) {
                text_add(&t, "%s", e->text);
                return;
        }
        text_add(&t, "%s: %s", severity_name(e->severity), e->text);
        if (e->culprits && *culprit_text(e->culprits, who, sizeof(who)))
                text_add(&t, "; %s", who);
        if (*event_incident_text(e, incident))
                text_add(&t, "; %s", incident);
        if (e->type != EVENT_EASED && e->action && *e->action) {
                size_t length = first_sentence(e->action);

                if (length > FIRST_MAX)
                        length = utf8_cut(e->action, FIRST_MAX);
                text_add(&t, "%s First: %.*s", has_suffix(e->text, ".") ? "" : ".", (int)length,
                         e->action);
        }
}

static void add_time(struct entry *e, const char *name, double unix_seconds)
{
        char text[FORMAT_MAX];

        if (unix_seconds >= 0 && unix_seconds <= YEAR_9999)
                entry_add(e, name, format_time_utc(unix_seconds, text));
}

/* A number in the event's unit. */
static void add_value(struct entry *e, const char *name, const struct event *event, double value)
{
        char text[64];

        if (event->unit == UNIT_BYTES || event->unit == UNIT_BYTES_PER_COUNT) {
                entry_add_number(e, name, value);
        } else if (isfinite(value)) {
                snprintf(text, sizeof(text), "%.6g", value);
                entry_add(e, name, text);
        }
}

/* The words of a rule, in lines, since journalctl -x breaks none. A rule that has none must not
 * show the name of the field there. */
static void add_words(struct entry *e, const char *name, const char *words)
{
        char lines[ENTRY_VALUE_MAX + 1];

        if (!words || !*words)
                words = "(The rule does not say.)";
        entry_add(e, name, wrap_text(words, CATALOG_COLUMNS, lines, sizeof(lines)));
}

/* "sure 34.2 (8), step 0.08 (0.4)": each test that the verdict rested on with its limit. */
static void add_checks(struct entry *e, const struct event *event)
{
        char buffer[EVENT_CHECKS_MAX * 64];
        struct text t;
        text_init(&t, buffer, sizeof(buffer));
        for (unsigned i = 0; i < event->check_count; i++) {
                const struct event_check *c = &event->checks[i];
                if (isfinite(c->value))
                        text_add(&t, "%s%s %.4g (%.4g)", t.length > 0 ? ", " : "", c->name,
                                 c->value, c->limit);
        }
        entry_add(e, "KMEMWATCH_CHECKS", buffer);
}

/* The same for people. */
static void add_why(struct entry *e, const struct event *event)
{
        char buffer[ENTRY_VALUE_MAX + 1];
        struct text t;
        text_init(&t, buffer, sizeof(buffer));
        event_checks_text(event, &t);
        entry_add(e, "KMEMWATCH_WHY", buffer);
}

/* Who is behind it: a sentence, and for those who search a line for each. */
static void add_culprits(struct entry *e, const struct culprit_list *l)
{
        char text[CULPRIT_TEXT_MAX], lines[ENTRY_VALUE_MAX + 1], bytes[FORMAT_MAX];
        struct text t;

        if (!l)
                return;
        text_init(&t, lines, sizeof(lines));
        for (unsigned i = 0; i < l->count; i++) {
                const struct culprit *c = &l->culprits[i];

                text_add(&t, "%s%s ", i ? "\n" : "", format_bytes(c->bytes, bytes));
                if (isfinite(c->share))
                        text_add(&t, "(%.0f %%) ", c->share * 100);
                text_add(&t, "%s %s", culprit_kind_name(c->kind), c->name);
                if (*c->note)
                        text_add(&t, ": %s", c->note);
        }
        entry_add(e, "KMEMWATCH_CULPRIT", culprit_text(l, text, sizeof(text)));
        entry_add(e, "KMEMWATCH_CULPRITS", lines);
        if (isfinite(l->explained)) {
                snprintf(text, sizeof(text), "%.3g", l->explained);
                entry_add(e, "KMEMWATCH_EXPLAINED", text);
        }
        entry_add(e, "KMEMWATCH_UNEXPLAINED", l->unexplained);
}

static void add_incident(struct entry *e, const struct event *event)
{
        const struct event_incident *i = &event->incident;
        char buffer[INCIDENT_TEXT_MAX];
        struct text t;

        if (!*i->id)
                return;
        entry_add(e, "KMEMWATCH_INCIDENT", event_incident_text(event, buffer));
        entry_add(e, "KMEMWATCH_INCIDENT_ID", i->id);
        entry_add(e, "KMEMWATCH_INCIDENT_SEVERITY", severity_name(i->severity));
        text_init(&t, buffer, sizeof(buffer));
        for (unsigned k = 0; k < i->alert_count && k < INCIDENT_ALERTS_MAX; k++)
                text_add(&t, "%s%s", k ? " " : "", i->alerts[k].rule);
        entry_add(e, "KMEMWATCH_INCIDENT_RULES", buffer);
        text_init(&t, buffer, sizeof(buffer));
        for (unsigned k = 0; k < i->moved_count; k++)
                text_add(&t, "%s%s", k ? " " : "", i->moved[k].dimension);
        entry_add(e, "KMEMWATCH_INCIDENT_DIMENSIONS", buffer);
}

void entry_of_event(struct entry *e, const char *identifier, const struct event *event)
{
        static const double HOUR = 3600;
        char text[MESSAGE_MAX];

        message_of(event, text);
        entry_begin(e, identifier, message_of_event(event->type, event->kind), priority_of(event),
                    text);
        entry_add(e, "KMEMWATCH_EVENT", event_type_name(event->type));
        entry_add(e, "KMEMWATCH_SEVERITY", severity_name(event->severity));
        entry_add(e, "KMEMWATCH_PREVIOUS_SEVERITY", severity_name(event->previous_severity));
        entry_add(e, "KMEMWATCH_QUIET", event_quiet_name(event->quiet));
        if (event->quiet == QUIET_OBSERVED)
                entry_add(e, "KMEMWATCH_WOULD_BE", severity_name(event->would_be));
        entry_add(e, "KMEMWATCH_RULE", event->rule);
        entry_add(e, "KMEMWATCH_DIMENSION", event->dimension);
        entry_add(e, "KMEMWATCH_KIND", kind_name(event->kind));
        entry_add(e, "KMEMWATCH_ALERT_ID", event->alert_id);
        entry_add(e, "KMEMWATCH_EVENT_ID", event->id);
        add_time(e, "KMEMWATCH_TIME", event->time);
        add_time(e, "KMEMWATCH_STARTED", event->started);
        entry_add_number(e, "KMEMWATCH_DURATION_SECONDS", event->duration);
        add_value(e, "KMEMWATCH_VALUE", event, event->value);
        entry_add(e, "KMEMWATCH_UNIT", event_unit_name(event->unit));
        add_value(e, "KMEMWATCH_BASELINE", event, event->baseline);
        add_value(e, "KMEMWATCH_PEAK", event, event->peak);
        add_value(e, "KMEMWATCH_GROWN", event, event->grown);
        entry_add_number(e, "KMEMWATCH_VALUE_BYTES", event->value_bytes);
        entry_add_number(e, "KMEMWATCH_BASELINE_BYTES", event->baseline_bytes);
        entry_add_number(e, "KMEMWATCH_RATE_BYTES_PER_HOUR", event->rate * HOUR);
        add_time(e, "KMEMWATCH_EXHAUSTS_AT", event->exhausts_at);
        entry_add_number(e, "KMEMWATCH_MEM_AVAILABLE_BYTES", event->mem_available);
        add_checks(e, event);
        add_why(e, event);
        add_culprits(e, event->culprits);
        add_incident(e, event);
        entry_add(e, "KMEMWATCH_TEXT", event->text);
        entry_add(e, "KMEMWATCH_SUMMARY", event->summary ? event->summary : event->rule);
        add_words(e, "KMEMWATCH_EXPLAIN", event->explain);
        add_words(e, "KMEMWATCH_ACTION", event->action);
        entry_add(e, "KMEMWATCH_RUNBOOK", event->runbook);
        /* systemd's own field: journalctl makes the message a link to it. */
        entry_add(e, "DOCUMENTATION", event->runbook);
}
