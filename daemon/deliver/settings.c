/* SPDX-License-Identifier: MIT */
/* The courier's own keys. */
#include "deliver/settings.h"

#include <stddef.h>

#include "base/macros.h"
#include "config/keys.h"

#define KEY(field) .section = "courier", .offset = offsetof(struct courier_settings, field)

static const struct key keys[] = {
        { KEY(timeout), .name = "timeout", .type = KEY_DURATION, .initial = "10s", .min = 1,
          .max = 120,
          .help = "How long a receiver may take for its answer, the connection included. A channel "
                  "may say otherwise." },
        { KEY(proxy), .name = "proxy", .type = KEY_TEXT, .max = 2048, .placeholder = "URL",
          .example = "http://proxy.example.com:3128",
          .help = "HTTP or SOCKS proxy for all channels that name none. The environment's "
                  "http_proxy is never looked at." },
        { KEY(ca_file), .name = "ca-file", .type = KEY_TEXT, .max = 1024, .placeholder = "PATH",
          .example = "/etc/ssl/certs/ca-certificates.crt",
          .help = "Certificates that receivers' own are checked against. Default: the system's." },
        { KEY(log_level), .name = "log-level", .type = KEY_CUSTOM, .parse = key_parse_log_level,
          .initial = "info", .placeholder = "err | warning | notice | info | debug",
          .help = "The least important of the courier's messages that is printed." },
};

static const struct key_table table = { keys, ELEMENTS_OF(keys), "courier" };

const struct key_table *courier_key_table(void)
{
        return &table;
}

void courier_settings_done(struct courier_settings *s)
{
        keys_done(&table, s);
}
