/* SPDX-License-Identifier: MIT */
/* Files in which a program keeps what it knows over a restart: a checked envelope around a payload
 * whose meaning is the caller's. Written atomically; when anything is wrong with one at load, it is
 * moved aside and the program starts without it: state is a help, never a condition.
 *
 * The envelope, 160 bytes, numbers little-endian, texts padded with zeros:
 *
 *     0  "KMWSTATE"
 *     8  u32 format version of the envelope
 *    12  u32 version of the payload, the caller's
 *    16  kind of the payload, 16 bytes: "alerts", "learned"
 *    32  boot id, 40 bytes: 32 hex digits, or empty
 *    72  machine id, 40 bytes: likewise
 *   112  f64 time of writing, Unix seconds
 *   120  u64 length of the payload
 *   128  u32 CRC-32C of the payload
 *   132  20 bytes, zero
 *   152  u32 zero
 *   156  u32 CRC-32C of the 156 bytes before
 *
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) because it finds every burst of up to 32 bits and
 * any 3 wrong bits in files of this size, is what file systems themselves use, and needs no
 * library. It is against accidents: who can write this folder on purpose is the daemon or root. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        STATE_FORMAT_VERSION = 1,
        STATE_HEAD_SIZE = 160,
        STATE_KIND_MAX = 15,
        STATE_ID_MAX = 33,
        STATE_ASIDE_KEEP = 3, /* damaged files kept per name: enough to see a pattern */
};

struct state_head {
        char kind[STATE_KIND_MAX + 1];
        uint32_t version;              /* of the payload */
        char boot_id[STATE_ID_MAX];    /* "" when unknown */
        char machine_id[STATE_ID_MAX]; /* "" when unknown */
        double time;                   /* Unix seconds */
};

/* What is wrong with a file, in the order in which it is looked for. */
enum state_fault {
        STATE_GOOD,
        STATE_UNREADABLE,    /* not a regular file, or reading failed */
        STATE_TOO_LARGE,     /* more than the caller's bound */
        STATE_FOREIGN,       /* does not begin as a state file does */
        STATE_OTHER_FORMAT,  /* an envelope of another version */
        STATE_HEAD_DAMAGED,  /* the head's checksum */
        STATE_OTHER_KIND,    /* the payload of something else */
        STATE_OTHER_LENGTH,  /* cut off, or something follows */
        STATE_DAMAGED,       /* the payload's checksum */
        STATE_OTHER_MACHINE, /* copied from another machine, or with its image */
        STATE_FAULT_COUNT,
};
const char *state_fault_text(enum state_fault fault); /* "its checksum is wrong", ... */

uint32_t state_crc32c(const void *data, size_t size);

/* Pure. buffer: STATE_HEAD_SIZE + size bytes are written; the payload may lie in it already. */
void state_encode(const struct state_head *head, const void *payload, size_t size, void *buffer);

/* Pure. machine_id: what must stand there when both are known; NULL does not ask.
 * *ret_payload points into data. Outputs are set only for STATE_GOOD. */
enum state_fault state_decode(const void *data, size_t data_size, const char *kind,
                              const char *machine_id, struct state_head *ret_head,
                              const void **ret_payload, size_t *ret_size);

/* Writes the file atomically, mode 0600. Blocks. 0 or negative errno; the old one stays then. */
int state_file_write(int dirfd, const char *name, const struct state_head *head,
                     const void *payload, size_t size);

/* Writes what state_encode made, size bytes in all, without a copy. synced: it must survive a crash
 * of the machine. */
int state_file_put(int dirfd, const char *name, const void *file, size_t size, bool synced);

struct state_loaded {
        enum state_fault fault; /* of the file that was set aside; STATE_GOOD otherwise */
        char aside[288];        /* its new name, "" when it could not be moved */
        struct state_head head; /* with payload */
        void *payload;          /* owned; aligned for any type; NULL when nothing was loaded */
        size_t size;
};
void state_loaded_done(struct state_loaded *l);

/* Reads a file of at most max bytes of payload. 1 with a payload; 0 without: there is none, or it
 * was no good and was set aside (fault says why; tell it). Negative errno only from memory:
 * -ENOMEM. now: Unix seconds, for the name of a file set aside. */
int state_file_load(int dirfd, const char *name, const char *kind, const char *machine_id,
                    size_t max, double now, struct state_loaded *ret);

/* Renames NAME to NAME.bad-TIME (for a payload that the caller cannot read), and removes the oldest
 * of more than STATE_ASIDE_KEEP. 0 or negative errno. */
int state_file_set_aside(int dirfd, const char *name, double now, char *ret_name, size_t size);
