/* SPDX-License-Identifier: MIT */
/* The one line of an event for a person: what, how much, how fast, how long, time left. */
#pragma once

struct event;

/* Fills e->text from the other fields. Times of day are local. */
void event_text(struct event *e);
