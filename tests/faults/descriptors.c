/* SPDX-License-Identifier: MIT */
/* Faults that hold open files: epoll items and unix sockets, both SUnreclaim; and full pipes, whose
 * pages are in no account of /proc/meminfo. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        WATCHED = 1000,            /* descriptors that each epoll instance watches */
        DESCRIPTORS_MAX = 1 << 20, /* the default fs.nr_open */
        PIPE_BYTES = 1 << 20,      /* the default fs.pipe-max-size */
};

/* As many as the hard limit says; root may lift that up to fs.nr_open. */
static void raise_limit(void)
{
        struct rlimit limit = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

        if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int epoll_grow(uint64_t from, uint64_t to)
{
        static int watched[WATCHED], instance = -1;

        if (from == 0 && to > 0) {
                raise_limit();
                watched[0] = eventfd(0, EFD_CLOEXEC);
                if (watched[0] < 0)
                        return -errno;
                for (int i = 1; i < WATCHED; i++) {
                        watched[i] = dup(watched[0]);
                        if (watched[i] < 0)
                                return -errno;
                }
        }
        for (; from < to; from++) {
                struct epoll_event event = { .events = EPOLLIN };

                if (from % WATCHED == 0) {
                        instance = epoll_create1(EPOLL_CLOEXEC);
                        if (instance < 0)
                                return -errno;
                }
                if (epoll_ctl(instance, EPOLL_CTL_ADD, watched[from % WATCHED], &event) < 0)
                        return -errno;
        }
        return 0;
}

static int sockets_grow(uint64_t from, uint64_t to)
{
        static uint64_t made;

        if (from == 0)
                raise_limit();
        for (; made < to; made += 2) {
                int pair[2];

                if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                        return -errno;
        }
        return 0;
}

static int pipes_grow(uint64_t from, uint64_t to)
{
        static char zeros[PIPE_BYTES];
        static uint64_t filled;

        if (from == 0)
                raise_limit();
        while (filled < to) {
                int ends[2];

                if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                        return -errno;
                /* Without the right to so large ones it takes more of them. */
                (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
                ssize_t n = write(ends[1], zeros, sizeof(zeros));
                if (n < 0)
                        return -errno;
                filled += (uint64_t)n;
        }
        return 0;
}

const struct fault_kind fault_pipes = {
        .name = "pipes",
        .amount = "bytes in pipes that nobody reads",
        .max = (uint64_t)16 << 30,
        .grow = pipes_grow,
};

const struct fault_kind fault_epoll = {
        .name = "epoll",
        .amount = "watched descriptors",
        .max = 10000000,
        .grow = epoll_grow,
};

const struct fault_kind fault_sockets = {
        .name = "sockets",
        .amount = "unix sockets",
        .max = 1000000,
        .grow = sockets_grow,
};
