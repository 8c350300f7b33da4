/* SPDX-License-Identifier: MIT */
/* Text in lines. Pure. */
#pragma once

#include <stddef.h>

/* The bytes of s that stand on its first line when lines have at most `columns`: whole words, at
 * least one. A newline in s counts as a space. *ret_next: where the next line begins. */
size_t wrap_line(const char *s, size_t columns, size_t *ret_next);

/* All of s in lines of at most `columns`, between them a newline. Cut when it does not fit.
 * Returns buffer. */
char *wrap_text(const char *s, size_t columns, char *buffer, size_t size);
