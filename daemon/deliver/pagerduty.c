/* SPDX-License-Identifier: MIT */
/* A message for PagerDuty: one incident per alert, opened and closed under the alert's dedup_key.
 */
#include "deliver/pagerduty.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "deliver/letter.h"
#include "deliver/phrase.h"

const char *pagerduty_action(const struct letter *m, enum meaning meaning)
{
        switch (meaning) {
        case MEANING_BEGINS:
                return "trigger";
        case MEANING_ENDS:
                return "resolve";
        case MEANING_ACKNOWLEDGED:
                return "acknowledge";
        case MEANING_CHANGES:
                return m->event == EVENT_ESCALATED ? "trigger" : NULL;
        default:
                return NULL;
        }
}

/* PagerDuty knows critical, error, warning, info. */
static const char *severity(const struct letter *m)
{
        switch (m->severity) {
        case SEVERITY_CRITICAL:
                return "critical";
        case SEVERITY_WARNING:
                return "warning";
        default:
                return "info";
        }
}

static int set(json_t *object, const char *key, json_t *value)
{
        return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

static int set_text(json_t *object, const char *key, const char *text, size_t max)
{
        return text[0] ? set(object, key, json_stringn(text, utf8_cut(text, max))) : 0;
}

static int set_number(json_t *object, const char *key, double number)
{
        return isfinite(number) ? set(object, key, json_real(number)) : 0;
}

/* Read by a person on a phone: words first, then the plain numbers for whoever computes on. */
static int add_details(json_t *payload, const struct letter *m)
{
        enum { DETAIL_MAX = 4096 };
        char change[PHRASE_MAX], rate[PHRASE_MAX], left[PHRASE_MAX], state[PHRASE_MAX],
                machine[PHRASE_MAX], culprits[PHRASE_CULPRITS_MAX], line[3 * EVENT_RECENT_MAX + 1];
        const struct {
                const char *key, *text;
        } texts[] = {
                { "what", m->text },
                { "who", m->culprit_text },
                { "who_in_full", phrase_culprits(m, culprits, sizeof(culprits)) },
                { "not_explained", m->unexplained },
                { "incident", m->incident_text },
                { "what_it_means", m->explain },
                { "look_at_first", m->action },
                { "state", phrase_event(m, state) },
                { "normal_and_now", phrase_change(m, change) },
                { "rate", phrase_rate(m, rate) },
                { "time_left", phrase_time_left(m, left) },
                { "last_hour", m->recent_count >= 2
                                       ? sparkline(m->recent, m->recent_count, line, sizeof(line))
                                       : "" },
                { "rule", m->rule },
                { "dimension", m->dimension },
                { "host", phrase_machine(m, machine) },
                { "runbook", m->runbook },
                { "alert_id", m->alert_id },
                { "event_id", m->id },
                { "told_together", m->note ? m->note : "" },
                { "event_ids", m->ids ? m->ids : "" },
        };
        const struct {
                const char *key;
                double number;
        } numbers[] = {
                { "value", m->value },
                { "baseline", m->baseline },
                { "value_bytes", m->value_bytes },
                { "rate_bytes_per_hour", m->rate_per_hour },
                { "mem_available_bytes", m->mem_available },
        };
        json_auto_t *details = json_object();
        int r = details ? 0 : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < ELEMENTS_OF(texts); i++)
                r = set_text(details, texts[i].key, texts[i].text, DETAIL_MAX);
        for (size_t i = 0; r >= 0 && i < ELEMENTS_OF(numbers); i++)
                r = set_number(details, numbers[i].key, numbers[i].number);
        return r < 0 ? r : set(payload, "custom_details", TAKE_PTR(details));
}

static int add_payload(json_t *body, const struct letter *m, enum form form)
{
        char headline[PAGERDUTY_SUMMARY_MAX + 1];
        json_auto_t *payload = json_object();
        int r = payload ? 0 : -ENOMEM;

        /* summary, source and severity are required. */
        phrase_headline(m, headline, sizeof(headline));
        if (r >= 0)
                r = set_text(payload, "summary", headline, PAGERDUTY_SUMMARY_MAX);
        if (r >= 0)
                r = set_text(payload, "source", m->host_name[0] ? m->host_name : "kmemwatch",
                             PAGERDUTY_SOURCE_MAX);
        if (r >= 0)
                r = set_text(payload, "severity", severity(m), SIZE_MAX);
        if (r >= 0 && form == FORM_FULL) {
                if (!isnan(m->time))
                        r = set_text(payload, "timestamp", m->time_text, SIZE_MAX);
                if (r >= 0)
                        r = set_text(payload, "component", m->dimension, PAGERDUTY_SOURCE_MAX);
                if (r >= 0)
                        r = set_text(payload, "group", "kernel memory", SIZE_MAX);
                if (r >= 0 && m->kind >= 0)
                        r = set_text(payload, "class", kind_name((enum kind)m->kind), SIZE_MAX);
                if (r >= 0)
                        r = add_details(payload, m);
        }
        return r < 0 ? r : set(body, "payload", TAKE_PTR(payload));
}

int pagerduty_body(const struct letter *m, enum meaning meaning, const char *routing_key,
                   enum form form, char **ret)
{
        const char *action = pagerduty_action(m, meaning);
        json_auto_t *body = json_pack("{s:s, s:s, s:s, s:s}", "routing_key", routing_key,
                                      "event_action", action ? action : "trigger", "dedup_key",
                                      m->dedup_key, "client", "kmemwatch");
        if (!body)
                return -ENOMEM;
        int r = add_payload(body, m, form);
        if (r >= 0 && form == FORM_FULL &&
            (has_prefix(m->runbook, "https://") || has_prefix(m->runbook, "http://")))
                r = set(body, "links",
                        json_pack("[{s:s, s:s}]", "href", m->runbook, "text", "Runbook"));
        if (r < 0)
                return r;
        char *text = json_dumps(body, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}
