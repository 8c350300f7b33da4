/* SPDX-License-Identifier: MIT */
/* Reads channels from channels.d, each *.ini file one, reporting every error with its place.
 * Without libcurl, so that `kmemwatch check` can use it. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "deliver/channel.h"
#include "deliver/secret.h"

struct problems;

struct channel_set {
        struct channel *channels[CHANNELS_MAX];
        size_t count;
        /* Names of files with errors: what is meant for them has to wait until they are mended. */
        char *left_out[CHANNELS_MAX];
        size_t left_out_count;
};
void channel_set_done(struct channel_set *set);

/* Loads all channels of the folder, sorted by name. A file with errors is left out, the others go
 * on; an empty one, and a link to /dev/null, is no channel. A folder that does not exist holds
 * none. *ret holds what is good even when problems were found. 0, -ENOMEM, or the negative errno of
 * a folder that cannot be read, which is a problem too. */
int channel_set_load(const char *folder, const char *config, const char *credentials,
                     enum secret_need need, struct problems *problems, struct channel_set *ret);

/* How many files of channels lie in the folder, without a look into them; -1 when it cannot be read
 * or without memory. */
int channel_files_count(const char *folder);

/* For the manual page and the example. */
struct key_table;
const struct key_table *channel_key_table(void);
