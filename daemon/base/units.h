/* SPDX-License-Identifier: MIT */
/* Numbers with units, in and out. One parser per type of number: the whole string or an error, with
 * a range, independent of the locale. All parsers return 0, or -EINVAL (not a number of this type,
 * or something follows it), or -ERANGE (too large, negative where it must not be, not finite);
 * *ret is untouched on failure. Surrounding white space is refused: the caller has trimmed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decimal digits only. */
int parse_u64(const char *text, uint64_t *ret);

/* A plain finite decimal number, "-1.5", "2e3"; no hex, no inf, no nan. */
int parse_number(const char *text, double *ret);

/* Bytes, >= 0: "4096", "64K", "1.5M", "2G", "1T" (also KiB, MiB, GiB, TiB, KB as 1024, "B"). */
int parse_bytes(const char *text, double *ret);

/* A share, >= 0: "0.5%" gives 0.005. The sign is required. */
int parse_percent(const char *text, double *ret);

/* Seconds, >= 0: "90s", "10min", "1h 30min", "2d", "1w", "500ms"; a bare number is seconds. */
int parse_duration(const char *text, double *ret);

/* RFC 3339 with "Z" or an offset, from 1970 on: Unix seconds. Never -ERANGE. */
int parse_time(const char *text, double *ret);

/* "yes", "no", "true", "false", "on", "off", "1", "0". */
int parse_boolean(const char *text, int *ret);

enum { FORMAT_MAX = 48 };

/* The format functions write a terminated string of at most FORMAT_MAX - 1 bytes and return buffer.
 * A value that is not finite is written as "-". */

/* "0 B", "3.2 KiB", "310 MiB", "-1.4 GiB": three significant digits, never more than 9 characters.
 */
const char *format_bytes(double bytes, char buffer[FORMAT_MAX]);

/* "+310 MiB/h", "-1.2 GiB/h": always a sign. bytes_per_second is scaled to the hour. */
const char *format_rate(double bytes_per_second, char buffer[FORMAT_MAX]);

/* "45 s", "12 min", "3 h 20 min", "2 d 4 h": at most two units, rounded. */
const char *format_duration(double seconds, char buffer[FORMAT_MAX]);

/* "0.06 %", "12.3 %", "140 %" */
const char *format_percent(double share, char buffer[FORMAT_MAX]);

/* RFC 3339 in UTC with milliseconds: "2026-11-20T05:14:56.123Z"; unix_seconds 0 ... year 9999. */
const char *format_time_utc(double unix_seconds, char buffer[FORMAT_MAX]);

/* Local time for a person, "06:40" when it is within 20 hours of now, else "Nov 22 06:40"; 24-hour.
 */
const char *format_time_local(double unix_seconds, double now, char buffer[FORMAT_MAX]);
