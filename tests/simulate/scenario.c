/* SPDX-License-Identifier: MIT */
/* Draws scenarios. Sizes and rates of faults are drawn evenly in the logarithm over the decades in
 * which they happen; whether a detector finds them plays no part. */
#include "scenario.h"

#include <math.h>
#include <string.h>

static const double HOUR = 3600, DAY = 86400;

/* Enough for every statistic, and a trace still fits a drawing. */
static const double ROWS_MAX = 15000;

const char *const scenario_names[] = {
        "quiet",   "leak",  "again",   "spike",   "drop",    "shift", "boot",      "reboot",
        "suspend", "clock", "balloon", "missing", "nightly", "pool",  "many-cpus", NULL,
};
static const double weights[] = { 6, 10, 2, 5, 3, 3, 3, 2, 2, 2, 2, 2, 3, 3, 2 };

static bool is(const struct scenario *s, const char *name)
{
        return strcmp(s->name, name) == 0;
}

static const char *draw_name(struct random *r)
{
        double sum = 0, at;

        for (unsigned i = 0; scenario_names[i]; i++)
                sum += weights[i];
        at = sum * random_uniform(r);
        for (unsigned i = 0; scenario_names[i]; i++)
                if ((at -= weights[i]) < 0)
                        return scenario_names[i];
        return scenario_names[0];
}

static enum fault_target draw_target(const struct host *h, struct random *r)
{
        /* SUnreclaim is where most leaks of the world are. */
        static const double share[TARGET_COUNT] = { 5, 2, 3, 2, 1, 2, 1, 2 };

        for (;;) {
                double at = 18 * random_uniform(r);
                unsigned t = 0;

                while ((at -= share[t]) >= 0 && t + 1 < TARGET_COUNT)
                        t++;
                if ((t == TARGET_VMALLOC && !h->has_vmalloc) ||
                    (t == TARGET_PERCPU && !h->has_percpu) ||
                    (t == TARGET_SEC_TABLES && !(h->has_sec && h->guests > 0)))
                        continue;
                return (enum fault_target)t;
        }
}

/* What could still be leaked: a part of what is neither used by programs nor needed. */
static double spare(const struct host *h)
{
        double guests = h->guests / h->total;

        return h->total * fmax(0.03, 0.5 * (1 - h->anon_base - h->anon_load - h->shmem - guests));
}

static struct fault *add_fault(struct scenario *s, enum fault_kind kind, struct random *r)
{
        struct fault *f = &s->faults[s->fault_count++];

        memset(f, 0, sizeof(*f));
        f->kind = kind;
        f->target = draw_target(&s->host, r);
        return f;
}

/* hours: what the caller wants, 0 when the leak may take as long as it takes. */
static void add_leak(struct scenario *s, struct random *r, double hours)
{
        struct fault *f = add_fault(s, FAULT_LEAK, r);
        double total = s->host.total, rate, seconds;

        if (is(s, "pool"))
                f->target = draw_chance(r, 0.5) ? TARGET_THREADS : TARGET_STACKS;
        f->shape = (enum fault_shape)draw_index(r, LEAK_SHAPE_COUNT);
        f->released = draw_chance(r, 0.4);
        f->size = fmin(total * draw_scale(r, 0.003, 0.15), spare(&s->host));
        rate = total * draw_scale(r, 1e-4, 0.1); /* an hour */
        /* A cache that grows for some minutes is a cache that is used. */
        seconds = f->target == TARGET_SRECLAIMABLE ? 3 * HOUR : 600;
        seconds = fmax(seconds, fmin(10 * DAY, f->size / rate * HOUR));
        if (hours > 0)
                seconds = fmin(seconds, hours * HOUR * 0.8);
        f->size = fmin(f->size, rate * seconds / HOUR);
        /* Services have limits of their own far below pid_max. */
        if (f->target == TARGET_THREADS)
                f->size = fmin(f->size, fmin(0.05 * total, 200000 * s->host.stack));
        /* Some hours of what is normal before it, as a share of its own length, and after. */
        f->start = fmax(1200, seconds * draw_scale(r, 0.1, 2));
        f->end = f->start + seconds;
        if (hours > 0 && f->end > hours * HOUR)
                f->start = fmax(0.1 * hours * HOUR, hours * HOUR - seconds);
        f->end = f->start + seconds;
        s->seconds =
                fmax(s->seconds, f->end + (f->released ? seconds * draw_between(r, 0.05, 0.5) : 0));
}

