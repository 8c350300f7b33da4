/* SPDX-License-Identifier: MIT */
/* A timerfd beside the event loop. */
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

static int watch(struct ticker *t, int fd)
{
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
        if (fd < 0)
                return fd;
        return epoll_ctl(t->all_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int ticker_init(struct ticker *t, sd_event *loop, double interval, ticker_tick tick, void *userdata)
{
        struct itimerspec set = { .it_value = { .tv_nsec = 1 }, .it_interval = span(interval) };
        *t = (struct ticker){
                .loop = loop, .interval = interval, .tick = tick, .userdata = userdata
        };
        t->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        t->all_fd = epoll_create1(EPOLL_CLOEXEC);
        if (t->timer_fd < 0 || t->all_fd < 0 || timerfd_settime(t->timer_fd, 0, &set, NULL) < 0)
                return -errno;
        int r = watch(t, t->timer_fd);
        return r < 0 ? r : watch(t, sd_event_get_fd(loop));
}

void ticker_done(struct ticker *t)
{
        closep(&t->timer_fd);
        closep(&t->all_fd);
        t->timer_fd = t->all_fd = -1;
}

static bool is_due(const struct ticker *t)
{
        uint64_t passed;
        return read(t->timer_fd, &passed, sizeof(passed)) == sizeof(passed);
}

int ticker_run(struct ticker *t)
{
        /* Once at first: what was added before is armed by turning the loop. */
        bool loop_due = true;
        int code;
        for (;;) {
                struct epoll_event events[2];
                int n = epoll_wait(t->all_fd, events, ELEMENTS_OF(events), loop_due ? 0 : -1);
                if (n < 0 && errno != EINTR)
                        return -errno;
                for (int i = 0; i < n; i++)
                        if (events[i].data.fd != t->timer_fd)
                                loop_due = true;
                        else if (is_due(t) && t->tick(t->userdata) == TICKER_LOOP_DUE)
                                loop_due = true;
                if (!loop_due)
                        continue;
                int r = sd_event_run(t->loop, 0);
                if (r < 0)
                        return r;
                loop_due = r > 0;
                if (sd_event_get_state(t->loop) == SD_EVENT_FINISHED)
                        return sd_event_get_exit_code(t->loop, &code) >= 0 ? code : 0;
        }
}

int ticker_set_interval(struct ticker *t, double interval)
{
        struct itimerspec set;
        if (interval == t->interval)
                return 0;
        bool due = is_due(t);
        if (timerfd_gettime(t->timer_fd, &set) < 0)
                return -errno;
        set.it_interval = span(interval);
        if (due) /* one that has not been seen yet is not lost */
                set.it_value = (struct timespec){ .tv_nsec = 1 };
        if (timerfd_settime(t->timer_fd, 0, &set, NULL) < 0)
                return -errno;
        t->interval = interval;
        return 0;
}
