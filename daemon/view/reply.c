/* SPDX-License-Identifier: MIT */
/* Takes replies apart. A reply comes from another program, perhaps of another release: whatever is
 * missing, of another type or too much is read as unknown, never believed. */
#include "view/reply.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "view/json_in.h"
#include "view/pretty.h"

/* ---- single values ---- */

static const char *text_or_null(const json_t *object, const char *key)
{
        const char *text = json_in_text(object, key);

        return *text ? text : NULL;
}

static enum severity severity_of(const json_t *object)
{
        int severity = severity_by_name(json_in_text(object, "severity"));

        return severity < 0 ? SEVERITY_OK : (enum severity)severity;
}

static enum event_quiet quiet_of(const json_t *object)
{
        int quiet = event_quiet_by_name(json_in_text(object, "quiet"));

        return quiet < 0 ? QUIET_NOT : (enum event_quiet)quiet;
}

static enum event_unit unit_of(const json_t *object)
{
        int unit = event_unit_by_name(json_in_text(object, "unit"));

        return unit < 0 ? UNIT_COUNT : (enum event_unit)unit;
}

/* ---- the daemon ---- */

static void host_parse(const json_t *o, struct reply_host *ret)
{
        *ret = (struct reply_host){
                .name = json_in_text(o, "name"),
                .kernel = json_in_text(o, "kernel"),
                .kind = json_in_text(o, "kind"),
                .kind_name = json_in_text(o, "kind_name"),
                .cpus = json_in_number(o, "cpus"),
                .possible_cpus = json_in_number(o, "possible_cpus"),
                .numa_nodes = json_in_number(o, "numa_nodes"),
                .cgroups = json_in_number(o, "cgroups"),
                .mem_total = json_in_number(o, "mem_total_bytes"),
                .mem_available = json_in_number(o, "mem_available_bytes"),
        };
}

static void dimension_parse(const json_t *o, struct reply_dimension *ret)
{
        *ret = (struct reply_dimension){
                .name = json_in_text(o, "dimension"),
                .unit = unit_of(o),
                .value = json_in_number(o, "value"),
                .baseline = json_in_number(o, "baseline"),
                .spread = json_in_number(o, "spread"),
                .horizon = json_in_number(o, "horizon_seconds"),
                .rate = json_in_number(o, "rate_bytes_per_hour") / 3600,
                .rate_error = json_in_number(o, "rate_error_bytes_per_hour") / 3600,
                .exhausts_at = json_in_time(o, "exhausts_at"),
                .exhausts_earliest = json_in_time(o, "exhausts_earliest"),
                .exhausts_latest = json_in_time(o, "exhausts_latest"),
                .learning = json_in_truth(o, "learning"),
                .learned = json_in_number(o, "learned_seconds"),
                .season_days = json_in_number(o, "season_days"),
                .severity = severity_of(o),
        };
        const json_t *values = json_object_get(json_object_get(o, "recent"), "values");
        size_t count = json_array_size(values);
        size_t first = count > EVENT_RECENT_MAX ? count - EVENT_RECENT_MAX : 0;
        for (size_t i = first; i < count; i++) {
                const json_t *value = json_array_get(values, i);
                ret->recent[ret->recent_count++] =
                        json_is_number(value) ? json_number_value(value) : NAN;
        }
}

static int dimensions_parse(const json_t *list, struct reply_dimension **ret, size_t *ret_count)
{
        *ret_count = json_in_count(list);
        *ret = calloc(*ret_count + 1, sizeof **ret);
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < *ret_count; i++)
                dimension_parse(json_array_get(list, i), &(*ret)[i]);
        return 0;
}

static int families_parse(const json_t *list, struct daemon_reply *ret)
{
        ret->family_count = json_in_count(list);
        ret->families = calloc(ret->family_count + 1, sizeof *ret->families);
        if (!ret->families)
                return -ENOMEM;
        for (size_t i = 0; i < ret->family_count; i++) {
                const json_t *o = json_array_get(list, i);
                ret->families[i] = (struct reply_family){
                        .name = json_in_text(o, "family"),
                        .error = text_or_null(o, "error"),
                        .cut = json_in_truth(o, "cut"),
                        .found = json_in_number(o, "found"),
                        .followed = json_in_number(o, "followed"),
                        .interval = json_in_number(o, "interval_seconds"),
                        .readings = json_in_number(o, "readings"),
                        .seconds = json_in_number(o, "read_seconds"),
                };
        }
        return 0;
}

