/* SPDX-License-Identifier: MIT */
/* The words of an event: the same in the journal, the spool, replay and what a person sees. */
#include "alert/event.h"

#include <assert.h>
#include <string.h>

#include "base/macros.h"

static const char *const TYPE_NAMES[] = {
        [EVENT_FIRING] = "firing",
        [EVENT_ESCALATED] = "escalated",
        [EVENT_EASED] = "eased",
        [EVENT_REMINDER] = "reminder",
        [EVENT_ADOPTED] = "adopted",
        [EVENT_RESOLVED] = "resolved",
        [EVENT_ACKNOWLEDGED] = "acknowledged",
};
static_assert(ELEMENTS_OF(TYPE_NAMES) == EVENT_TYPE_COUNT, "each type of event has a name");

static const char *const UNIT_NAMES[] = {
        [UNIT_BYTES] = "bytes",
        [UNIT_BYTES_PER_COUNT] = "bytes_per_count",
        [UNIT_RATIO] = "ratio",
        [UNIT_COUNT] = "count",
};
static_assert(ELEMENTS_OF(UNIT_NAMES) == UNIT_COUNT + 1, "each unit has a name");

static const char *const QUIET_NAMES[] = {
        [QUIET_NOT] = "",
        [QUIET_ACKNOWLEDGED] = "acknowledged",
        [QUIET_HOURS] = "quiet hours",
        [QUIET_SILENCED] = "silenced",
        [QUIET_OBSERVED] = "observed",
};
static_assert(ELEMENTS_OF(QUIET_NAMES) == QUIET_COUNT, "each reason to be quiet has a name");

const char *event_type_name(enum event_type type)
{
        assert((size_t)type < ELEMENTS_OF(TYPE_NAMES));
        return TYPE_NAMES[type];
}

static int find(const char *const *names, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(name, names[i]) == 0)
                        return (int)i;
        return -1;
}

int event_type_by_name(const char *name)
{
        return find(TYPE_NAMES, ELEMENTS_OF(TYPE_NAMES), name);
}

bool event_is_told(const struct event *e)
{
        if (*e->incident.id)
                return e->incident.tells;
        return e->trigger || e->resolve ||
               (e->severity >= SEVERITY_WARNING && e->quiet == QUIET_NOT);
}

bool event_joins(const struct event *e)
{
        return *e->incident.id && !e->incident.tells && !e->incident.listed && e->trigger &&
               e->quiet == QUIET_NOT;
}

bool event_triggers(const struct event *e)
{
        return *e->incident.id ? e->incident.trigger : e->trigger;
}

bool event_resolves(const struct event *e)
{
        return *e->incident.id ? e->incident.resolve : e->resolve;
}

const char *event_dedup_key(const struct event *e)
{
        return *e->incident.id ? e->incident.dedup_key : e->dedup_key;
}

const char *event_unit_name(enum event_unit unit)
{
        assert((size_t)unit < ELEMENTS_OF(UNIT_NAMES));
        return UNIT_NAMES[unit];
}

int event_unit_by_name(const char *name)
{
        return find(UNIT_NAMES, ELEMENTS_OF(UNIT_NAMES), name);
}

const char *event_quiet_name(enum event_quiet quiet)
{
        assert((size_t)quiet < ELEMENTS_OF(QUIET_NAMES));
        return QUIET_NAMES[quiet];
}

int event_quiet_by_name(const char *name)
{
        return find(QUIET_NAMES, ELEMENTS_OF(QUIET_NAMES), name);
}
