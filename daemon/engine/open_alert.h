/* SPDX-License-Identifier: MIT */
/* The open alerts, as they are kept over a restart, a reload and an upgrade: JSON, in wall clock
 * times, with everything in it that closing them at a receiver needs. An alert whose record cannot
 * be read leaves an incident open for ever, so this is not a dump of the structs: what a later
 * version adds is ignored by an earlier one, and what an earlier one lacks has a default. */
#pragma once

#include <stddef.h>

#include "alert/alert.h"
#include "alert/event.h"
#include "alert/incident.h"
#include "judge/rule.h"

struct engine;
struct lives;
struct watch;

enum {
        OPEN_ALERTS_VERSION = 1, /* of the meaning of what is there; additions need no new one */

        OPEN_DIMENSION_SIZE = 128, /* RULE_DIMENSION_MAX and its end */
        OPEN_SUMMARY_SIZE = 192,   /* enough to recognise it; 512 of them fit a job of the writer */
};

struct open_alert {
        char rule[RULE_NAME_MAX + 1];
        char dimension[OPEN_DIMENSION_SIZE];
        char summary[OPEN_SUMMARY_SIZE];
        enum kind kind;
        enum event_unit unit;
        char alert_id[EVENT_ID_MAX];
        char dedup_key[EVENT_DEDUP_MAX];
        double fired_wall; /* Unix seconds */
        struct alert alert;
        bool owed; /* an event of it is not announced yet: `change`, made at `event_wall` */
        struct alert_change change;
        double event_wall;
        char incident_id[EVENT_ID_MAX];         /* "" none */
        int root;                               /* of its change, as in watch_news */
        struct incident_change incident_change; /* what the event owed means for its receivers */
};

/* An alert is open while it fires, and until its last event is announced. */
bool watch_is_open(const struct watch *w);
void open_alert_of_watch(const struct engine *e, const struct watch *w, struct open_alert *ret);

/* Whether the event that is owed is its last. */
bool open_alert_ends(const struct open_alert *k);

/* The watch goes on where the alert was; an event that is owed will be made anew from the next
 * sample, under its old identity. */
void watch_take_over(struct lives *lives, struct watch *w, const struct open_alert *from);

/* The watch that judges the same by the same rule, or NULL. */
struct watch *engine_find_heir(struct engine *e, const char *rule, const char *dimension,
                               enum kind kind);

/* The same for an alert that goes on: a member that its rule does not follow yet gets a slot. */
struct watch *engine_take_heir(struct engine *e, const struct open_alert *k);

/* All open alerts of the engine, those included whose rule is gone. In fresh memory owned by the
 * caller; 0 or -ENOMEM. */
int open_alerts_encode(const struct engine *e, char **ret);

enum {
        OPEN_ALERTS_HOLD = 1 << 0, /* rules are missing because of faults: alerts without a rule are
                                      kept until the next engine_set_rules, and not ended */
        OPEN_ALERTS_REBOOTED = 1 << 1, /* they were open in another boot: all of them are ended, the
                                          memory that they were about is gone */
};

struct open_alerts_result {
        unsigned open;  /* go on */
        unsigned gone;  /* their rules are no longer there */
        unsigned ended; /* by a reboot */
        unsigned bad;   /* records that could not be read */
};

/* Before the first sample, after learned_decode; `wall`: Unix seconds now; flags: OPEN_ALERTS_*. 0;
 * -EBADMSG when it is not what open_alerts_encode writes, -ENOMEM: nothing has changed. */
int open_alerts_decode(struct engine *e, const void *data, size_t size, double wall, unsigned flags,
                       struct open_alerts_result *ret);
