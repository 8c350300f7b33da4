/* SPDX-License-Identifier: MIT */
/* What daemon and courier answer, as typed and bounded data. The texts are still as they came: only
 * terminal_put and its kin may print them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alert/event.h"
#include "judge/rule.h"

struct json_t;

enum {
        REPLY_VERSION = 1,
        /* Of each list; what is beyond it is left out. As many as there can be alerts. */
        REPLY_LIST_MAX = WATCHES_MAX,
};

struct reply_dimension {
        const char *name;
        enum event_unit unit;
        double value, baseline, spread;
        double rate, rate_error;                   /* bytes per second */
        double horizon;                            /* seconds that the rate was learned from */
        double exhausts_at;                        /* Unix seconds */
        double exhausts_earliest, exhausts_latest; /* NaN: it has no end on that side */
        bool learning;
        double learned;     /* seconds */
        double season_days; /* of the last seven, known by their hours */
        enum severity severity;
        double recent[EVENT_RECENT_MAX];
        size_t recent_count;
};

/* Slab caches, or cgroups, that rules follow. */
struct reply_family {
        const char *name;  /* "slab", "cgroup" */
        const char *error; /* why nothing can be read of it, NULL: it can */
        bool cut;          /* there are more than are found */
        double found, followed, interval, readings, seconds;
};

struct reply_alert {
        const char *rule, *dimension, *text, *culprit, *incident, *summary, *explain, *action,
                *runbook, *id;
        bool firing; /* else it waits whether it lasts */
        enum severity severity;
        enum event_quiet quiet;
        enum severity would_be; /* were it not only observed */
        double since, fired;    /* Unix seconds */
        enum event_unit unit;
        double value, baseline, peak, limit;
        double rate;        /* bytes per second */
        double exhausts_at; /* Unix seconds */
};

struct reply_silence {
        const char *name, *why;
        double user;
        double ends, left; /* Unix seconds, seconds */
};

struct reply_host {
        const char *name, *kernel, *kind, *kind_name;
        double cpus, possible_cpus, numa_nodes, cgroups, mem_total, mem_available;
};

struct daemon_reply {
        struct json_t *root; /* owns all strings */
        const char *release, *status;
        double pid, time, started, interval, samples;
        struct reply_host host;
        struct reply_dimension *dimensions;
        size_t dimension_count;
        struct reply_family *families;
        size_t family_count;
        struct reply_dimension *members;
        size_t member_count;
        struct reply_alert *alerts;
        size_t alert_count;
        struct reply_silence *silences;
        size_t silence_count;
        bool observe; /* all rules are only tried out */
        double rules_active, rules_elsewhere, rules_observed;
        const char **left_out;
        size_t left_out_count;
        const char **troubles; /* of the daemon itself */
        size_t trouble_count;
        double spool_waiting, spool_oldest, spool_dead, spool_held;
        const char *spool_error; /* NULL: none */
        double cpu_seconds, ticks, resident;
        double start_cpu, attribution_cpu, members_cpu, writing_cpu; /* parts of cpu_seconds */
        double engine_memory, attribution_memory, members_memory, writing_memory; /* of resident */
};

struct reply_channel {
        const char *name, *type, *state, *last_error; /* last_error: "" none */
        double waiting, held, delivered, failed, last_success, next_try, quiet_until;
};

struct courier_reply {
        struct json_t *root;
        const char *release, *status;
        double pid, started, waiting, dead;
        struct reply_channel *channels;
        size_t channel_count;
        const char **left_out;
        size_t left_out_count;
};

struct test_reply {
        struct json_t *root;
        const char *channel, *type;
        bool accepted;
        const char *method, *url;
        char *request_body; /* pretty when it is JSON; owned */
        bool answered;
        double http_status, seconds;
        char *response_body; /* the same */
        double quiet_until;
        const char *error; /* NULL: none */
};

/* All of them: 0; -EBADMSG when it is not JSON or not an object; -EPROTONOSUPPORT when it is of
 * another version; -ENOMEM. What is missing or of another type is "", NaN, false, or empty. */
int daemon_reply_parse(const char *json, struct daemon_reply *ret);
void daemon_reply_done(struct daemon_reply *r);

/* The answer to Alerts: only time (now), the alerts and the silences are set. */
int alerts_reply_parse(const char *json, struct daemon_reply *ret);

int courier_reply_parse(const char *json, struct courier_reply *ret);
void courier_reply_done(struct courier_reply *r);

int test_reply_parse(const char *json, struct test_reply *ret);
void test_reply_done(struct test_reply *r);
