/* SPDX-License-Identifier: MIT */
/* The plain webhook: what the daemon wrote is what the receiver gets, byte for byte, so that fields
 * which this courier does not know yet arrive too. Only the sequence number is added, by which a
 * receiver sees gaps and order. */
#include "deliver/webhook.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deliver/letter.h"

int webhook_body(const struct letter *m, char **ret)
{
        /* An object with a member at least, else it would not have been parsed. */
        const char *end = strrchr(m->raw, '}');
        char *body;
        if (m->sequence == 0 || !end || strstr(m->raw, "\"sequence\"")) {
                body = strdup(m->raw);
                if (!body)
                        return -ENOMEM;
        } else if (asprintf(&body, "%.*s,\"sequence\":%" PRIu64 "}", (int)(end - m->raw), m->raw,
                            m->sequence) < 0) {
                return -ENOMEM;
        }
        *ret = body;
        return 0;
}
