/* SPDX-License-Identifier: MIT */
/* What `status` and `alerts` print, and the exit code that goes with it: from replies alone, so
 * that tests hand in recorded ones. */
#pragma once

#include <stdbool.h>

#include "view/options.h"
#include "view/reply.h"
#include "view/terminal.h"

struct json_t;
struct who_reply;

struct status_report {
        const struct daemon_reply *daemon;
        const struct courier_reply *courier; /* NULL: no answer */
        const char *courier_problem;         /* why */
        int channel_files;                   /* *.ini in channels.d, -1 when it cannot be read */
        double now;                          /* Unix seconds */
};

/* 0 or -ENOMEM. */
int report_print_status(const struct terminal *t, const struct status_report *s);
enum exit_code report_status_code(const struct status_report *s);
/* Its last line: the daemon and what it costs. */
void report_print_daemon(const struct terminal *t, const struct daemon_reply *d, double now);

void report_print_alerts(const struct terminal *t, const struct daemon_reply *d, double now);
enum exit_code report_alerts_code(const struct daemon_reply *d);

/* One alert: what, since when, the numbers, what to look at first; in_full: what it means, too. */
void report_print_alert(const struct terminal *t, const struct reply_alert *a, double now,
                        bool in_full);

/* What is silenced, by whom, why and for how long; nothing when nothing is. */
void report_print_silences(const struct terminal *t, const struct daemon_reply *d, double now);

/* What cannot be known yet, and from when on it will; nothing when all is. */
void report_print_learning(const struct terminal *t, const struct daemon_reply *d, double now);

/* Files with faults, some of each; nothing when there are none. */
void report_print_left_out(const struct terminal *t, const char *title, const char *const *lines,
                           size_t count);

/* Who is behind a change. */
void report_print_who(const struct terminal *t, const struct who_reply *w);

/* What was sent to a channel and what came back. */
void report_print_test(const struct terminal *t, const struct test_reply *r);

/* A reply as it came, indented. 0 or -EIO. */
int report_print_json(const struct terminal *t, const struct json_t *root);

/* The same on one line, for output that has no end. */
int report_print_json_line(const struct terminal *t, const struct json_t *root);

/* A value in its unit: "310 MiB", "6.2 %", "1520". */
const char *report_value(enum event_unit unit, double value, char *buffer);

/* Whether its trend is not to be told from none. */
bool report_is_steady(const struct reply_dimension *d);

/* The style of a severity. */
enum style report_style(enum severity severity);

/* The members that rules follow; nothing when none does. 0 or -ENOMEM. */
int report_print_members(const struct terminal *t, const struct daemon_reply *d);
