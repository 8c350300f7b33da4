/* SPDX-License-Identifier: MIT */
/* A sign of life now and then, to an address that complains when it stays away: then silence means
 * that nothing is wrong, and not that nobody could say so. It stays away while its channel does not
 * work, and while the daemon does not run. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/units.h"
#include "deliver/courier_internal.h"

enum { AGAIN_SECONDS = 10 }; /* while it has to stay away */

DEFINE_CLEANUP(struct channel, channel_free);

/* Somebody listens at the daemon's socket. A daemon that hangs is the service manager's business.
 */
static bool daemon_runs(const struct courier *c)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        if (!c->daemon_socket || strlen(c->daemon_socket) >= sizeof(address.sun_path))
                return false;
        strcpy(address.sun_path, c->daemon_socket);
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
                           errno == EAGAIN); /* its backlog is full, but it is there */
}

static void say(struct outlet *o, const char *trouble)
{
        if (strcmp(o->beat_trouble, trouble) == 0)
                return;
        if (trouble[0])
                log_warning("channel %s: no heartbeat: %s", o->name, trouble);
        else
                log_notice("channel %s: heartbeats again", o->name);
        snprintf(o->beat_trouble, sizeof(o->beat_trouble), "%s", trouble);
}

static void on_answer(struct answer *answer, void *userdata)
{
        struct outlet *o = userdata;
        _cleanup_(channel_freep) struct channel *channel = TAKE_PTR(o->beat_by);
        struct judgement j;
        o->beat = NULL;
        channel_redact_answer(channel, answer);
        verdict_of(CHANNEL_WEBHOOK, answer, clock_realtime(), &j);
        say(o, j.verdict == VERDICT_ACCEPTED ? "" : j.reason);
}

static char *body(const struct courier *c, const struct outlet *o)
{
        char now[FORMAT_MAX];
        struct utsname names = { 0 };
        (void)uname(&names);
        json_auto_t *json = json_pack(
                "{s:i, s:s, s:s, s:s, s:{s:s}, s:f, s:I}", "version", 1, "event", "heartbeat",
                "time", format_time_utc(clock_realtime(), now), "channel", o->name, "host", "name",
                names.nodename, "interval_seconds", o->channel->heartbeat, "waiting",
                (json_int_t)queue_waiting(&c->queue, o->bit));
        return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

static int send_beat(struct courier *c, struct outlet *o)
{
        struct request request = { 0 };
        struct transport transport;
        int r = channel_heartbeat_address(o->channel, &request.url);
        if (r >= 0 && !(request.body = body(c, o)))
                r = -ENOMEM;
        courier_transport(c, o->channel, &transport);
        if (r >= 0)
                r = http_send(c->http, &request, &transport, on_answer, o, &o->beat);
        request_done(&request);
        if (r >= 0)
                o->beat_by = channel_ref(o->channel);
        return r;
}

double courier_heartbeat(struct courier *c, struct outlet *o)
{
        double now = clock_boottime();
        if (!o->channel || isnan(o->channel->heartbeat))
                return INFINITY;
        if (o->beat_next > now)
                return o->beat_next;
        o->beat_next = now + o->channel->heartbeat;
        if (o->beat) /* still waits for its answer */
                return o->beat_next;
        const char *trouble = o->lane.retry.said || o->lane.retry.broken
                                      ? "the channel does not work"
                              : !daemon_runs(c)     ? "kmemwatchd does not run"
                              : send_beat(c, o) < 0 ? "it cannot be sent"
                                                    : NULL;
        if (trouble) { /* as soon as it is over, before somebody is alarmed */
                say(o, trouble);
                o->beat_next = now + fmin(o->channel->heartbeat, AGAIN_SECONDS);
        }
        return o->beat_next;
}
