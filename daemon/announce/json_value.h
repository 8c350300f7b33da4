/* SPDX-License-Identifier: MIT */
/* Single values for JSON that is built as a tree: what is not known is null. */
#pragma once

struct json_t;

struct json_t *json_value_number(double value);

/* Rounded, as bytes and counts are. */
struct json_t *json_value_whole(double value);

/* Whole when it is, as a value of unknown unit. */
struct json_t *json_value_exact(double value);

/* What is no UTF-8 is said to be none. */
struct json_t *json_value_text(const char *s);

/* RFC 3339. */
struct json_t *json_value_time(double unix_seconds);
