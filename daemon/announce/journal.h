/* SPDX-License-Identifier: MIT */
/* Where entries go, so that nobody sees one twice and nobody misses one:
 *
 *   standard error is the journal's stream (a service)  the journal, structured
 *   else (a terminal, a container, a file)              readable lines on standard error
 *   else, with --journal                                both
 *
 * When the journal cannot take an entry (no /run/systemd/journal/socket, or sending fails) it goes
 * to standard error as well: in a service journald keeps that stream open over its own restart.
 *
 * All functions that send may block; on a sampling thread use announcer_message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "announce/messages.h"
#include "base/macros.h"

struct journal {
        const char *identifier; /* SYSLOG_IDENTIFIER, static storage */
        bool to_journal, to_stderr;
};

/* Looks at standard error once. also_journal: --journal. */
void journal_init(struct journal *j, const char *identifier, bool also_journal);

/* The rule above, for tests. */
void journal_choose(struct journal *j, bool stderr_is_journal, bool also_journal);

/* Sends a packed entry (announce/entry.h). There is no error: what has nowhere to go is lost, and
 * there is nowhere to say so. */
void journal_send(const struct journal *j, const char *data, size_t size);

/* An extra field: the name is given without "KMEMWATCH_" and that is put before it. Left out when
 * value is NULL or "". */
struct journal_field {
        const char *name, *value;
};

/* One of the program's own messages that have a MESSAGE_ID. priority: LOG_CRIT ... LOG_INFO; one
 * line, without a newline. fields may be NULL with count 0. */
void journal_message(const struct journal *j, enum message message, int priority,
                     const struct journal_field *fields, size_t count, const char *format, ...)
        _printf_(6, 7);
