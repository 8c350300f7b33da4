/* SPDX-License-Identifier: MIT */
/* The daemon's own keys. What is watched is not here: that is what rules are for. */
#include "engine/settings.h"

#include <stddef.h>

#include "base/macros.h"
#include "config/keys.h"

#define KEY(field) .section = "daemon", .offset = offsetof(struct daemon_settings, field)

static const struct key keys[] = {
        { KEY(interval), .name = "interval", .type = KEY_DURATION, .initial = "1s",
          /* The kernel folds its per-CPU counters once a second: faster shows little more. Slower
           * than a minute, a spike is over before it is seen. */
          .min = 0.2, .max = 60,
          .help = "Time between two samples. Below one second little is gained: the kernel adds up "
                  "its counters once a second." },
        { KEY(log_level), .name = "log-level", .type = KEY_CUSTOM, .parse = key_parse_log_level,
          .initial = "info", .placeholder = "err | warning | notice | info | debug",
          .help = "The least important of the daemon's own messages that is printed. Alerts are "
                  "always written." },
};

static const struct key_table table = { keys, ELEMENTS_OF(keys), "daemon" };

const struct key_table *daemon_key_table(void)
{
        return &table;
}
