/* SPDX-License-Identifier: MIT */
/* A host of the simulation: hardware, kernel, and what it is used for. Everything is drawn. */
#pragma once

#include <stdbool.h>

#include "noise.h"

enum role {
        ROLE_SMALL,
        ROLE_WEB,
        ROLE_DATABASE,
        ROLE_BUILD,
        ROLE_CONTAINERS,
        ROLE_FILES,
        ROLE_HYPERVISOR,
        ROLE_COUNT,
};
extern const char *const role_names[ROLE_COUNT];

struct host {
        enum role role;
        const char *kind; /* physical, vm, container */
        double total;     /* bytes */
        unsigned cpus, possible_cpus;
        double stack;         /* bytes per thread */
        double kernel;        /* its version as MAJOR.MINOR / 100: 6.01 is 6.1 */
        bool has_vmalloc;     /* not 4.4 to 5.2, where it is always 0 */
        bool has_percpu;      /* since 4.20 */
        bool has_sec;         /* since 6.1 */
        double fold_pages;    /* the kernel's stat_threshold: what a CPU may keep to itself */
        double fold_activity; /* how much of it is used, of all CPUs together */

        /* Threads and processes; load is 1 on average. */
        double threads_kernel, threads_base, threads_pool, threads_per_process;
        double pool_per_process;     /* 1 where each connection is a process of its own */
        double pool_rise, pool_fall; /* seconds */
        /* User memory, as shares of all. */
        double anon_base, anon_load, mapped, shmem;
        double process_heap;      /* bytes of a process beyond these */
        double process_tables;    /* bytes of page tables that every process needs */
        double table_density;     /* page tables per byte mapped, in units of 1/512 */
        double sharers;           /* processes that map the shared memory */
        double tables_late_share; /* freed by munmap only */
        /* Files: what their inodes and dentries take when all are cached, and their data. */
        double universe, data, everyday_touch; /* bytes, bytes, share per second */
        double negative_rate;                  /* bytes of new negative dentries a second */
        double io;                             /* bytes of files read a second at load 1 */
        /* Kernel objects. */
        double unreclaim_base, unreclaim_noise, unreclaim_per_universe, per_thread;
        double sockets, per_socket, cgroups, per_cgroup, netns, per_netns;
        double slab_late_share, slab_late;
        double vmalloc_base, percpu_base, percpu_per_cgroup, percpu_late;
        double guests; /* bytes of memory of virtual machines */

        /* The day. */
        double day_swing, day_peak, half_day_swing, half_day_peak, weekend, load_noise, load_tau;
        double bursts_per_hour, deploys_per_day, steps_per_day;
};

void host_draw(struct random *r, struct host *ret);
/* The per-CPU share of a counter of pages that may not have been added up yet
 * (mm/vmstat.c: calculate_normal_threshold). */
double host_fold_pages(double total, unsigned cpus);
