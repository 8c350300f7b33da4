/* SPDX-License-Identifier: MIT */
/* The daemon's body: one event loop that ticks, answers, reloads and stops. */
#pragma once

#include <stdbool.h>

#include "base/places.h"

struct service_options {
        struct place_options places;
        const char *root;      /* recorded or other machine; NULL: "/" */
        const char *host_name; /* in events and status; NULL: the kernel's */
        const char *seed;      /* a trace to learn from when nothing is known; NULL none */
        int log_level;         /* LOG_ERR ... LOG_DEBUG; -1: what kmemwatch.conf says */
        bool watch;            /* prints what it sees to standard output */
        bool journal; /* alerts to the journal even when standard error is not connected to it */
};

/* Runs until SIGTERM or SIGINT. The exit code: 0; 1 when it cannot sample or has no memory to
 * start. */
int service_run(const struct service_options *o);
