/* SPDX-License-Identifier: MIT */
/* The engine's state as JSON. */
#include "engine/status.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/text.h"
#include "announce/json_value.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "config/problems.h"
#include "culprit/culprit.h"
#include "culprit/witness.h"
#include "engine/dimension.h"
#include "engine/engine_internal.h"
#include "engine/silence_state.h"
#include "sample/host.h"
#include "sample/member_reader.h"

/* Bytes and counts are whole numbers to a person, ratios are not. */
static json_t *amount(enum event_unit unit, double value)
{
        return unit == UNIT_RATIO ? json_value_number(value) : json_value_whole(value);
}

static json_t *recent_json(const struct series *s)
{
        double values[EVENT_RECENT_MAX];
        unsigned count = recent_read(&s->recent, values);
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, amount(s->unit, values[i]));
        json_t *recent = json_object();
        json_object_set_new(recent, "interval_seconds", json_integer(RECENT_SECONDS));
        json_object_set_new(recent, "values", list);
        return recent;
}

static enum severity series_severity(const struct engine *e, size_t index)
{
        enum severity worst = SEVERITY_OK;
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                if (w->applies && w->life->alert.state == ALERT_FIRING && w->series == index &&
                    watch_severity(w) > worst)
                        worst = watch_severity(w);
        }
        return worst;
}

enum { DIMENSION_NAME_MAX = 256 };

static json_t *dimension_json(const struct engine *e, size_t index)
{
        const struct series *s = &e->series[index];
        struct series_numbers n;
        series_numbers(s, &n);
        struct machine_numbers m = { e->kind, FIELD_KNOWN_COUNT, e->values };
        double in = NAN, soonest = NAN, latest = NAN;
        if (s->unit == UNIT_BYTES && n.growth_known && n.growth.grows &&
            s->field != FIELD_MEM_AVAILABLE)
                (void)judge_exhaustion(n.growth.rate, n.growth.error, n.growth.seconds, &m, &in,
                                       &soonest, &latest);
        bool rate = growth_is_known_well(&n) && s->unit == UNIT_BYTES;

        json_t *d = json_object();
        char name[DIMENSION_NAME_MAX];
        json_object_set_new(d, "dimension",
                            json_string(engine_dimension_name(e, index, name, sizeof(name))));
        json_object_set_new(d, "unit", json_string(event_unit_name(s->unit)));
        json_object_set_new(d, "value", amount(s->unit, s->value));
        json_object_set_new(d, "baseline", amount(s->unit, n.jump_known ? n.jump.level : NAN));
        json_object_set_new(d, "spread", amount(s->unit, n.jump_known ? n.jump.spread : NAN));
        json_object_set_new(d, "rate_bytes_per_hour",
                            json_value_whole(rate ? n.growth.rate * 3600 : NAN));
        json_object_set_new(d, "rate_error_bytes_per_hour",
                            json_value_whole(rate ? n.growth.error * 3600 : NAN));
        json_object_set_new(d, "horizon_seconds", json_value_whole(rate ? n.growth.seconds : NAN));
        json_object_set_new(d, "exhausts_at", json_value_time(e->wall + in));
        json_object_set_new(d, "exhausts_earliest", json_value_time(e->wall + soonest));
        json_object_set_new(d, "exhausts_latest", json_value_time(e->wall + latest));
        json_object_set_new(d, "learning", json_boolean(!n.jump_known));
        json_object_set_new(d, "learned_seconds", json_value_whole(s->jump.learned));
        json_object_set_new(d, "season_days", json_integer(season_days(&s->season)));
        json_object_set_new(d, "severity", json_string(severity_name(series_severity(e, index))));
        json_object_set_new(d, "recent", recent_json(s));
        return d;
}

static json_t *culprit_json(const struct status_frame *f, const char *dimension, double fired)
{
        char text[CULPRIT_TEXT_MAX];
        return json_string(f->culprit && isfinite(fired)
                                   ? f->culprit(f->userdata, dimension, fired, text, sizeof(text))
                                   : "");
}

