/* SPDX-License-Identifier: MIT */
/* What a channel wants and how an event becomes a request for it: the table of kinds of receivers.
 */
#include "deliver/channel.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/alertmanager.h"
#include "deliver/lane.h"
#include "deliver/letter.h"
#include "deliver/pagerduty.h"
#include "deliver/parcel.h"
#include "deliver/slack.h"
#include "deliver/template.h"
#include "deliver/webhook.h"

struct type {
        const char *name;
        const char *url; /* where it goes without a `url`; NULL: the secret is the address, or `url`
                            is required */
        double interval; /* seconds between messages */
        double group;    /* seconds in which events are collected */
        enum joining joining; /* without grouping */
        bool summaries;       /* of what is over since long */
        bool short_form;
        bool keeps;       /* what is open; an end of what it does not know it ignores */
        double resend;    /* seconds after which an alert that lasts is sent again; 0: never */
        const char *path; /* goes after `url`; NULL: nothing */
        /* The body for a channel whose secret is `secret` (NULL: none). 0 or -ENOMEM. */
        int (*body)(const struct channel *c, const struct letter *m, const char *secret,
                    enum form form, char **ret);
        /* The same for several events, NULL: only those of one alert come together. */
        int (*group_body)(const struct parcel *p, enum form form, char **ret);
};

static int body_for_slack(const struct channel *c _unused_, const struct letter *m,
                          const char *secret _unused_, enum form form, char **ret)
{
        return form == FORM_SHORT ? slack_body_short(m, ret) : slack_body(m, ret);
}

static int body_for_pagerduty(const struct channel *c, const struct letter *m, const char *secret,
                              enum form form, char **ret)
{
        return pagerduty_body(m, channel_meaning(c, m), secret ? secret : "", form, ret);
}

static int body_for_alertmanager(const struct channel *c, const struct letter *m,
                                 const char *secret _unused_, enum form form _unused_, char **ret)
{
        return alertmanager_body(m, c->min_severity, clock_realtime(), ret);
}

static int body_for_webhook(const struct channel *c, const struct letter *m,
                            const char *secret _unused_, enum form form _unused_, char **ret)
{
        return c->template ? template_body(c->template, m, channel_meaning(c, m), ret)
                           : webhook_body(m, ret);
}

static int group_body_for_slack(const struct parcel *p, enum form form, char **ret)
{
        return slack_group_body(p, form == FORM_SHORT, ret);
}

static int group_body_for_webhook(const struct parcel *p, enum form form _unused_, char **ret)
{
        return webhook_group_body(p, ret);
}

static const struct type types[] = {
        /* "1 message per second per webhook": https://api.slack.com/docs/rate-limits. What comes
         * within seconds is one thing to a reader. */
        [CHANNEL_SLACK] = { .name = "slack",
                            .interval = 1,
                            .group = 10,
                            .joining = JOIN_ALERT,
                            .summaries = true,
                            .short_form = true,
                            .body = body_for_slack,
                            .group_body = group_body_for_slack },
        /* 120 calls a minute per integration key are always taken. An incident is one alert, so
         * nothing else comes together; what is over closes its incident, for nobody to read. */
        [CHANNEL_PAGERDUTY] = { .name = "pagerduty",
                                .url = PAGERDUTY_URL,
                                .interval = 0.5,
                                .joining = JOIN_ALERT,
                                .short_form = true,
                                .keeps = true,
                                .body = body_for_pagerduty },
        /* It groups by itself, and wants to hear again and again. */
        [CHANNEL_ALERTMANAGER] = { .name = "alertmanager",
                                   .path = ALERTMANAGER_PATH,
                                   .joining = JOIN_NOTHING,
                                   .keeps = true,
                                   .resend = ALERTMANAGER_RESEND_SECONDS,
                                   .body = body_for_alertmanager },
        [CHANNEL_WEBHOOK] = { .name = "webhook",
                              .joining = JOIN_NOTHING,
                              .summaries = true,
                              .body = body_for_webhook,
                              .group_body = group_body_for_webhook },
};
_Static_assert(ELEMENTS_OF(types) == CHANNEL_TYPE_COUNT, "every type has a line");

struct channel *channel_ref(struct channel *c)
{
        c->users++;
        return c;
}

void channel_free(struct channel *c)
{
        if (!c || c->users-- > 0)
                return;
        free(c->name);
        free(c->file);
        secret_free(c->url);
        free(c->secret_file);
        secret_free(c->secret);
        secret_free(c->heartbeat_url);
        secret_free(c->heartbeat_secret);
        secret_free(c->header);
        free(c->ca_file);
        free(c->proxy);
        free(c->only_rules);
        free(c->only_dimensions);
        template_free(c->template);
        free(c);
}

const char *channel_type_name(enum channel_type type)
{
        return types[type].name;
}

