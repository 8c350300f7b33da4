/* SPDX-License-Identifier: MIT */
/* The keys of a channel's file. */
#include <stddef.h>
#include <string.h>

#include "base/macros.h"
#include "config/keys.h"
#include "deliver/channel_check.h"
#include "deliver/channel_file.h"
#include "deliver/pagerduty.h"

static const char *const type_choices[] = { "slack", "pagerduty", "alertmanager", "webhook", NULL };
_Static_assert(ELEMENTS_OF(type_choices) == CHANNEL_TYPE_COUNT + 1, "in the order of the enum");

static const char *const severity_choices[] = { "warning", "critical", NULL };

static const char *const quiet_choices[] = { "nothing", "critical", NULL };

enum { PATH_MAX_BYTES = 1024 };

static int parse_quiet(const struct key *key, const char *value, void *target,
                       void *context _unused_, char error[KEY_ERROR_MAX])
{
        _Static_assert((int)KEY_ERROR_MAX >= (int)WINDOW_ERROR_MAX, "the text fits");
        return windows_parse(value, (struct windows *)((char *)target + key->offset), error);
}

#define KEY(field) .section = CHANNEL_SECTION, .offset = offsetof(struct channel_settings, field)

static const struct key keys[] = {
        { KEY(type), .name = "type", .type = KEY_CHOICE, .choices = type_choices, .required = true,
          .example = "slack",
          .help = "What kind of receiver this is: slack (an incoming webhook), pagerduty (the "
                  "Events API v2), alertmanager (of Prometheus, API v2), or webhook (any program "
                  "that takes a POST of the JSON in kmemwatch-formats(7))." },
        { KEY(secret), .name = "secret", .type = KEY_TEXT, .max = 64, .placeholder = "FILE",
          .example = "slack-ops",
          .help = "Name of a file in /etc/kmemwatch/secrets/ that holds, in one line, for slack "
                  "the "
                  "webhook's whole address, for pagerduty the routing key (32 characters), for "
                  "webhook and alertmanager a token that is sent as \"Authorization: Bearer TOKEN\"." },
        { KEY(url), .name = "url", .type = KEY_TEXT, .max = CHANNEL_URL_MAX, .placeholder = "URL",
          .example = "https://alerts.example.com/kmemwatch",
          .help = "Where to send; required for webhook and alertmanager. For alertmanager the "
                  "addresses of all members of its cluster, separated by blanks, without "
                  "/api/v2/alerts: each is sent everything, and is a channel of its own, NAME.1, "
                  "NAME.2 and so on. For pagerduty the default is " PAGERDUTY_URL
                  " (in the EU: https://events.eu.pagerduty.com/v2/enqueue), for slack the secret. "
                  "{secret} in it is replaced by the secret, which may be all of it." },
        { KEY(header), .name = "header", .type = KEY_TEXT, .max = 1024,
          .placeholder = "\"NAME: VALUE\"", .example = "X-Token: {secret}",
          .help = "One more header line of the request. {secret} in it is replaced by the "
                  "secret." },
        { KEY(template), .name = "template", .type = KEY_TEXT, .max = 1024, .placeholder = "FILE",
          .example = "discord.json",
          .help = "For webhook: what is sent is made by this template, a file in "
                  "/etc/kmemwatch/templates/ or a whole path. There are some for Discord, Mattermost, "
                  "Microsoft Teams, ntfy and Opsgenie; see TEMPLATES." },
        { KEY(min_severity), .name = "min-severity", .type = KEY_CHOICE, .initial = "warning",
          .choices = severity_choices,
          .help = "From which severity on events are sent here. An alert that falls below it is "
                  "told as over." },
        { KEY(only_rules), .name = "only-rules", .type = KEY_TEXT, .max = CHANNEL_GLOBS_MAX - 1,
          .placeholder = "PATTERN ...", .example = "slab-* vmalloc-*",
          .help = "Only events of rules whose name matches one of these shell patterns. Of an "
                  "incident, which several rules' alerts can be a part of, one of them will do, also "
                  "one that joins it later." },
        { KEY(only_dimensions), .name = "only-dimensions", .type = KEY_TEXT,
          .max = CHANNEL_GLOBS_MAX - 1, .placeholder = "PATTERN ...",
          .example = "SUnreclaim KernelStack*",
          .help = "Only events of dimensions that match one of these shell patterns; of an incident "
                  "one of its alerts will do." },
        { KEY(quiet), .name = "quiet", .type = KEY_CUSTOM, .parse = parse_quiet,
          .placeholder = "[DAYS] HH:MM-HH:MM, ...",
          .example = "Mon..Fri 22:00-07:00, Sat,Sun 00:00-24:00",
          .help = "Hours, in local time, in which nothing new is told here. What has not returned to "
                  "normal at the end of them is told then; see QUIET HOURS." },
        { KEY(quiet_but), .name = "quiet-except", .type = KEY_CHOICE, .initial = "nothing",
          .choices = quiet_choices,
          .help = "critical: what is critical is told in quiet hours too." },
        { KEY(timeout), .name = "timeout", .type = KEY_DURATION, .min = 1, .max = 120,
          .example = "10s",
          .help = "How long an answer may take. Default: that of section [courier] in "
                  "kmemwatch.conf(5)." },
        { KEY(interval), .name = "interval", .type = KEY_DURATION, .min = 0.1, .max = 60,
          .example = "1s",
          .help = "The least time between two messages. Default: what the kind of receiver asks "
                  "for, 1s for slack. For alertmanager: how often an alert that lasts is sent "
                  "again, 1min." },
        { KEY(group), .name = "group", .type = KEY_DURATION, .max = 3600, .example = "30s",
          .help = "After a message, what comes within this time is collected and sent as one: a storm "
                  "is a few messages, and nothing is left out. 0s: each event by itself, but for "
                  "those of one alert that are late. Default: 10s for slack, 0s for webhook. Not for "
                  "pagerduty, where each alert is an incident of its own, and not for alertmanager, "
                  "which groups by itself." },
        { KEY(ca_file), .name = "ca-file", .type = KEY_TEXT, .max = PATH_MAX_BYTES,
          .placeholder = "PATH", .example = "/etc/ssl/certs/ca-certificates.crt",
          .help = "Certificates that the receiver's own is checked against. Default: the "
                  "system's." },
        { KEY(heartbeat), .name = "heartbeat", .type = KEY_DURATION, .min = 10, .max = 86400,
          .example = "5min",
          .help = "Send a sign of life to heartbeat-url this often, as long as this channel works and "
                  "kmemwatchd runs. Let a service that expects it (healthchecks.io, Uptime Kuma, "
                  "Dead Man's Snitch) tell you when it stays away." },
        { KEY(heartbeat_url), .name = "heartbeat-url", .type = KEY_TEXT, .max = CHANNEL_URL_MAX,
          .placeholder = "URL", .example = "https://hc-ping.com/{secret}",
          .help = "Where signs of life go: a POST of a small JSON object, see kmemwatch-formats(7). "
                  "{secret} in it is replaced by what heartbeat-secret holds." },
        { KEY(heartbeat_secret), .name = "heartbeat-secret", .type = KEY_TEXT, .max = 64,
          .placeholder = "FILE", .example = "heartbeat-ops",
          .help = "Name of a file in /etc/kmemwatch/secrets/ for {secret} in heartbeat-url." },
        { KEY(allow_http), .name = "allow-http", .type = KEY_BOOLEAN, .example = "yes",
          .help = "For slack and pagerduty: whether the address may begin with http://, so that the "
                  "secret crosses the network for everybody to read. Without it that is refused, "
                  "but for 127.x.x.x, [::1] and localhost." },
        { KEY(proxy), .name = "proxy", .type = KEY_TEXT, .max = CHANNEL_URL_MAX,
          .placeholder = "URL", .example = "http://proxy.example.com:3128",
          .help = "HTTP or SOCKS proxy. The environment's http_proxy is never looked at." },
};

static const struct key_table table = { keys, ELEMENTS_OF(keys), CHANNEL_SECTION };

const struct key_table *channel_key_table(void)
{
        return &table;
}

bool channel_type_is_known(const char *word)
{
        for (size_t i = 0; type_choices[i]; i++)
                if (strcmp(word, type_choices[i]) == 0)
                        return true;
        return false;
}
