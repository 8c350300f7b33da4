/* SPDX-License-Identifier: MIT */
/* Several alerts as one Slack message: a storm, or what a room missed while it could not be
 * reached. A line for each alert with its newest state, open ones first. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "deliver/mrkdwn.h"
#include "deliver/parcel.h"
#include "deliver/phrase.h"
#include "deliver/slack.h"

enum {
        LINE_MAX_BYTES = 220, /* 40 of them and the headline stay below SLACK_MESSAGE_MAX */
        SUMMARY_LINES_MAX = 30,
        SHORT_LINES_MAX = 8,
        ID_BYTES = 33,                                    /* with its comma */
        EVENTS_PER_BLOCK = SLACK_BLOCK_ID_MAX / ID_BYTES, /* so that their ids fit its name */
        SECTIONS_MAX = SLACK_BLOCKS_MAX - 1,              /* and the last word */
};

struct group {
        const struct parcel *parcel;
        struct parcel_alert *alerts;
        size_t count;
};

static const char *symbol(const struct letter *m)
{
        if (letter_ends(m))
                return ":white_check_mark:";
        return m->severity == SEVERITY_CRITICAL ? ":red_circle:" : ":large_yellow_circle:";
}

static const char *colour(const struct group *g)
{
        if (letter_ends(g->alerts[0].last))
                return "#2eb886";
        return g->alerts[0].last->severity == SEVERITY_CRITICAL ? "#c62828" : "#f9a825";
}

static void headline(const struct group *g, char *buffer, size_t size)
{
        const char *host = parcel_last(g->parcel)->host_name;
        size_t over = 0;
        struct text t;
        for (size_t i = 0; i < g->count; i++)
                over += letter_ends(g->alerts[i].last);
        text_init(&t, buffer, size);
        text_add(&t, "%zu alerts%s%s: ", g->count, host[0] ? " on " : "", host);
        if (g->parcel->summary)
                text_add(&t, "over for a day or more, and told only now");
        else if (over == 0)
                text_add(&t, "all open");
        else if (over == g->count)
                text_add(&t, "all over");
        else
                text_add(&t, "%zu open, %zu over", g->count - over, over);
}

/* "2026-11-20 14:02" out of an RFC 3339 time. */
static void add_minute(struct text *t, const char *time)
{
        if (strlen(time) >= strlen("2026-11-20T14:02"))
                text_add(t, "%.10s %.5s", time, time + 11);
        else
                text_add(t, "?");
}

static const char *line_of(const struct parcel_alert *a, char buffer[LINE_MAX_BYTES])
{
        const struct letter *m = a->last;
        char phrase[PHRASE_MAX];
        struct text t;
        mrkdwn_begin(&t, buffer, LINE_MAX_BYTES);
        text_add(&t, "%s *%s* ", symbol(m), phrase_state(m));
        if (a->events > 1) {
                text_add(&t, "(%zu events from ", a->events);
                add_minute(&t, a->first->time_text);
                text_add(&t, "Z, %s) ", phrase_event(m, phrase));
        }
        mrkdwn_add(&t, m->text[0] ? m->text : m->summary[0] ? m->summary : m->dimension);
        return mrkdwn_end(&t);
}

