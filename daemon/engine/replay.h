/* SPDX-License-Identifier: MIT */
/* `kmemwatch replay`: the daemon's engine on a trace, on the trace's own clock, from an empty
 * state. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct engine;
struct event;
struct host_facts;
struct sample;

/* Looks on instead of printing. */
struct replay_watcher {
        void (*sample)(const struct engine *e, const struct sample *s, void *userdata); /* judged */
        int (*event)(const struct event *e, void *userdata);                            /* 0 */
        void (*end)(const struct engine *e, void *userdata); /* e: NULL for an empty trace */
        void *userdata;
};

struct replay_options {
        const char *trace;        /* path, "-" for standard input */
        const char *const *rules; /* NULL-terminated folders, highest precedence first */
        enum { REPLAY_ALERTS, REPLAY_SCORES, REPLAY_EXPLAIN, REPLAY_WATCH } mode;
        const char *explain; /* as in engine/explain.h */
        double at;           /* when: Unix seconds, or after the first sample */
        bool at_relative;    /* it is the latter */
        const struct replay_watcher *watcher;
};

/* Prints to out; problems to err. The exit code: 0; 2 bad trace, nothing to explain, or output
 * failed; 3 some rules had faults and were left out, or there are none (what is printed is valid).
 */
int replay_run(const struct replay_options *o, FILE *out, FILE *err);

/* The machine as a first sample knows it: nameless, identities come from the content alone. */
void replay_host(const struct sample *first, struct host_facts *ret);
