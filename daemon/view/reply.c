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
#include "view/pretty.h"

/* ---- single values ---- */

static const char *text_of(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

static const char *text_or_null(const json_t *object, const char *key)
{
        const char *text = text_of(object, key);

        return *text ? text : NULL;
}

static double number_of(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);

        return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool truth_of(const json_t *object, const char *key)
{
        return json_is_true(json_object_get(object, key));
}

static double time_of(const json_t *object, const char *key)
{
        double time;

        return parse_time(text_of(object, key), &time) < 0 ? NAN : time;
}

static enum severity severity_of(const json_t *object)
{
        int severity = severity_by_name(text_of(object, "severity"));

        return severity < 0 ? SEVERITY_OK : (enum severity)severity;
}

static enum event_quiet quiet_of(const json_t *object)
{
        int quiet = event_quiet_by_name(text_of(object, "quiet"));

        return quiet < 0 ? QUIET_NOT : (enum event_quiet)quiet;
}

static enum event_unit unit_of(const json_t *object)
{
        int unit = event_unit_by_name(text_of(object, "unit"));

        return unit < 0 ? UNIT_COUNT : (enum event_unit)unit;
}

/* ---- lists ---- */

static size_t list_size(const json_t *list)
{
        size_t size = json_array_size(list); /* 0 when it is not a list */

        return MIN_OF(size, (size_t)REPLY_LIST_MAX);
}

/* 0 or -ENOMEM. */
static int texts_of(const json_t *list, const char ***ret, size_t *ret_count)
{
        size_t count = list_size(list);
        const char **texts = calloc(count + 1, sizeof *texts);

        if (!texts)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const char *text = json_string_value(json_array_get(list, i));
                texts[i] = text ? text : "";
        }
        *ret = texts;
        *ret_count = count;
        return 0;
}

static int reply_open(const char *text, json_t **ret)
{
        json_error_t error;
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

        if (!root)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
        if (!json_is_object(root)) {
                json_decref(root);
                return -EBADMSG;
        }
        if (json_integer_value(json_object_get(root, "version")) != REPLY_VERSION) {
                json_decref(root);
                return -EPROTONOSUPPORT;
        }
        *ret = root;
        return 0;
}

/* ---- the daemon ---- */

static void host_parse(const json_t *o, struct reply_host *ret)
{
        *ret = (struct reply_host){
                .name = text_of(o, "name"),
                .kernel = text_of(o, "kernel"),
                .kind = text_of(o, "kind"),
                .kind_name = text_of(o, "kind_name"),
                .cpus = number_of(o, "cpus"),
                .possible_cpus = number_of(o, "possible_cpus"),
                .numa_nodes = number_of(o, "numa_nodes"),
                .cgroups = number_of(o, "cgroups"),
                .mem_total = number_of(o, "mem_total_bytes"),
                .mem_available = number_of(o, "mem_available_bytes"),
        };
}

