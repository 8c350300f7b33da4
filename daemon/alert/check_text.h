/* SPDX-License-Identifier: MIT */
/* A test of a detector in words: its value and its limit in the unit that it has. */
#pragma once

#include "alert/event.h"
#include "base/text.h"
#include "base/units.h"
#include "detect/check.h"

enum { CHECK_LIMIT_TEXT_MAX = FORMAT_MAX + 16 };

/* unit: of the number that is tested. Both return buffer. */
const char *check_value_text(enum check_unit kind, enum event_unit unit, double value,
                             char buffer[FORMAT_MAX]);
/* "more than 6", "unknown yet" */
const char *check_limit_text(enum check_unit kind, enum check_sense sense, enum event_unit unit,
                             double limit, char buffer[CHECK_LIMIT_TEXT_MAX]);

/* The tests that an event rests on, one a line: "is sudden: the last step in usual ones: 34.2,
 * asked is more than 6". Nothing of those whose value is unknown. */
void event_checks_text(const struct event *e, struct text *t);
