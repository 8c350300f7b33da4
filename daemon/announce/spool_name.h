/* SPDX-License-Identifier: MIT */
/* The names of spool files: SEQUENCE(20 digits)-EVENTID(32 hex digits).json. Sorted by name they
 * are sorted by age. Used by both programs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SPOOL_NAME_SIZE = 20 + 1 + 32 + 5 + 1, SPOOL_EVENT_ID_SIZE = 33 };

/* False when event_id is not 32 lower-case hex digits. */
bool spool_name_format(uint64_t sequence, const char *event_id, char ret[SPOOL_NAME_SIZE]);

/* False when it is no such name, to the letter. ret_event_id may be NULL. */
bool spool_name_parse(const char *name, uint64_t *ret_sequence,
                      char ret_event_id[SPOOL_EVENT_ID_SIZE]);
