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
        SPOOL_DEAD_MAX = 1000, /* events kept in dead/: what a person can still go through */
};

struct spool {
        char *path;
        char *new_path; /* to watch */
        int new_fd, tmp_fd, dead_fd;
        uint64_t dead; /* events in dead/ */
};

/* Opens the spool, makes its folders where missing, and locks it: -EBUSY when another courier works
 * on it. */
int spool_open(const char *path, struct spool *ret);
void spool_close(struct spool *s);

enum spool_file { SPOOL_EVENT, SPOOL_RECORD, SPOOL_FOREIGN };

/* Calls seen for each file of new/, in no order. sequence and id are only set for events and
 * records. A negative return of seen ends the scan and is returned. */
typedef int (*spool_seen)(enum spool_file kind, uint64_t sequence, const char *id, const char *name,
                          void *userdata);
int spool_scan(const struct spool *s, spool_seen seen, void *userdata);

/* What a name in new/ is; as for spool_seen. id: QUEUE_ID_MAX bytes. */
enum spool_file spool_classify(const char *name, uint64_t *ret_sequence, char *ret_id);

/* The event's JSON, terminated, owned by the caller. -EBADMSG: not a plain file, or larger than
 * MESSAGE_SIZE_MAX. */
int spool_read(const struct spool *s, uint64_t sequence, const char *id, char **ret_data,
               size_t *ret_size);

/* The record's text, owned by the caller; -ENOENT when there is none. */
int spool_record_read(const struct spool *s, uint64_t sequence, const char *id, char **ret);

/* Adds a line to the record, durably. */
int spool_record_add(const struct spool *s, uint64_t sequence, const char *id, const char *channel,
                     const char *word);
int spool_record_remove(const struct spool *s, uint64_t sequence, const char *id);

/* Removes an event that all channels are done with. The event goes first: a record alone is swept
 * up later, but an event without its record would be sent to all channels again. */
int spool_remove(const struct spool *s, uint64_t sequence, const char *id, bool recorded);

/* Keeps a copy of an event that one channel has given up in dead/, beside
 * SEQUENCE-ID.CHANNEL.reason. A reason that cannot be written is no failure: the journal has it
 * too. */
int spool_bury_for(struct spool *s, uint64_t sequence, const char *id, const char *channel,
                   const char *reason);

/* Moves a file of new/ to dead/, beside NAME.reason. */
int spool_bury(struct spool *s, const char *name, const char *reason);
