/* SPDX-License-Identifier: MIT */
/* Groups alerts by cause. */
#include "engine/incidents.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "announce/json_out.h"
#include "base/macros.h"
#include "base/text.h"
#include "culprit/cause.h"
#include "engine/engine_internal.h"
#include "sample/host.h"

/* A change below is noise: nothing follows from it, and it need not be told. */
static const double MOVED_LEAST = 1024.0 * 1024;

/* As far as the minutes are kept. */
static const double LOOK_BACK = RECENT_SECONDS * (EVENT_RECENT_MAX - 1.0);

static struct incident *find(const struct engine *e, const char *id)
{
        for (unsigned i = 0; *id && i < e->incident_count; i++)
                if (strcmp(e->incidents[i].id, id) == 0)
                        return &e->incidents[i];
        return NULL;
}

static void copy(char *to, size_t size, const char *from)
{
        struct text t;
        text_init(&t, to, size);
        text_add(&t, "%s", from);
}

static bool is_member(const struct watch *w, const char *id)
{
        return watch_is_open(w) && strcmp(w->news->incident_id, id) == 0;
}

void engine_incidents_sweep(struct engine *e)
{
        unsigned kept = 0;
        for (unsigned i = 0; i < e->incident_count; i++) {
                const char *id = e->incidents[i].id;
                bool used = false;
                for (size_t k = 0; k < e->watch_count && !used; k++)
                        used = is_member(&e->watches[k], id);
                for (size_t k = 0; k < e->orphan_count && !used; k++)
                        used = strcmp(e->orphans[k].kept.incident_id, id) == 0;
                if (used && kept != i)
                        e->incidents[kept] = e->incidents[i];
                kept += used;
        }
        e->incident_count = kept;
}

/* --- what moves with what --- */

static double change_since(const struct engine *e, enum field field, double moment)
{
        int series = e->field_series[field];
        if (series < 0)
                return NAN;
        const struct series *s = &e->series[series];
        return s->value - recent_before(&s->recent, moment);
}

/* Of each dimension the one at its root, from engine time `since` on. */
static void find_causes(const struct engine *e, double since, bool falls, struct cause_input *in,
                        enum culprit_dimension roots[DIMENSION_COUNT])
{
        double sign = falls ? -1 : 1, moment = fmax(since, e->now - LOOK_BACK);
        *in = (struct cause_input){
                .threads = sign * change_since(e, FIELD_THREADS, moment),
                .cgroups = sign * (e->values[FIELD_CGROUPS] - recent_before(&e->cgroups, moment)),
                .networks = NAN,
                .possible_cpus = e->values[FIELD_POSSIBLE_CPUS],
                .stacks_in_vmalloc = e->values[FIELD_VMALLOC_USED] >= e->values[FIELD_KERNEL_STACK],
        };
        for (int f = 0; f < FIELD_MEMINFO_COUNT; f++) {
                double grown = sign * change_since(e, (enum field)f, moment);
                in->grown[f] = grown >= MOVED_LEAST ? grown : 0;
        }
        cause_find(in, roots);
}

static struct incident_alert alert_of(const struct engine *e, const struct watch *w)
{
        const struct series *s = &e->series[w->series];
        struct incident_alert a = {
                .kind = w->kind,
                .dimension = culprit_dimension_by_name(watch_dimension(e, w)),
                .member = w->slot > SLOT_EMPTY ? engine_followed(e, w)->key : 0,
                .root = w->news->root,
                .since = e->now - LOOK_BACK,
                .onset = w->life->alert.pending_since,
                .ending = isfinite(w->life->alert.below_since),
        };
        struct growth_answer growth;
        if (w->kind == KIND_GROWTH)
                a.since = series_growth(s, &growth) ? e->now - growth.seconds : a.onset;
        if ((w->kind == KIND_SPIKE || w->kind == KIND_DROP) && s->jump.away)
                a.onset = fmin(a.onset, s->jump.away_since);
        if (w->kind == KIND_SPIKE || w->kind == KIND_DROP)
                a.since = a.onset;
        return a;
}

