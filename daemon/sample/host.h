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
                                 none */
        unsigned cpus_online; /* >= 1 */
        unsigned cpus_possible; /* >= cpus_online */
        unsigned numa_nodes;    /* >= 1 */
        unsigned cgroups;       /* memory cgroups, 0 when unknown */
        double page_size;       /* bytes */
        double stack_size; /* bytes of one kernel stack: KernelStack / threads rounded to a power of
                              two */
        double mem_total;  /* bytes */
        bool meminfo_is_lxcfs; /* /proc/meminfo is a fuse mount: it shows the container's view */
};

/* Reads all facts below the root. A fact that cannot be read gets its documented fallback; returns
 * negative errno only when /proc/meminfo cannot be read. */
int host_facts_read(const struct procfs *p, struct host_facts *ret);
