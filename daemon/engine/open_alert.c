/* SPDX-License-Identifier: MIT */
/* Open alerts out of the engine and into it. */
#include "engine/open_alert.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "announce/json_out.h"
#include "base/macros.h"
#include "base/text.h"
#include "culprit/culprit.h"
#include "engine/engine_internal.h"
#include "judge/rule_load.h"

static_assert((int)OPEN_DIMENSION_SIZE > (int)RULE_DIMENSION_MAX, "a dimension fits");

bool watch_is_open(const struct watch *w)
{
        return w->life->alert.state == ALERT_FIRING || w->owed;
}

static void copy(char *to, size_t size, const char *from)
{
        struct text t;
        text_init(&t, to, size);
        text_add(&t, "%s", from);
}

bool open_alert_ends(const struct open_alert *k)
{
        return k->change.type == EVENT_RESOLVED || k->change.type == EVENT_ADOPTED;
}

void open_alert_of_watch(const struct engine *e, const struct watch *w, struct open_alert *ret)
{
        *ret = (struct open_alert){
                .kind = w->rule->kind,
                .unit = series_unit(w->rule->field, &w->rule->per),
                .fired_wall = w->life->fired_wall,
                .alert = w->life->alert,
                .owed = w->owed,
                .change = w->life->change,
                .event_wall = w->news->event.time,
        };
        copy(ret->rule, sizeof(ret->rule), w->rule->name);
        copy(ret->dimension, sizeof(ret->dimension), watch_dimension(e, w));
        copy(ret->summary, sizeof(ret->summary), w->rule->summary);
        memcpy(ret->alert_id, w->news->alert_id, sizeof(ret->alert_id));
        memcpy(ret->dedup_key, w->news->dedup_key, sizeof(ret->dedup_key));
        memcpy(ret->incident_id, w->news->incident_id, sizeof(ret->incident_id));
        ret->incident_change = w->news->incident_change;
        ret->root = w->news->root;
}

void watch_take_over(struct lives *lives, struct watch *w, const struct open_alert *from)
{
        watch_live(lives, w);
        w->life->alert = from->alert;
        w->idle = false;
        w->life->fired_wall = from->fired_wall;
        memcpy(w->news->alert_id, from->alert_id, sizeof(w->news->alert_id));
        memcpy(w->news->dedup_key, from->dedup_key, sizeof(w->news->dedup_key));
        memcpy(w->news->incident_id, from->incident_id, sizeof(w->news->incident_id));
        w->news->incident_change = from->incident_change;
        w->news->root = from->root;
        w->owed = w->remade = from->owed;
        w->life->change = from->change;
        w->news->event.time = from->event_wall;
}

struct watch *engine_find_heir(struct engine *e, const char *rule, const char *dimension,
                               enum kind kind)
{
        for (size_t i = 0; i < e->watch_count; i++) {
                struct watch *w = &e->watches[i];
                if (w->applies && w->rule->kind == kind && strcmp(w->rule->name, rule) == 0 &&
                    strcmp(watch_dimension(e, w), dimension) == 0)
                        return w;
        }
        return NULL;
}

struct watch *engine_take_heir(struct engine *e, const struct open_alert *k)
{
        struct watch *w = engine_find_heir(e, k->rule, k->dimension, k->kind);
        if (!w)
                w = engine_follow_claim(e, k->rule, k->dimension);
        return w && w->applies && w->kind == k->kind ? w : NULL;
}

/* --- out --- */

/* One alert's moments are engine times; in the file they are Unix seconds. */
static void add_moment(struct json_out *j, const struct engine *e, const char *name, double moment)
{
        json_out_exact(j, name, e->wall + (moment - e->now));
}

