/* SPDX-License-Identifier: MIT */
/* Jobs that come and go: by the clock (cron) or when somebody wants them. */
#pragma once

#include "host.h"

enum {
        JOB_TYPES_MAX = 8,
        JOBS_MAX = 64, /* at once */
};

/* What a job does, in all of its kind alike; a single run differs by some percent. */
struct job_type {
        double period, offset; /* seconds of the day's clock; 0 is: by chance */
        double mean_wait;
        double shortest, longest; /* seconds */
        double processes, threads, anon, mapped;
        double touch;      /* share of all files that it looks at */
        double io;         /* bytes of them it reads */
        double temporary;  /* bytes of inodes and dentries of files it makes and removes again */
        double containers; /* cgroups and network namespaces it makes */
};

struct job {
        const struct job_type *type;
        double start, end, size;
};

struct jobs {
        struct job_type types[JOB_TYPES_MAX];
        double next[JOB_TYPES_MAX];
        unsigned type_count, running_count;
        double processes_most; /* of all jobs: then no further one starts */
        struct job running[JOBS_MAX];
};

/* What all jobs together take now. */
struct job_demand {
        double processes, threads, anon, mapped, touch, io, temporary, containers;
};

void jobs_draw(struct jobs *j, const struct host *h, struct random *r);
/* A job each night at the same hour, drawn large enough to be noticed. */
void jobs_add_nightly(struct jobs *j, const struct host *h, struct random *r, bool weekdays);
/* To be called with rising clock (seconds since a Monday 0:00). A gap kills nothing: what should
 * have run meanwhile is left out. */
void jobs_step(struct jobs *j, struct random *r, double clock, double interval,
               struct job_demand *ret);
void jobs_end_all(struct jobs *j);
