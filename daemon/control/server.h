/* SPDX-License-Identifier: MIT */
/* The socket on which a running program answers: sd-bus, peer to peer, over a unix socket (0666:
 * any user may read; methods that change things check the peer's credentials, see
 * control_request_may_change). Every method takes one string and answers one string (JSON). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"

struct sd_event;
struct control_server;
struct control_request;

typedef void (*control_handler)(struct control_request *request, const char *argument,
                                void *userdata);

struct control_method {
        const char *name; /* CamelCase: "Status" */
        control_handler handler;
};

enum { CONTROL_CONNECTIONS_MAX = 32 }; /* more are refused: a person's tool needs one */

/* Listens on `path` (a stale socket of a dead program is replaced; -EADDRINUSE when another one
 * answers there). interface: "io.kmemwatch.Daemon1" or "io.kmemwatch.Courier1". methods outlive the
 * server. */
int control_server_new(struct sd_event *loop, const char *path, const char *interface,
                       const struct control_method *methods, size_t count, void *userdata,
                       struct control_server **ret);
void control_server_free(struct control_server *s); /* closes connections, unlinks the socket */

/* A handler answers at once or keeps the request and answers later, exactly once; both release it.
 */
void control_request_reply(struct control_request *r, const char *json);
void control_request_fail(struct control_request *r, int error, const char *format, ...)
        _printf_(3, 4);

/* The user on the other side; (uid_t)-1 when it is gone. */
uid_t control_request_user(const struct control_request *r);

/* True when the peer is root, our own user, or in group kmemwatch-admin (SO_PEERCRED, supplementary
 * groups too). */
bool control_request_may_change(struct control_request *r);
