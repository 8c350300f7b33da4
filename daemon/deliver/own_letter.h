/* SPDX-License-Identifier: MIT */
/* Events that the courier makes itself, in the very format of the daemon's. */
#pragma once

#include <stdbool.h>

struct letter;

/* What `kmemwatch send-test` sends. 0 with *ret for letter_done, or -ENOMEM. The dedup_key is the
 * same for all tests of a host and channel, so that they open one incident. */
int own_letter_test(const char *channel, double now, struct letter *ret);

#define OWN_LETTER_NEWS_RULE "kmemwatch-channel"

struct channel_news {
        const char *channel;
        bool broken; /* else it works again */
        const char *reason;
        double since; /* Unix seconds: when it was found to be broken */
};

/* What the others are told of a channel that does not work, and when it does again: one incident
 * for each host and channel. 0 with *ret for letter_done, or -ENOMEM. */
int own_letter_news(const struct channel_news *news, double now, struct letter *ret);
