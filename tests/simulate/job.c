/* SPDX-License-Identifier: MIT */
#include "job.h"

#include <math.h>
#include <string.h>

static const double MIB = 1024 * 1024;
static const double DAY = 86400;

static struct job_type draw_type(const struct host *h, struct random *r, double weight)
{
        struct job_type t = { 0 };
        double processes = draw_scale(r, 1, 8 + 2 * h->cpus);

        t.processes = processes;
        t.threads = processes * draw_scale(r, 1, 4);
        t.anon = fmin(processes * draw_scale(r, 5, 800) * MIB, 0.1 * h->total) * weight;
        t.mapped = processes * draw_scale(r, 1, 10) * MIB;
        t.touch = draw_chance(r, 0.7) ? fmin(1, draw_scale(r, 1e-4, 0.2) * weight) : 0;
        t.io = t.touch * h->data * draw_scale(r, 0.02, 1);
        if (h->role == ROLE_BUILD && draw_chance(r, 0.6))
                t.temporary = h->universe * draw_scale(r, 0.003, 0.1);
        if (h->role == ROLE_CONTAINERS && draw_chance(r, 0.5))
                t.containers = round(draw_scale(r, 1, 20));
        return t;
}

void jobs_draw(struct jobs *j, const struct host *h, struct random *r)
{
        static const double periods[] = { 300, 900, 1800, 3600, 4 * 3600, 86400 };
        unsigned by_clock = draw_index(r, 4), by_chance = draw_index(r, 4);

        memset(j, 0, sizeof(*j));
        j->processes_most = 16 + 4 * h->cpus;
        for (unsigned i = 0; i < by_clock; i++) {
                struct job_type *t = &j->types[j->type_count++];

                *t = draw_type(h, r, 1);
                t->period = periods[draw_index(r, 6)];
                t->offset = floor(draw_between(r, 0, t->period / 60)) * 60;
                t->shortest = draw_scale(r, 2, fmin(t->period / 4, 3600));
                t->longest = t->shortest * draw_between(r, 1.02, 1.5);
        }
        for (unsigned i = 0; i < by_chance; i++) {
                struct job_type *t = &j->types[j->type_count++];

                *t = draw_type(h, r, 1);
                t->mean_wait = 3600 / draw_scale(r, 0.1, h->role == ROLE_BUILD ? 30 : 6);
                t->shortest = draw_scale(r, 2, 600);
                t->longest = t->shortest * draw_scale(r, 1.5, 20);
        }
        for (unsigned i = 0; i < j->type_count; i++)
                j->next[i] = -1;
}

void jobs_add_nightly(struct jobs *j, const struct host *h, struct random *r, bool weekdays)
{
        struct job_type *t;

        if (j->type_count == JOB_TYPES_MAX)
                return;
        t = &j->types[j->type_count];
        *t = draw_type(h, r, 1);
        t->touch = draw_between(r, 0.3, 1);
        t->io = h->data * draw_between(r, 0.1, 1);
        t->processes = draw_scale(r, 4, 8 + 4 * h->cpus);
        t->threads = t->processes * draw_scale(r, 1, 8);
        t->temporary = draw_chance(r, 0.5) ? h->universe * draw_scale(r, 0.02, 0.5) : 0;
        t->period = weekdays ? -DAY : DAY; /* negative: not on the weekend */
        t->offset = floor(draw_between(r, 0, 24 * 4)) * 900;
        t->shortest = draw_scale(r, 600, 3 * 3600);
        t->longest = t->shortest * draw_between(r, 1.02, 1.2);
        j->next[j->type_count++] = -1;
}

static double next_start(const struct job_type *t, struct random *r, double clock)
{
        double period = fabs(t->period), next;

        if (period == 0)
                return clock + draw_wait(r, t->mean_wait);
        next = (floor((clock - t->offset) / period) + 1) * period + t->offset;
        while (t->period < 0 && fmod(next / DAY, 7) >= 5)
                next += period;
        return next;
}

static void start(struct jobs *j, const struct job_type *t, struct random *r, double at)
{
        double processes = t->processes;

        for (unsigned i = 0; i < j->running_count; i++)
                processes += j->running[i].type->processes;
        if (j->running_count == JOBS_MAX || (j->running_count > 0 && processes > j->processes_most))
                return;
        j->running[j->running_count++] = (struct job){
                .type = t,
                .start = at,
                .end = at + draw_between(r, t->shortest, t->longest),
                .size = draw_between(r, 0.9, 1.1),
        };
}

void jobs_step(struct jobs *j, struct random *r, double clock, double interval,
               struct job_demand *ret)
{
        memset(ret, 0, sizeof(*ret));
        for (unsigned i = 0; i < j->type_count; i++) {
                const struct job_type *t = &j->types[i];

                if (j->next[i] < 0 || clock - j->next[i] > 2 * interval + 60)
                        j->next[i] = next_start(t, r, clock - interval);
                while (j->next[i] <= clock) {
                        start(j, t, r, j->next[i]);
                        j->next[i] = next_start(t, r, j->next[i]);
                }
        }
        for (unsigned i = 0; i < j->running_count; i++) {
                const struct job *b = &j->running[i];
                const struct job_type *t = b->type;
                double done = fmin(1, (clock - b->start) / (b->end - b->start));
                /* Memory and files are taken in the first half, processes at once. */
                double filled = fmin(1, 2 * done) * b->size;

                if (clock >= b->end) {
                        j->running[i--] = j->running[--j->running_count];
                        continue;
                }
                ret->processes += round(t->processes * b->size);
                ret->threads += round(t->threads * b->size);
                ret->anon += t->anon * filled;
                ret->mapped += t->mapped;
                ret->touch += t->touch / (b->end - b->start);
                ret->io += t->io / (b->end - b->start);
                ret->temporary += t->temporary * filled;
                ret->containers += t->containers;
        }
}

void jobs_end_all(struct jobs *j)
{
        j->running_count = 0;
}
