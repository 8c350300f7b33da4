/* SPDX-License-Identifier: MIT */
/* Silences as they are asked for, kept over a restart, and shown: JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alert/silence.h"

struct json_t;

enum {
        SILENCES_VERSION = 1, /* of what is kept; additions need no new one */
        SILENCE_ERROR_MAX = 192,
};

/* The two clocks at one moment. */
struct silence_clock {
        double now;  /* CLOCK_BOOTTIME */
        double wall; /* Unix seconds */
};

/* What Silence is called with: {"name": ..., "seconds": ..., "why": ...}, from anybody who may
 * connect. Fills name, why, began and ends. 0, or -EINVAL with a sentence in error. */
int silence_request_parse(const char *json, const struct silence_clock *clock, struct silence *ret,
                          char error[SILENCE_ERROR_MAX]);

/* For state files. In fresh memory; 0 or -ENOMEM. */
int silences_encode(const struct silences *s, const struct silence_clock *clock, char **ret);

/* What silences_encode wrote, in this boot or another one: then the wall clock tells how much is
 * left, never more than was asked for. Those that ended meanwhile are there, too, as ended.
 * *ret_bad: records that cannot be read, left out. 0 or -EBADMSG. */
int silences_decode(const void *data, size_t size, bool same_boot,
                    const struct silence_clock *clock, struct silences *ret, unsigned *ret_bad);

/* For persons and their programs: name, why, user, began, ends, left_seconds. */
struct json_t *silence_json(const struct silence *s, const struct silence_clock *clock);
struct json_t *silences_json(const struct silences *s, const struct silence_clock *clock);
