/* SPDX-License-Identifier: MIT */
/* Hours of the week: "Mon..Fri 02:00-04:00, Sun 22:00-06:00", in local time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WINDOWS_MAX = 8, WINDOW_ERROR_MAX = 160 };

struct windows {
        struct window {
                uint8_t days;      /* bit per day on which it begins, Sunday 0 */
                uint16_t from, to; /* minutes of the day; to <= from: ends on the day after */
        } list[WINDOWS_MAX];
        unsigned count;
};

/* Days as systemd.time(7) writes them: Mon, Mon..Fri, Mon,Wed, or none for every day; then
 * HH:MM-HH:MM; several with ", " between. 24:00 is the end of the day. 0, or -EINVAL with what is
 * wrong in error; *ret is untouched then. */
int windows_parse(const char *text, struct windows *ret, char error[WINDOW_ERROR_MAX]);

/* Whether the moment (Unix seconds) lies in one of them, by the local clock as it stands then: an
 * hour that daylight saving repeats counts twice, one that it leaves out not at all. */
bool windows_hold(const struct windows *w, double unix_seconds);

/* The whole quiet time around the moment, windows that follow one another joined: it begins at
 * *ret_from and ends at *ret_until, Unix seconds. *ret_until is INFINITY when it never does. False,
 * and nothing is set, when the moment lies in no window. */
bool windows_span(const struct windows *w, double unix_seconds, double *ret_from,
                  double *ret_until);

/* Whether all of the week lies in them. */
bool windows_are_always(const struct windows *w);
