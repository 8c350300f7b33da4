/* SPDX-License-Identifier: MIT */
/* What lies beside an event in the spool once a channel is done with it while others are not: a
 * text of lines "CHANNEL WORD", WORD being accepted, dead, or quiet (it came and went in quiet
 * hours). Pure. Lines of channels that no longer exist stay, because a channel may come back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* CHANNELS_MAX lines, and as many again of channels that have been renamed since. */
enum { RECORD_MAX = 4096 };

/* True when the channel is done with the event. Damaged lines count for nothing: then the event is
 * sent once more. */
bool record_names(const char *record, const char *channel);

/* record (may be NULL) with one more line, in fresh memory. 0, -ENOMEM, or -EFBIG when it would be
 * longer than RECORD_MAX. */
int record_add(const char *record, const char *channel, const char *word, char **ret);
