/* SPDX-License-Identifier: MIT */
/* A journal entry as one block of memory: "NAME=value", a zero byte, the next. It can be handed to
 * another thread as it is. Values are cleaned to valid UTF-8 without control characters but
 * newline, because journalctl shows others as "[12B blob data]" and a terminal obeys them. Pure. */
#pragma once

#include <stddef.h>

#include "announce/messages.h"
#include "base/macros.h"

struct event;
struct journal_field;

/* The largest entry: all texts of an event at their bounds, and MESSAGE. */
enum {
        ENTRY_MAX = 24 * 1024,
        /* journalctl -x shows a field with its name up to PATH_MAX; longer ones as their name. */
        ENTRY_VALUE_MAX = 4000,
        ENTRY_FIELDS_MAX = 48,
};

struct entry {
        char data[ENTRY_MAX];
        size_t size;
        unsigned count;
};

/* Starts an entry: MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER and MESSAGE, which is one line. */
void entry_begin(struct entry *e, const char *identifier, enum message message, int priority,
                 const char *text);

/* Adds NAME=value. Left out: NULL and "", and what does not fit any more. Values are cut at
 * ENTRY_VALUE_MAX bytes; their lines are kept. name: upper case, digits and '_'. */
void entry_add(struct entry *e, const char *name, const char *value);

/* The same with a whole number; left out when not finite. */
void entry_add_number(struct entry *e, const char *name, double value);

/* The value of a field in a packed entry, or NULL. */
const char *entry_value(const char *data, size_t size, const char *name);

/* One of the program's own messages. fields: announce/journal.h. */
void entry_of_message(struct entry *e, const char *identifier, enum message message, int priority,
                      const struct journal_field *fields, size_t count, const char *text);

/* An alert's event with all its fields. */
void entry_of_event(struct entry *e, const char *identifier, const struct event *event);
