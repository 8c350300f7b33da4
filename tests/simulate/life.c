/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <math.h>
#include <string.h>

static const double MIB = 1024 * 1024;
static const double DAY = 86400, HOUR = 3600;
static const double TURN = 6.283185307179586;

static double mean_wait(double per_day)
{
        return per_day > 0 ? DAY / per_day : 1e12;
}

void life_init(struct life *l, const struct host *h, struct random *r, double up)
{
        memset(l, 0, sizeof(*l));
        l->host = h;
        l->random = random_fork(r);
        r = &l->random;
        jobs_draw(&l->jobs, h, r);
        l->up = up;
        l->services_tau = draw_scale(r, 5, 120);
        l->deploy_back_tau = 10;
        l->next_burst = draw_wait(r, mean_wait(24 * h->bursts_per_hour));
        l->next_deploy = draw_wait(r, mean_wait(h->deploys_per_day));
        l->next_step = draw_wait(r, mean_wait(h->steps_per_day));
        l->burst = l->burst_target = 1;
        l->burst_tau = 60;
        l->heap_tau = draw_scale(r, 20, 900);
        l->load = (struct wander){ .tau = h->load_tau, .value = random_normal(r) };
        l->anon = (struct wander){ .tau = draw_scale(r, 60, 7200), .value = random_normal(r) };
        l->cgroups = (struct wander){ .tau = draw_scale(r, 60, 7200), .value = random_normal(r) };
        l->pool = h->threads_pool;
        for (int i = 0; i < 4; i++) {
                l->guest_share[i] = 0.25;
                l->guest_touched[i] = up > DAY ? draw_between(r, 0.6, 1) : 0.1;
        }
}

void life_boot(struct life *l)
{
        l->up = 0;
        l->pool = 0;
        l->vmalloc_steps = 0;
        l->fill_count = 0;
        jobs_end_all(&l->jobs);
        for (int i = 0; i < 4; i++)
                l->guest_touched[i] = 0;
}

void life_add_fill(struct life *l, double size, double tau)
{
        if (l->fill_count < FILLS_MAX)
                l->fills[l->fill_count++] = (struct fill){ l->up, size, tau };
}

/* 0 on working days, 1 on the weekend; people stop and start in the course of hours. */
static double weekend(double clock)
{
        double day = fmod(clock / DAY, 7);

        return fmin(fmax(0, fmin(1, (day - 5) * 3)) + fmax(0, 1 - day * 3), 1);
}

double life_day_curve(const struct host *h, double clock)
{
        double hour = fmod(clock, DAY) / HOUR;

        return (1 + h->day_swing * cos(TURN * (hour - h->day_peak) / 24) +
                h->half_day_swing * cos(TURN * (hour - h->half_day_peak) / 12)) *
               (1 - weekend(clock) * (1 - h->weekend));
}

/* Events of chance; all times here are seconds of uptime. */
static void happen(struct life *l, double interval)
{
        const struct host *h = l->host;
        struct random *r = &l->random;

        if (l->up >= l->next_burst) {
                l->burst_target = draw_scale(r, 1.03, 1.5);
                l->burst_tau = draw_scale(r, 5, 120);
                l->burst_end = l->up + draw_scale(r, 30, 1800);
                l->next_burst = l->up + draw_wait(r, mean_wait(24 * h->bursts_per_hour));
        }
        if (l->up >= l->burst_end)
                l->burst_target = 1;
        l->burst += (l->burst_target - l->burst) * (1 - exp(-interval / l->burst_tau));
        if (l->up >= l->next_deploy) {
                l->deploy_share = draw_between(r, 0.1, 0.9);
                l->deploy_end = l->up + draw_scale(r, 1, 60);
                l->deploy_back_tau = draw_scale(r, 3, 120);
                l->next_deploy = l->up + draw_wait(r, mean_wait(h->deploys_per_day));
                /* The new version has its own connections and maps to fill. */
                l->fill_count = 0;
                if (draw_chance(r, 0.5))
                        life_add_fill(l, h->total * draw_scale(r, 1e-5, 1e-3),
                                      draw_scale(r, 60, 2 * HOUR));
        }
        if (l->up >= l->next_step) {
                double step = draw_scale(r, 0.05, 6) * MIB;

                l->vmalloc_steps = fmax(0, l->vmalloc_steps + (draw_chance(r, 0.7) ? step : -step));
                l->next_step = l->up + draw_wait(r, mean_wait(h->steps_per_day));
        }
}

