/* SPDX-License-Identifier: MIT */
/* `kmemwatch status` and `kmemwatch alerts`: asks, then hands the replies to the report. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/places.h"
#include "deliver/channel_file.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/report.h"

/* A program that is well answers in milliseconds; one that waits for a disk gets this long. */
#define TIMEOUT 5.0

static enum exit_code no_memory(void)
{
        fputs("kmemwatch: out of memory\n", stderr);
        return EXIT_UNREACHABLE;
}

/* How many channels are configured, -1 when that cannot be known. */
static int channel_files(const struct options *o)
{
        const struct place_options options = { .config = o->config, .channels = o->channels };
        struct places places;

        if (places_init(&places, &options, "/run/kmemwatch") < 0)
                return -1;
        int count = channel_files_count(places.channels);
        places_done(&places);
        return count;
}

/* Both replies as they came, in one object. */
static int print_status_json(const struct terminal *t, const struct status_report *s)
{
        json_t *root = json_pack(
                "{s:i, s:O, s:o, s:o}", "version", REPLY_VERSION, "daemon", s->daemon->root,
                "courier", s->courier ? json_incref(s->courier->root) : json_null(),
                "courier_error", s->courier ? json_null() : json_string(s->courier_problem));
        int r = root ? report_print_json(t, root) : -ENOMEM;

        json_decref(root);
        return r;
}

enum exit_code status_run(const struct options *o, const struct terminal *t)
{
        _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
        _cleanup_(courier_reply_done) struct courier_reply courier = { 0 };
        char problem[ASK_PROBLEM_MAX];

        int r = ask_daemon(o, TIMEOUT, &daemon, problem);
        if (r < 0)
                return ask_unreachable(o, PROGRAM_DAEMON, r, problem);
        r = ask_courier(o, TIMEOUT, &courier, problem);
        const struct status_report report = {
                .daemon = &daemon,
                .courier = r < 0 ? NULL : &courier,
                .courier_problem = r < 0 ? problem : NULL,
                .channel_files = channel_files(o),
                .now = isfinite(daemon.time) ? daemon.time : clock_realtime(),
        };
        r = o->json ? print_status_json(t, &report) : report_print_status(t, &report);
        return r == -ENOMEM ? no_memory() : report_status_code(&report);
}

enum exit_code alerts_run(const struct options *o, const struct terminal *t)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
        char problem[ASK_PROBLEM_MAX];

        int r = ask(o, PROGRAM_DAEMON, "Alerts", "", TIMEOUT, &text, problem);
        if (r >= 0)
                r = ask_understood(alerts_reply_parse(text, &daemon), PROGRAM_DAEMON, problem);
        if (r < 0)
                return ask_unreachable(o, PROGRAM_DAEMON, r, problem);
        if (o->json)
                (void)report_print_json(t, daemon.root);
        else
                report_print_alerts(t, &daemon,
                                    isfinite(daemon.time) ? daemon.time : clock_realtime());
        return report_alerts_code(&daemon);
}
