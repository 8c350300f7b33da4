/* SPDX-License-Identifier: MIT */
/* Section [daemon] of kmemwatch.conf. */
#pragma once

struct key_table;

struct daemon_settings {
        double interval; /* seconds between two samples */
        int log_level;   /* syslog priority: LOG_ERR ... LOG_DEBUG */
};

/* For config_file_load (which sets the defaults), for the manual page and the example. */
const struct key_table *daemon_key_table(void);
