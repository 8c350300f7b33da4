/* SPDX-License-Identifier: MIT */
/* The daemon's own keys. What is watched is not here: that is what rules are for. */
#include "engine/settings.h"

#include <errno.h>
#include <stddef.h>

#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/keys.h"

static int parse_level(const struct key *key, const char *value, void *target, void *context,
                       char error[KEY_ERROR_MAX])
{
        int priority = log_priority_by_name(value);

        (void)context;
        if (priority < 0) {
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not one of " LOG_PRIORITY_WORDS,
                         (int)utf8_cut(value, 40), value);
                return -EINVAL;
        }
        *(int *)((char *)target + key->offset) = priority;
        return 0;
}

#define KEY(field) .section = "daemon", .offset = offsetof(struct daemon_settings, field)

static const struct key keys[] = {
        { KEY(interval), .name = "interval", .type = KEY_DURATION, .initial = "1s",
          /* The kernel folds its per-CPU counters once a second: faster shows little more. Slower
           * than a minute, a spike is over before it is seen. */
          .min = 0.2, .max = 60,
          .help = "Time between two samples. Below one second little is gained: the kernel adds up "
                  "its counters once a second." },
        { KEY(log_level), .name = "log-level", .type = KEY_CUSTOM, .parse = parse_level,
          .initial = "info", .placeholder = "err | warning | notice | info | debug",
          .help = "The least important of the daemon's own messages that is printed. Alerts are "
                  "always written." },
};

static const struct key_table table = { keys, ELEMENTS_OF(keys), "daemon" };

const struct key_table *daemon_key_table(void)
{
        return &table;
}
