/* SPDX-License-Identifier: MIT */
/* Text into an HTML page: whatever it is, it stays text. */
#pragma once

#include <stdio.h>

#include "base/macros.h"

/* Text or the value of a quoted attribute: invalid UTF-8, control characters and those that reorder
 * what stands around them are replaced, what has a meaning in HTML is escaped. */
void html_text(FILE *out, const char *s);

/* A whole element with text in it; attributes: "" or " class=\"a\"", our own words. */
void html_element(FILE *out, const char *tag, const char *attributes, const char *text);
void html_print(FILE *out, const char *tag, const char *attributes, const char *format, ...)
        _printf_(4, 5);

/* A moment in local time, as a person reads it at `now`; nothing when it is not finite. */
void html_time(FILE *out, double unix_seconds, double now);
