/* SPDX-License-Identifier: MIT */
/* The two JSON forms of an event. event_json.h documents every member. */
#include "announce/event_json.h"

#include "alert/event.h"
#include "alert/text.h"
#include "announce/culprit_json.h"
#include "announce/json_out.h"

enum {
        FORMAT_VERSION = 1,
        /* Bounds of the texts, in bytes. A rule's value may be longer; a pager's message may not.
         * Together, with each byte escaped, they stay well below EVENT_JSON_MAX. */
        NAME_MAX_BYTES = 256,
        SUMMARY_MAX = 512,
        EXPLAIN_MAX = 4096,
        RUNBOOK_MAX = 2048,
};

static const double HOUR = 3600;

/* A number in the event's unit: bytes whole, the others short. */
static void add_value(struct json_out *j, const struct event *e, const char *name, double value)
{
        if (e->unit == UNIT_BYTES || e->unit == UNIT_BYTES_PER_COUNT)
                json_out_whole(j, name, value);
        else
                json_out_number(j, name, value);
}

static void add_limit(struct json_out *j, const struct event *e)
{
        if (e->kind == KIND_GROWTH)
                json_out_whole(j, "limit", e->limit * HOUR);
        else
                add_value(j, e, "limit", e->limit);
}

static void add_alert(struct json_out *j, const struct event *e)
{
        json_out_open(j, "alert", '{');
        json_out_text(j, "id", e->alert_id, EVENT_ID_MAX);
        json_out_text(j, "rule", e->rule, NAME_MAX_BYTES);
        json_out_text(j, "dimension", e->dimension, NAME_MAX_BYTES);
        json_out_text(j, "kind", kind_name(e->kind), NAME_MAX_BYTES);
        json_out_time(j, "started", e->started);
        json_out_number(j, "duration_seconds", e->duration);
        add_value(j, e, "start_value", e->start_value);
        add_value(j, e, "peak", e->peak);
        add_value(j, e, "grown", e->grown);
        json_out_close(j, '}');
}

/* What of the change the workload explains; null when the rule names no workload. */
static void workload_json(struct json_out *j, const struct event *e)
{
        if (!e->workload) {
                json_out_null(j, "workload");
                return;
        }
        json_out_open(j, "workload", '{');
        json_out_text(j, "name", e->workload, NAME_MAX_BYTES);
        json_out_number(j, "change", e->workload_change);
        json_out_number(j, "explained", e->explained);
        json_out_close(j, '}');
}

/* What the verdict rested on. */
static void checks_json(struct json_out *j, const struct event *e)
{
        json_out_open(j, "checks", '[');
        for (unsigned i = 0; i < e->check_count; i++) {
                const struct event_check *c = &e->checks[i];
                json_out_open(j, NULL, '{');
                json_out_text(j, "name", c->name, NAME_MAX_BYTES);
                json_out_text(j, "asks", c->asks, NAME_MAX_BYTES);
                json_out_number(j, "value", c->value);
                json_out_number(j, "limit", c->limit);
                json_out_bool(j, "passed", c->passed);
                json_out_close(j, '}');
        }
        json_out_close(j, ']');
}

static void add_numbers(struct json_out *j, const struct event *e)
{
        add_value(j, e, "value", e->value);
        json_out_text(j, "unit", event_unit_name(e->unit), NAME_MAX_BYTES);
        add_value(j, e, "baseline", e->baseline);
        add_value(j, e, "spread", e->spread);
        add_limit(j, e);
        json_out_whole(j, "value_bytes", e->value_bytes);
        json_out_whole(j, "baseline_bytes", e->baseline_bytes);
        json_out_whole(j, "rate_bytes_per_hour", e->rate * HOUR);
        json_out_whole(j, "rate_error_bytes_per_hour", e->rate_error * HOUR);
        json_out_time(j, "exhausts_at", e->exhausts_at);
        json_out_time(j, "exhausts_earliest", e->exhausts_earliest);
        json_out_time(j, "exhausts_latest", e->exhausts_latest);
        json_out_whole(j, "mem_available_bytes", e->mem_available);
        workload_json(j, e);
        checks_json(j, e);
        json_out_number(j, "score", e->score);
}

