/* SPDX-License-Identifier: MIT */
/* Announces an event: the structured journal entry (or readable lines on standard error), then the
 * spool file for the courier, both on the writer thread. Nothing here blocks; all functions are for
 * the sampling thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "announce/journal.h"
#include "base/macros.h"

struct announcer;
struct event;
struct writer;

/* spool_dir: made with tmp/, new/, dead/ where missing; NULL: no spool (events go to the journal
 * only). Whether that works is found out on the writer thread: when it does not, that is said once
 * (MESSAGE_SPOOL_FAILED) and the events wait in hold_dir, which is made when it is needed, or where
 * that does not work either in memory. `w` and `j` are borrowed. 0 or -ENOMEM. */
int announcer_new(struct writer *w, const struct journal *j, const char *spool_dir,
                  const char *hold_dir, struct announcer **ret);

/* After writer_free returned 0: jobs that wait there point to the announcer. When writer_free says
 * -EBUSY leave it and exit. NULL is fine. */
void announcer_free(struct announcer *a);

/* Whether there are channels: without any, a spool that is full loses its oldest events instead of
 * keeping the new ones out. */
void announcer_set_channels(struct announcer *a, bool any);

/* The journal's part of announcer_event alone, for a caller that has something to do before the
 * event may go to the spool, and must not keep it from the journal when that fails. It is told
 * once: until announcer_event has taken the event, its id is remembered. */
int announcer_tell(struct announcer *a, const struct event *e);

/* 0: it is on its way, in order. -ENOBUFS when a queue is full: try again next tick with the same
 * event, what has been queued of it is remembered by its id; other negative errno. Events that
 * nobody is paged for go to the journal only: those of notices and those that are quiet, but for
 * the one that closes what was paged. */
int announcer_event(struct announcer *a, const struct event *e);

/* For the courier alone: the journal is told otherwise. 0 or negative errno, as above. */
int announcer_pass_on(struct announcer *a, const struct event *e);

/* Does with an event all that announcer_event does before it hands it over, and throws it away. */
void announcer_rehearse(struct announcer *a, const struct event *e);

/* journal_message through the queue; also for jobs of the writer that are not in its journal lane.
 * 0 or -ENOBUFS. */
int announcer_message(struct announcer *a, enum message message, int priority,
                      const struct journal_field *fields, size_t count, const char *format, ...)
        _printf_(6, 7);

/* For STATUS= and `status`: as it stood after the last write, or when it was last counted. */
struct spool_status {
        uint64_t waiting;  /* events in new/ */
        double oldest_age; /* seconds for which the oldest of them waits that is not held back for
                              the quiet hours of a channel, whatever the clock has done meanwhile;
                              0 when there is none */
        uint64_t dead;     /* events in dead/ */
        uint64_t held;     /* events that are not in the spool yet: in memory, in the hold */
        int error;         /* negative errno of the last try to write, 0 when all is well */
};
void announcer_spool_status(struct announcer *a, struct spool_status *ret);

/* Has the spool counted on the writer thread: the courier takes events at its own time. 0 or
 * -ENOBUFS. */
int announcer_count_spool(struct announcer *a);
