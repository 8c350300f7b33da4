/* SPDX-License-Identifier: MIT */
/* What an answer means for the message and for its target. Pure; one table per kind of receiver. */
#pragma once

#include <stdbool.h>

#include "deliver/exchange.h"

enum channel_type {
        CHANNEL_SLACK,
        CHANNEL_PAGERDUTY,
        CHANNEL_ALERTMANAGER,
        CHANNEL_WEBHOOK,
        CHANNEL_TYPE_COUNT
};

enum verdict {
        VERDICT_ACCEPTED,
        VERDICT_RETRY,   /* later, the same message */
        VERDICT_REFUSED, /* this message is not wanted as it is; the next may be */
        VERDICT_BROKEN,  /* nothing will be taken until a person mends the target */
        VERDICT_COUNT,
};
const char *verdict_name(enum verdict verdict); /* "accepted", "retry", "refused", "broken" */

enum { VERDICT_REASON_MAX = 256 };

struct judgement {
        enum verdict verdict;
        double retry_after; /* seconds the receiver asks to wait, NaN when it does not */
        bool suspect; /* VERDICT_RETRY: it may be this message that the receiver stumbles over */
        char reason[VERDICT_REASON_MAX]; /* one line for a person, "" when accepted. Quotes the
                                            answer, so the caller redacts it. */
};

/* unix_now: for a Retry-After that is a date. */
void verdict_of(enum channel_type type, const struct answer *a, double unix_now,
                struct judgement *ret);
