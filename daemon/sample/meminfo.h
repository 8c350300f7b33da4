/* SPDX-License-Identifier: MIT */
/* The text of /proc/meminfo to numbers. Pure: from a buffer, no file. */
#pragma once

#include <stddef.h>

#include "base/macros.h"
#include "sample/field.h"

enum {
        /* /proc/meminfo is 1.5 KiB today; the kernel adds a line every few years. */
        MEMINFO_TEXT_MAX = 8192,
};

/* Reads the known keys of `size` bytes of text into values, in bytes. A key counts at the start of
 * a line, up to its colon, when a decimal number and " kB" follow it and end the line; the first of
 * equal keys wins. A number above 2^53 KiB (a kernel counter below zero printed as unsigned looks
 * like that) is absent. What is not found becomes NaN. Returns how many were found. */
_hot_ size_t meminfo_parse(const char *text, size_t size, double values[FIELD_MEMINFO_COUNT]);
