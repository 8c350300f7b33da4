/* SPDX-License-Identifier: MIT */
/* The only place that asks the kernel for the time. All in seconds. */
#pragma once

#include "base/macros.h"

/* CLOCK_REALTIME, Unix seconds. */
_hot_ double clock_realtime(void);

/* CLOCK_MONOTONIC: does not step, does not run while suspended. */
_hot_ double clock_monotonic(void);

/* CLOCK_BOOTTIME: does not step, runs while suspended. */
double clock_boottime(void);

/* CLOCK_PROCESS_CPUTIME_ID: CPU time of all threads of this process. */
double clock_process_cpu(void);

/* CLOCK_THREAD_CPUTIME_ID: of this thread alone. */
double clock_thread_cpu(void);
