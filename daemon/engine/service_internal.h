/* SPDX-License-Identifier: MIT */
/* What the files of the service share. */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>

#include "announce/announce.h"
#include "announce/journal.h"
#include "base/places.h"
#include "base/procfs.h"
#include "config/problems.h"
#include "control/server.h"
#include "engine/engine.h"
#include "engine/service.h"
#include "engine/settings.h"
#include "judge/rule.h"
#include "sample/sampler.h"
#include "store/writer.h"

enum { SERVICE_STATUS_MAX = 256 };

struct service {
        const struct service_options *options;
        struct places places;
        struct daemon_settings settings;
        struct procfs procfs;
        struct sampler *sampler;
        struct rule_set rules;
        struct problems faults; /* of the rules and the configuration now in force */
        struct engine *engine;
        struct writer *writer;
        struct announcer *announcer;
        struct journal journal;
        struct control_server *control;
        sd_event *loop;
        sd_event_source *timer;

        uint64_t next_tick;    /* CLOCK_MONOTONIC, microseconds */
        double started;        /* Unix seconds */
        double told_at;        /* CLOCK_MONOTONIC of the last STATUS= */
        double watchdog_every; /* seconds, 0: no watchdog */
        double watchdog_at;    /* CLOCK_MONOTONIC of the last ping */
        double watched_at;     /* CLOCK_MONOTONIC of the last line of --watch */
        double learned_at;     /* CLOCK_MONOTONIC of the last learned state handed to the writer */
        int state_fd;          /* folder of the open alerts, -1: none */
        int runtime_fd;        /* folder of the learned state, -1: none */
        char *learned;         /* what the learned state is encoded into */
        size_t learned_space;
        bool alerts_saved;   /* the open alerts were handed to the writer in this tick ... */
        bool alerts_changed; /* ... and must be again */
        unsigned failures;   /* samples in a row that could not be taken */
        int exit_code;
        char status[SERVICE_STATUS_MAX]; /* as last told */
};

/* service_rules.c: settings and rules, at start and again. */
int service_rules_load(struct service *s); /* 0 or -ENOMEM; faults are told and stay in s->faults */
void service_rules_reload(struct service *s);

/* service_state.c: what is kept over a restart. */
void service_state_open(struct service *s);
void service_state_restore(struct service *s);
int service_state_save_alerts(struct service *s); /* 0; -ENOBUFS, -ENOMEM: not now */
void service_state_save_learned(struct service *s);
void service_state_close(struct service *s);

/* service_control.c: what a person can ask. */
extern const struct control_method service_methods[];
extern const size_t service_method_count;

/* service_view.c: the STATUS= line, and what --watch prints. */
void service_status_text(const struct service *s, char buffer[SERVICE_STATUS_MAX]);
void service_watch_print(struct service *s);
