/* SPDX-License-Identifier: MIT */
/* A message as Slack wants it. Above the colour bar stands what a locked phone shows; below it the
 * numbers, the last hour as a line of blocks, and what to look at first. */
#include "deliver/slack.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "deliver/letter.h"
#include "deliver/mrkdwn.h"
#include "deliver/phrase.h"

/* Shares of SLACK_MESSAGE_MAX; the fields take at most 7 * 250. */
enum {
        LEAD_MAX = 800,
        EXPLAIN_MAX = 1500,
        ACTION_MAX = 2500,
        FIELD_MAX = 250,
        CONTEXT_MAX = 600,
        WHO_MAX = 600, /* twice */
        ELLIPSIS_SIZE = sizeof("…") - 1,
};

static int append(json_t *array, json_t *value)
{
        return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

static const char *colour(const struct letter *m)
{
        if (letter_ends(m))
                return "#2eb886";
        switch (m->severity) {
        case SEVERITY_CRITICAL:
                return "#c62828";
        case SEVERITY_WARNING:
                return "#f9a825";
        default:
                return "#5b8def";
        }
}

static const char *symbol(const struct letter *m)
{
        if (letter_ends(m))
                return ":white_check_mark:";
        return m->severity == SEVERITY_CRITICAL ? ":red_circle:" : ":large_yellow_circle:";
}

static int add_field(json_t *fields, const char *label, const char *value)
{
        char buffer[FIELD_MAX];
        struct text t;
        if (!value[0])
                return 0;
        mrkdwn_begin(&t, buffer, sizeof(buffer));
        text_add(&t, "*%s*\n", label);
        mrkdwn_add(&t, value);
        return append(fields, mrkdwn_text(mrkdwn_end(&t)));
}

static int add_fields(json_t *blocks, const struct letter *m)
{
        char buffer[PHRASE_MAX], host[PHRASE_MAX + 80];
        json_auto_t *fields = json_array();
        struct text t;

        int r = add_field(fields, "Dimension", m->dimension);
        if (r >= 0)
                r = add_field(fields, letter_ends(m) ? "Before → now" : "Normal → now",
                              phrase_change(m, buffer));
        if (r >= 0)
                r = add_field(fields, "Rate", phrase_rate(m, buffer));
        if (r >= 0)
                r = add_field(fields, "Time left", phrase_time_left(m, buffer));
        if (r >= 0)
                r = add_field(fields, "State", phrase_event(m, buffer));
        if (r >= 0 && letter_ends(m))
                r = add_field(fields, "Grown in all", phrase_value(m->unit, m->grown, buffer));
        if (r >= 0) {
                text_init(&t, host, sizeof(host));
                text_add(&t, "%s", m->host_name);
                phrase_machine(m, buffer);
                if (buffer[0])
                        text_add(&t, "%s%s", m->host_name[0] ? "\n" : "", buffer);
                r = add_field(fields, "Host", host);
        }
        if (r < 0 || json_array_size(fields) == 0)
                return r;
        return append(blocks, json_pack("{s:s, s:O}", "type", "section", "fields", fields));
}

/* The last hour in one line of blocks, with its lowest and highest value. */
static int add_sparkline(json_t *blocks, const struct letter *m)
{
        char line[3 * EVENT_RECENT_MAX + 1], low[PHRASE_MAX], high[PHRASE_MAX], span[FORMAT_MAX];
        char buffer[LEAD_MAX];
        double smallest = INFINITY, largest = -INFINITY;
        unsigned known = 0;
        struct text t;

        for (unsigned i = 0; i < m->recent_count; i++) {
                if (isnan(m->recent[i]))
                        continue;
                smallest = fmin(smallest, m->recent[i]);
                largest = fmax(largest, m->recent[i]);
                known++;
        }
        if (known < 2) /* one point is no line */
                return 0;
        sparkline(m->recent, m->recent_count, line, sizeof(line));
        mrkdwn_begin(&t, buffer, sizeof(buffer));
        text_add(&t, "`%s`\n", line);
        if (m->recent_interval > 0)
                text_add(&t,
                         "last %s: ", format_duration(m->recent_count * m->recent_interval, span));
        text_add(&t, "lowest ");
        mrkdwn_add(&t, phrase_value(m->unit, smallest, low)); /* it may say ">999 EiB" */
        text_add(&t, ", highest ");
        mrkdwn_add(&t, phrase_value(m->unit, largest, high));
        return append(blocks, mrkdwn_section(mrkdwn_end(&t)));
}

static int add_paragraph(json_t *blocks, const char *label, const char *s, size_t max)
{
        char buffer[ACTION_MAX];
        struct text t;
        if (!s[0])
                return 0;
        mrkdwn_begin(&t, buffer, MIN_OF(max, sizeof(buffer)));
        text_add(&t, "*%s*\n", label);
        mrkdwn_add(&t, s);
        return append(blocks, mrkdwn_section(mrkdwn_end(&t)));
}

/* A link only when nothing in it could end the link's own syntax. */
static bool linkable(const char *url)
{
        return (has_prefix(url, "https://") || has_prefix(url, "http://")) &&
               !url[strcspn(url, "<>| \"")] && strlen(url) < CONTEXT_MAX / 2;
}

static int add_context(json_t *blocks, const struct letter *m)
{
        char buffer[CONTEXT_MAX];
        struct text t;
        mrkdwn_begin(&t, buffer, sizeof(buffer));
        if (linkable(m->runbook)) {
                text_add(&t, "<");
                mrkdwn_add(&t, m->runbook);
                text_add(&t, "|Runbook>  ");
        }
        if (m->rule[0]) {
                text_add(&t, "rule ");
                mrkdwn_add(&t, m->rule);
                text_add(&t, "  ");
        }
        if (!isnan(m->time)) {
                text_add(&t, "<!date^%.0f^{date_short_pretty} {time_secs}|", floor(m->time));
                mrkdwn_add(&t, m->time_text);
                text_add(&t, ">");
        }
        if (t.cut || t.length == 0) /* half a link would be shown as it stands */
                return 0;
        return append(blocks, json_pack("{s:s, s:[o]}", "type", "context", "elements",
                                        mrkdwn_text(buffer)));
}

static json_t *lead(const struct letter *m)
{
        char buffer[LEAD_MAX];
        struct text t;
        mrkdwn_begin(&t, buffer, sizeof(buffer));
        text_add(&t, "%s ", symbol(m));
        mrkdwn_add(&t, m->text[0] ? m->text : m->summary[0] ? m->summary : m->dimension);
        if (m->culprit_text[0] && !letter_ends(m)) {
                text_add(&t, "\n");
                mrkdwn_add(&t, m->culprit_text);
        }
        return mrkdwn_section(mrkdwn_end(&t));
}

/* What a notification and a screen reader get: everything in two lines of plain text. */
static const char *fallback(const struct letter *m, char *buffer, size_t size)
{
        char headline[SLACK_HEADER_MAX * 2];
        struct text t;
        mrkdwn_begin(&t, buffer, size);
        mrkdwn_add(&t, phrase_headline(m, headline, sizeof(headline)));
        if (m->text[0] && m->summary[0]) {
                text_add(&t, "\n");
                mrkdwn_add(&t, m->text);
        }
        if (m->culprit_text[0] && !letter_ends(m)) {
                text_add(&t, "\n");
                mrkdwn_add(&t, m->culprit_text);
        }
        return mrkdwn_end(&t);
}

static json_t *header(const struct letter *m)
{
        char headline[2 * SLACK_HEADER_MAX];
        return mrkdwn_header(phrase_headline(m, headline, sizeof(headline)),
                             m->ids ? m->ids : m->id);
}

/* That it stands for others of its alert, too, is said beside the words that it is read for. */
static int add_note(json_t *blocks, const struct letter *m)
{
        char buffer[CONTEXT_MAX];
        struct text t;
        if (!m->note)
                return 0;
        mrkdwn_begin(&t, buffer, sizeof(buffer));
        mrkdwn_add(&t, m->note);
        return append(blocks, json_pack("{s:s, s:[o]}", "type", "context", "elements",
                                        mrkdwn_text(mrkdwn_end(&t))));
}

static int dump(json_t *json, char **ret)
{
        char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/* In lines, and what is not explained. */
static const char *who(const struct letter *m, char *buffer, size_t size)
{
        struct text t;
        phrase_culprits(m, buffer, size);
        text_init(&t, buffer + strlen(buffer), size - strlen(buffer));
        if (m->culprit_count > 0 && m->unexplained[0])
                text_add(&t, "\nnot explained: %s", m->unexplained);
        return buffer;
}

int slack_body(const struct letter *m, char **ret)
{
        char text[LEAD_MAX];
        json_auto_t *details = json_array();

        int r = add_fields(details, m);
        if (r >= 0)
                r = add_sparkline(details, m);
        if (r >= 0)
                r = add_paragraph(details, "Who", who(m, text, sizeof(text)), WHO_MAX);
        if (r >= 0)
                r = add_paragraph(details, "Incident", m->incident_text, WHO_MAX);
        if (r >= 0 && !letter_ends(m))
                r = add_paragraph(details, "What it means", m->explain, EXPLAIN_MAX);
        if (r >= 0 && !letter_ends(m))
                r = add_paragraph(details, "Look at first", m->action, ACTION_MAX);
        if (r >= 0)
                r = add_note(details, m);
        if (r >= 0)
                r = add_context(details, m);
        if (r < 0)
                return r;

        json_auto_t *body = json_pack("{s:s, s:[o, o]}", "text", fallback(m, text, sizeof(text)),
                                      "blocks", header(m), lead(m));
        /* An attachment without blocks would be refused; a bare event has none. */
        if (body && json_array_size(details) > 0 &&
            json_object_set_new(body, "attachments",
                                json_pack("[{s:s, s:O}]", "color", colour(m), "blocks", details)) <
                    0)
                return -ENOMEM;
        return dump(body, ret);
}

int slack_body_short(const struct letter *m, char **ret)
{
        char text[LEAD_MAX];
        json_auto_t *body = json_pack("{s:s}", "text", fallback(m, text, sizeof(text)));
        return dump(body, ret);
}
