/* SPDX-License-Identifier: MIT */
/* The texts of a process: /proc/PID/status and /proc/PID/cgroup. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
        PROCESS_NAME_MAX = 64, /* 15 bytes of the kernel, each of which it may escape */
        /* status is 1.4 KiB on 6.18, more with many groups, which come before what is needed. */
        PROCESS_TEXT_MAX = 16384,
        PROCESS_CGROUP_MAX = 4096, /* PATH_MAX: longest path of a cgroup */
};

struct process {
        char name[PROCESS_NAME_MAX]; /* "nginx"; of a kernel thread "[kworker]": what follows the
                                        first '/' or ':' and trailing digits tell CPUs and queues
                                        apart, not causes */
        bool kernel;                 /* a thread of the kernel itself */
        double threads;
        double page_tables; /* bytes; 0 for kernel threads */
        double descriptors; /* places for open files, a power of two, at least those open */
};

/* 0; -EBADMSG when Name or Threads is missing: *ret is untouched. */
int process_status_parse(const char *text, size_t size, struct process *ret);

/* Where the process is, from the line that tells most: the memory controller of cgroup v1, else the
 * unified hierarchy, else systemd's own, where the path is not "/". The path is not terminated,
 * *ret_length long, and points into text; "/" when it is in the root or nothing is known. */
const char *process_cgroup_parse(const char *text, size_t size, size_t *ret_length);
