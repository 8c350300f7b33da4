/* SPDX-License-Identifier: MIT */
/* Section [courier] of kmemwatch.conf. */
#pragma once

struct key_table;

struct courier_settings {
        double timeout; /* seconds for a whole exchange, unless the channel says otherwise */
        char *proxy;    /* NULL: none */
        char *ca_file;  /* NULL: the system's */
};

/* For config_file_load (which sets the defaults), for the manual page and the example. */
extern const struct key_table COURIER_KEYS;

void courier_settings_done(struct courier_settings *s);
