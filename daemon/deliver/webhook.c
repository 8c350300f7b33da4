/* SPDX-License-Identifier: MIT */
/* The plain webhook: what the daemon wrote is what the receiver gets, byte for byte, so that fields
 * which this courier does not know yet arrive too. Only the sequence number is added, by which a
 * receiver sees gaps and order, and to the newest of several the others. */
#include "deliver/webhook.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "deliver/letter.h"
#include "deliver/parcel.h"

/* The event with its sequence number; `more`, if not "", are further members. */
static int with_members(const struct letter *m, const char *more, char **ret)
{
        /* An object with a member at least, else it would not have been parsed. */
        const char *end = strrchr(m->raw, '}');
        bool numbered = m->sequence == 0 || strstr(m->raw, "\"sequence\"");
        char number[40] = "", *body;
        if (!end || (numbered && !more[0])) {
                body = strdup(m->raw);
                if (!body)
                        return -ENOMEM;
        } else {
                if (!numbered)
                        snprintf(number, sizeof(number), ",\"sequence\":%" PRIu64, m->sequence);
                if (asprintf(&body, "%.*s%s%s}", (int)(end - m->raw), m->raw, number, more) < 0)
                        return -ENOMEM;
        }
        *ret = body;
        return 0;
}

int webhook_body(const struct letter *m, char **ret)
{
        return with_members(m, "", ret);
}

/* What a summary says of one event. */
static json_t *outline(const struct letter *m)
{
        return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "id", m->id,
                         "sequence", (json_int_t)m->sequence, "event", event_type_name(m->event),
                         "time", m->time_text, "severity", severity_name(m->severity), "dedup_key",
                         m->dedup_key, "alert", "id", m->alert_id, "rule", m->rule, "dimension",
                         m->dimension);
}

int webhook_group_body(const struct parcel *p, char **ret)
{
        json_auto_t *also = json_array();
        int r = also ? 0 : -ENOMEM;
        for (size_t i = 0; r >= 0 && i + 1 < p->count; i++) {
                const struct letter *m = &p->letters[i];
                json_t *event = p->summary ? outline(m) : json_loadb(m->raw, m->raw_size, 0, NULL);
                if (event && !p->summary && m->sequence > 0)
                        (void)json_object_set_new(event, "sequence",
                                                  json_integer((json_int_t)m->sequence));
                if (json_array_append_new(also, event) < 0)
                        r = -ENOMEM;
        }
        _cleanup_free_ char *list = r >= 0 ? json_dumps(also, JSON_COMPACT) : NULL;
        _cleanup_free_ char *more = NULL;
        if (!list)
                return -ENOMEM;
        if (asprintf(&more, ",\"events\":%zu,\"also\":%s", p->count, list) < 0) {
                more = NULL;
                return -ENOMEM;
        }
        return with_members(parcel_last(p), more, ret);
}
