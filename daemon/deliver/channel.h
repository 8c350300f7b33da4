/* SPDX-License-Identifier: MIT */
/* A place where events go: what stands in its file, which events it wants, and how an event becomes
 * a request for it. A new kind of receiver is one line of the table in channel.c and one file that
 * builds its JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/window.h"
#include "deliver/exchange.h"
#include "deliver/verdict.h"
#include "judge/rule.h"

struct lane;
struct letter;
struct parcel;
struct template;

enum {
        CHANNELS_MAX =
                16, /* a team has two or three; each costs a connection and a bit per event */
        CHANNEL_NAME_MAX = 63, /* it becomes part of file names in dead/ */
        CHANNEL_GLOBS_MAX = 512,
};

struct channel {
        unsigned users; /* besides the first owner: answers are awaited that were sent by it */
        char *name;     /* the file's name without .ini; one of several addresses: .1, .2 ... */
        char *file;     /* for messages */
        enum channel_type type;

        char *url; /* "{secret}" in it is replaced by the secret; NULL: the type's own address */
        char *secret_file;     /* NULL: none */
        char *secret;          /* what it holds */
        char *header;          /* "Name: value", "{secret}" is replaced; NULL: none */
        char *ca_file, *proxy; /* NULL: the courier's own */
        double timeout;        /* seconds; NaN: the courier's own */
        double interval;       /* seconds between messages; NaN: the type's own */
        double heartbeat;      /* seconds between signs of life; NaN: none */
        char *heartbeat_url;   /* with "{secret}" for heartbeat_secret; NULL: none */
        char *heartbeat_secret;
        double group; /* seconds in which events become one message; NaN: the type's own */
        enum severity min_severity;
        struct template *template;          /* of a webhook's body; NULL: the event as it is */
        char *only_rules, *only_dimensions; /* shell patterns separated by blanks; NULL: all */
        struct windows quiet;               /* hours in which nothing new is told */
        bool quiet_but_critical;            /* only what is critical */
};
void channel_free(struct channel *c);           /* NULL is fine; the last one wipes the secrets */
struct channel *channel_ref(struct channel *c); /* one more owner, who frees it too */

/* Takes c over: into one channel for each of its addresses, NAME.1, NAME.2 ... when there are
 * several. 0 with at least one in ret; -ENOBUFS when there are more than max; -ENOMEM. */
int channel_split(struct channel *c, struct channel **ret, size_t max, size_t *ret_count);

/* "slack", "pagerduty", "alertmanager", "webhook" */
const char *channel_type_name(enum channel_type type);
int channel_type_by_name(const char *name); /* or -1 */

/* Sets how fast the lane goes and what it joins. */
void channel_pace(const struct channel *c, struct lane *l);

enum form {
        FORM_FULL,
        FORM_SHORT, /* the one try after the receiver refused the full message */
        FORM_COUNT,
};

/* False when a refused message has no shorter form: the JSON of a webhook is what it is. */
bool channel_has_short_form(const struct channel *c);

/* Seconds after which a receiver that takes silence for an end is told of an alert again; INFINITY
 * for all others. */
double channel_resend(const struct channel *c);

/* What the message means for a channel that begins at min_severity: the alert comes into its sight,
 * changes in it, leaves it, or none of these. */
enum meaning {
        MEANING_NONE,
        MEANING_BEGINS,
        MEANING_CHANGES,
        MEANING_ENDS,
        MEANING_ACKNOWLEDGED, /* only where a person's word means something: PagerDuty */
};
enum meaning channel_meaning(const struct channel *c, const struct letter *m);

/* True when the message is meant for this channel: severity, patterns, and what its type can say.
 */
bool channel_wants(const struct channel *c, const struct letter *m);

/* The request that carries the parcel, whose letters all are meant for this channel and which is
 * completed on the way. 0; -ENOMEM; -EINVAL when address or header cannot be put together (their
 * secret is missing). ret is for request_done. */
int channel_request(const struct channel *c, struct parcel *p, enum form form, struct request *ret);

/* Where signs of life go, secret, in fresh memory. 0; -ENOMEM; -EINVAL. */
int channel_heartbeat_address(const struct channel *c, char **ret);

/* Takes everything secret of this channel out of a text that others may read: the secret, and the
 * path and query of its address. */
void channel_redact(const struct channel *c, char *text);

/* The same for all of an answer. Before anything of it is cut: half a secret would not be found. */
void channel_redact_answer(const struct channel *c, struct answer *a);