int channel_type_by_name(const char *name)
{
        for (size_t i = 0; i < ELEMENTS_OF(types); i++)
                if (strcmp(types[i].name, name) == 0)
                        return (int)i;
        return -1;
}

void channel_pace(const struct channel *c, struct lane *l)
{
        const struct type *type = &types[c->type];
        l->interval = isnan(c->interval) || type->resend > 0 ? type->interval : c->interval;
        l->group = isnan(c->group) ? type->group : c->group;
        l->joining = l->group > 0 ? JOIN_ALL : type->joining;
        l->summaries = type->summaries;
        l->quiet.on = false; /* other hours, perhaps: it is looked at anew */
        l->quiet.ends_all = type->keeps;
        l->quiet.but_critical = c->quiet_but_critical;
        /* What a template makes is for people: the newest of an alert is the truth. */
        if (c->template) {
                l->joining = JOIN_ALERT;
                l->summaries = false;
        }
}

double channel_resend(const struct channel *c)
{
        double usual = types[c->type].resend;
        return usual == 0 ? INFINITY : isnan(c->interval) ? usual : c->interval;
}

bool channel_has_short_form(const struct channel *c)
{
        return types[c->type].short_form;
}

enum meaning channel_meaning(const struct channel *c, const struct letter *m)
{
        bool now = m->severity >= c->min_severity;
        bool before = m->previous_severity >= c->min_severity;

        if (m->event == EVENT_ACKNOWLEDGED)
                return now && c->type == CHANNEL_PAGERDUTY ? MEANING_ACKNOWLEDGED : MEANING_NONE;
        if (letter_ends(m))
                return m->highest_severity >= c->min_severity ? MEANING_ENDS : MEANING_NONE;
        if (m->event == EVENT_FIRING || m->trigger || m->joins)
                return now ? MEANING_BEGINS : MEANING_NONE;
        if (now && !before && m->event == EVENT_ESCALATED)
                return MEANING_BEGINS;
        if (now)
                return MEANING_CHANGES;
        return before ? MEANING_ENDS : MEANING_NONE;
}

/* patterns: shell patterns separated by blanks; NULL matches all. */
static bool matches(const char *patterns, const char *name)
{
        char copy[CHANNEL_GLOBS_MAX], *save = NULL;
        if (!patterns)
                return true;
        snprintf(copy, sizeof(copy), "%s", patterns);
        for (char *p = strtok_r(copy, " \t", &save); p; p = strtok_r(NULL, " \t", &save))
                if (fnmatch(p, name, 0) == 0)
                        return true;
        return false;
}

static bool is_for_alert(const struct channel *c, const char *rule, const char *dimension)
{
        return matches(c->only_rules, rule) && matches(c->only_dimensions, dimension);
}

/* One alert of the incident will do: the others are told of with it. The end may come with another
 * alert than the begin: whoever may have been told of the begin hears of it. */
static bool is_for(const struct channel *c, const struct letter *m)
{
        bool own = is_for_alert(c, m->rule, m->dimension), others = false;
        for (unsigned i = 0; i < m->incident_count; i++)
                if (strcmp(m->incident_rules[i], m->rule) != 0 ||
                    strcmp(m->incident_dimensions[i], m->dimension) != 0)
                        others |= is_for_alert(c, m->incident_rules[i], m->incident_dimensions[i]);
        if (m->joins) /* with others it knows the incident */
                return own && !others;
        return own || others || (m->resolve && m->incident_joined);
}

bool channel_wants(const struct channel *c, const struct letter *m)
{
        enum meaning meaning = channel_meaning(c, m);
        if (meaning == MEANING_NONE || !is_for(c, m))
                return false;
        if (c->template && !template_wants(c->template, meaning))
                return false;
        return c->type != CHANNEL_PAGERDUTY || pagerduty_action(m, meaning);
}

/* template with each "{secret}" replaced, in fresh memory. -EINVAL when it wants a secret and there
 * is none. */
static int fill_in(const char *template, const char *secret, char **ret)
{
        static const char place[] = "{secret}";
        size_t size = 0, count = 0, secret_length = secret ? strlen(secret) : 0;
        for (const char *p = template; (p = strstr(p, place)); p += sizeof(place) - 1)
                count++;
        if (count > 0 && !secret)
                return -EINVAL;
        size = strlen(template) + count * secret_length + 1;

        char *filled = malloc(size), *out = filled;
        if (!filled)
                return -ENOMEM;
        for (const char *hit; (hit = strstr(template, place)); template = hit + sizeof(place) - 1) {
                out = mempcpy(out, template, (size_t)(hit - template));
                out = mempcpy(out, secret ? secret : "", secret_length);
        }
        memcpy(out, template, strlen(template) + 1);
        *ret = filled;
        return 0;
}

