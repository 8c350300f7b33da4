/* SPDX-License-Identifier: MIT */
/* One peer of a control server: sd-bus speaks, we keep it within bounds.
 *
 * sd-bus takes messages of up to 128 MiB and queues answers without a practical limit, and any user
 * may connect to a daemon whose memory is locked. So sd-bus does not read the peer's socket: we do,
 * count the bytes, and pass them on through a socket pair. Answers go to the peer directly; a peer
 * that does not read them is dropped. */
#include "control/connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "base/text.h"
#include "control/names.h"

struct control_connection {
        struct control_server *server;
        struct ucred peer;
        int peer_fd;           /* the peer's socket */
        int feed_fd;           /* what is written here, sd-bus reads */
        size_t bytes_received; /* of CONTROL_REQUEST_BYTES_MAX */
        bool begun;            /* the handshake is over: messages follow */
        char line[8];          /* of the handshake, as far as it is needed */
        size_t line_length;
        bool dead;
        sd_bus *bus;
        sd_event_source *reading, *idle;
        struct control_request *pending[CONTROL_PENDING_MAX];
};

struct control_request {
        struct control_connection *connection; /* NULL once the peer is gone */
        sd_bus_message *call;
};

uid_t control_connection_user(const struct control_connection *c)
{
        return c->peer.uid;
}

bool control_connection_dead(const struct control_connection *c)
{
        return c->dead;
}

/* Callbacks of the connection's own sources and of its bus must not free it: they mark it. */
static void connection_end(struct control_connection *c, const char *reason)
{
        if (c->dead)
                return;
        log_debug("control: connection of user %u, process %d ends: %s", (unsigned)c->peer.uid,
                  (int)c->peer.pid, reason);
        c->dead = true;
        (void)sd_event_source_set_enabled(c->reading, SD_EVENT_OFF);
        (void)sd_event_source_set_enabled(c->server->reaper, SD_EVENT_ONESHOT);
}

/* How much of it belongs to the handshake, which ends with the line BEGIN. */
static size_t handshake_length(struct control_connection *c, const char *data, size_t size)
{
        static const char last[] = "BEGIN\r";

        for (size_t i = 0; i < size; i++) {
                if (data[i] != '\n') {
                        if (c->line_length < sizeof c->line)
                                c->line[c->line_length++] = data[i];
                        continue;
                }
                c->begun = c->line_length == sizeof last - 1 &&
                           memcmp(c->line, last, sizeof last - 1) == 0;
                c->line_length = 0;
                if (c->begun)
                        return i + 1;
        }
        return size;
}

