/* SPDX-License-Identifier: MIT */
/* One peer of a control server: inside control/ only. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "control/server.h"

struct sd_event_source;

enum {
        /* So that one user cannot keep the others out. */
        CONTROL_CONNECTIONS_PER_USER = CONTROL_CONNECTIONS_MAX / 4,
        CONTROL_PENDING_MAX = 4, /* calls of one peer that wait for a late reply */
        CONTROL_UNREAD_MAX = 4,  /* answers that a peer has not read before it is dropped */
        CONTROL_SEND_BUFFER = 128 * 1024, /* the kernel's part of that; holds a usual answer */
        CONTROL_IDLE_SECONDS = 30,        /* without a call, unless one is still being answered */
};

struct control_connection;

struct control_server {
        struct sd_event *loop;
        char *path;
        const char *interface;
        const struct control_method *methods;
        size_t method_count;
        void *userdata;
        sd_bus_vtable *vtable; /* made from methods */
        bool has_admin_group;
        gid_t admin_group;
        double idle_seconds; /* CONTROL_IDLE_SECONDS; tests have no time for that */
        int fd;              /* listening */
        struct sd_event_source *accepting;
        struct sd_event_source *reaper; /* frees connections marked dead, outside their callbacks */
        struct control_connection *connections[CONTROL_CONNECTIONS_MAX];
};

/* Takes over fd, a connected socket, in every case. 0 or negative errno. */
int control_connection_new(struct control_server *server, int fd, struct control_connection **ret);

/* Requests that are still kept by their handlers stay valid and answer nobody. NULL is fine. */
void control_connection_free(struct control_connection *c);

uid_t control_connection_user(const struct control_connection *c);
bool control_connection_dead(const struct control_connection *c);

/* The handler of every method in the server's vtable; userdata is the connection. */
int control_connection_on_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
