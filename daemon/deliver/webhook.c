/* SPDX-License-Identifier: MIT */
/* The plain webhook: what the daemon wrote is what the receiver gets, byte for byte, so that fields
 * which this courier does not know yet arrive too. */
#include "deliver/webhook.h"

#include <errno.h>
#include <string.h>

#include "deliver/message.h"

int webhook_body(const struct message *m, char **ret)
{
        char *body = strdup(m->raw);
        if (!body)
                return -ENOMEM;
        *ret = body;
        return 0;
}