static bool feed(struct control_connection *c, const char *data, size_t size)
{
        return size == 0 ||
               send(c->feed_fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

/* sd-bus reads what follows the handshake together with it and looks at it only when more comes,
 * which a peer that waits for its answer never sends. So it gets the one when it is done with the
 * other. */
static bool pass_on(struct control_connection *c, const char *data, size_t size)
{
        size_t first = c->begun ? 0 : handshake_length(c, data, size);

        if (!feed(c, data, first))
                return false;
        while (first > 0 && c->begun && sd_bus_is_ready(c->bus) == 0)
                if (sd_bus_process(c->bus, NULL) <= 0)
                        break;
        return feed(c, data + first, size - first);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        (void)source, (void)events;
        struct control_connection *c = userdata;
        char buffer[4096];

        /* recv without room for control data: descriptors a peer sends along are closed. */
        ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        connection_end(c, strerror(errno));
                return 0;
        }
        if (n == 0) {
                connection_end(c, "closed by the peer");
                return 0;
        }
        c->bytes_received += (size_t)n;
        if (c->bytes_received > CONTROL_REQUEST_BYTES_MAX)
                connection_end(c, "it sent too much");
        /* A socket pair holds more than CONTROL_REQUEST_BYTES_MAX, so this never falls short. */
        else if (!pass_on(c, buffer, (size_t)n))
                connection_end(c, "its requests could not be passed on");
        return 0;
}

static void idle_restart(struct control_connection *c)
{
        (void)sd_event_source_set_time_relative(c->idle, (uint64_t)(c->server->idle_seconds * 1e6));
        (void)sd_event_source_set_enabled(c->idle, SD_EVENT_ONESHOT);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source, (void)usec;
        struct control_connection *c = userdata;

        for (size_t i = 0; i < CONTROL_PENDING_MAX; i++)
                if (c->pending[i]) {
                        idle_restart(c);
                        return 0;
                }
        connection_end(c, "idle");
        return 0;
}

/* Sees every message before sd-bus answers anything itself. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        struct control_connection *c = userdata;
        uint64_t unread = 0;

        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
                connection_end(c, "sd-bus gave up on what the peer sent");
                return 0;
        }
        if (c->dead)
                return 1;
        if (sd_bus_get_n_queued_write(c->bus, &unread) >= 0 && unread >= CONTROL_UNREAD_MAX) {
                connection_end(c, "it does not read its answers");
                return 1;
        }
        idle_restart(c);
        return 0;
}

static void request_free(struct control_request *r)
{
        if (r->connection)
                for (size_t i = 0; i < CONTROL_PENDING_MAX; i++)
                        if (r->connection->pending[i] == r)
                                r->connection->pending[i] = NULL;
        sd_bus_message_unref(r->call);
        free(r);
}

int control_connection_on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct control_connection *c = userdata;
        const struct control_method *method = NULL;
        struct control_request **slot = NULL;
        const char *argument;

        for (size_t i = 0; i < c->server->method_count && !method; i++)
                if (strcmp(c->server->methods[i].name, sd_bus_message_get_member(m)) == 0)
                        method = &c->server->methods[i];
        assert(method); /* sd-bus calls us for the names in our vtable only */

        int r = sd_bus_message_read(m, "s", &argument);
        if (r < 0)
                return r;
        for (size_t i = 0; i < CONTROL_PENDING_MAX && !slot; i++)
                if (!c->pending[i])
                        slot = &c->pending[i];
        if (!slot)
                return sd_bus_error_set_errnof(error, EBUSY,
                                               "%d calls of this connection are still waiting",
                                               CONTROL_PENDING_MAX);
        struct control_request *request = calloc(1, sizeof *request);
        if (!request)
                return -ENOMEM;
        request->connection = c;
        request->call = sd_bus_message_ref(m);
        *slot = request;
        method->handler(request, argument, c->server->userdata);
        return 1;
}

void control_request_reply(struct control_request *r, const char *json)
{
        if (r->connection && sd_bus_reply_method_return(r->call, "s", json) < 0)
                (void)sd_bus_reply_method_errnof(r->call, EIO, "The answer could not be sent.");
        request_free(r);
}

void control_request_fail(struct control_request *r, int error, const char *format, ...)
{
        char raw[512], text[sizeof raw];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(raw, sizeof raw, format, arguments);
        va_end(arguments);
        /* A name that was cut within a character would make sd-bus refuse to send the answer. */
        utf8_clean(raw, text, sizeof text);
        if (r->connection)
                (void)sd_bus_reply_method_errnof(r->call, error, "%s", text);
        request_free(r);
}

uid_t control_request_user(const struct control_request *r)
{
        return r->connection ? r->connection->peer.uid : (uid_t)-1;
}

bool control_request_may_change(struct control_request *r)
{
        /* The kernel hands out at most this many supplementary groups (NGROUPS_MAX). */
        enum { GROUPS_MAX = 65536 };

        if (!r->connection)
                return false;
        const struct ucred *peer = &r->connection->peer;
        const struct control_server *server = r->connection->server;
        if (peer->uid == 0 || peer->uid == geteuid())
                return true;
        if (!server->has_admin_group)
                return false;
        if (peer->gid == server->admin_group)
                return true;

        socklen_t size = 64 * sizeof(gid_t);
        for (;;) {
                _cleanup_free_ gid_t *groups = malloc(size);
                if (!groups)
                        return false;
                if (getsockopt(r->connection->peer_fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) ==
                    0) {
                        for (size_t i = 0; i < size / sizeof(gid_t); i++)
                                if (groups[i] == server->admin_group)
                                        return true;
                        return false;
                }
                /* ERANGE: size now says how much it takes. */
                if (errno != ERANGE || size > GROUPS_MAX * sizeof(gid_t))
                        return false;
        }
}