static int address(const struct channel *c, char **ret)
{
        const char *url = c->url ? c->url : types[c->type].url;
        if (!url && c->type == CHANNEL_SLACK && c->secret)
                url = "{secret}";
        const char *path = types[c->type].path;
        if (!url)
                return -EINVAL;
        if (!path || has_suffix(url, path))
                return fill_in(url, c->secret, ret);
        _cleanup_free_ char *whole = NULL;
        if (asprintf(&whole, "%.*s%s", (int)strlen(url) - has_suffix(url, "/"), url, path) < 0) {
                whole = NULL;
                return -ENOMEM;
        }
        return fill_in(whole, c->secret, ret);
}

int channel_heartbeat_address(const struct channel *c, char **ret)
{
        return c->heartbeat_url ? fill_in(c->heartbeat_url, c->heartbeat_secret, ret) : -EINVAL;
}

static int header(const struct channel *c, char **ret)
{
        const char *line = c->header;
        bool used = c->url && strstr(c->url, "{secret}");
        bool bearer = c->type == CHANNEL_WEBHOOK || c->type == CHANNEL_ALERTMANAGER;
        if (!line && bearer && c->secret && !used)
                line = "Authorization: Bearer {secret}";
        return line ? fill_in(line, c->secret, ret) : 0;
}

/* A program gets what each event was; people get what the newest is, unless there are more alerts.
 */
static bool needs_group_body(const struct channel *c, const struct parcel *p)
{
        return p->count > 1 && types[c->type].group_body && !c->template &&
               (c->type == CHANNEL_WEBHOOK || p->summary || !parcel_is_one_alert(p));
}

static int body(const struct channel *c, struct parcel *p, enum form form, struct request *request)
{
        const struct type *type = &types[c->type];
        if (needs_group_body(c, p))
                return type->group_body(p, form, &request->body);
        int r = p->count > 1 ? parcel_annotate(p) : 0;
        if (r >= 0)
                r = type->body(c, parcel_last(p), c->secret, form, &request->body);
        if (r >= 0 && c->type == CHANNEL_PAGERDUTY)
                r = type->body(c, parcel_last(p), "…", form, &request->body_shown);
        return r;
}

/* What the template wants after the address. */
static int add_path(const struct channel *c, const struct letter *m, char **url)
{
        _cleanup_free_ char *path = NULL;
        char *whole;
        int r = template_path(c->template, m, channel_meaning(c, m), &path);
        if (r < 0 || !path[0])
                return r;
        if (asprintf(&whole, "%s%s", *url, path) < 0)
                return -ENOMEM;
        secret_free(*url);
        *url = whole;
        return 0;
}

int channel_request(const struct channel *c, struct parcel *p, enum form form, struct request *ret)
{
        struct request request = { 0 };
        int r = address(c, &request.url);
        if (r >= 0 && c->template)
                r = add_path(c, parcel_last(p), &request.url);
        if (r >= 0)
                r = header(c, &request.header);
        if (r >= 0)
                r = body(c, p, form, &request);
        if (r >= 0 && !(request.url_shown = url_redact(request.url)))
                r = -ENOMEM;
        if (r < 0) {
                request_done(&request);
                return r;
        }
        *ret = request;
        return 0;
}

/* The parts of an address that are long enough to be a token: an answer in JSON may show it as
 * https:\/\/host\/part. address comes back as it was. */
static void redact_parts(char *text, char *address)
{
        enum { PART_MIN = 16 }; /* the last part of a Slack webhook has 24 */
        for (char *part = address; *part;) {
                size_t length = strcspn(part, "/?&=#");
                char end = part[length];
                part[length] = '\0';
                if (length >= PART_MIN)
                        text_redact(text, part);
                part[length] = end;
                part += length + (end != '\0');
        }
}

static void redact_address(char *text, char *url)
{
        enum { PATH_MIN = 8 }; /* "/hook" is no secret, "/services/T0/B0/XX" is */
        const char *host = strstr(url, "://");
        char *path = strchr(host ? host + 3 : url, '/');
        text_redact(text, url);
        if (path && strlen(path) >= PATH_MIN)
                text_redact(text, path);
        if (path)
                redact_parts(text, path);
}

void channel_redact(const struct channel *c, char *text)
{
        char *url = NULL, *beat = NULL;
        if (address(c, &url) >= 0 && (c->url || c->type == CHANNEL_SLACK))
                redact_address(text, url);
        if (channel_heartbeat_address(c, &beat) >= 0)
                redact_address(text, beat);
        secret_free(url);
        secret_free(beat);
        text_redact(text, c->secret);
        text_redact(text, c->heartbeat_secret);
}

void channel_redact_answer(const struct channel *c, struct answer *a)
{
        if (a->body)
                channel_redact(c, a->body);
        channel_redact(c, a->text);
}