/* The share of the services that is up: after boot, and around a restart of some of them. */
static double services_up(const struct life *l)
{
        double up = 1 - exp(-l->up / l->services_tau), since = l->up - l->deploy_end;

        if (l->deploy_share > 0)
                up *= since < 0 ? 1 - l->deploy_share
                                : 1 - l->deploy_share * exp(-since / l->deploy_back_tau);
        return up;
}

void life_step(struct life *l, double clock, double interval, struct demand *ret)
{
        const struct host *h = l->host;
        struct random *r = &l->random;
        struct job_demand jobs;
        double services, target, processes;

        l->up += interval;
        happen(l, interval);
        jobs_step(&l->jobs, r, clock, interval, &jobs);
        services = services_up(l);
        memset(ret, 0, sizeof(*ret));
        ret->load = fmin(life_day_curve(h, clock) * l->burst, 4) *
                    exp(h->load_noise * wander_step(&l->load, r, interval));

        /* A pool starts threads soon and lets them idle for a while before it ends them. */
        target = h->threads_pool * fmin(ret->load, 3) * services;
        l->pool += (target - l->pool) *
                   (1 - exp(-interval / (target > l->pool ? h->pool_rise : h->pool_fall)));
        if (services < 0.95 && target < l->pool)
                l->pool = target; /* ended, not idle */
        ret->threads = round(h->threads_kernel + (h->threads_base * services + l->pool) +
                             jobs.threads + 1.5 * fabs(random_normal(r)));
        processes =
                h->threads_base * services / h->threads_per_process + l->pool / h->pool_per_process;
        ret->processes = processes + jobs.processes;

        /* Heaps fill by what requests leave in them, not at once. */
        if (l->heap == 0 || l->up <= interval)
                l->heap = fmin(ret->load, 2) * services;
        l->heap += (fmin(ret->load, 2) - l->heap) * (1 - exp(-interval / l->heap_tau));
        l->heap = fmin(l->heap, 2 * services);
        ret->anon = h->total * (services * h->anon_base *
                                        (1 + 0.01 * wander_step(&l->anon, r, interval)) +
                                h->anon_load * l->heap) +
                    processes * h->process_heap + jobs.anon;
        ret->mapped = h->mapped * h->total * services + jobs.mapped;
        ret->shmem = h->shmem * h->total * services;
        for (int i = 0; i < 4 && h->guests > 0; i++) {
                double *touched = &l->guest_touched[i];

                *touched += (1 - *touched) * (1 - exp(-interval / (6 * HOUR)));
                if (draw_chance(r, interval / (20 * DAY)))
                        *touched = 0.1; /* a guest ends and another one starts */
                ret->guests += h->guests * l->guest_share[i] * *touched;
        }

        ret->touch = h->everyday_touch * ret->load * services + jobs.touch;
        ret->io = h->io * ret->load * services + jobs.io;
        ret->temporary = jobs.temporary;
        ret->sockets = h->sockets * ret->load * services;
        ret->cgroups = fmax(10, h->cgroups * (0.3 + 0.7 * services) +
                                        0.01 * h->cgroups * wander_step(&l->cgroups, r, interval) +
                                        jobs.containers);
        ret->netns = round(h->netns * services + jobs.containers / 2);
        ret->vmalloc = l->vmalloc_steps;
        for (unsigned i = 0; i < l->fill_count; i++)
                ret->fills += l->fills[i].size *
                              (1 - exp(-(l->up - l->fills[i].start) / l->fills[i].tau));
}