static void add_recent(struct json_out *j, const struct event *e)
{
        json_out_open(j, "recent", '{');
        json_out_number(j, "interval_seconds", e->recent_interval);
        json_out_open(j, "values", '[');
        for (unsigned i = 0; i < e->recent_count && i < EVENT_RECENT_MAX; i++)
                add_value(j, e, NULL, e->recent[i]);
        json_out_close(j, ']');
        json_out_close(j, '}');
}

static void add_host(struct json_out *j, const struct host_facts *h)
{
        if (!h) {
                json_out_null(j, "host");
                return;
        }
        json_out_open(j, "host", '{');
        json_out_text(j, "name", h->name, NAME_MAX_BYTES);
        json_out_text(j, "machine_id", h->machine_id, NAME_MAX_BYTES);
        json_out_text(j, "boot_id", h->boot_id, NAME_MAX_BYTES);
        json_out_text(j, "kernel", h->kernel, NAME_MAX_BYTES);
        json_out_text(j, "kind", host_kind_name(h->kind), NAME_MAX_BYTES);
        json_out_text(j, "kind_name", h->kind_name, NAME_MAX_BYTES);
        json_out_whole(j, "cpus", h->cpus_online);
        json_out_whole(j, "possible_cpus", h->cpus_possible);
        json_out_whole(j, "numa_nodes", h->numa_nodes);
        json_out_whole(j, "mem_total_bytes", h->mem_total);
        json_out_close(j, '}');
}

/* in_replay: without ids, which depend on the machine, and with times as in the trace. */
static void add_incident(struct json_out *j, const struct event *e, bool in_replay)
{
        const struct event_incident *i = &e->incident;
        char text[INCIDENT_TEXT_MAX];

        if (!*i->id) {
                json_out_null(j, "incident");
                return;
        }
        json_out_open(j, "incident", '{');
        if (!in_replay)
                json_out_text(j, "id", i->id, EVENT_ID_MAX);
        json_out_text(j, "rule", i->rule, NAME_MAX_BYTES);
        json_out_text(j, "dimension", i->dimension, NAME_MAX_BYTES);
        if (in_replay)
                json_out_exact(j, "started", i->started);
        else
                json_out_time(j, "started", i->started);
        json_out_text(j, "severity", severity_name(i->severity), NAME_MAX_BYTES);
        json_out_text(j, "previous_severity", severity_name(i->previous_severity), NAME_MAX_BYTES);
        json_out_text(j, "highest_severity", severity_name(i->highest_severity), NAME_MAX_BYTES);
        json_out_bool(j, "joined", i->joined);
        json_out_bool(j, "leads", i->leads);
        json_out_bool(j, "tells", i->tells);
        json_out_bool(j, "trigger", i->trigger);
        json_out_bool(j, "resolve", i->resolve);
        json_out_text(j, "cause", i->cause, NAME_MAX_BYTES);
        json_out_open(j, "alerts", '[');
        for (unsigned k = 0; k < i->alert_count && k < INCIDENT_ALERTS_MAX; k++) {
                json_out_open(j, NULL, '{');
                if (!in_replay)
                        json_out_text(j, "id", i->alerts[k].alert_id, EVENT_ID_MAX);
                json_out_text(j, "rule", i->alerts[k].rule, NAME_MAX_BYTES);
                json_out_text(j, "dimension", i->alerts[k].dimension, NAME_MAX_BYTES);
                json_out_text(j, "kind", kind_name(i->alerts[k].kind), NAME_MAX_BYTES);
                json_out_text(j, "severity", severity_name(i->alerts[k].severity), NAME_MAX_BYTES);
                json_out_close(j, '}');
        }
        json_out_close(j, ']');
        json_out_whole(j, "alert_count", i->alert_count);
        json_out_open(j, "moved", '[');
        for (unsigned k = 0; k < i->moved_count; k++) {
                json_out_open(j, NULL, '{');
                json_out_text(j, "dimension", i->moved[k].dimension, NAME_MAX_BYTES);
                json_out_whole(j, "change", i->moved[k].change);
                json_out_close(j, '}');
        }
        json_out_close(j, ']');
        json_out_text(j, "text", event_incident_text(e, text), INCIDENT_TEXT_MAX);
        json_out_close(j, '}');
}

