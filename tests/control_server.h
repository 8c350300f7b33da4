/* SPDX-License-Identifier: MIT */
/* A control server in a thread of its own, with methods to call, and peers without our client. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/macros.h"
#include "control/client.h"
#include "control/connection.h"
#include "control/names.h"
#include "control/server.h"

#define INTERFACE "io.kmemwatch.Test1"
enum { ADMIN_GROUP = 54321, BIG = 1024 * 1024 };

struct fixture {
        char folder[64], path[96];
        pthread_t thread;
        sd_event *loop;
        struct control_server *server;
        struct control_request *kept[16];
        size_t kept_count;
        double next_tick, latest; /* the most that a tick was late */
};

/* The program's own work, which goes before its callers. */
#define TICK_SECONDS 0.02

static int on_tick(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct fixture *f = userdata;
        double now = clock_monotonic();

        (void)usec;
        f->latest = now - f->next_tick > f->latest ? now - f->next_tick : f->latest;
        f->next_tick = now + TICK_SECONDS;
        (void)sd_event_source_set_time(s, (uint64_t)(f->next_tick * 1e6));
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* ---- methods, on the server's thread ---- */

static void on_echo(struct control_request *r, const char *argument, void *userdata)
{
        (void)userdata;
        control_request_reply(r, argument);
}

static void on_refuse(struct control_request *r, const char *argument, void *userdata)
{
        (void)userdata;
        control_request_fail(r, ENOENT, "there is no channel \"%s\"", argument);
}

static int on_later(sd_event_source *s, uint64_t usec, void *userdata)
{
        (void)usec;
        control_request_reply(userdata, "late");
        sd_event_source_unref(s);
        return 0;
}

static void on_late(struct control_request *r, const char *argument, void *userdata)
{
        struct fixture *f = userdata;
        sd_event_source *s;

        (void)argument;
        if (sd_event_add_time_relative(f->loop, &s, CLOCK_MONOTONIC, 50000, 1, on_later, r) < 0)
                abort();
}

static void on_keep(struct control_request *r, const char *argument, void *userdata)
{
        struct fixture *f = userdata;

        (void)argument;
        if (f->kept_count >= ELEMENTS_OF(f->kept))
                abort();
        f->kept[f->kept_count++] = r;
}

static void on_big(struct control_request *r, const char *argument, void *userdata)
{
        (void)argument, (void)userdata;
        _cleanup_free_ char *text = malloc(BIG + 1);
        if (!text)
                abort();
        memset(text, 'x', BIG);
        text[BIG] = 0;
        control_request_reply(r, text);
}

static void on_may_change(struct control_request *r, const char *argument, void *userdata)
{
        (void)argument, (void)userdata;
        control_request_reply(r, control_request_may_change(r) ? "yes" : "no");
}

static void on_latest(struct control_request *r, const char *argument, void *userdata)
{
        struct fixture *f = userdata;
        char text[32];

        (void)argument;
        snprintf(text, sizeof text, "%.6f", f->latest);
        control_request_reply(r, text);
}

static void on_stop(struct control_request *r, const char *argument, void *userdata)
{
        struct fixture *f = userdata;

        (void)argument;
        control_request_reply(r, "");
        (void)sd_event_exit(f->loop, 0);
}

static const struct control_method methods[] = {
        { "Echo", on_echo }, { "Refuse", on_refuse }, { "Late", on_late },
        { "Keep", on_keep }, { "Big", on_big },       { "MayChange", on_may_change },
        { "Stop", on_stop }, { "Latest", on_latest },
};

static void *serve(void *userdata)
{
        struct fixture *f = userdata;

        (void)sd_event_loop(f->loop);
        control_server_free(f->server);
        /* A handler may answer after the server is gone. */
        for (size_t i = 0; i < f->kept_count; i++)
                control_request_reply(f->kept[i], "too late");
        sd_event_unref(f->loop);
        return NULL;
}

_unused_ static int call(struct fixture *f, const char *method, const char *argument,
                         double timeout, char **ret_reply, char **ret_error)
{
        return control_call(f->path, INTERFACE, method, argument, timeout, ret_reply, ret_error);
}

static void start(struct fixture *f, double idle_seconds)
{
        strcpy(f->folder, "/tmp/test-control.XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        assert_int_equal(chmod(f->folder, 0755), 0);
        snprintf(f->path, sizeof f->path, "%s/socket", f->folder);
        assert_return_code(sd_event_new(&f->loop), 0);
        assert_int_equal(control_server_new(f->loop, f->path, INTERFACE, methods,
                                            ELEMENTS_OF(methods), f, &f->server),
                         0);
        f->server->idle_seconds = idle_seconds;
        f->server->has_admin_group = true;
        f->server->admin_group = ADMIN_GROUP;
        f->next_tick = clock_monotonic();
        assert_return_code(sd_event_add_time(f->loop, NULL, CLOCK_MONOTONIC,
                                             (uint64_t)(f->next_tick * 1e6), 1, on_tick, f),
                           0);
        assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

_unused_ static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);

        start(f, CONTROL_IDLE_SECONDS);
        *state = f;
        return 0;
}

_unused_ static int teardown(void **state)
{
        struct fixture *f = *state;
        _cleanup_free_ char *reply = NULL, *error = NULL;
        int r;

        /* Whatever the test did, the server still answers and stops at once. It may not know yet
         * that the test's peers have gone, or stop before its answer is out. */
        for (int tries = 0; (r = call(f, "Stop", "", 5, &reply, &error)) == -ECONNRESET; tries++) {
                if (access(f->path, F_OK) < 0 || tries > 100)
                        break;
                usleep(10000);
        }
        double before = clock_monotonic();
        assert_int_equal(pthread_join(f->thread, NULL), 0);
        assert_true(clock_monotonic() - before < 2);
        assert_int_equal(access(f->path, F_OK), -1);
        assert_int_equal(rmdir(f->folder), 0);
        free(f);
        return r == -ECONNRESET ? 0 : r;
}

/* ---- peers without our client ---- */

_unused_ static int raw_connect(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        strcpy(address.sun_path, path);
        assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof address), errno);
        return fd;
}

/* True when the other side hangs up within the time. */
_unused_ static bool hangs_up(int fd, double seconds)
{
        double deadline = clock_monotonic() + seconds;
        char buffer[65536];

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                double left = deadline - clock_monotonic();
                if (left <= 0 || poll(&p, 1, (int)(left * 1e3) + 1) == 0)
                        return false;
                ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN))
                        return true;
        }
}

_unused_ static void assert_answers(struct fixture *f)
{
        _cleanup_free_ char *reply = NULL, *error = NULL;

        assert_int_equal(call(f, "Echo", "still here", 5, &reply, &error), 0);
        assert_string_equal(reply, "still here");
}
