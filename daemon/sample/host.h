/* SPDX-License-Identifier: MIT */
/* What this machine is: read at start and again when it can have changed (CPU hotplug, ballooning).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sample/sample.h"

struct procfs;

struct host_facts {
        enum host_kind kind;
        char kind_name[32];   /* "kvm", "docker", "nspawn", "" when unknown or physical */
        char name[65];        /* kernel hostname */
        char kernel[65];      /* release, "6.1.0-41-cloud-amd64" */
        char boot_id[33];     /* 32 hex digits, "" when unreadable */
        char machine_id[33];  /* app-specific hash of /etc/machine-id, never the id itself; "" when
                                 none, and below a recorded root */
        unsigned cpus_online; /* >= 1 */
        unsigned cpus_possible; /* >= cpus_online */
        unsigned numa_nodes;    /* >= 1 */
        unsigned cgroups;       /* memory cgroups, 0 when unknown */
        double page_size;       /* bytes; of the machine that runs this program, also with a root */
        double stack_size;      /* bytes of one kernel stack, host_stack_size() at the start */
        double mem_total;       /* bytes; NaN when /proc/meminfo does not say */
        bool meminfo_is_lxcfs;  /* /proc/meminfo is a fuse mount: it shows the container's view */
};

/* Reads all facts below the root. A fact that cannot be read gets its documented fallback; returns
 * negative errno only when /proc/meminfo cannot be read. */
int host_facts_read(const struct procfs *p, struct host_facts *ret);

/* Reads again what can change while a machine runs: CPUs, nodes, cgroups, host name; takes
 * mem_total as the caller has just read it. Allocates nothing. The stack size stays as it was at
 * the start: derived anew, it would follow stacks that leak. */
void host_facts_refresh(const struct procfs *p, double mem_total, struct host_facts *facts);

/* KernelStack / threads as a power of two of 4 ... 64 KiB: the largest one that is below 8/7 of it.
 * 16 KiB when that is none of them or one of the two is NaN. */
double host_stack_size(double kernel_stack, double threads);
