/* SPDX-License-Identifier: MIT */
/* Which alerts belong together, and what their receivers hear. */
#include "alert/incident.h"

#include <math.h>

/* What one cause moves at once is judged within minutes: rules wait for half a minute to ten
 * minutes before they fire, but begin to see it together. */
static const double TOGETHER_SECONDS = 600;

/* Of a growth that several slab caches or cgroups share, each is told when it is sure of its own.
 */
static const double MEMBERS_TOGETHER_SECONDS = 3600;

static bool is_jump(enum kind kind)
{
        return kind == KIND_SPIKE || kind == KIND_DROP;
}

bool incident_joins(const struct incident_alert *candidate, const struct incident_alert *member)
{
        bool same = candidate->dimension >= 0 && candidate->dimension == member->dimension;
        if (!same && (candidate->root < 0 || candidate->root != member->root))
                return false;
        /* Two caches leak for one cause when they begin together; else the second is news. */
        if (candidate->member != member->member && (candidate->member || member->member) &&
            !(fabs(candidate->onset - member->onset) <= MEMBERS_TOGETHER_SECONDS))
                return false;
        /* What falls is not what grows. */
        if ((candidate->kind == KIND_DROP) != (member->kind == KIND_DROP))
                return false;
        /* A jump has a moment of its own: on top of an old trouble it is news. */
        if (is_jump(candidate->kind))
                return !member->ending &&
                       fabs(candidate->onset - member->onset) <= TOGETHER_SECONDS;
        /* So has growth a beginning: what was wrong before is another story, unless that was the
         * growth of a shorter horizon. */
        if (candidate->kind == KIND_GROWTH)
                return member->kind == KIND_GROWTH ||
                       member->onset >= candidate->since - TOGETHER_SECONDS;
        /* A size is out of proportion because something has grown. */
        return true;
}

static bool is_end(enum event_type type)
{
        return type == EVENT_RESOLVED || type == EVENT_ADOPTED;
}

struct incident_change incident_step(struct incident *i, enum event_type type, bool leads,
                                     bool quiet, enum severity severity)
{
        struct incident_change c = { .previous = i->told };
        bool fell = severity < i->told;
        i->severity = severity;
        if (severity > i->highest)
                i->highest = severity;
        if (i->triggered && severity < SEVERITY_WARNING) {
                c.resolve = c.tells = true;
                i->triggered = false;
        } else if (quiet) {
                c.tells = false;
        } else if (!i->triggered) {
                c.trigger = i->triggered = severity >= SEVERITY_WARNING;
                c.tells = c.trigger;
        } else if (is_end(type)) {
                c.tells = false; /* others are still as they were: the end comes with the last */
        } else if (severity > i->told || (fell && type == EVENT_EASED)) {
                c.tells = true;
        } else {
                c.tells = leads && type == EVENT_REMINDER;
        }
        if (c.tells)
                i->told = severity;
        return c;
}