static void alert_parse(const json_t *o, struct reply_alert *ret)
{
        int would_be = severity_by_name(json_in_text(o, "would_be"));

        *ret = (struct reply_alert){
                .id = json_in_text(o, "alert_id"),
                .rule = json_in_text(o, "rule"),
                .dimension = json_in_text(o, "dimension"),
                .text = json_in_text(o, "text"),
                .culprit = json_in_text(o, "culprit_text"),
                .incident = json_in_text(o, "incident_text"),
                .summary = json_in_text(o, "summary"),
                .explain = json_in_text(o, "explain"),
                .action = json_in_text(o, "action"),
                .runbook = json_in_text(o, "runbook"),
                .firing = strcmp(json_in_text(o, "state"), "firing") == 0,
                .severity = severity_of(o),
                .quiet = quiet_of(o),
                .would_be = would_be < 0 ? severity_of(o) : (enum severity)would_be,
                .since = json_in_time(o, "since"),
                .fired = json_in_time(o, "fired"),
                .unit = unit_of(o),
                .value = json_in_number(o, "value"),
                .baseline = json_in_number(o, "baseline"),
                .peak = json_in_number(o, "peak"),
                .limit = json_in_number(o, "limit"),
                .rate = json_in_number(o, "rate_bytes_per_hour") / 3600,
                .exhausts_at = json_in_time(o, "exhausts_at"),
        };
}

/* Firing before waiting, the worse first, then the older. */
static int alert_compare(const void *a, const void *b)
{
        const struct reply_alert *x = a, *y = b;

        if (x->firing != y->firing)
                return x->firing ? -1 : 1;
        if (x->severity != y->severity)
                return x->severity > y->severity ? -1 : 1;
        if (x->since != y->since)
                return x->since < y->since ? -1 : 1;
        return strcmp(x->rule, y->rule);
}

static int alerts_parse(const json_t *list, struct daemon_reply *ret)
{
        size_t count = json_in_count(list);

        ret->alerts = calloc(count + 1, sizeof *ret->alerts);
        if (!ret->alerts)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                alert_parse(json_array_get(list, i), &ret->alerts[i]);
        ret->alert_count = count;
        qsort(ret->alerts, count, sizeof *ret->alerts, alert_compare);
        return 0;
}

static int silences_parse(const json_t *list, struct daemon_reply *ret)
{
        size_t count = json_in_count(list);

        ret->silences = calloc(count + 1, sizeof *ret->silences);
        if (!ret->silences)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const json_t *o = json_array_get(list, i);
                ret->silences[i] = (struct reply_silence){
                        .name = json_in_text(o, "name"),
                        .why = json_in_text(o, "why"),
                        .user = json_in_number(o, "user"),
                        .ends = json_in_time(o, "ends"),
                        .left = json_in_number(o, "left_seconds"),
                };
        }
        ret->silence_count = count;
        return 0;
}

int daemon_reply_parse(const char *json, struct daemon_reply *ret)
{
        json_t *root = NULL;
        int r = json_in_open(json, &root);

        if (r < 0)
                return r;
        const json_t *rules = json_object_get(root, "rules");
        const json_t *spool = json_object_get(root, "spool");
        const json_t *cost = json_object_get(root, "cost");
        const json_t *dimensions = json_object_get(root, "dimensions");
        struct daemon_reply d = {
                .root = root,
                .release = json_in_text(root, "release"),
                .status = json_in_text(root, "status"),
                .pid = json_in_number(root, "pid"),
                .time = json_in_time(root, "time"),
                .started = json_in_time(root, "started"),
                .interval = json_in_number(root, "interval_seconds"),
                .samples = json_in_number(root, "samples"),
                .observe = strcmp(json_in_text(root, "mode"), "observe") == 0,
                .rules_active = json_in_number(rules, "active"),
                .rules_observed = json_in_number(rules, "observed"),
                .rules_elsewhere = json_in_number(rules, "elsewhere"),
                .spool_waiting = json_in_number(spool, "waiting"),
                .spool_oldest = json_in_number(spool, "oldest_seconds"),
                .spool_dead = json_in_number(spool, "dead"),
                .spool_held = json_in_number(spool, "held"),
                .spool_error = text_or_null(spool, "error"),
                .cpu_seconds = json_in_number(cost, "cpu_seconds"),
                .ticks = json_in_number(cost, "ticks"),
                .resident = json_in_number(cost, "resident_bytes"),
                .start_cpu = json_in_number(cost, "start_cpu_seconds"),
                .attribution_cpu = json_in_number(cost, "attribution_cpu_seconds"),
                .members_cpu = json_in_number(cost, "members_cpu_seconds"),
                .members_memory = json_in_number(cost, "members_bytes"),
                .writing_cpu = json_in_number(cost, "writing_cpu_seconds"),
                .engine_memory = json_in_number(cost, "engine_bytes"),
                .attribution_memory = json_in_number(cost, "attribution_bytes"),
                .writing_memory = json_in_number(cost, "writing_bytes"),
        };
        host_parse(json_object_get(root, "host"), &d.host);
        if (dimensions_parse(dimensions, &d.dimensions, &d.dimension_count) < 0 ||
            dimensions_parse(json_object_get(root, "members"), &d.members, &d.member_count) < 0 ||
            families_parse(json_object_get(root, "families"), &d) < 0 ||
            json_in_texts(json_object_get(rules, "left_out"), &d.left_out, &d.left_out_count) < 0 ||
            json_in_texts(json_object_get(root, "troubles"), &d.troubles, &d.trouble_count) < 0 ||
            alerts_parse(json_object_get(root, "alerts"), &d) < 0 ||
            silences_parse(json_object_get(root, "silences"), &d) < 0) {
                daemon_reply_done(&d);
                return -ENOMEM;
        }
        *ret = d;
        return 0;
}

