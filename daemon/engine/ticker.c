/* SPDX-License-Identifier: MIT */
/* A timerfd in the event loop. */
#include "engine/ticker.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/macros.h"

static struct timespec span(double seconds)
{
        struct timespec t = { .tv_sec = (time_t)seconds };
        t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
        return t;
}

static int on_tick(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        struct ticker *t = userdata;
        uint64_t passed;
        (void)source;
        (void)events;
        if (read(fd, &passed, sizeof(passed)) != sizeof(passed))
                return 0; /* set anew since the loop saw it */
        return t->tick(t->userdata);
}

int ticker_init(struct ticker *t, sd_event *loop, double interval, ticker_tick tick, void *userdata)
{
        struct itimerspec set = { .it_value = { .tv_nsec = 1 }, .it_interval = span(interval) };
        *t = (struct ticker){ .interval = interval, .tick = tick, .userdata = userdata };
        t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (t->fd < 0 || timerfd_settime(t->fd, 0, &set, NULL) < 0)
                return -errno;
        int r = sd_event_add_io(loop, &t->source, t->fd, EPOLLIN, on_tick, t);
        if (r >= 0)
                (void)sd_event_source_set_description(t->source, "tick");
        return r;
}

void ticker_done(struct ticker *t)
{
        t->source = sd_event_source_disable_unref(t->source);
        closep(&t->fd);
        t->fd = -1;
}

int ticker_set_interval(struct ticker *t, double interval)
{
        struct itimerspec set;
        uint64_t passed;
        if (interval == t->interval)
                return 0;
        bool due = read(t->fd, &passed, sizeof(passed)) == sizeof(passed);
        if (timerfd_gettime(t->fd, &set) < 0)
                return -errno;
        set.it_interval = span(interval);
        if (due) /* one that the loop has not seen yet is not lost */
                set.it_value = (struct timespec){ .tv_nsec = 1 };
        if (timerfd_settime(t->fd, 0, &set, NULL) < 0)
                return -errno;
        t->interval = interval;
        return 0;
}