/* The dimension at the root of what it is about, or -1. */
static int root_of(const struct engine *e, const struct watch *w)
{
        struct incident_alert a = alert_of(e, w);
        enum culprit_dimension roots[DIMENSION_COUNT];
        struct cause_input in;
        if (a.dimension < 0)
                return -1;
        find_causes(e, a.since, w->kind == KIND_DROP, &in, roots);
        return (int)roots[a.dimension];
}

void engine_incident_assign(struct engine *e, struct watch *w)
{
        char *id = w->news->incident_id;
        *id = '\0';
        w->news->root = root_of(e, w);
        struct incident_alert candidate = alert_of(e, w);
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *m = &e->watches[i];
                if (m == w || m->life->alert.state != ALERT_FIRING || !*m->news->incident_id)
                        continue;
                struct incident_alert member = alert_of(e, m);
                struct incident *joined = find(e, m->news->incident_id);
                if (!joined || !incident_joins(&candidate, &member))
                        continue;
                memcpy(id, joined->id, EVENT_ID_MAX);
                joined->joined = true;
                return;
        }
        engine_incidents_sweep(e);
        if (e->incident_count == INCIDENTS_MAX)
                return;
        struct incident *i = &e->incidents[e->incident_count++];
        *i = (struct incident){ .started = w->life->fired_wall, .told_at = NAN };
        memcpy(i->id, w->news->alert_id, sizeof(i->id));
        memcpy(i->dedup_key, w->news->dedup_key, sizeof(i->dedup_key));
        copy(i->rule, sizeof(i->rule), w->rule->name);
        copy(i->dimension, sizeof(i->dimension), watch_dimension(e, w));
        memcpy(id, i->id, EVENT_ID_MAX);
}

/* --- what becomes of it --- */

/* The alert that opened it, or of those that are left the most severe one. */
struct leader {
        const char *alert_id;
        enum severity severity;
};

static void consider(struct leader *l, const char *incident_id, const char *alert_id,
                     enum severity severity)
{
        bool first = strcmp(alert_id, incident_id) == 0;
        bool better = !l->alert_id || severity > l->severity;
        if (first || (better && (!l->alert_id || strcmp(l->alert_id, incident_id) != 0))) {
                l->alert_id = alert_id;
                l->severity = severity;
        }
}

/* What is silenced, observed or held back is nothing to receivers. */
static enum severity told_severity(const struct alert *a)
{
        return a->triggered || a->severity < SEVERITY_NOTICE ? a->severity : SEVERITY_NOTICE;
}

static struct leader leader_of(const struct engine *e, const char *id, enum severity *ret_highest)
{
        struct leader l = { 0 };
        enum severity highest = SEVERITY_OK;
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                if (w->life->alert.state != ALERT_FIRING || strcmp(w->news->incident_id, id) != 0)
                        continue;
                consider(&l, id, w->news->alert_id, w->life->alert.severity);
                highest = MAX_OF(highest, told_severity(&w->life->alert));
        }
        for (size_t i = 0; i < e->orphan_count; i++) {
                const struct open_alert *k = &e->orphans[i].kept;
                if (k->alert.state != ALERT_FIRING || strcmp(k->incident_id, id) != 0)
                        continue;
                consider(&l, id, k->alert_id, k->alert.severity);
                highest = MAX_OF(highest, told_severity(&k->alert));
        }
        *ret_highest = highest;
        return l;
}

struct incident_change engine_incident_step(struct engine *e, const char *id, const char *alert_id,
                                            const struct alert_change *change)
{
        struct incident *i = find(e, id);
        enum severity highest;
        if (!i)
                return (struct incident_change){ 0 };
        struct leader l = leader_of(e, id, &highest);
        struct incident_change c =
                incident_step(i, change->type, l.alert_id && strcmp(l.alert_id, alert_id) == 0,
                              change->quiet != QUIET_NOT, highest);
        if (c.tells)
                i->told_at = e->now;
        return c;
}

/* --- what is said of it --- */

