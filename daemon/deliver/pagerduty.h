/* SPDX-License-Identifier: MIT */
/* A message for PagerDuty's Events API v2. */
#pragma once

#include <stdbool.h>

#include "deliver/channel.h"

struct letter;

#define PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"

enum {
        PAGERDUTY_KEY_LENGTH = 32,
        PAGERDUTY_SUMMARY_MAX = 1024,
        PAGERDUTY_SOURCE_MAX = 255,
};

/* "trigger" or "resolve" for what the message means, NULL when PagerDuty needs no word of it: its
 * incidents know only these two, and a trigger with a known dedup_key updates the incident. */
const char *pagerduty_action(const struct letter *m, enum meaning meaning);

/* The JSON body in fresh memory, for a meaning with an action. The short form leaves out details
 * and links. 0 or -ENOMEM. */
int pagerduty_body(const struct letter *m, enum meaning meaning, const char *routing_key,
                   enum form form, char **ret);