static void dimension_parse(const json_t *o, struct reply_dimension *ret)
{
        *ret = (struct reply_dimension){
                .name = text_of(o, "dimension"),
                .unit = unit_of(o),
                .value = number_of(o, "value"),
                .baseline = number_of(o, "baseline"),
                .spread = number_of(o, "spread"),
                .horizon = number_of(o, "horizon_seconds"),
                .rate = number_of(o, "rate_bytes_per_hour") / 3600,
                .rate_error = number_of(o, "rate_error_bytes_per_hour") / 3600,
                .exhausts_at = time_of(o, "exhausts_at"),
                .learning = truth_of(o, "learning"),
                .learned = number_of(o, "learned_seconds"),
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

static void alert_parse(const json_t *o, struct reply_alert *ret)
{
        int would_be = severity_by_name(text_of(o, "would_be"));

        *ret = (struct reply_alert){
                .id = text_of(o, "alert_id"),
                .rule = text_of(o, "rule"),
                .dimension = text_of(o, "dimension"),
                .text = text_of(o, "text"),
                .summary = text_of(o, "summary"),
                .explain = text_of(o, "explain"),
                .action = text_of(o, "action"),
                .runbook = text_of(o, "runbook"),
                .firing = strcmp(text_of(o, "state"), "firing") == 0,
                .severity = severity_of(o),
                .quiet = quiet_of(o),
                .would_be = would_be < 0 ? severity_of(o) : (enum severity)would_be,
                .since = time_of(o, "since"),
                .fired = time_of(o, "fired"),
                .unit = unit_of(o),
                .value = number_of(o, "value"),
                .baseline = number_of(o, "baseline"),
                .peak = number_of(o, "peak"),
                .limit = number_of(o, "limit"),
                .rate = number_of(o, "rate_bytes_per_hour") / 3600,
                .exhausts_at = time_of(o, "exhausts_at"),
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
        size_t count = list_size(list);

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
        size_t count = list_size(list);

        ret->silences = calloc(count + 1, sizeof *ret->silences);
        if (!ret->silences)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const json_t *o = json_array_get(list, i);
                ret->silences[i] = (struct reply_silence){
                        .name = text_of(o, "name"),
                        .why = text_of(o, "why"),
                        .user = number_of(o, "user"),
                        .ends = time_of(o, "ends"),
                        .left = number_of(o, "left_seconds"),
                };
        }
        ret->silence_count = count;
        return 0;
}

int daemon_reply_parse(const char *json, struct daemon_reply *ret)
{
        json_t *root = NULL;
        int r = reply_open(json, &root);

        if (r < 0)
                return r;
        const json_t *rules = json_object_get(root, "rules");
        const json_t *spool = json_object_get(root, "spool");
        const json_t *cost = json_object_get(root, "cost");
        const json_t *dimensions = json_object_get(root, "dimensions");
        struct daemon_reply d = {
                .root = root,
                .release = text_of(root, "release"),
                .status = text_of(root, "status"),
                .pid = number_of(root, "pid"),
                .time = time_of(root, "time"),
                .started = time_of(root, "started"),
                .interval = number_of(root, "interval_seconds"),
                .samples = number_of(root, "samples"),
                .observe = strcmp(text_of(root, "mode"), "observe") == 0,
                .rules_active = number_of(rules, "active"),
                .rules_observed = number_of(rules, "observed"),
                .rules_elsewhere = number_of(rules, "elsewhere"),
                .spool_waiting = number_of(spool, "waiting"),
                .spool_oldest = number_of(spool, "oldest_seconds"),
                .spool_dead = number_of(spool, "dead"),
                .spool_held = number_of(spool, "held"),
                .spool_error = text_or_null(spool, "error"),
                .cpu_seconds = number_of(cost, "cpu_seconds"),
                .ticks = number_of(cost, "ticks"),
                .resident = number_of(cost, "resident_bytes"),
        };
        host_parse(json_object_get(root, "host"), &d.host);
        d.dimension_count = list_size(dimensions);
        d.dimensions = calloc(d.dimension_count + 1, sizeof *d.dimensions);
        if (!d.dimensions ||
            texts_of(json_object_get(rules, "left_out"), &d.left_out, &d.left_out_count) < 0 ||
            texts_of(json_object_get(root, "troubles"), &d.troubles, &d.trouble_count) < 0 ||
            alerts_parse(json_object_get(root, "alerts"), &d) < 0 ||
            silences_parse(json_object_get(root, "silences"), &d) < 0) {
                daemon_reply_done(&d);
                return -ENOMEM;
        }
        for (size_t i = 0; i < d.dimension_count; i++)
                dimension_parse(json_array_get(dimensions, i), &d.dimensions[i]);
        *ret = d;
        return 0;
}

int alerts_reply_parse(const char *json, struct daemon_reply *ret)
{
        struct daemon_reply d = { 0 };
        int r = reply_open(json, &d.root);

        if (r < 0)
                return r;
        d.time = time_of(d.root, "time");
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
                .name = text_of(o, "name"),
                .type = text_of(o, "type"),
                .state = text_of(o, "state"),
                .last_error = text_of(o, "last_error"),
                .waiting = number_of(o, "waiting"),
                .delivered = number_of(o, "delivered"),
                .failed = number_of(o, "failed"),
                .last_success = time_of(o, "last_success"),
                .next_try = time_of(o, "next_try"),
        };
}

int courier_reply_parse(const char *json, struct courier_reply *ret)
{
        json_t *root = NULL;
        int r = reply_open(json, &root);

        if (r < 0)
                return r;
        const json_t *channels = json_object_get(root, "channels");
        struct courier_reply c = {
                .root = root,
                .release = text_of(root, "release"),
                .status = text_of(root, "status"),
                .pid = number_of(root, "pid"),
                .started = time_of(root, "started"),
                .waiting = number_of(root, "waiting"),
                .dead = number_of(root, "dead"),
                .channel_count = list_size(channels),
        };
        c.channels = calloc(c.channel_count + 1, sizeof *c.channels);
        if (!c.channels ||
            texts_of(json_object_get(root, "left_out"), &c.left_out, &c.left_out_count) < 0) {
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
        int r = reply_open(json, &root);

        if (r < 0)
                return r;
        const json_t *request = json_object_get(root, "request");
        const json_t *response = json_object_get(root, "response");
        struct test_reply t = {
                .root = root,
                .channel = text_of(root, "channel"),
                .type = text_of(root, "type"),
                .accepted = truth_of(root, "accepted"),
                .method = text_of(request, "method"),
                .url = text_of(request, "url"),
                .request_body = body_of(request),
                .answered = json_is_object(response),
                .http_status = number_of(response, "status"),
                .seconds = number_of(response, "seconds"),
                .response_body = body_of(response),
                .error = text_or_null(root, "error"),
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