static void add_alert(struct json_out *j, const struct engine *e, const struct open_alert *k)
{
        const struct alert *a = &k->alert;
        json_out_open(j, NULL, '{');
        json_out_text(j, "rule", k->rule, sizeof(k->rule));
        json_out_text(j, "dimension", k->dimension, sizeof(k->dimension));
        json_out_text(j, "summary", k->summary, sizeof(k->summary));
        json_out_text(j, "kind", kind_name(k->kind), OPEN_SUMMARY_SIZE);
        json_out_text(j, "unit", event_unit_name(k->unit), OPEN_SUMMARY_SIZE);
        json_out_text(j, "alert_id", k->alert_id, sizeof(k->alert_id));
        json_out_text(j, "dedup_key", k->dedup_key, sizeof(k->dedup_key));
        json_out_text(j, "incident", k->incident_id, sizeof(k->incident_id));
        if (k->root >= 0)
                json_out_text(j, "root", culprit_dimension_name((enum culprit_dimension)k->root),
                              OPEN_SUMMARY_SIZE);
        json_out_bool(j, "firing", a->state == ALERT_FIRING);
        json_out_text(j, "severity", severity_name(a->severity), OPEN_SUMMARY_SIZE);
        json_out_text(j, "highest", severity_name(a->highest), OPEN_SUMMARY_SIZE);
        json_out_bool(j, "triggered", a->triggered);
        json_out_bool(j, "held_back", a->held_back);
        json_out_bool(j, "acknowledged", a->acknowledged);
        json_out_exact(j, "fired", k->fired_wall);
        add_moment(j, e, "pending_since", a->pending_since);
        add_moment(j, e, "notice_since", a->wrong_since[SEVERITY_NOTICE]);
        add_moment(j, e, "warning_since", a->wrong_since[SEVERITY_WARNING]);
        add_moment(j, e, "critical_since", a->wrong_since[SEVERITY_CRITICAL]);
        add_moment(j, e, "below_since", a->below_since);
        json_out_text(j, "below", severity_name(a->below), OPEN_SUMMARY_SIZE);
        add_moment(j, e, "told", a->told);
        json_out_exact(j, "told_value", a->told_value);
        json_out_exact(j, "start_value", a->start_value);
        json_out_exact(j, "peak", a->peak);
        if (k->owed) {
                json_out_open(j, "owed", '{');
                json_out_text(j, "event", event_type_name(k->change.type), OPEN_SUMMARY_SIZE);
                json_out_text(j, "previous", severity_name(k->change.previous), OPEN_SUMMARY_SIZE);
                json_out_bool(j, "trigger", k->change.trigger);
                json_out_bool(j, "resolve", k->change.resolve);
                json_out_text(j, "quiet", event_quiet_name(k->change.quiet), OPEN_SUMMARY_SIZE);
                json_out_exact(j, "time", k->event_wall);
                json_out_bool(j, "incident_tells", k->incident_change.tells);
                json_out_bool(j, "incident_trigger", k->incident_change.trigger);
                json_out_bool(j, "incident_resolve", k->incident_change.resolve);
                json_out_text(j, "incident_previous", severity_name(k->incident_change.previous),
                              OPEN_SUMMARY_SIZE);
                json_out_close(j, '}');
        }
        json_out_close(j, '}');
}

int open_alerts_encode(const struct engine *e, char **ret)
{
        struct json_out j;
        struct open_alert kept;
        json_out_init(&j);
        json_out_open(&j, NULL, '{');
        json_out_open(&j, "alerts", '[');
        for (size_t i = 0; i < e->watch_count; i++)
                if (watch_is_open(&e->watches[i])) {
                        open_alert_of_watch(e, &e->watches[i], &kept);
                        add_alert(&j, e, &kept);
                }
        for (size_t i = 0; i < e->orphan_count; i++)
                add_alert(&j, e, &e->orphans[i].kept);
        json_out_close(&j, ']');
        engine_incidents_encode(e, &j);
        json_out_close(&j, '}');
        return json_out_take(&j, ret);
}

/* --- in --- */

/* What a record is read with: where Unix seconds stand on the engine's clock. */
struct clock_map {
        double wall, now;
};

