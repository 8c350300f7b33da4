/* SPDX-License-Identifier: MIT */
/* The one line of an event for a person: what, how much, how fast, how long, time left. */
#pragma once

#include "alert/event.h"
#include "base/units.h"

/* "310 MiB", "12.3 %", "4100", "-" for NaN. Returns buffer. */
const char *event_amount(enum event_unit unit, double value, char buffer[FORMAT_MAX]);

/* "with it moved VmallocUsed +62 MiB, SUnreclaim +26 MiB; alerts: a, b", "" for an alert that
 * stands alone. Returns buffer. */
const char *event_incident_text(const struct event *e, char buffer[INCIDENT_TEXT_MAX]);

/* Fills e->text from the other fields. Times of day are local. */
void event_text(struct event *e);
