/* SPDX-License-Identifier: MIT */
/* Announces an event: the structured journal entry (or a readable line on standard error), then the
 * spool file for the courier. Both through the writer thread, in this order. */
#pragma once

#include <stdint.h>

struct announcer;
struct event;
struct writer;

/* spool_dir: made with tmp/, new/, dead/ where missing; NULL: no spool (events go to the journal
 * only). 0 or negative errno. The writer must outlive the announcer. */
int announcer_new(struct writer *w, const char *spool_dir, struct announcer **ret);
void announcer_free(struct announcer *a);

/* 0; -ENOBUFS when the queue is full (try again next tick: the caller keeps the event); other
 * negative errno. A notice goes to the journal only, never to the spool. */
int announcer_event(struct announcer *a, const struct event *e);

/* Events in new/ (counted by the writer thread, refreshed at each write and each 30 s on its
 * thread) and the age in seconds of the oldest; for STATUS= and `status`. */
struct spool_status {
        uint64_t waiting;
        double oldest_age;
        uint64_t dead;
};
void announcer_spool_status(struct announcer *a, struct spool_status *ret);
