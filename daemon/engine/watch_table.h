/* SPDX-License-Identifier: MIT */
/* What --watch prints: a line every ten seconds, a column for each dimension, for a person who
 * looks on. */
#pragma once

struct engine;
struct terminal;

enum { WATCH_HEAD_LINES = 20 }; /* so that the names are always on the screen */

/* Prints the present values; *lines counts them and decides when the names come again: begin with
 * 0, and set it to 0 when something else was printed in between. */
void watch_table_print(const struct engine *e, const struct terminal *terminal, unsigned *lines);
