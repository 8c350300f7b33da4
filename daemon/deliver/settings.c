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
};

const struct key_table COURIER_KEYS = { keys, ELEMENTS_OF(keys), "courier" };

void courier_settings_done(struct courier_settings *s)
{
        keys_done(&COURIER_KEYS, s);
}
