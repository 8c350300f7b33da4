/* SPDX-License-Identifier: MIT */
/* A kind of fault: it makes one number of the kernel grow, in steps, and gives everything back. */
#pragma once

#include <stdint.h>

struct fault_kind {
        const char *name;
        const char *amount; /* what AMOUNT counts, for the usage text */
        uint64_t max; /* more would endanger the machine, or is beyond a limit of the kernel */

        /* In the worker. Makes the fault grow from `from` to `to`. 0 or negative errno. */
        int (*grow)(uint64_t from, uint64_t to);

        /* In the supervisor, before the worker starts and after it is gone however it ended; may be
         * NULL. What ends with the worker's process needs neither. */
        int (*prepare)(void);
        void (*undo)(void);
};

extern const struct fault_kind fault_threads, fault_sysv, fault_dentries, fault_pagetables,
        fault_epoll, fault_sockets, fault_pipes;
