/* SPDX-License-Identifier: MIT */
/* The listening side of the control socket: who may connect, how many, and what becomes of a socket
 * that a dead program left behind. Costs no wake-up while nobody is connected. */
#include "control/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "control/connection.h"
#include "control/names.h"

#define ADMIN_GROUP "kmemwatch-admin"

static int on_connect(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        (void)source, (void)events;
        struct control_server *s = userdata;
        struct control_connection *c, **slot = NULL;
        size_t same_user = 0;

        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                        log_debug("control: cannot accept a connection: %m");
                return 0;
        }
        int r = control_connection_new(s, peer, &c);
        if (r < 0) {
                log_debug("control: cannot serve a connection: %s", strerror(-r));
                return 0;
        }
        for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
                if (!s->connections[i])
                        slot = &s->connections[i];
                else if (control_connection_user(s->connections[i]) == control_connection_user(c))
                        same_user++;
        }
        if (!slot || same_user >= CONTROL_CONNECTIONS_PER_USER) {
                log_debug("control: too many connections, refusing one of user %u",
                          (unsigned)control_connection_user(c));
                control_connection_free(c);
                return 0;
        }
        *slot = c;
        return 0;
}

static int on_reap(sd_event_source *source, void *userdata)
{
        (void)source;
        struct control_server *s = userdata;

        for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
                if (s->connections[i] && control_connection_dead(s->connections[i])) {
                        control_connection_free(s->connections[i]);
                        s->connections[i] = NULL;
                }
        return 0;
}

static int vtable_new(const struct control_method *methods, size_t count, sd_bus_vtable **ret)
{
        sd_bus_vtable *table = calloc(count + 2, sizeof *table);
        if (!table)
                return -ENOMEM;
        table[0] = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
        for (size_t i = 0; i < count; i++)
                table[i + 1] = (sd_bus_vtable)SD_BUS_METHOD(methods[i].name, "s", "s",
                                                            control_connection_on_call,
                                                            SD_BUS_VTABLE_UNPRIVILEGED);
        table[count + 1] = (sd_bus_vtable)SD_BUS_VTABLE_END;
        *ret = table;
        return 0;
}

/* True when a program answers at the address. */
static bool somebody_listens(const struct sockaddr_un *address)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        /* EAGAIN: its backlog is full. Only a refusal says that nobody is there. */
        return fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
               errno != ECONNREFUSED;
}

static int listen_at(const char *path, int *ret)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof address.sun_path)
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
                struct stat st;
                if (errno != EADDRINUSE)
                        return -errno;
                if (lstat(path, &st) < 0)
                        return -errno;
                if (!S_ISSOCK(st.st_mode) || somebody_listens(&address))
                        return -EADDRINUSE;
                if (unlink(path) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
                        return -errno;
        }
        /* Before listen: until then nobody can connect, so nobody sees another mode. */
        if (chmod(path, 0666) < 0 || listen(fd, CONTROL_CONNECTIONS_MAX) < 0) {
                int r = -errno;
                (void)unlink(path);
                return r;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* A system group: sysusers.d puts it into /etc/group. Asking the name service instead would load
 * its modules (0.3 MiB for libnss_systemd alone) and might wait for a server. */
static bool find_admin_group(gid_t *ret)
{
        FILE *f = fopen("/etc/group", "re");
        bool known = false;
        char buffer[16 * 1024]; /* a line with many members; a longer one ends the search */
        struct group group, *found;

        if (!f)
                return false;
        while (!known && fgetgrent_r(f, &group, buffer, sizeof(buffer), &found) == 0) {
                known = strcmp(group.gr_name, ADMIN_GROUP) == 0;
                if (known)
                        *ret = group.gr_gid;
        }
        fclose(f);
        return known;
}

int control_server_new(sd_event *loop, const char *path, const char *interface,
                       const struct control_method *methods, size_t count, void *userdata,
                       struct control_server **ret)
{
        struct control_server *s = calloc(1, sizeof *s);
        if (!s)
                return -ENOMEM;
        s->loop = sd_event_ref(loop);
        s->interface = interface;
        s->methods = methods;
        s->method_count = count;
        s->userdata = userdata;
        s->fd = -1;
        s->idle_seconds = CONTROL_IDLE_SECONDS;

        s->has_admin_group = find_admin_group(&s->admin_group);

        int r = vtable_new(methods, count, &s->vtable);
        if (r < 0 || (r = listen_at(path, &s->fd)) < 0)
                goto fail;
        s->path = strdup(path);
        if (!s->path) {
                (void)unlink(path);
                r = -ENOMEM;
                goto fail;
        }
        if ((r = sd_event_add_io(loop, &s->accepting, s->fd, EPOLLIN, on_connect, s)) < 0 ||
            /* After everything else the program does; and a crowd of callers, or one who waits
             * while we have no descriptor left, may not keep the loop spinning. */
            (r = sd_event_source_set_priority(s->accepting, SD_EVENT_PRIORITY_IDLE)) < 0 ||
            (r = sd_event_source_set_ratelimit(s->accepting, 1000000, 100)) < 0 ||
            (r = sd_event_add_defer(loop, &s->reaper, on_reap, s)) < 0 ||
            (r = sd_event_source_set_enabled(s->reaper, SD_EVENT_OFF)) < 0)
                goto fail;
        (void)sd_event_source_set_description(s->accepting, "control-accept");
        (void)sd_event_source_set_description(s->reaper, "control-reaper");
        *ret = s;
        return 0;
fail:
        control_server_free(s);
        return r;
}

void control_server_free(struct control_server *s)
{
        if (!s)
                return;
        sd_event_source_disable_unref(s->accepting);
        for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
                control_connection_free(s->connections[i]);
        sd_event_source_disable_unref(s->reaper);
        if (s->fd >= 0)
                (void)close(s->fd);
        if (s->path)
                (void)unlink(s->path);
        sd_event_unref(s->loop);
        free(s->vtable);
        free(s->path);
        free(s);
}