/* The bus reads what we feed it and writes to the peer. */
static int connection_start_bus(struct control_connection *c)
{
        _cleanup_close_ int in = -1, out = -1;
        int pair[2], r;
        sd_id128_t id;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return -errno;
        c->feed_fd = pair[0];
        in = pair[1];
        /* A descriptor of its own: the same one cannot be watched twice in one epoll set. */
        out = fcntl(c->peer_fd, F_DUPFD_CLOEXEC, 3);
        if (out < 0)
                return -errno;
        if ((r = sd_id128_randomize(&id)) < 0 || (r = sd_bus_new(&c->bus)) < 0 ||
            (r = sd_bus_set_fd(c->bus, in, out)) < 0)
                return r;
        in = out = -1;
        if ((r = sd_bus_set_server(c->bus, 1, id)) < 0 ||
            /* Who the peer is, SO_PEERCRED says; the handshake proves nothing more. */
            (r = sd_bus_set_anonymous(c->bus, 1)) < 0 ||
            (r = sd_bus_negotiate_fds(c->bus, 0)) < 0 ||
            /* Closing would first flush, which waits for a peer that does not read. */
            (r = sd_bus_set_close_on_exit(c->bus, 0)) < 0 ||
            (r = sd_bus_add_filter(c->bus, NULL, on_message, c)) < 0 ||
            (r = sd_bus_add_object_vtable(c->bus, NULL, CONTROL_OBJECT, c->server->interface,
                                          c->server->vtable, c)) < 0 ||
            (r = sd_bus_start(c->bus)) < 0 ||
            (r = sd_bus_attach_event(c->bus, c->server->loop, SD_EVENT_PRIORITY_IDLE)) < 0)
                return r;
        /* sd-bus has asked for 8 MiB of kernel memory for answers that nobody reads. */
        int size = CONTROL_SEND_BUFFER;
        if (setsockopt(c->peer_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0)
                return -errno;
        return 0;
}

int control_connection_new(struct control_server *server, int fd, struct control_connection **ret)
{
        struct control_connection *c = calloc(1, sizeof *c);
        if (!c) {
                (void)close(fd);
                return -ENOMEM;
        }
        c->server = server;
        c->peer_fd = fd;
        c->feed_fd = -1;

        socklen_t size = sizeof c->peer;
        int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c->peer, &size) < 0 ? -errno : 0;
        if (r < 0 ||
            (r = sd_event_add_io(server->loop, &c->reading, fd, EPOLLIN, on_readable, c)) < 0 ||
            (r = sd_event_source_set_priority(c->reading, SD_EVENT_PRIORITY_IDLE)) < 0 ||
            (r = sd_event_add_time_relative(server->loop, &c->idle, CLOCK_MONOTONIC,
                                            (uint64_t)(server->idle_seconds * 1e6), 100000, on_idle,
                                            c)) < 0 ||
            (r = connection_start_bus(c)) < 0) {
                control_connection_free(c);
                return r;
        }
        (void)sd_event_source_set_description(c->reading, "control-peer");
        (void)sd_event_source_set_description(c->idle, "control-idle");
        *ret = c;
        return 0;
}

void control_connection_free(struct control_connection *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < CONTROL_PENDING_MAX; i++)
                if (c->pending[i]) {
                        /* The call holds the bus, which still looks into the server's vtable. */
                        c->pending[i]->call = sd_bus_message_unref(c->pending[i]->call);
                        c->pending[i]->connection = NULL;
                }
        sd_event_source_disable_unref(c->reading);
        sd_event_source_disable_unref(c->idle);
        if (c->bus) {
                (void)sd_bus_detach_event(c->bus);
                sd_bus_close_unref(c->bus);
        }
        if (c->feed_fd >= 0)
                (void)close(c->feed_fd);
        (void)close(c->peer_fd);
        free(c);
}
