/* SPDX-License-Identifier: MIT */
/* What the programs that feed an engine share: the machine that it watches, and a clock. */
#pragma once

#include <time.h>

#include "base/macros.h"
#include "sample/field.h"
#include "sample/host.h"

struct event;

enum { START = 1700000000 };

static const struct host_facts host = { .kind = HOST_PHYSICAL,
                                        .cpus_online = 8,
                                        .cpus_possible = 8,
                                        .numa_nodes = 1,
                                        .page_size = 4096,
                                        .stack_size = 16384,
                                        .mem_total = 0x1p34 };

/* Of CPU, of the whole process. */
static double seconds(void)
{
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* userdata: an unsigned long that counts them. */
static int ignore_event(const struct event *e, void *userdata)
{
        (void)e;
        (*(unsigned long *)userdata)++;
        return 0;
}

/* A gigabyte of everything that is not the machine's. */
static void fill_fields(double values[FIELD_KNOWN_COUNT])
{
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                values[i] = 0x1p30;
        values[FIELD_MEM_TOTAL] = host.mem_total;
        values[FIELD_CPUS] = values[FIELD_POSSIBLE_CPUS] = host.cpus_possible;
        values[FIELD_STACK_SIZE] = host.stack_size;
}
