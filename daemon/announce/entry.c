/* SPDX-License-Identifier: MIT */
/* Packs the fields of a journal entry, for the way through the writer's queue. */
#include "announce/entry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "announce/journal.h"
#include "base/text.h"

/* Cleans s line by line. */
static void clean_lines(const char *s, char *buffer, size_t size)
{
        size_t used = 0;

        buffer[0] = 0;
        for (;;) {
                size_t length = strcspn(s, "\n");
                char line[ENTRY_VALUE_MAX + 1];

                snprintf(line, sizeof(line), "%.*s", (int)length, s);
                utf8_clean(line, buffer + used, size - used);
                used += strlen(buffer + used);
                s += length;
                if (!*s || used + 2 > size)
                        return;
                buffer[used++] = *s++;
                buffer[used] = 0;
        }
}

static void add_raw(struct entry *e, const char *name, const char *clean)
{
        size_t space = sizeof(e->data) - e->size;
        int n;

        if (e->count == ENTRY_FIELDS_MAX)
                return;
        n = snprintf(e->data + e->size, space, "%s=%s", name, clean);
        if (n < 0 || (size_t)n >= space)
                return;
        e->size += (size_t)n + 1;
        e->count++;
}

void entry_begin(struct entry *e, const char *identifier, enum message message, int priority,
                 const char *text)
{
        const char digit[] = { (char)('0' + (priority & 7)), 0 };
        char clean[ENTRY_VALUE_MAX + 1];

        e->size = 0;
        e->count = 0;
        entry_add(e, "MESSAGE_ID", message_id(message));
        entry_add(e, "PRIORITY", digit);
        entry_add(e, "SYSLOG_IDENTIFIER", identifier);
        add_raw(e, "MESSAGE", utf8_clean(text, clean, sizeof(clean)));
}

void entry_add(struct entry *e, const char *name, const char *value)
{
        char clean[ENTRY_VALUE_MAX + 1];

        if (!value || !*value)
                return;
        clean_lines(value, clean, sizeof(clean));
        add_raw(e, name, clean);
}

void entry_add_number(struct entry *e, const char *name, double value)
{
        char text[64];

        if (!isfinite(value) || fabs(value) > 1e18)
                return;
        snprintf(text, sizeof(text), "%lld", llround(value));
        entry_add(e, name, text);
}

void entry_of_message(struct entry *e, const char *identifier, enum message message, int priority,
                      const struct journal_field *fields, size_t count, const char *text)
{
        char name[64];

        entry_begin(e, identifier, message, priority, text);
        for (size_t i = 0; i < count; i++) {
                snprintf(name, sizeof(name), "KMEMWATCH_%s", fields[i].name);
                entry_add(e, name, fields[i].value);
        }
}

const char *entry_value(const char *data, size_t size, const char *name)
{
        size_t length = strlen(name);

        for (const char *p = data; p < data + size; p += strlen(p) + 1)
                if (strncmp(p, name, length) == 0 && p[length] == '=')
                        return p + length + 1;
        return NULL;
}