/* The service was restarted, which helped, and leaks as before. */
static void add_leak_again(struct scenario *s, struct random *r)
{
        struct fault *first = &s->faults[0], *second = &s->faults[s->fault_count++];
        double seconds = first->end - first->start;

        first->released = true;
        *second = *first;
        second->again = true;
        second->start = first->end + fmax(1800, seconds * draw_scale(r, 0.05, 1));
        second->end = second->start + seconds;
        s->seconds = second->end + seconds * draw_between(r, 0.05, 0.3);
}

static void add_jump(struct scenario *s, enum fault_kind kind, struct random *r, double from)
{
        struct fault *f = add_fault(s, kind, r);
        double hold = draw_scale(r, fmax(30, 4 * s->interval), 2 * HOUR);

        /* Stacks without threads do not appear at once. Reclaimable slab that does is what any
         * walk through many files looks like; that it goes at once is worth a line. */
        while (f->target == TARGET_SRECLAIMABLE && kind != FAULT_DROP)
                f->target = draw_target(&s->host, r);
        if (f->target == TARGET_STACKS)
                f->target = TARGET_THREADS;
        f->factor = kind == FAULT_DROP ? draw_between(r, 0.25, 0.8) : draw_scale(r, 0.4, 6);
        f->shape = draw_chance(r, 0.5) ? SHAPE_BLOCK : SHAPE_RAMP;
        f->rise = f->shape == SHAPE_RAMP ? draw_scale(r, 3, 60) : 0;
        f->start = draw_between(r, from, fmax(from + 1, s->seconds - hold - 600));
        if (kind == FAULT_SPIKE && draw_chance(r, 0.3)) {
                f->shape = SHAPE_DECAY;
                f->rise = 0;
        }
        f->fall = f->shape == SHAPE_DECAY ? hold / 2 : draw_scale(r, 0.1, 30);
        f->end = f->start + hold;
}

static void add_event(struct scenario *s, enum event_kind kind, double at, double size)
{
        if (s->event_count < EVENTS_MAX)
                s->events[s->event_count++] = (struct event){ kind, at, size };
}

static void add_clock_steps(struct scenario *s, struct random *r)
{
        static const double sizes[] = { 0.5, 2, 30, 3600, 7200 };

        for (unsigned i = 1 + draw_index(r, 3); i > 0; i--) {
                double size = sizes[draw_index(r, 5)] * draw_between(r, 0.8, 1);

                add_event(s, EVENT_CLOCK, draw_between(r, 0.1, 0.9) * s->seconds,
                          draw_chance(r, 0.5) ? size : -size);
        }
}

static void add_balloon(struct scenario *s, struct random *r)
{
        double at = draw_between(r, 0.2, 0.7) * s->seconds;
        double size = fmin(spare(&s->host), draw_between(r, 0.05, 0.3) * s->host.total);
        unsigned steps = 1 + draw_index(r, 8);
        bool grows = draw_chance(r, 0.4);

        for (unsigned i = 0; i < steps; i++)
                add_event(s, EVENT_BALLOON, at + i * draw_between(r, 1, 60),
                          (grows ? -size : size) / steps);
}

static void lose(struct scenario *s, struct random *r)
{
        static const enum counter any[] = { COUNTER_SLAB,   COUNTER_VMALLOC, COUNTER_PERCPU,
                                            COUNTER_ANON,   COUNTER_MAPPED,  COUNTER_SHMEM,
                                            COUNTER_CACHED, COUNTER_THREADS, COUNTER_AVAILABLE };

        s->without_count = draw_index(r, COLUMNS_OUT_MAX + 1);
        for (unsigned i = 0; i < s->without_count; i++)
                s->without[i] = any[draw_index(r, 9)];
        s->lost_cells = draw_chance(r, 0.5) ? draw_scale(r, 1e-4, 0.05) : 0;
        s->lost_rows = draw_chance(r, 0.5) ? draw_scale(r, 1e-3, 0.1) : 0;
        s->jitter = draw_scale(r, 0.001, 0.4);
        if (draw_chance(r, 0.3))
                s->late = fault_main[draw_index(r, TARGET_COUNT)];
}

static void draw_interval(struct scenario *s, struct random *r, double interval)
{
        static const double usual[] = { 1, 2, 5, 10, 15, 20, 30, 60 };
        double least = s->seconds / ROWS_MAX;

        s->interval = 60;
        for (unsigned i = 0; i < 8; i++)
                if (usual[i] >= least) {
                        /* Some record less often than they could. */
                        s->interval = usual[i + (i < 5 ? draw_index(r, 4) : 0)];
                        break;
                }
        if (interval > 0)
                s->interval = interval;
}

