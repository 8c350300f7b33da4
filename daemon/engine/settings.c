/* SPDX-License-Identifier: MIT */
/* The daemon's own keys. What is watched is not here: that is what rules are for. */
#include "engine/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/keys.h"

#define KEY(field) .section = "daemon", .offset = offsetof(struct daemon_settings, field)

static const char *const modes[] = { "page", "observe", NULL };

static int parse_runbooks(const struct key *key, const char *value, void *target,
                          void *context _unused_, char error[KEY_ERROR_MAX])
{
        struct daemon_settings *s = target;
        (void)key;
        if (value[0] && !has_prefix(value, "https://") && !has_prefix(value, "http://") &&
            !has_prefix(value, "file:///")) {
                snprintf(error, KEY_ERROR_MAX, "must begin with https://, http:// or file:///");
                return -EINVAL;
        }
        if (strpbrk(value, " \t\"<>|") || strlen(value) > sizeof(s->runbooks) - 2) {
                snprintf(error, KEY_ERROR_MAX,
                         "white space, quotes, <, > or |, or longer than %zu bytes",
                         sizeof(s->runbooks) - 2);
                return -EINVAL;
        }
        snprintf(s->runbooks, sizeof(s->runbooks), "%s%s", value,
                 value[0] && !has_suffix(value, "/") ? "/" : "");
        return 0;
}

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
        { KEY(attribution), .name = "attribution", .type = KEY_BOOLEAN, .initial = "yes",
          .help = "Find out who is behind a change: which slab cache, vmalloc caller, process and "
                  "cgroup. Costs about a megabyte of memory, some milliseconds of CPU time a minute, "
                  "and some tens of milliseconds when an alert fires." },
        { KEY(attribution_interval), .name = "attribution-interval", .type = KEY_DURATION,
          .initial = "60s",
          /* The median of what is in no account is one of minutes; more than an hour apart, nothing
           * is left to compare a spike with. */
          .min = 60, .max = 3600,
          .help = "Time between two snapshots of the slab caches and the upper cgroups, with which "
                  "a later change is compared. On kernels where reading /proc/slabinfo takes long "
                  "it is read less often by itself." },
        { KEY(attribution_wait), .name = "attribution-wait", .type = KEY_DURATION, .initial = "2s",
          .min = 0, .max = 2,
          .help = "How long an event waits for its culprit at most. Then it leaves without, and the "
                  "culprit follows in the journal. When memory is nearly gone it never waits." },
        { KEY(observe), .name = "mode", .type = KEY_CHOICE, .choices = modes, .initial = "page",
          .help = "observe: everything is done but paging. Alerts are told to the journal, as "
                  "notices that say what they would be, and to no channel; kmemwatch status says "
                  "so. For the first days on a fleet. A rule can have it for itself "
                  "(kmemwatch.rules(5))." },
        { KEY(runbooks), .name = "runbooks", .type = KEY_CUSTOM, .parse = parse_runbooks,
          .placeholder = "URL", .example = "https://wiki.example.com/kmemwatch/",
          .help = "Where the pages about the shipped rules are, for those who read alerts on other "
                  "machines: put the installed folder runbooks on a web server. Default: the "
                  "installed folder itself, as a file:// address." },
};

static const struct key_table table = { keys, ELEMENTS_OF(keys), "daemon" };

const struct key_table *daemon_key_table(void)
{
        return &table;
}