static json_t *alert_json(const struct engine *e, const struct status_frame *f,
                          const struct watch *w)
{
        const struct alert *a = &w->life->alert;
        const struct series *s = &e->series[w->series];
        struct watch copy = *w;
        struct alert_change still = { .type = EVENT_REMINDER, .previous = a->severity };
        struct event now;
        event_make(e, &copy, &still, e->wall, &now);
        bool firing = a->state == ALERT_FIRING;
        char incident[INCIDENT_TEXT_MAX] = "";
        if (firing) {
                engine_incident_describe(e, w->news->incident_id, &w->news->incident_change, &now);
                (void)event_incident_text(&now, incident);
        }
        enum severity worst = w->life->verdict.severity, waiting = worst;
        if (w->untold == QUIET_OBSERVED && waiting > SEVERITY_NOTICE)
                waiting = SEVERITY_NOTICE;

        json_t *o = json_object();
        json_object_set_new(o, "alert_id", json_string(firing ? w->news->alert_id : ""));
        json_object_set_new(o, "rule", json_string(w->rule->name));
        json_object_set_new(o, "dimension", json_string(watch_dimension(e, w)));
        json_object_set_new(o, "kind", json_string(kind_name(w->rule->kind)));
        json_object_set_new(o, "state", json_string(alert_state_name(a->state)));
        json_object_set_new(o, "severity",
                            json_string(severity_name(firing ? watch_severity(w) : waiting)));
        json_object_set_new(o, "quiet", json_string(event_quiet_name(watch_quiet(w))));
        json_object_set_new(o, "would_be",
                            json_string(severity_name(firing ? a->severity : worst)));
        json_object_set_new(o, "since", json_value_time(e->wall - (e->now - a->pending_since)));
        json_object_set_new(o, "fired", json_value_time(firing ? w->life->fired_wall : NAN));
        json_object_set_new(o, "value", amount(s->unit, now.value));
        json_object_set_new(o, "unit", json_string(event_unit_name(s->unit)));
        json_object_set_new(o, "baseline", amount(s->unit, now.baseline));
        json_object_set_new(o, "peak", amount(s->unit, now.peak));
        json_object_set_new(o, "limit", amount(s->unit, now.limit));
        json_object_set_new(o, "rate_bytes_per_hour", json_value_whole(now.rate * 3600));
        json_object_set_new(o, "exhausts_at", json_value_time(now.exhausts_at));
        json_object_set_new(o, "text", json_string(now.text));
        json_object_set_new(
                o, "culprit_text",
                culprit_json(f, watch_dimension(e, w), firing ? w->life->fired_wall : NAN));
        json_object_set_new(o, "incident_id", json_string(now.incident.id));
        json_object_set_new(o, "incident_text", json_string(incident));
        json_object_set_new(o, "summary", json_string(w->rule->summary));
        json_object_set_new(o, "explain", json_string(w->rule->explain));
        json_object_set_new(o, "action", json_string(now.action));
        json_object_set_new(o, "runbook",
                            w->rule->runbook ? json_string(w->rule->runbook) : json_null());
        return o;
}

static json_t *alert_list(const struct engine *e, const struct status_frame *f)
{
        json_t *list = json_array();
        for (size_t i = 0; i < e->watch_count; i++)
                if (e->watches[i].applies && e->watches[i].life->alert.state != ALERT_INACTIVE)
                        json_array_append_new(list, alert_json(e, f, &e->watches[i]));
        return list;
}

