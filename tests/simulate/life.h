/* SPDX-License-Identifier: MIT */
/* What the programs of a simulated host want at a moment: the day's load, pools that follow it,
 * jobs, restarts of services, modules that get loaded. Nothing of this is an anomaly. */
#pragma once

#include "job.h"

enum {
        FILLS_MAX = 16,
};

/* Something that fills and levels off: the connections of a pool, the maps of an agent. */
struct fill {
        double start, size, tau; /* bytes of unreclaimable slab */
};

struct life {
        const struct host *host;
        struct random random;
        struct jobs jobs;
        double up;           /* seconds since boot */
        double services_tau; /* until the services of a booted host are up */
        double pool;         /* threads */
        double burst, burst_target, burst_tau, burst_end; /* times the load */
        double heap, heap_tau;                            /* of the programs, 1 on average */
        double next_burst, next_deploy, next_step;
        double deploy_end, deploy_share; /* of the services, that is away until then */
        double deploy_back_tau;
        double vmalloc_steps;
        struct fill fills[FILLS_MAX];
        unsigned fill_count;
        double guest_share[4], guest_touched[4]; /* of the host's guests */
        struct wander load, anon, cgroups;
        double weekday_factor;
};

struct demand {
        double load; /* 1 on average */
        double threads, processes;
        double anon, mapped, shmem, guests; /* bytes */
        double touch, io, temporary, sockets, cgroups, netns, vmalloc, fills;
};

/* A host that booted `up` seconds ago. */
void life_init(struct life *l, const struct host *h, struct random *r, double up);
void life_boot(struct life *l);
void life_add_fill(struct life *l, double size, double tau);
/* The load by the clock alone. */
double life_day_curve(const struct host *h, double clock);
/* clock: seconds since a Monday 0:00 by the wall; interval: seconds lived since the last step. */
void life_step(struct life *l, double clock, double interval, struct demand *ret);
