/* SPDX-License-Identifier: MIT */
/* The event that `kmemwatch send-test` sends: made here, in the very format of the daemon's. */
#pragma once

struct letter;

/* 0 with *ret for letter_done, or -ENOMEM. The dedup_key is the same for all tests of a host and
 * channel, so that they open one incident. */
int test_letter(const char *channel, double now, struct letter *ret);