static json_t *host_json(const struct engine *e)
{
        const struct host_facts *h = e->host;
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string(h->name));
        json_object_set_new(o, "kernel", json_string(h->kernel));
        json_object_set_new(o, "kind", json_string(host_kind_name(h->kind)));
        json_object_set_new(o, "kind_name", json_string(h->kind_name));
        json_object_set_new(o, "cpus", json_integer(h->cpus_online));
        json_object_set_new(o, "possible_cpus", json_integer(h->cpus_possible));
        json_object_set_new(o, "numa_nodes", json_integer(h->numa_nodes));
        json_object_set_new(o, "cgroups", json_integer(h->cgroups));
        json_object_set_new(o, "mem_total_bytes", json_value_whole(e->values[FIELD_MEM_TOTAL]));
        json_object_set_new(o, "mem_available_bytes",
                            json_value_whole(e->values[FIELD_MEM_AVAILABLE]));
        return o;
}

/* A longer path or text is cut: status is for reading, `kmemwatch check` prints all of it. */
enum { FAULT_LINE_MAX = 1024 };

static json_t *rules_json(const struct engine_summary *s, const struct problems *faults)
{
        json_t *left_out = json_array(), *o = json_object();
        char line[FAULT_LINE_MAX];
        for (size_t i = 0; i < faults->count; i++)
                json_array_append_new(left_out, json_string(problem_format(&faults->list[i], line,
                                                                           sizeof(line))));
        if (faults->dropped > 0)
                json_array_append_new(left_out, json_sprintf("and %zu more", faults->dropped));
        json_object_set_new(o, "active", json_integer(s->rules));
        json_object_set_new(o, "observed", json_integer(s->observed));
        json_object_set_new(o, "elsewhere", json_integer(s->elsewhere));
        json_object_set_new(o, "left_out", left_out);
        return o;
}

/* Members that a family's rules find and follow: the most of what one rule finds, and each once. */
static void count_members(const struct engine *e, int family, unsigned *ret_found,
                          unsigned *ret_followed)
{
        const struct following *f = e->following;
        *ret_found = *ret_followed = 0;
        for (unsigned i = 0; f && i < f->follower_count; i++)
                if (family_of(f->followers[i].rule->pattern) == family)
                        *ret_found = MAX_OF(*ret_found, f->followers[i].finds);
        for (size_t i = 0; f && i < f->count; i++)
                *ret_followed += f->list[i].users > 0 && family_of(f->list[i].name) == family;
}

static json_t *families_json(const struct engine *e, const struct member_reading *readings)
{
        json_t *list = json_array();
        for (int i = 0; readings && i < FAMILY_COUNT; i++) {
                const struct member_reading *r = &readings[i];
                unsigned found, followed;
                if (!r->wanted)
                        continue;
                count_members(e, i, &found, &followed);
                json_t *o = json_object();
                json_object_set_new(o, "family", json_string(family_name((enum family)i)));
                json_object_set_new(o, "found", json_integer(found));
                json_object_set_new(o, "followed", json_integer(followed));
                json_object_set_new(o, "cut", json_boolean(r->cut));
                json_object_set_new(o, "error",
                                    r->error < 0 ? json_string(strerror(-r->error)) : json_null());
                json_object_set_new(o, "interval_seconds",
                                    json_value_number(r->count > 0 ? r->pause : NAN));
                json_object_set_new(o, "readings", json_value_whole(r->count));
                json_object_set_new(o, "read_seconds", json_value_number(r->seconds));
                json_array_append_new(list, o);
        }
        return list;
}

static json_t *members_json(const struct engine *e)
{
        json_t *list = json_array();
        for (size_t i = e->series_plain; i < e->series_count; i++)
                if (engine_series_is_used(e, i) && isfinite(engine_dimension_value(e, i)))
                        json_array_append_new(list, dimension_json(e, i));
        return list;
}