int event_json(const struct event *e, char **ret)
{
        struct json_out j;

        json_out_init(&j);
        json_out_open(&j, NULL, '{');
        json_out_whole(&j, "version", FORMAT_VERSION);
        json_out_text(&j, "id", e->id, EVENT_ID_MAX);
        json_out_text(&j, "event", event_type_name(e->type), NAME_MAX_BYTES);
        json_out_time(&j, "time", e->time);
        json_out_text(&j, "severity", severity_name(e->severity), NAME_MAX_BYTES);
        json_out_text(&j, "previous_severity", severity_name(e->previous_severity), NAME_MAX_BYTES);
        json_out_text(&j, "highest_severity", severity_name(e->highest_severity), NAME_MAX_BYTES);
        json_out_bool(&j, "trigger", event_triggers(e));
        json_out_bool(&j, "resolve", event_resolves(e));
        json_out_text(&j, "dedup_key", event_dedup_key(e), EVENT_DEDUP_MAX);
        add_alert(&j, e);
        json_out_text(&j, "summary", e->summary, SUMMARY_MAX);
        json_out_text(&j, "explain", e->explain, EXPLAIN_MAX);
        json_out_text(&j, "action", e->action, EXPLAIN_MAX);
        json_out_text(&j, "runbook", e->runbook, RUNBOOK_MAX);
        json_out_text(&j, "text", e->text, EVENT_TEXT_MAX);
        add_numbers(&j, e);
        add_recent(&j, e);
        add_host(&j, e->host);
        add_incident(&j, e, false);
        culprits_json(&j, e->culprits);
        json_out_close(&j, '}');
        return json_out_take(&j, ret);
}

int event_json_line(const struct event *e, char **ret)
{
        struct json_out j;

        json_out_init(&j);
        json_out_open(&j, NULL, '{');
        json_out_exact(&j, "time", e->time);
        json_out_text(&j, "event", event_type_name(e->type), NAME_MAX_BYTES);
        json_out_text(&j, "rule", e->rule, NAME_MAX_BYTES);
        json_out_text(&j, "dimension", e->dimension, NAME_MAX_BYTES);
        json_out_text(&j, "kind", kind_name(e->kind), NAME_MAX_BYTES);
        json_out_text(&j, "severity", severity_name(e->severity), NAME_MAX_BYTES);
        add_value(&j, e, "value", e->value);
        json_out_text(&j, "unit", event_unit_name(e->unit), NAME_MAX_BYTES);
        add_value(&j, e, "baseline", e->baseline);
        add_limit(&j, e);
        json_out_text(&j, "previous_severity", severity_name(e->previous_severity), NAME_MAX_BYTES);
        json_out_bool(&j, "trigger", e->trigger);
        json_out_bool(&j, "resolve", e->resolve);
        json_out_whole(&j, "rate_bytes_per_hour", e->rate * HOUR);
        json_out_number(&j, "exhausts_at", e->exhausts_at);
        json_out_exact(&j, "started", e->started);
        json_out_number(&j, "duration_seconds", e->duration);
        add_value(&j, e, "start_value", e->start_value);
        add_value(&j, e, "peak", e->peak);
        add_value(&j, e, "grown", e->grown);
        workload_json(&j, e);
        add_incident(&j, e, true);
        json_out_number(&j, "score", e->score);
        json_out_text(&j, "summary", e->summary, SUMMARY_MAX);
        json_out_text(&j, "text", e->text, EVENT_TEXT_MAX);
        json_out_close(&j, '}');
        return json_out_take(&j, ret);
}
