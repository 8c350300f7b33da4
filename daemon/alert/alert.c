/* SPDX-License-Identifier: MIT */
/* The transition function of an alert. */
#include "alert/alert.h"

#include <assert.h>
#include <math.h>

/* A dimension that is no longer there says nothing; a short hole in the data must not end an alert.
 */
static const double UNKNOWN_SECONDS = 600;

/* A reminder is sent only when it has become worse by this share since the last word. */
static const double WORSE = 0.1;

const char *alert_state_name(enum alert_state state)
{
        static const char *const names[] = { "inactive", "pending", "firing" };
        static_assert(sizeof(names) / sizeof(names[0]) == ALERT_FIRING + 1,
                      "a name for each state");
        return names[state];
}

void alert_init(struct alert *a)
{
        *a = (struct alert){
                .below_since = NAN,
                .pending_since = NAN,
                .fired = NAN,
                .start_value = NAN,
                .peak = NAN,
                .told = NAN,
                .told_value = NAN,
        };
        for (unsigned i = 0; i < SEVERITY_COUNT; i++)
                a->wrong_since[i] = NAN;
}

bool alert_is_idle(const struct alert *a)
{
        return a->state == ALERT_INACTIVE && a->highest == SEVERITY_OK &&
               isnan(a->wrong_since[SEVERITY_NOTICE]);
}

static bool is_worse(double value, double than, bool falling)
{
        return falling ? value < than : value > than;
}

/* The highest severity that has lasted long enough. */
static enum severity ripe_severity(struct alert *a, const struct alert_timing *timing,
                                   const struct alert_input *in)
{
        enum severity now = in->known ? in->severity : SEVERITY_OK, ripe = SEVERITY_OK;
        for (enum severity s = SEVERITY_NOTICE; s < SEVERITY_COUNT; s++) {
                if (now < s) {
                        a->wrong_since[s] = NAN;
                        continue;
                }
                if (isnan(a->wrong_since[s]))
                        a->wrong_since[s] = in->time;
                if (in->time - a->wrong_since[s] >= timing->for_seconds)
                        ripe = s;
        }
        return ripe;
}

static struct alert_change tell(struct alert *a, enum event_type type, enum severity to,
                                const struct alert_input *in)
{
        struct alert_change c = {
                .happened = true, .type = type, .previous = a->severity, .quiet = in->quiet
        };
        bool over = type == EVENT_RESOLVED || type == EVENT_ADOPTED;
        bool worse = type == EVENT_ESCALATED || type == EVENT_REMINDER;
        a->severity = over ? SEVERITY_OK : to;
        if (a->severity > a->highest)
                a->highest = a->severity;
        if (over || worse)
                a->acknowledged = false;
        if (c.quiet == QUIET_NOT && a->acknowledged)
                c.quiet = QUIET_ACKNOWLEDGED;
        if (in->quiet != QUIET_NOT || c.quiet == QUIET_NOT)
                a->held_back = in->quiet != QUIET_NOT && a->severity >= SEVERITY_WARNING;
        if (c.quiet == QUIET_NOT && !a->triggered && a->severity >= SEVERITY_WARNING) {
                c.trigger = true;
                a->triggered = true;
        } else if (a->triggered && a->severity < SEVERITY_WARNING) {
                c.resolve = true;
                a->triggered = false;
        }
        a->told = in->time;
        a->told_value = in->value;
        return c;
}

static struct alert_change step_waiting(struct alert *a, const struct alert_timing *timing,
                                        const struct alert_input *in)
{
        enum severity ripe = ripe_severity(a, timing, in);
        if (isnan(a->wrong_since[SEVERITY_NOTICE])) {
                alert_init(a);
                return (struct alert_change){ 0 };
        }
        if (a->state == ALERT_INACTIVE) {
                a->state = ALERT_PENDING;
                a->pending_since = in->time;
                a->start_value = in->jumped && isfinite(in->before) ? in->before : in->value;
                a->peak = in->value;
        }
        if (ripe == SEVERITY_OK)
                return (struct alert_change){ 0 };
        a->state = ALERT_FIRING;
        a->fired = in->time;
        return tell(a, EVENT_FIRING, ripe, in);
}

/* It was wrong while nobody was to be told, and still is. Who was told of it before is reminded. */
static struct alert_change tell_late(struct alert *a, const struct alert_input *in)
{
        if (a->triggered)
                return tell(a, EVENT_REMINDER, a->severity, in);
        struct alert_change c = tell(a, EVENT_FIRING, a->severity, in);
        c.previous = SEVERITY_OK;
        return c;
}

static struct alert_change step_firing(struct alert *a, const struct alert_timing *timing,
                                       const struct alert_input *in)
{
        enum severity ripe = ripe_severity(a, timing, in);
        if (in->adopted) {
                struct alert_change c = tell(a, EVENT_ADOPTED, SEVERITY_OK, in);
                a->state = ALERT_INACTIVE;
                return c;
        }
        if (ripe > a->severity) {
                a->below_since = NAN;
                return tell(a, EVENT_ESCALATED, ripe, in);
        }

        enum severity now = in->known ? in->holds : SEVERITY_OK;
        double wait = in->known ? timing->clear_for_seconds
                                : fmax(timing->clear_for_seconds, UNKNOWN_SECONDS);
        if (now >= a->severity) {
                a->below_since = NAN;
        } else {
                if (isnan(a->below_since)) {
                        a->below_since = in->time;
                        a->below = now;
                } else if (now > a->below) {
                        a->below = now;
                }
                if (in->time - a->below_since >= wait) {
                        enum severity to = a->below;
                        a->below_since = NAN;
                        if (to > SEVERITY_OK)
                                return tell(a, EVENT_EASED, to, in);
                        struct alert_change c = tell(a, EVENT_RESOLVED, SEVERITY_OK, in);
                        a->state = ALERT_INACTIVE;
                        return c;
                }
        }
        if (in->quiet != QUIET_NOT)
                a->held_back = a->severity >= SEVERITY_WARNING;
        else if (a->held_back && !a->acknowledged && now >= SEVERITY_WARNING)
                return tell_late(a, in);
        bool worse = is_worse(in->value,
                              a->told_value + (in->falling ? -WORSE : WORSE) * fabs(a->told_value),
                              in->falling);
        if (timing->repeat_seconds > 0 && in->time - a->told >= timing->repeat_seconds && worse)
                return tell(a, EVENT_REMINDER, a->severity, in);
        return (struct alert_change){ 0 };
}

struct alert_change alert_step(struct alert *a, const struct alert_timing *timing,
                               const struct alert_input *in)
{
        if (a->state != ALERT_FIRING && a->highest > SEVERITY_OK)
                alert_init(a); /* the life that ended with the last step was kept for its event */
        if (a->state != ALERT_INACTIVE && in->known && is_worse(in->value, a->peak, in->falling))
                a->peak = in->value;
        return a->state == ALERT_FIRING ? step_firing(a, timing, in) : step_waiting(a, timing, in);
}

bool alert_acknowledge(struct alert *a, double time, double value)
{
        if (a->state != ALERT_FIRING)
                return false;
        a->acknowledged = true;
        a->told = time;
        if (isfinite(value))
                a->told_value = value;
        return true;
}

struct alert_change alert_end(struct alert *a, double time)
{
        struct alert_change c = { 0 };
        if (a->state == ALERT_FIRING) {
                struct alert_input in = { .time = time, .value = a->told_value };
                c = tell(a, EVENT_RESOLVED, SEVERITY_OK, &in);
        }
        a->state = ALERT_INACTIVE;
        return c;
}
