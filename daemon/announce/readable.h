/* SPDX-License-Identifier: MIT */
/* An alert's entry as lines for a person who watches standard error. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { READABLE_MAX = 32 * 1024 };

struct readable_style {
        unsigned width; /* columns to wrap at; 0: one line per paragraph, for log collectors */
        bool colour;
};

/* Writes the lines for a packed entry of an event, with a newline at the end: time (local),
 * severity and summary; what happened; and when something is going wrong what it means and what to
 * look at first. Returns the length; what does not fit is cut. */
size_t readable_event(const char *data, size_t size, const struct readable_style *style,
                      char buffer[READABLE_MAX]);
