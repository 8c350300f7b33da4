/* SPDX-License-Identifier: MIT */
/* The last event of each alert that has lately been delivered, for receivers which want to hear of
 * an alert again as long as it lasts, and for some minutes of its end. Kept in a file, because
 * whoever receives takes silence for an end. Times are Unix seconds. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct letter;

/* More alerts at once than there are rules for one machine; beyond it the oldest is forgotten. */
enum { FIRING_MAX = 64 };

struct firing_entry {
        uint64_t alert; /* letter_alert_hash */
        double ended;   /* NaN: it lasts */
        char *raw;      /* the event's JSON in one line */
};

struct firing {
        const char *folder; /* NULL: in memory only */
        size_t count;
        struct firing_entry entries[FIRING_MAX]; /* by the age of the last event */
};

/* Reads what an earlier courier has left in the folder, which outlives it. A file that cannot be
 * read, or what in it is damaged, is as if it were not there. */
void firing_open(struct firing *f, const char *folder);
void firing_done(struct firing *f);

/* Takes the place of the alert's earlier event. 0, -ENOMEM, or what went wrong with the file: then
 * it is known in memory only. */
int firing_note(struct firing *f, const struct letter *m, double now);

/* Forgets alerts that have ended longer ago than that. Returns how many are left. */
size_t firing_prune(struct firing *f, double now, double seconds);
