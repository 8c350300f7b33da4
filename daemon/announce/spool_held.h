/* SPDX-License-Identifier: MIT */
/* What the courier says of the events that it holds back on purpose, in the quiet hours of a
 * channel, so that the daemon can tell them from those that nobody takes: DIR/courier/held, one
 * line "1 WRITTEN UNTIL LAST DUE SINCE". Used by both programs.
 *
 * The courier writes it anew each minute, so that a dead one is noticed in quiet hours too; and it
 * can hold nothing back for longer than any quiet hours last, whatever it says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_HELD_FOLDER "courier"
#define SPOOL_HELD_FILE "held"

enum {
        SPOOL_HELD_MAX = 128, /* bytes of the line: five numbers */
        SPOOL_HELD_REFRESH = 60,
        SPOOL_HELD_FRESH = 180, /* older, nobody is there: two rounds may come late */
        /* Longer than any quiet time that ends: it recurs in a week. */
        SPOOL_HELD_AHEAD_MAX = 8 * 24 * 3600,
};

struct spool_held {
        uint64_t written; /* Unix seconds, as the next two */
        uint64_t until;   /* when the first of these quiet hours ends */
        uint64_t since;   /* when others have ended: what is due is so since then; 0: none has */
        uint64_t last;    /* the largest sequence number that was looked at */
        uint64_t due;     /* the first of them that does not wait for quiet hours alone; 0: none */
};

/* The length of the line. */
size_t spool_held_format(const struct spool_held *held, char ret[SPOOL_HELD_MAX]);

/* False when it is no such line. */
bool spool_held_parse(const char *text, struct spool_held *ret);

/* Since when an event with this number, written at `written` (Unix seconds), waits for somebody to
 * take it; NAN while it is held back. held NULL: nothing is known. */
double spool_held_waits_since(const struct spool_held *held, uint64_t sequence, double written,
                              double now);
