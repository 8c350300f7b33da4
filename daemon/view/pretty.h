/* SPDX-License-Identifier: MIT */
/* JSON for people to read: indented, but a list of numbers as a paragraph. */
#pragma once

#include <stddef.h>

struct json_t;

/* In fresh memory, lines ended by newlines but the last; long strings may make a line longer than
 * `width`. NULL without memory. */
char *pretty_json(const struct json_t *value, size_t width);
