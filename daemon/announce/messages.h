/* SPDX-License-Identifier: MIT */
/* The kinds of journal entry that have a MESSAGE_ID. Each has a text in etc/kmemwatch.catalog,
 * which `journalctl -x` shows beside it; a test holds the two together. An id never changes and is
 * never used again for something else: people search and filter by it. */
#pragma once

#include "alert/event.h"

enum message {
        /* alerts */
        MESSAGE_FIRING_SPIKE,
        MESSAGE_FIRING_DROP,
        MESSAGE_FIRING_GROWTH,
        MESSAGE_FIRING_RATIO,
        MESSAGE_ESCALATED,
        MESSAGE_EASED,
        MESSAGE_REMINDER,
        MESSAGE_ADOPTED,
        MESSAGE_RESOLVED,
        /* the daemon's own; in brackets the fields that the catalog text names */
        MESSAGE_CANNOT_SAMPLE,   /* it ends, or has no answer from the kernel [ERROR] */
        MESSAGE_RULES_LEFT_OUT,  /* at start: files with errors [PROBLEMS] */
        MESSAGE_RELOAD_REFUSED,  /* the set that runs stays [PROBLEMS] */
        MESSAGE_STATE_SET_ASIDE, /* a damaged or foreign state file [FILE, ASIDE, ERROR] */
        MESSAGE_STATE_FAILED,    /* a state file cannot be written [FILE, ERROR] */
        MESSAGE_STATE_RECOVERED, /* [FILE] */
        MESSAGE_SPOOL_FAILED,    /* events are held [FILE, ERROR] */
        MESSAGE_SPOOL_FULL,      /* the same, because nobody takes them [FILE] */
        MESSAGE_SPOOL_RECOVERED, /* [FILE] */
        MESSAGE_DISK_STUCK,      /* the writer thread hangs in a job [ERROR] */
        MESSAGE_COURIER_SILENT,  /* an event waits for minutes in the spool [FILE] */
        MESSAGE_COURIER_BACK,    /* it leaves at last [FILE] */
        MESSAGE_NO_CHANNELS,     /* nobody but the journal is told [FILE] */
        MESSAGE_SILENCED,        /* by a person [SILENCE, WHY, UNTIL] */
        MESSAGE_SILENCE_OVER,    /* by time, or by a person [SILENCE, WHY] */
        MESSAGE_ACKNOWLEDGED,    /* [NAME] */
        MESSAGE_CULPRIT, /* who is behind an alert that could not wait for it [RULE, DIMENSION,
                            ALERT_ID, CULPRIT] */
        /* the courier's own */
        MESSAGE_CHANNEL_BROKEN,    /* [CHANNEL, ERROR] */
        MESSAGE_CHANNEL_RECOVERED, /* [CHANNEL] */
        MESSAGE_EVENT_GIVEN_UP,    /* it is in dead/ [CHANNEL, FILE, ERROR] */
        MESSAGE_COUNT,
};

/* 32 hex digits. */
const char *message_id(enum message message);

/* The one for an alert's event. */
enum message message_of_event(enum event_type type, enum kind kind);
