/* SPDX-License-Identifier: MIT */
/* A message for Alertmanager: labels say which alert it is and never change while it lasts, all
 * that changes is in the annotations. */
#include "deliver/alertmanager.h"

#include <math.h>

#include "announce/json_out.h"
#include "base/macros.h"
#include "base/units.h"
#include "deliver/letter.h"
#include "deliver/phrase.h"

/* A label's value has no limit of its own; of an annotation more is no longer read. */
enum { LABEL_MAX = 255, ANNOTATION_MAX = JSON_TEXT_MAX };

struct pair {
        const char *name, *text;
};

/* Without those that are empty: to Alertmanager they are not there anyway. */
static void add_pairs(struct json_out *j, const char *name, const struct pair *pairs, size_t count,
                      size_t max)
{
        json_out_open(j, name, '{');
        for (size_t i = 0; i < count; i++)
                if (pairs[i].text[0])
                        json_out_text(j, pairs[i].name, pairs[i].text, max);
        json_out_close(j, '}');
}

static void add_labels(struct json_out *j, const struct letter *m, enum severity severity)
{
        const struct pair labels[] = {
                /* Those of the alert that opened the incident: another may end it. */
                { "alertname", m->incident_rule[0] ? m->incident_rule
                               : m->rule[0]        ? m->rule
                                                   : "kmemwatch" },
                { "severity", severity_name(severity) },
                { "instance", m->host_name },
                { "job", "kmemwatch" },
                { "dimension", m->incident_dimension[0] ? m->incident_dimension : m->dimension },
        };
        add_pairs(j, "labels", labels, ELEMENTS_OF(labels), LABEL_MAX);
}

static void add_annotations(struct json_out *j, const struct letter *m)
{
        char change[PHRASE_MAX], rate[PHRASE_MAX], left[PHRASE_MAX], state[PHRASE_MAX],
                machine[PHRASE_MAX], culprits[PHRASE_CULPRITS_MAX];
        const struct pair annotations[] = {
                { "summary", m->summary[0] ? m->summary : m->text },
                { "description", m->text },
                { "explanation", m->explain },
                { "action", m->action },
                { "runbook_url", m->runbook },
                { "culprits", phrase_culprits(m, culprits, sizeof(culprits)) },
                { "incident", m->incident_text },
                { "rule", m->rule },
                { "kind", m->kind >= 0 ? kind_name((enum kind)m->kind) : "" },
                { "state", phrase_event(m, state) },
                { "change", phrase_change(m, change) },
                { "rate", phrase_rate(m, rate) },
                { "time_left", phrase_time_left(m, left) },
                { "host", phrase_machine(m, machine) },
                { "alert_id", m->alert_id },
        };
        add_pairs(j, "annotations", annotations, ELEMENTS_OF(annotations), ANNOTATION_MAX);
}

/* To Alertmanager another alert, which begins now. */
static bool is_new_severity(const struct letter *m)
{
        return m->event == EVENT_ESCALATED || m->event == EVENT_EASED;
}

int alertmanager_body(const struct letter *m, enum severity min_severity, double now, char **ret)
{
        double event = isnan(m->time) ? now : m->time;
        double alert = isnan(m->started) ? event : m->started;
        double started = isnan(m->incident_started) ? alert : m->incident_started;
        struct json_out j;

        json_out_init(&j);
        json_out_open(&j, NULL, '[');
        enum severity first = min_severity < SEVERITY_WARNING ? SEVERITY_WARNING : min_severity;
        for (enum severity s = first; s <= m->highest_severity; s++) {
                bool fires = s == m->severity && !letter_ends(m);
                double ends = fires ? now + ALERTMANAGER_ALIVE_SECONDS : event;
                json_out_open(&j, NULL, '{');
                add_labels(&j, m, s);
                add_annotations(&j, m);
                /* What began long ago does not wait for its group: of one cause on many hosts the
                 * first would be a page, and the others another. */
                double begins = fires && is_new_severity(m) ? event : started;
                json_out_time(&j, "startsAt", begins);
                /* An end before the start is refused, which a clock that was set back could give.
                 */
                json_out_time(&j, "endsAt", fmax(ends, begins));
                json_out_close(&j, '}');
        }
        json_out_close(&j, ']');
        return json_out_take(&j, ret);
}