static void add_alert(const struct engine *e, struct event_incident *x, const struct watch *w,
                      bool leads)
{
        unsigned place = leads ? 0 : x->alert_count;
        if (leads && x->alert_count > 0 && x->alert_count < INCIDENT_ALERTS_MAX)
                x->alerts[x->alert_count] = x->alerts[0];
        x->alert_count++;
        if (place >= INCIDENT_ALERTS_MAX)
                return;
        x->alerts[place].alert_id = w->news->alert_id;
        x->alerts[place].rule = w->rule->name;
        x->alerts[place].dimension = watch_dimension(e, w);
        x->alerts[place].kind = w->kind;
        x->alerts[place].severity = w->life->alert.severity;
}

static void add_moved(struct event_incident *x, const char *dimension, double change)
{
        unsigned place = x->moved_count++;
        for (; place > 0 && fabs(x->moved[place - 1].change) < fabs(change); place--)
                x->moved[place] = x->moved[place - 1];
        x->moved[place].dimension = dimension;
        x->moved[place].change = change;
}

/* Slab and KReclaimable are sums of others. */
static void add_all_moved(const struct engine *e, const struct watch *lead, double since,
                          struct event_incident *x)
{
        static const enum field fields[DIMENSION_COUNT] = {
                [DIMENSION_SLAB] = FIELD_KNOWN_COUNT,
                [DIMENSION_SRECLAIMABLE] = FIELD_SRECLAIMABLE,
                [DIMENSION_SUNRECLAIM] = FIELD_SUNRECLAIM,
                [DIMENSION_VMALLOC_USED] = FIELD_VMALLOC_USED,
                [DIMENSION_KERNEL_STACK] = FIELD_KERNEL_STACK,
                [DIMENSION_PAGE_TABLES] = FIELD_PAGE_TABLES,
                [DIMENSION_SEC_PAGE_TABLES] = FIELD_SEC_PAGE_TABLES,
                [DIMENSION_PERCPU] = FIELD_PERCPU,
                [DIMENSION_UNACCOUNTED] = FIELD_KNOWN_COUNT,
        };
        enum culprit_dimension roots[DIMENSION_COUNT];
        int dimension = culprit_dimension_by_name(watch_dimension(e, lead));
        bool falls = lead->kind == KIND_DROP;
        struct cause_input in;
        if (dimension < 0)
                return;
        find_causes(e, since, falls, &in, roots);
        enum culprit_dimension root = roots[dimension];
        x->cause = culprit_dimension_name(root);
        for (int d = 0; d < DIMENSION_COUNT; d++)
                if (fields[d] != FIELD_KNOWN_COUNT && roots[d] == root && in.grown[fields[d]] > 0 &&
                    x->moved_count < INCIDENT_MOVED_MAX)
                        add_moved(x, culprit_dimension_name((enum culprit_dimension)d),
                                  falls ? -in.grown[fields[d]] : in.grown[fields[d]]);
}

void engine_incident_describe(const struct engine *e, const char *id,
                              const struct incident_change *change, struct event *event)
{
        const struct incident *i = find(e, id);
        struct event_incident *x = &event->incident;
        const struct watch *lead = NULL;
        enum severity highest;
        double since = INFINITY;
        *x = (struct event_incident){ 0 };
        if (!i)
                return;
        struct leader l = leader_of(e, id, &highest);
        memcpy(x->id, i->id, sizeof(x->id));
        memcpy(x->dedup_key, i->dedup_key, sizeof(x->dedup_key));
        x->rule = i->rule;
        x->dimension = i->dimension;
        x->started = i->started;
        x->severity = i->severity;
        x->highest_severity = i->highest;
        x->previous_severity = change->previous;
        x->joined = i->joined;
        x->tells = change->tells;
        x->trigger = change->trigger;
        x->resolve = change->resolve;
        x->leads = l.alert_id && strcmp(l.alert_id, event->alert_id) == 0;
        for (size_t k = 0; k < e->watch_count; k++) {
                const struct watch *w = &e->watches[k];
                if (w->life->alert.state != ALERT_FIRING || strcmp(w->news->incident_id, id) != 0)
                        continue;
                bool leads = l.alert_id && strcmp(w->news->alert_id, l.alert_id) == 0;
                add_alert(e, x, w, leads);
                x->listed |= w->life->alert.fired <= i->told_at &&
                             strcmp(w->news->alert_id, event->alert_id) == 0;
                since = fmin(since, alert_of(e, w).since);
                if (leads)
                        lead = w;
        }
        if (lead)
                add_all_moved(e, lead, since, x);
}

