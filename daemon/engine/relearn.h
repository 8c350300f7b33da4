/* SPDX-License-Identifier: MIT */
/* What is usual, learned again from the history on the disk: when the state that knew it is damaged
 * or of another version. The history keeps its format, so an upgrade forgets neither what happens
 * each night nor the levels of days. What growth is ordinary is in no history: it is learned anew.
 */
#pragma once

struct engine;
struct past;

/* Before the first sample. now: Unix seconds; what lies later is left out. 0 with the number of
 * dimensions in *ret_count, and in *ret_seconds how far back they reach; or -ENOMEM. */
int engine_relearn(struct engine *e, const struct past *h, double now, unsigned *ret_count,
                   double *ret_seconds);