static int print_and_free(json_t *root, char **ret)
{
        char *text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
        json_decref(root);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int status_json(const struct engine *e, const struct status_frame *f, char **ret)
{
        struct engine_summary summary;
        engine_summary(e, &summary);
        json_t *root = json_object(), *dimensions = json_array(), *spool = json_object(),
               *cost = json_object(), *troubles = json_array();
        for (size_t i = 0; i < f->trouble_count; i++)
                json_array_append_new(troubles, json_string(f->troubles[i]));
        for (size_t i = 0; i < engine_places(e); i++)
                if (engine_is_dimension(e, i) && isfinite(engine_dimension_value(e, i)))
                        json_array_append_new(dimensions, dimension_json(e, i));
        json_object_set_new(spool, "waiting", json_integer((json_int_t)f->spool_waiting));
        json_object_set_new(spool, "oldest_seconds", json_value_whole(f->spool_oldest));
        json_object_set_new(spool, "dead", json_integer((json_int_t)f->spool_dead));
        json_object_set_new(spool, "held", json_integer((json_int_t)(f->held + summary.waiting)));
        json_object_set_new(spool, "error", f->error ? json_string(f->error) : json_null());
        const struct status_cost *c = &f->cost;
        json_object_set_new(cost, "cpu_seconds", json_value_number(c->cpu));
        json_object_set_new(cost, "start_cpu_seconds", json_value_number(c->start_cpu));
        json_object_set_new(cost, "attribution_cpu_seconds", json_value_number(c->attribution_cpu));
        json_object_set_new(cost, "members_cpu_seconds", json_value_number(c->members_cpu));
        json_object_set_new(cost, "writing_cpu_seconds", json_value_number(c->writing_cpu));
        json_object_set_new(cost, "ticks", json_integer((json_int_t)summary.samples));
        json_object_set_new(cost, "resident_bytes", json_value_whole(c->resident));
        json_object_set_new(cost, "engine_bytes", json_value_whole(c->engine_memory));
        json_object_set_new(cost, "attribution_bytes", json_value_whole(c->attribution_memory));
        json_object_set_new(cost, "members_bytes", json_value_whole(c->members_memory));
        json_object_set_new(cost, "writing_bytes", json_value_whole(c->writing_memory));
        const struct witness_costs nothing = { NAN, NAN, NAN, NAN, NAN };
        const struct witness_costs *looks = f->looks ? f->looks : &nothing;
        json_object_set_new(cost, "snapshots", json_value_whole(looks->snapshots));
        json_object_set_new(cost, "snapshot_seconds", json_value_number(looks->snapshot_seconds));
        json_object_set_new(cost, "looks", json_value_whole(looks->looks));
        json_object_set_new(cost, "look_seconds", json_value_number(looks->look_seconds));

        json_object_set_new(root, "version", json_integer(1));
        json_object_set_new(root, "program", json_string("kmemwatchd"));
        json_object_set_new(root, "release", json_string(KMW_VERSION));
        json_object_set_new(root, "pid", json_integer(getpid()));
        json_object_set_new(root, "time", json_value_time(clock_realtime()));
        json_object_set_new(root, "started", json_value_time(f->started));
        json_object_set_new(root, "status", json_string(f->status));
        json_object_set_new(root, "mode", json_string(f->observe ? "observe" : "page"));
        json_object_set_new(root, "host", host_json(e));
        json_object_set_new(root, "interval_seconds", json_value_number(f->interval));
        json_object_set_new(root, "samples", json_integer((json_int_t)summary.samples));
        json_object_set_new(root, "dimensions", dimensions);
        json_object_set_new(root, "families", families_json(e, f->readings));
        json_object_set_new(root, "members", members_json(e));
        json_object_set_new(root, "alerts", alert_list(e, f));
        json_object_set_new(root, "silences", silences_json(f->silences, f->clock));
        json_object_set_new(root, "rules", rules_json(&summary, f->faults));
        json_object_set_new(root, "troubles", troubles);
        json_object_set_new(root, "spool", spool);
        json_object_set_new(root, "cost", cost);
        return print_and_free(root, ret);
}

int alerts_json(const struct engine *e, const struct status_frame *f, char **ret)
{
        json_t *root = json_object();
        json_object_set_new(root, "version", json_integer(1));
        json_object_set_new(root, "time", json_value_time(clock_realtime()));
        json_object_set_new(root, "alerts", alert_list(e, f));
        json_object_set_new(root, "silences", silences_json(f->silences, f->clock));
        return print_and_free(root, ret);
}
