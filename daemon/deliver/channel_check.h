/* SPDX-License-Identifier: MIT */
/* What a channel's file says, and whether that fits together. Only for channel_file.c and what it
 * is made of. */
#pragma once

#include <stdbool.h>

#include "base/window.h"

struct ini_section;
struct problems;

#define CHANNEL_SECTION "channel"

enum { CHANNEL_URL_MAX = 2048 };

/* As the keys say it; what is not given is NULL or 0. */
struct channel_settings {
        int type, min_severity; /* indexes of the lists below */
        char *secret, *url, *header, *template, *only_rules, *only_dimensions, *ca_file, *proxy;
        char *heartbeat_url, *heartbeat_secret;
        double timeout, interval, group, heartbeat; /* seconds; the last two NaN when not given */
        bool allow_http;
        struct windows quiet;
        int quiet_but; /* index of a list */
};

bool channel_type_is_known(const char *word);

/* Each says what is wrong at the key's own place. */
struct channel_check {
        const struct ini_section *section;
        struct problems *problems;
};

void channel_complain(const struct channel_check *check, const char *key, const char *text);

/* Whether the file has the key, with a good value or not. */
bool channel_is_given(const struct channel_check *check, const char *key);

/* What can be said of each value alone. */
void channel_check_values(const struct channel_check *check, const struct channel_settings *s);

/* What this type of receiver needs. A value that was refused is given all the same. */
void channel_check_needs(const struct channel_check *check, const struct channel_settings *s);

/* What the file named by `secret` holds. */
void channel_check_secret(const struct channel_check *check, const struct channel_settings *s,
                          const char *secret);
