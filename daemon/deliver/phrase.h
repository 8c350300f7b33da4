/* SPDX-License-Identifier: MIT */
/* The numbers of a message in words, the same for every channel that speaks to people. Each writes
 * a terminated string of at most PHRASE_MAX - 1 bytes and returns it; "" when the message lacks
 * what it would say. */
#pragma once

#include <stddef.h>

#include "alert/event.h"

struct letter;

enum { PHRASE_MAX = 192 };

/* "310 MiB", "20.1 KiB each", "12.3 %", "4100" */
const char *phrase_value(enum event_unit unit, double value, char buffer[PHRASE_MAX]);

/* "310 MiB → 1.4 GiB", or the value alone when the old one is unknown */
const char *phrase_change(const struct letter *m, char buffer[PHRASE_MAX]);

/* "+310 MiB/h ± 12 MiB/h" */
const char *phrase_rate(const struct letter *m, char buffer[PHRASE_MAX]);

/* "about 9 h (7 h to 12 h)": until memory is exhausted */
const char *phrase_time_left(const struct letter *m, char buffer[PHRASE_MAX]);

/* "firing", "over after 12 min", "worse: warning → critical", "better: critical → warning" */
const char *phrase_event(const struct letter *m, char buffer[PHRASE_MAX]);

/* The headline: "CRITICAL on db1: Unreclaimable slab grows steadily" */
const char *phrase_headline(const struct letter *m, char *buffer, size_t size);

/* "CRITICAL", "WARNING", "RESOLVED" ...: what stands first in a message */
const char *phrase_state(const struct letter *m);

/* "vm (kvm), 8 CPUs, 15.6 GiB, kernel 6.1.0-41" */
const char *phrase_machine(const struct letter *m, char buffer[PHRASE_MAX]);

enum { PHRASE_CULPRITS_MAX = 2048 };
/* A line for each culprit: "49 MiB (98 %) java: 3014 threads now". */
const char *phrase_culprits(const struct letter *m, char *buffer, size_t size);