int alerts_reply_parse(const char *json, struct daemon_reply *ret)
{
        struct daemon_reply d = { 0 };
        int r = json_in_open(json, &d.root);

        if (r < 0)
                return r;
        d.time = json_in_time(d.root, "time");
        r = alerts_parse(json_object_get(d.root, "alerts"), &d);
        if (r >= 0)
                r = silences_parse(json_object_get(d.root, "silences"), &d);
        if (r < 0) {
                daemon_reply_done(&d);
                return r;
        }
        *ret = d;
        return 0;
}

void daemon_reply_done(struct daemon_reply *r)
{
        free(r->dimensions);
        free(r->members);
        free(r->families);
        free(r->alerts);
        free(r->silences);
        free(r->left_out);
        free(r->troubles);
        json_decref(r->root);
        *r = (struct daemon_reply){ 0 };
}

/* ---- the courier ---- */

static void channel_parse(const json_t *o, struct reply_channel *ret)
{
        *ret = (struct reply_channel){
                .name = json_in_text(o, "name"),
                .type = json_in_text(o, "type"),
                .state = json_in_text(o, "state"),
                .last_error = json_in_text(o, "last_error"),
                .waiting = json_in_number(o, "waiting"),
                .held = json_in_number(o, "held"),
                .delivered = json_in_number(o, "delivered"),
                .failed = json_in_number(o, "failed"),
                .last_success = json_in_time(o, "last_success"),
                .next_try = json_in_time(o, "next_try"),
                .quiet_until = json_in_time(o, "quiet_until"),
        };
}

int courier_reply_parse(const char *json, struct courier_reply *ret)
{
        json_t *root = NULL;
        int r = json_in_open(json, &root);

        if (r < 0)
                return r;
        const json_t *channels = json_object_get(root, "channels");
        struct courier_reply c = {
                .root = root,
                .release = json_in_text(root, "release"),
                .status = json_in_text(root, "status"),
                .pid = json_in_number(root, "pid"),
                .started = json_in_time(root, "started"),
                .waiting = json_in_number(root, "waiting"),
                .dead = json_in_number(root, "dead"),
                .channel_count = json_in_count(channels),
        };
        c.channels = calloc(c.channel_count + 1, sizeof *c.channels);
        if (!c.channels ||
            json_in_texts(json_object_get(root, "left_out"), &c.left_out, &c.left_out_count) < 0) {
                courier_reply_done(&c);
                return -ENOMEM;
        }
        for (size_t i = 0; i < c.channel_count; i++)
                channel_parse(json_array_get(channels, i), &c.channels[i]);
        *ret = c;
        return 0;
}

void courier_reply_done(struct courier_reply *r)
{
        free(r->channels);
        free(r->left_out);
        json_decref(r->root);
        *r = (struct courier_reply){ 0 };
}

enum { BODY_WIDTH = 78 }; /* printed with an indent of two */

/* A body comes as text or as JSON; JSON, in either form, becomes easy to read. NULL without memory.
 */
static char *body_of(const json_t *object)
{
        const json_t *body = json_object_get(object, "body");
        const char *text = json_string_value(body);

        if (!text)
                return body && !json_is_null(body) ? pretty_json(body, BODY_WIDTH) : strdup("");
        json_t *inner = json_loads(text, 0, NULL);
        char *pretty = inner ? pretty_json(inner, BODY_WIDTH) : NULL;
        json_decref(inner);
        return pretty ? pretty : strdup(text);
}

int test_reply_parse(const char *json, struct test_reply *ret)
{
        json_t *root = NULL;
        int r = json_in_open(json, &root);

        if (r < 0)
                return r;
        const json_t *request = json_object_get(root, "request");
        const json_t *response = json_object_get(root, "response");
        struct test_reply t = {
                .root = root,
                .channel = json_in_text(root, "channel"),
                .type = json_in_text(root, "type"),
                .accepted = json_in_truth(root, "accepted"),
                .method = json_in_text(request, "method"),
                .url = json_in_text(request, "url"),
                .request_body = body_of(request),
                .answered = json_is_object(response),
                .http_status = json_in_number(response, "status"),
                .seconds = json_in_number(response, "seconds"),
                .response_body = body_of(response),
                .error = text_or_null(root, "error"),
                .quiet_until = json_in_time(root, "quiet_until"),
        };
        if (!t.request_body || !t.response_body) {
                test_reply_done(&t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}

void test_reply_done(struct test_reply *r)
{
        free(r->request_body);
        free(r->response_body);
        json_decref(r->root);
        *r = (struct test_reply){ 0 };
}
