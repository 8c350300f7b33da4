/* SPDX-License-Identifier: MIT */
/* An event as it came out of the spool: JSON of version 1, read as untrusted input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/event.h"

enum {
        LETTER_SIZE_MAX = 64 * 1024, /* the daemon writes at most EVENT_JSON_MAX */
        LETTER_ERROR_MAX = 160,
        LETTER_CULPRITS_MAX = 5, /* a person reads three */
};

/* previous_severity and highest_severity are those of the incident where there is one: as receivers
 * know them. Every string is valid UTF-8 without control characters, owned by the letter, never
 * NULL ("" when the event lacks it); every number is finite, or NaN when the event lacks it. */
struct letter {
        char *raw; /* the JSON as it lay in the spool, terminated */
        size_t raw_size;
        uint64_t sequence; /* of its file, set by whoever read that; 0: none */

        char *id, *dedup_key, *alert_id, *rule, *dimension, *summary, *explain, *action, *runbook,
                *text, *culprit_text, *unexplained, *incident_text, *incident_rule,
                *incident_dimension, *host_name, *host_machine_id, *host_kernel, *host_kind,
                *host_kind_name;
        char *time_text; /* RFC 3339, as it stood */

        enum event_type event;
        enum severity severity, previous_severity, highest_severity;
        bool trigger, resolve;
        int kind; /* enum kind, or -1 */
        enum event_unit unit;

        double time; /* Unix seconds, like all times here */
        double incident_started;
        double started, duration, start_value, peak, grown;
        double value, baseline, spread, limit, value_bytes, baseline_bytes;
        double rate_per_hour, rate_error_per_hour; /* bytes */
        double exhausts_at, exhausts_earliest, exhausts_latest;
        double mem_available, mem_total, cpus, score;

        struct {
                char *label, *note;
                double bytes, share;
                bool about;
        } culprits[LETTER_CULPRITS_MAX];
        unsigned culprit_count;
        /* The rules and dimensions of its incident's alerts, the own included. */
        char *incident_rules[INCIDENT_ALERTS_MAX], *incident_dimensions[INCIDENT_ALERTS_MAX];
        unsigned incident_count;
        bool incident_joined; /* there have been others */
        bool joins; /* an incident of which all know who did not ask for this alert only */

        double recent[EVENT_RECENT_MAX]; /* NaN where missing */
        unsigned recent_count;
        double recent_interval;

        /* Set by deliver/parcel.h when it stands for earlier events of its alert, too; else NULL.
         */
        char *note; /* which they were, for a person */
        char *ids;  /* of all of them, separated by commas, its own last */
};

/* Parses `size` bytes. Fields that are missing or of another type are left out, as long as the JSON
 * is an object with "version": 1, a known "event" and a known "severity", without which nothing can
 * be decided. 0, -ENOMEM, or -EBADMSG with the reason in error. */
int letter_parse(const char *data, size_t size, char error[LETTER_ERROR_MAX], struct letter *ret);
void letter_done(struct letter *m);

/* True when the event ends its alert. */
bool letter_ends(const struct letter *m);

/* A number that tells incidents apart, from dedup_key; never 0. Two that share it are only kept in
 * one order. */
uint64_t letter_alert_hash(const struct letter *m);
