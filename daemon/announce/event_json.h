/* SPDX-License-Identifier: MIT */
/* An event as JSON: the webhook format (kmemwatch-formats(7), "version": 1) and replay's lines. */
#pragma once

#include <stddef.h>

struct event;

/* The webhook format, terminated, in fresh memory owned by the caller. Text is cleaned to valid
 * UTF-8. 0 or -ENOMEM. */
int event_json(const struct event *e, char **ret);

/* One JSON line without newline for `kmemwatch replay --alerts`. 0 or -ENOMEM. */
int event_json_line(const struct event *e, char **ret);