static double number(const json_t *o, const char *name)
{
        const json_t *value = json_object_get(o, name);
        return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Nothing was told in the future, whatever the clock was when the file was written. */
static double moment(const json_t *o, const char *name, const struct clock_map *c)
{
        double t = number(o, name);
        return isnan(t) ? NAN : fmin(c->now + (t - c->wall), c->now);
}

/* False when it is missing or longer than what is ever written. */
static bool text(const json_t *o, const char *name, char *to, size_t size)
{
        const char *value = json_string_value(json_object_get(o, name));
        if (!value || !*value || strlen(value) >= size)
                return false;
        memcpy(to, value, strlen(value) + 1);
        return true;
}

static int word(const json_t *o, const char *name, int (*by_name)(const char *))
{
        const char *value = json_string_value(json_object_get(o, name));
        return value ? by_name(value) : -1;
}

static bool read_severity(const json_t *o, const char *name, enum severity *ret)
{
        int s = word(o, name, severity_by_name);
        if (s >= 0)
                *ret = (enum severity)s;
        return s >= 0;
}

static bool read_owed(const json_t *owed, struct open_alert *k)
{
        int type = word(owed, "event", event_type_by_name);
        if (!owed)
                return true;
        k->owed = true;
        k->change.happened = true;
        k->change.type = (enum event_type)type;
        k->change.trigger = json_is_true(json_object_get(owed, "trigger"));
        k->change.resolve = json_is_true(json_object_get(owed, "resolve"));
        int quiet = word(owed, "quiet", event_quiet_by_name);
        k->change.quiet = quiet < 0 ? QUIET_NOT : (enum event_quiet)quiet;
        k->event_wall = number(owed, "time");
        struct incident_change *c = &k->incident_change;
        c->tells = json_is_true(json_object_get(owed, "incident_tells"));
        c->trigger = json_is_true(json_object_get(owed, "incident_trigger"));
        c->resolve = json_is_true(json_object_get(owed, "incident_resolve"));
        (void)read_severity(owed, "incident_previous", &c->previous);
        return type >= 0 && isfinite(k->event_wall) &&
               read_severity(owed, "previous", &k->change.previous);
}

static bool read_alert(const json_t *o, const struct clock_map *c, struct open_alert *ret)
{
        struct open_alert k = { .fired_wall = number(o, "fired") };
        struct alert *a = &k.alert;
        int kind = word(o, "kind", kind_by_name), unit = word(o, "unit", event_unit_by_name);
        alert_init(a);
        (void)text(o, "summary", k.summary, sizeof(k.summary));
        (void)text(o, "incident", k.incident_id, sizeof(k.incident_id));
        k.root = word(o, "root", culprit_dimension_by_name);
        if (!text(o, "rule", k.rule, sizeof(k.rule)) ||
            !text(o, "dimension", k.dimension, sizeof(k.dimension)) ||
            !text(o, "alert_id", k.alert_id, sizeof(k.alert_id)) ||
            strspn(k.alert_id, "0123456789abcdef") != sizeof(k.alert_id) - 1 ||
            !text(o, "dedup_key", k.dedup_key, sizeof(k.dedup_key)) || kind < 0 || unit < 0 ||
            !isfinite(k.fired_wall) || !read_severity(o, "severity", &a->severity) ||
            !read_severity(o, "highest", &a->highest) || !read_owed(json_object_get(o, "owed"), &k))
                return false;
        k.kind = (enum kind)kind;
        k.unit = (enum event_unit)unit;
        a->state = json_is_true(json_object_get(o, "firing")) ? ALERT_FIRING : ALERT_INACTIVE;
        a->triggered = json_is_true(json_object_get(o, "triggered"));
        a->held_back = json_is_true(json_object_get(o, "held_back"));
        a->acknowledged = json_is_true(json_object_get(o, "acknowledged"));
        a->fired = moment(o, "fired", c);
        a->pending_since = moment(o, "pending_since", c);
        a->wrong_since[SEVERITY_NOTICE] = moment(o, "notice_since", c);
        a->wrong_since[SEVERITY_WARNING] = moment(o, "warning_since", c);
        a->wrong_since[SEVERITY_CRITICAL] = moment(o, "critical_since", c);
        if (read_severity(o, "below", &a->below))
                a->below_since = moment(o, "below_since", c);
        a->told = moment(o, "told", c);
        a->told_value = number(o, "told_value");
        a->start_value = number(o, "start_value");
        a->peak = number(o, "peak");
        *ret = k;
        /* An end is owed by what no longer fires, and anything else by what fires. */
        if (a->state != ALERT_FIRING)
                return k.owed && open_alert_ends(&k);
        return a->severity > SEVERITY_OK && !(k.owed && open_alert_ends(&k));
}

static bool goes_on(struct engine *e, const struct open_alert *k, unsigned flags)
{
        return !(flags & OPEN_ALERTS_REBOOTED && k->alert.state == ALERT_FIRING) &&
               engine_take_heir(e, k);
}

static void take_in(struct engine *e, const struct open_alert *k, unsigned flags,
                    struct open_alerts_result *result)
{
        struct watch *w = engine_find_heir(e, k->rule, k->dimension, k->kind);
        if (w && watch_is_open(w)) {
                result->bad++; /* twice in the file */
        } else if (goes_on(e, k, flags)) {
                watch_take_over(&e->lives, w, k);
                result->open++;
        } else if (e->orphan_count == ORPHANS_MAX) {
                result->bad++;
        } else if (flags & OPEN_ALERTS_REBOOTED && k->alert.state == ALERT_FIRING) {
                engine_orphan_add(e, k, NAN, ORPHAN_REBOOT);
                result->ended++;
        } else {
                engine_orphan_add(e, k, NAN,
                                  flags & OPEN_ALERTS_HOLD ? ORPHAN_WAITS : ORPHAN_RULE_GONE);
                result->gone++;
        }
}

int open_alerts_decode(struct engine *e, const void *data, size_t size, double wall, unsigned flags,
                       struct open_alerts_result *ret)
{
        struct open_alerts_result result = { 0 };
        _cleanup_(json_decrefp) json_t *root = json_loadb(data, size, 0, NULL);
        const json_t *list = json_object_get(root, "alerts"), *one;
        size_t i;
        if (!json_is_array(list) || json_array_size(list) > 2 * (size_t)WATCHES_MAX)
                return -EBADMSG;
        if (engine_orphans_reserve(e, MIN_OF(json_array_size(list), (size_t)ORPHANS_MAX)) < 0)
                return -ENOMEM;
        if (!e->timeline.started)
                e->wall = wall;
        const struct clock_map c = { e->wall, e->now };
        engine_incidents_decode(e, root);
        /* Those that go on come first: what ends then knows who of its incident is left. */
        bool done[2 * WATCHES_MAX] = { false };
        for (int pass = 0; pass < 2; pass++)
                json_array_foreach(list, i, one)
                {
                        struct open_alert k;
                        if (done[i])
                                continue;
                        bool good = read_alert(one, &c, &k);
                        if (good && pass == 0 && !goes_on(e, &k, flags))
                                continue;
                        done[i] = true;
                        if (!good) {
                                result.bad++;
                                continue;
                        }
                        engine_incident_adopt(e, &k);
                        take_in(e, &k, flags, &result);
                }
        engine_incidents_sweep(e);
        if (e->orphan_count == 0) {
                free(e->orphans);
                e->orphans = NULL;
        }
        *ret = result;
        return 0;
}