/* What happens to any host now and then. */
static void draw_life(struct scenario *s, struct random *r)
{
        if (draw_chance(r, 0.1))
                add_event(s, EVENT_GAP, draw_between(r, 0, 1) * s->seconds, draw_scale(r, 5, 900));
        if (is(s, "suspend") || draw_chance(r, 0.03))
                for (unsigned i = 1 + draw_index(r, 4); i > 0; i--)
                        add_event(s, EVENT_SUSPEND, draw_between(r, 0, 1) * s->seconds,
                                  draw_scale(r, 300, 14 * HOUR));
        if (is(s, "clock") || draw_chance(r, 0.03))
                add_clock_steps(s, r);
        if (is(s, "balloon") || (strcmp(s->host.kind, "vm") == 0 && draw_chance(r, 0.05)))
                add_balloon(s, r);
        if (is(s, "missing") || draw_chance(r, 0.05))
                lose(s, r);
}

int scenario_draw(struct scenario *ret, const char *name, double hours, double interval,
                  struct random *r)
{
        struct scenario *s = ret;
        struct random truth = random_fork(r), life = random_fork(r), machine = random_fork(r);
        bool known = !name;
        double boot = 900;

        memset(s, 0, sizeof(*s));
        for (unsigned i = 0; !known && scenario_names[i]; i++)
                known = strcmp(name, scenario_names[i]) == 0;
        if (!known)
                return -1;
        s->name = name ? name : draw_name(r);
        do
                host_draw(&machine, &s->host);
        while (is(s, "many-cpus") && s->host.cpus < 48);
        if (is(s, "many-cpus"))
                s->host.fold_activity = draw_between(&machine, 0.3, 0.8);
        if (is(s, "pool")) {
                double most = fmin(0.004 * s->host.total / s->host.stack, 20000);

                /* A thread for each connection, and many of them. */
                s->host.threads_pool = fmax(s->host.threads_pool, most);
                s->host.pool_per_process = fmax(s->host.pool_per_process, 10);
                s->host.day_swing = draw_between(&machine, 0.2, 0.6);
                s->host.bursts_per_hour *= 3;
        }
        s->start_clock = draw_between(&life, 0, 7 * DAY);
        s->late = COUNTER_COUNT;
        s->jitter = 0.002;
        s->up = draw_chance(&life, 0.2) || is(s, "boot") ? 0 : draw_scale(&life, HOUR, 60 * DAY);
        if (is(s, "drop")) /* what drops was there before */
                s->up = fmax(s->up, DAY);
        s->seconds = hours > 0 ? hours * HOUR : draw_scale(&life, HOUR, 5 * DAY);

        if (is(s, "nightly")) {
                s->nightly = true;
                s->nightly_weekdays = draw_chance(&life, 0.3);
                s->seconds = hours > 0 ? hours * HOUR : draw_between(&life, 8, 14) * DAY;
                s->start_clock = 0;
        }
        if (is(s, "boot"))
                s->seconds = fmin(s->seconds, 2 * DAY);
        if (is(s, "leak") || is(s, "again") || (is(s, "nightly") && draw_chance(&truth, 0.3)) ||
            (is(s, "pool") && draw_chance(&truth, 0.5)) ||
            (!is(s, "quiet") && !is(s, "spike") && !is(s, "drop") && !is(s, "shift") &&
             !is(s, "boot") && draw_chance(&truth, 0.3))) {
                if ((is(s, "leak") || is(s, "again")) && hours == 0)
                        s->seconds = HOUR;
                add_leak(s, &truth, is(s, "nightly") ? s->seconds / HOUR : hours);
                if (is(s, "again"))
                        add_leak_again(s, &truth);
        }
        draw_interval(s, &life, interval);
        boot = fmax(boot, 60 * s->interval);
        if (is(s, "spike") || is(s, "drop") || is(s, "shift")) {
                s->seconds = fmax(s->seconds, 2 * boot + 3 * HOUR);
                add_jump(s,
                         is(s, "spike")  ? FAULT_SPIKE
                         : is(s, "drop") ? FAULT_DROP
                                         : FAULT_SHIFT,
                         &truth, boot);
        }
        if (is(s, "nightly") && s->fault_count == 0 && draw_chance(&truth, 0.3))
                add_jump(s, FAULT_SPIKE, &truth, 4 * DAY);
        if (is(s, "boot")) {
                s->fill_size = s->host.total * draw_scale(&life, 1e-4, 5e-3);
                s->fill_tau = draw_scale(&life, 120, 3 * HOUR);
        }
        if (is(s, "reboot"))
                add_event(s, EVENT_REBOOT, draw_between(&life, 0.2, 0.7) * s->seconds,
                          draw_scale(&life, 20, 300));
        draw_life(s, &life);
        return 0;
}
