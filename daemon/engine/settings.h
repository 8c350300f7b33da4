/* SPDX-License-Identifier: MIT */
/* Section [daemon] of kmemwatch.conf. */
#pragma once

#include <stdbool.h>

struct key_table;

struct daemon_settings {
        double interval;             /* seconds between two samples */
        int log_level;               /* syslog priority: LOG_ERR ... LOG_DEBUG */
        bool attribution;            /* find out who is behind a change */
        double attribution_interval; /* seconds between two snapshots */
        double attribution_wait;     /* seconds that an event waits for its culprit, at most */
        int observe;                 /* 1: all rules are only tried out */
        char runbooks[256]; /* a URL that ends with a slash; "": where they are installed */
};

/* For config_file_load (which sets the defaults), for the manual page and the example. */
const struct key_table *daemon_key_table(void);
