/* SPDX-License-Identifier: MIT */
/* Alerts that no rule judges any more: it was removed by a reload or between two runs, or what was
 * judged has gone with a reboot. A receiver that was told of one must be told its end, so each owes
 * a last event, with words of its own; before it one that could not be told when it happened. */
#pragma once

#include "base/macros.h"
#include "engine/open_alert.h"

struct engine;
struct watch;

enum orphan_cause {
        ORPHAN_WAITS, /* its rule may come back: not ended */
        ORPHAN_RULE_GONE,
        ORPHAN_MEMBER_GONE,
        ORPHAN_REBOOT,
};

struct orphan {
        struct open_alert kept;
        enum orphan_cause cause;
        double value; /* the last one known, NaN none */
        struct event event;
};

/* As many as there can be alerts. */
enum { ORPHANS_MAX = WATCHES_MAX };

/* Makes room for `count` more. 0, -ENOMEM, or -ENOBUFS: more than ORPHANS_MAX. */
int engine_orphans_reserve(struct engine *e, size_t count);

/* Room must have been reserved. `value`: the last one known, NaN none. */
void engine_orphan_add(struct engine *e, const struct open_alert *kept, double value,
                       enum orphan_cause cause);

/* The words of a watch's event that ends its alert for that cause, in place of the rule's. */
void engine_orphan_words(const struct engine *e, const struct watch *w, enum orphan_cause cause,
                         struct event *event);

/* The rules are complete again: orphans that wait go to the watches that judge what they judged,
 * the others are ended. */
void engine_orphans_settle(struct engine *e);

/* Offers what they owe; those whose event is taken are gone. */
_hot_ void engine_orphans_offer(struct engine *e);
