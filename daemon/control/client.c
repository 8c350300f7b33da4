/* SPDX-License-Identifier: MIT */
/* One call to a running daemon or courier: connect, ask, wait, all within one deadline. */
#include "control/client.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "base/macros.h"
#include "control/names.h"

/* How long one call may take whatever the caller asks for: half a day. */
#define TIMEOUT_MAX 43200.0

static int connect_to(const char *path, double timeout, int *ret)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof address.sun_path)
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        /* connect() waits while the backlog is full, as long as sending would. */
        struct timeval limit = { .tv_sec = (time_t)timeout,
                                 .tv_usec = (suseconds_t)(fmod(timeout, 1) * 1e6) };
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

/* 1 when m is the answer, with its text taken; 0 when it is something else. */
static int take_answer(sd_bus_message *m, uint64_t cookie, char **ret_reply, char **ret_error)
{
        uint64_t to;
        const char *text;

        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Disconnected") > 0)
                return -ECONNRESET;
        if (sd_bus_message_get_reply_cookie(m, &to) < 0 || to != cookie)
                return 0;
        if (sd_bus_message_is_method_error(m, NULL) > 0) {
                const sd_bus_error *error = sd_bus_message_get_error(m);
                *ret_error = strndup(error && error->message ? error->message : "no reason given",
                                     CONTROL_REPLY_BYTES_MAX);
                return *ret_error ? -EREMOTEIO : -ENOMEM;
        }
        int r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return -EBADMSG;
        if (strlen(text) > CONTROL_REPLY_BYTES_MAX)
                return -EMSGSIZE;
        *ret_reply = strdup(text);
        return *ret_reply ? 1 : -ENOMEM;
}

/* Not sd_bus_call: its timeout does not cover the handshake, and its error does not tell a refusal
 * by the other program from a broken connection. */
static int wait_for_answer(sd_bus *bus, uint64_t cookie, double deadline, char **ret_reply,
                           char **ret_error)
{
        for (;;) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
                int r = sd_bus_process(bus, &m);
                if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE)
                        return -ECONNRESET;
                if (r < 0)
                        return r;
                if (m) {
                        int answer = take_answer(m, cookie, ret_reply, ret_error);
                        if (answer != 0)
                                return answer < 0 ? answer : 0;
                }
                double left = deadline - clock_monotonic();
                if (left <= 0)
                        return -ETIMEDOUT;
                if (r > 0)
                        continue;
                r = sd_bus_wait(bus, (uint64_t)ceil(left * 1e6));
                if (r < 0 && r != -EINTR)
                        return r == -ENOTCONN ? -ECONNRESET : r;
        }
}

int control_call(const char *path, const char *interface, const char *method, const char *argument,
                 double timeout, char **ret_reply, char **ret_error)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_free_ char *reply = NULL, *error = NULL;
        _cleanup_close_ int fd = -1;
        uint64_t cookie;

        timeout = fmin(fmax(timeout, 0.001), TIMEOUT_MAX);
        double deadline = clock_monotonic() + timeout;

        int r = connect_to(path, timeout, &fd);
        if (r < 0)
                return r;
        if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_fd(bus, fd, fd)) < 0)
                return r;
        fd = -1;
        if ((r = sd_bus_set_anonymous(bus, 1)) < 0 || (r = sd_bus_negotiate_fds(bus, 0)) < 0 ||
            (r = sd_bus_start(bus)) < 0 ||
            (r = sd_bus_message_new_method_call(bus, &call, NULL, CONTROL_OBJECT, interface,
                                                method)) < 0 ||
            (r = sd_bus_message_append(call, "s", argument)) < 0 ||
            (r = sd_bus_send(bus, call, &cookie)) < 0)
                return r == -ENOTCONN || r == -EPIPE ? -ECONNRESET : r;
        r = wait_for_answer(bus, cookie, deadline, &reply, &error);
        if (r == 0)
                *ret_reply = TAKE_PTR(reply);
        else if (r == -EREMOTEIO)
                *ret_error = TAKE_PTR(error);
        return r;
}