static int append(json_t *array, json_t *value)
{
        return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

static bool is_of(const struct parcel_alert *a, const struct letter *m)
{
        return letter_alert_hash(a->last) == letter_alert_hash(m);
}

static void add_ids(struct text *ids, const struct group *g, const struct parcel_alert *a)
{
        for (size_t i = 0; i < g->parcel->count; i++)
                if (is_of(a, &g->parcel->letters[i]))
                        text_add(ids, "%s%.32s", ids->length > 0 ? "," : "",
                                 g->parcel->letters[i].id);
}

/* As many alerts to a block as their ids fit its name, one at least. Two neighbours have eight
 * events or more together, so to the last block are left a dozen at most: what it cannot name it
 * shows. */
static int add_alerts(json_t *blocks, const struct group *g)
{
        for (size_t i = 0; i < g->count;) {
                char buffer[SLACK_SECTION_MAX], line[LINE_MAX_BYTES];
                char names[SLACK_BLOCK_ID_MAX + 1];
                struct text t, ids;
                size_t events = 0;
                text_init(&t, buffer, sizeof(buffer));
                text_init(&ids, names, sizeof(names));
                do {
                        events += g->alerts[i].events;
                        text_add(&t, "%s%s", t.length > 0 ? "\n" : "",
                                 line_of(&g->alerts[i], line));
                        add_ids(&ids, g, &g->alerts[i]);
                        i++;
                } while (i < g->count && (events + g->alerts[i].events <= EVENTS_PER_BLOCK ||
                                          json_array_size(blocks) + 1 == SECTIONS_MAX));
                int r = append(blocks, mrkdwn_with_id(mrkdwn_section(buffer), names));
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool same_subject(const struct letter *a, const struct letter *b)
{
        return strcmp(a->rule, b->rule) == 0 && strcmp(a->dimension, b->dimension) == 0;
}

/* The alerts of the same rule as g->alerts[i] as one line; "" when an earlier one has had them. */
static const char *line_of_rule(const struct group *g, size_t i, char buffer[LINE_MAX_BYTES])
{
        const struct letter *m = g->alerts[i].last;
        const char *first = g->alerts[i].first->time_text, *last = m->time_text;
        enum severity highest = g->alerts[i].highest;
        size_t count = 0;
        struct text t;
        mrkdwn_begin(&t, buffer, LINE_MAX_BYTES);
        for (size_t k = 0; k < g->count; k++) {
                const struct parcel_alert *a = &g->alerts[k];
                if (!same_subject(m, a->last))
                        continue;
                if (k < i)
                        return buffer;
                count++;
                highest = MAX_OF(highest, a->highest);
                if (strcmp(a->first->time_text, first) < 0)
                        first = a->first->time_text;
                if (strcmp(a->last->time_text, last) > 0)
                        last = a->last->time_text;
        }
        text_add(&t, "*%zu* × ", count);
        mrkdwn_add(&t, m->dimension);
        if (m->rule[0]) {
                text_add(&t, " (rule ");
                mrkdwn_add(&t, m->rule);
                text_add(&t, ")");
        }
        text_add(&t, ", at most %s, ", severity_name(highest));
        add_minute(&t, first);
        text_add(&t, "Z to ");
        add_minute(&t, last);
        text_add(&t, "Z");
        return mrkdwn_end(&t);
}

static int add_rules(json_t *blocks, const struct group *g)
{
        char buffer[SLACK_SECTION_MAX], line[LINE_MAX_BYTES];
        size_t lines = 0, left = 0;
        struct text t;
        text_init(&t, buffer, sizeof(buffer));
        for (size_t i = 0; i < g->count; i++) {
                if (!line_of_rule(g, i, line)[0])
                        continue;
                if (lines == SUMMARY_LINES_MAX || t.length + strlen(line) + 64 > t.size) {
                        left++;
                        continue;
                }
                text_add(&t, "%s%s", lines++ > 0 ? "\n" : "", line);
        }
        if (left > 0)
                text_add(&t, "\nand %zu rules more", left);
        return append(blocks, mrkdwn_section(buffer));
}

static int add_last_word(json_t *blocks)
{
        return append(blocks,
                      json_pack("{s:s, s:[o]}", "type", "context", "elements",
                                mrkdwn_text("They are in one message because they came within "
                                            "seconds, or could not be delivered when they "
                                            "happened. Times are UTC; `kmemwatch alerts` shows "
                                            "what is open.")));
}

/* The headline and the first lines. */
static const char *fallback(const struct group *g, char *buffer, size_t size)
{
        char first[2 * SLACK_HEADER_MAX], line[LINE_MAX_BYTES];
        struct text t;
        mrkdwn_begin(&t, buffer, size);
        headline(g, first, sizeof(first));
        mrkdwn_add(&t, first);
        for (size_t i = 0, shown = 0; i < g->count && shown < SHORT_LINES_MAX; i++) {
                const char *s = g->parcel->summary ? line_of_rule(g, i, line)
                                                   : line_of(&g->alerts[i], line);
                if (!s[0])
                        continue;
                if (t.length + strlen(s) + 1 >= t.size)
                        break; /* half an entity would be wrong */
                text_add(&t, "\n%s", s);
                shown++;
        }
        return mrkdwn_end(&t);
}

static int build(const struct group *g, bool is_short, char **ret)
{
        char text[SLACK_TEXT_MAX], first[2 * SLACK_HEADER_MAX];
        json_auto_t *details = json_array();
        json_auto_t *body = json_pack("{s:s}", "text", fallback(g, text, sizeof(text)));
        int r = details && body ? 0 : -ENOMEM;

        if (r >= 0 && !is_short) {
                r = g->parcel->summary ? add_rules(details, g) : add_alerts(details, g);
                if (r >= 0)
                        r = add_last_word(details);
                headline(g, first, sizeof(first));
                json_t *blocks = json_pack("[o]", mrkdwn_header(first, ""));
                if (r >= 0 && (json_object_set_new(body, "blocks", blocks) < 0 ||
                               json_object_set_new(body, "attachments",
                                                   json_pack("[{s:s, s:O}]", "color", colour(g),
                                                             "blocks", details)) < 0))
                        r = -ENOMEM;
        }
        if (r < 0)
                return r;
        char *json = json_dumps(body, JSON_COMPACT);
        if (!json)
                return -ENOMEM;
        *ret = json;
        return 0;
}

int slack_group_body(const struct parcel *p, bool is_short, char **ret)
{
        struct group g = { .parcel = p };
        int r = parcel_alerts(p, &g.alerts, &g.count);
        if (r >= 0)
                r = build(&g, is_short, ret);
        free(g.alerts);
        return r;
}
