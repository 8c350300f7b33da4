/* SPDX-License-Identifier: MIT */
/* Section [courier] of kmemwatch.conf. */
#pragma once

struct key_table;

struct courier_settings {
        double timeout; /* seconds for a whole exchange, unless the channel says otherwise */
        char *proxy;    /* NULL: none */
        char *ca_file;  /* NULL: the system's */
        int log_level;  /* syslog priority */
};

/* For config_file_load (which sets the defaults), for the manual page and the example. */
const struct key_table *courier_key_table(void);

void courier_settings_done(struct courier_settings *s);
