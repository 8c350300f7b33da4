/* SPDX-License-Identifier: MIT */
/* A message for Alertmanager's API v2: https://prometheus.io/docs/alerting/latest/clients/ */
#pragma once

#include "deliver/channel.h"

struct letter;

#define ALERTMANAGER_PATH "/api/v2/alerts"

enum {
        /* Alertmanager forgets alerts when it restarts, so they are sent again and again. */
        ALERTMANAGER_RESEND_SECONDS = 60,
        /* When that ends, because the machine is gone, the alert ends too: after five misses. */
        ALERTMANAGER_ALIVE_SECONDS = 300,
        /* As long as the end is sent again: a member of the cluster may just have been restarted.
         */
        ALERTMANAGER_END_SECONDS = 300,
};

/* The JSON body in fresh memory, sent at `now` (Unix seconds): one alert for each severity that a
 * channel from min_severity on has seen of it, since the severity is a label and labels are the
 * identity. The present one fires, the others have ended. 0 or -ENOMEM. */
int alertmanager_body(const struct letter *m, enum severity min_severity, double now, char **ret);
