/* SPDX-License-Identifier: MIT */
/* The beat of the service: a timer of the kernel that repeats by itself, so that a tick arms
 * nothing and the loop sorts nothing. A source of time of sd-event's costs a system call more and
 * as much of its code as judging all rules. A late tick delays no other, missed ones are gone. */
#pragma once

#include <systemd/sd-event.h>

/* 0, or negative errno: then the service ends. */
typedef int (*ticker_tick)(void *userdata);

struct ticker {
        sd_event_source *source;
        int fd;          /* -1: none */
        double interval; /* seconds */
        ticker_tick tick;
        void *userdata;
};

/* The first tick comes at once. t must stay where it is. 0 or negative errno. */
int ticker_init(struct ticker *t, sd_event *loop, double interval, ticker_tick tick,
                void *userdata);
void ticker_done(struct ticker *t);

/* From the next tick on, which comes when it would have come. 0 or negative errno. */
int ticker_set_interval(struct ticker *t, double interval);
