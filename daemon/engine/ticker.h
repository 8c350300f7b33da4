/* SPDX-License-Identifier: MIT */
/* The beat of the service beside its event loop. What the daemon does once a second for years goes
 * past sd-event: a timer of the kernel that repeats by itself, and one wait for it and for the
 * loop. Turning the loop for each tick costs as much CPU as judging all rules (its code and data
 * are cold each time). Everything else, signals, sockets and other timers, is sd-event's as
 * everywhere.
 *
 * A late tick delays no other, missed ones are gone. */
#pragma once

#include <systemd/sd-event.h>

#include "base/macros.h"

enum ticker_result {
        TICKER_QUIET,    /* no source of the loop was added, enabled or set in the tick */
        TICKER_LOOP_DUE, /* the loop has something to do */
};

/* One of enum ticker_result. */
typedef enum ticker_result (*ticker_tick)(void *userdata);

struct ticker {
        sd_event *loop;       /* not owned */
        int timer_fd, all_fd; /* -1: none */
        double interval;      /* seconds */
        ticker_tick tick;
        void *userdata;
};

/* The first tick comes at once. 0 or negative errno. */
int ticker_init(struct ticker *t, sd_event *loop, double interval, ticker_tick tick,
                void *userdata);
void ticker_done(struct ticker *t);

/* Instead of sd_event_loop: ticks and turns the loop until sd_event_exit. A tick goes before
 * whatever waits in the loop. Its exit code, or negative errno. */
_hot_ int ticker_run(struct ticker *t);

/* From the next tick on, which comes when it would have come. 0 or negative errno. */
int ticker_set_interval(struct ticker *t, double interval);
