/* SPDX-License-Identifier: MIT */
/* How the courier is doing, for the person's tool and for systemd. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "deliver/courier_internal.h"

static bool fails(const struct outlet *o)
{
        return !o->channel || o->lane.retry.broken || o->lane.retry.said;
}

static const char *state_of(const struct outlet *o, size_t waiting, size_t held)
{
        if (fails(o))
                return "broken";
        if (o->lane.retry.failures > 0 || o->lane.trouble_count > 0)
                return "retrying";
        if (o->transfer || waiting > held)
                return "delivering";
        return isnan(courier_quiet_until(o, clock_realtime())) ? "idle" : "quiet";
}

static json_t *time_or_null(double unix_seconds)
{
        char buffer[FORMAT_MAX];
        return isfinite(unix_seconds) ? json_string(format_time_utc(unix_seconds, buffer))
                                      : json_null();
}

/* When the channel will be tried again, NaN when nothing waits or something is under way. */
static double next_try(const struct outlet *o, size_t waiting)
{
        double next = o->lane.retry.next;
        if (!o->channel || o->transfer || waiting == 0)
                return NAN;
        if (next == 0 && o->lane.trouble_count > 0) {
                next = o->lane.troubles[0].next;
                for (size_t i = 1; i < o->lane.trouble_count; i++)
                        next = fmin(next, o->lane.troubles[i].next);
        }
        if (next == 0)
                return NAN;
        return clock_realtime() + fmax(next - clock_boottime(), 0);
}

static json_t *channel_status(const struct courier *c, const struct outlet *o)
{
        char error[VERDICT_REASON_MAX];
        size_t waiting = queue_waiting(&c->queue, o->bit), held = queue_held(&c->queue, o->bit);
        const char *left_out = "its file has errors";
        utf8_clean(o->channel ? o->last_error : left_out, error, sizeof(error));
        return json_pack("{s:s, s:s?, s:s, s:I, s:I, s:I, s:I, s:s?, s:o, s:o, s:o}", "name",
                         o->name, "type", o->channel ? channel_type_name(o->channel->type) : NULL,
                         "state", state_of(o, waiting, held), "waiting", (json_int_t)waiting,
                         "held", (json_int_t)held, "delivered", (json_int_t)o->lane.delivered,
                         "failed", (json_int_t)o->lane.failed, "last_error",
                         error[0] ? error : NULL, "last_success", time_or_null(o->last_success),
                         "next_try", time_or_null(next_try(o, waiting)), "quiet_until",
                         time_or_null(courier_quiet_until(o, clock_realtime())));
}

/* Problems as "file:line: text"; those beyond the bound of the list as one line. */
static json_t *problems_list(const struct problems *p)
{
        json_t *list = json_array();
        for (size_t i = 0; list && i < p->count; i++) {
                char raw[1024], clean[1024];
                problem_format(&p->list[i], raw, sizeof(raw));
                json_array_append_new(list, json_string(utf8_clean(raw, clean, sizeof(clean))));
        }
        if (list && p->dropped > 0)
                json_array_append_new(list, json_sprintf("and %zu more", p->dropped));
        return list;
}

static void status_line(const struct courier *c, char buffer[COURIER_STATUS_MAX])
{
        size_t waiting = queue_waiting(&c->queue, c->all_bits);
        struct text t;
        text_init(&t, buffer, COURIER_STATUS_MAX);
        if (c->outlet_count == 0)
                text_add(&t, "no channels");
        else
                text_add(&t, "%zu channel%s", c->outlet_count, c->outlet_count == 1 ? "" : "s");
        text_add(&t, ", %zu waiting%s", c->outlet_count > 0 ? waiting : c->queue.count,
                 c->queue.overflow ? " and more" : "");
        if (c->outbox.dead > 0)
                text_add(&t, ", %llu given up", (unsigned long long)c->outbox.dead);
        if (c->spool_failed)
                text_add(&t, ", the spool cannot be used");
        if (c->problems.count > 0)
                text_add(&t, ", %zu error%s in the configuration", c->problems.count,
                         c->problems.count == 1 ? "" : "s");
        for (size_t i = 0; i < c->outlet_count; i++) {
                const struct outlet *o = c->outlets[i];
                if (fails(o))
                        text_add(&t, ", %s is broken", o->name);
                else if (o->lane.quiet.on && queue_held(&c->queue, o->bit) > 0)
                        text_add(&t, ", %s has quiet hours", o->name);
        }
}

int courier_status(const struct courier *c, char **ret_json)
{
        char line[COURIER_STATUS_MAX];
        size_t waiting =
                c->outlet_count > 0 ? queue_waiting(&c->queue, c->all_bits) : c->queue.count;
        json_auto_t *channels = json_array();
        for (size_t i = 0; channels && i < c->outlet_count; i++)
                if (json_array_append_new(channels, channel_status(c, c->outlets[i])) < 0)
                        return -ENOMEM;
        status_line(c, line);
        json_auto_t *status =
                json_pack("{s:i, s:s, s:s, s:I, s:o, s:s, s:O, s:o, s:I, s:I}", "version", 1,
                          "program", "kmemwatch-courier", "release", KMW_VERSION, "pid",
                          (json_int_t)getpid(), "started", time_or_null(c->started_at), "status",
                          line, "channels", channels, "left_out", problems_list(&c->problems),
                          "waiting", (json_int_t)waiting, "dead", (json_int_t)c->outbox.dead);
        char *json = status ? json_dumps(status, JSON_COMPACT) : NULL;
        if (!json)
                return -ENOMEM;
        *ret_json = json;
        return 0;
}

void courier_tell_status(struct courier *c)
{
        char line[COURIER_STATUS_MAX];
        status_line(c, line);
        if (strcmp(line, c->status) == 0)
                return;
        memcpy(c->status, line, sizeof(line));
        (void)sd_notifyf(0, "STATUS=%s", line);
}