/* --- over a restart --- */

void engine_incidents_encode(const struct engine *e, struct json_out *j)
{
        json_out_open(j, "incidents", '[');
        for (unsigned n = 0; n < e->incident_count; n++) {
                const struct incident *i = &e->incidents[n];
                json_out_open(j, NULL, '{');
                json_out_text(j, "id", i->id, sizeof(i->id));
                json_out_text(j, "dedup_key", i->dedup_key, sizeof(i->dedup_key));
                json_out_text(j, "rule", i->rule, sizeof(i->rule));
                json_out_text(j, "dimension", i->dimension, sizeof(i->dimension));
                json_out_exact(j, "started", i->started);
                json_out_text(j, "severity", severity_name(i->severity), EVENT_ID_MAX);
                json_out_text(j, "highest", severity_name(i->highest), EVENT_ID_MAX);
                json_out_text(j, "told", severity_name(i->told), EVENT_ID_MAX);
                json_out_bool(j, "triggered", i->triggered);
                json_out_bool(j, "joined", i->joined);
                json_out_close(j, '}');
        }
        json_out_close(j, ']');
}

static bool read_text(const json_t *o, const char *name, char *to, size_t size)
{
        const char *value = json_string_value(json_object_get(o, name));
        if (!value || !*value || strlen(value) >= size)
                return false;
        memcpy(to, value, strlen(value) + 1);
        return true;
}

static enum severity read_severity(const json_t *o, const char *name)
{
        const char *value = json_string_value(json_object_get(o, name));
        int severity = value ? severity_by_name(value) : -1;
        return severity < 0 ? SEVERITY_OK : (enum severity)severity;
}

void engine_incidents_decode(struct engine *e, const json_t *root)
{
        const json_t *list = json_object_get(root, "incidents"), *o;
        size_t n;
        json_array_foreach(list, n, o)
        {
                struct incident i = {
                        .started = json_number_value(json_object_get(o, "started")),
                        .severity = read_severity(o, "severity"),
                        .highest = read_severity(o, "highest"),
                        .told = read_severity(o, "told"),
                        .triggered = json_is_true(json_object_get(o, "triggered")),
                        .joined = json_is_true(json_object_get(o, "joined")),
                        .told_at = NAN,
                };
                if (e->incident_count < INCIDENTS_MAX && read_text(o, "id", i.id, sizeof(i.id)) &&
                    read_text(o, "dedup_key", i.dedup_key, sizeof(i.dedup_key)) &&
                    read_text(o, "rule", i.rule, sizeof(i.rule)) &&
                    read_text(o, "dimension", i.dimension, sizeof(i.dimension)) && !find(e, i.id))
                        e->incidents[e->incident_count++] = i;
        }
}

void engine_incident_adopt(struct engine *e, struct open_alert *k)
{
        if (find(e, k->incident_id))
                return;
        *k->incident_id = '\0';
        if (e->incident_count == INCIDENTS_MAX || find(e, k->alert_id))
                return;
        struct incident *i = &e->incidents[e->incident_count++];
        *i = (struct incident){
                .started = k->fired_wall,
                .severity = k->alert.severity,
                .highest = k->alert.highest,
                .told = k->alert.triggered ? k->alert.severity : SEVERITY_OK,
                .triggered = k->alert.triggered,
                .told_at = NAN,
        };
        memcpy(i->id, k->alert_id, sizeof(i->id));
        memcpy(i->dedup_key, k->dedup_key, sizeof(i->dedup_key));
        copy(i->rule, sizeof(i->rule), k->rule);
        copy(i->dimension, sizeof(i->dimension), k->dimension);
        memcpy(k->incident_id, k->alert_id, sizeof(k->incident_id));
        /* What it owes, it owes its receivers as before. */
        k->incident_change = (struct incident_change){
                .tells = k->change.trigger || k->change.resolve ||
                         k->alert.severity >= SEVERITY_WARNING,
                .trigger = k->change.trigger,
                .resolve = k->change.resolve,
                .previous = k->change.previous,
        };
}
