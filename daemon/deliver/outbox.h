/* SPDX-License-Identifier: MIT */
/* The courier's side of the spool folder: DIR/new holds events, each SEQUENCE-ID.json, and beside
 * some of them SEQUENCE-ID.done (deliver/record.h); DIR/dead what was given up. Whoever may write
 * there is not trusted: links and anything that is not a plain file of a known name are moved to
 * dead/ unread. All functions return 0 or negative errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        OUTBOX_DEAD_MAX = 1000, /* events kept in dead/: what a person can still go through */
};

struct outbox {
        char *path;
        char *new_path; /* to watch */
        int new_fd, dead_fd;
        uint64_t dead; /* events in dead/ */
};

/* Opens the spool, makes its folders where missing, and locks it: -EBUSY when another courier works
 * on it. DIR/tmp is the daemon's alone, which empties it at its start. */
int outbox_open(const char *path, struct outbox *ret);
void outbox_close(struct outbox *s);

/* False when the folder that is open is not the one that lies at the path (any more). */
bool outbox_in_place(const struct outbox *s);

enum outbox_file { OUTBOX_EVENT, OUTBOX_RECORD, OUTBOX_FOREIGN };

/* Calls seen for each file of new/, in no order. sequence and id are only set for events and
 * records. A negative return of seen ends the scan and is returned. */
typedef int (*outbox_seen)(enum outbox_file kind, uint64_t sequence, const char *id,
                           const char *name, void *userdata);
int outbox_scan(const struct outbox *s, outbox_seen seen, void *userdata);

/* What a name in new/ is; as for outbox_seen. id: QUEUE_ID_MAX bytes. */
enum outbox_file outbox_classify(const char *name, uint64_t *ret_sequence, char *ret_id);

/* The event's JSON, terminated, owned by the caller. -EBADMSG: not a plain file, or larger than
 * LETTER_SIZE_MAX. */
int outbox_read(const struct outbox *s, uint64_t sequence, const char *id, char **ret_data,
                size_t *ret_size);

/* The record's text, owned by the caller; -ENOENT when there is none. */
int outbox_record_read(const struct outbox *s, uint64_t sequence, const char *id, char **ret);

/* Adds a line to the record, durably. */
int outbox_record_add(const struct outbox *s, uint64_t sequence, const char *id,
                      const char *channel, const char *word);
int outbox_record_remove(const struct outbox *s, uint64_t sequence, const char *id);

/* Removes an event that all channels are done with. The event goes first: a record alone is swept
 * up later, but an event without its record would be sent to all channels again. */
int outbox_remove(const struct outbox *s, uint64_t sequence, const char *id, bool recorded);

/* Keeps a copy of an event that one channel has given up in dead/, beside
 * SEQUENCE-ID.CHANNEL.reason. A reason that cannot be written is no failure: the journal has it
 * too. */
int outbox_bury_for(struct outbox *s, uint64_t sequence, const char *id, const char *channel,
                    const char *reason);

/* Moves a file of new/ to dead/, beside NAME.reason. */
int outbox_bury(struct outbox *s, const char *name, const char *reason);
