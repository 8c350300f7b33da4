/* SPDX-License-Identifier: MIT */
/* Sends entries to journald, or prints them for a person. */
#define SD_JOURNAL_SUPPRESS_LOCATION /* each entry would name this file and line */
#include "announce/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "announce/entry.h"
#include "announce/readable.h"
#include "base/files.h"
#include "base/log.h"

static const char JOURNAL_SOCKET[] = "/run/systemd/journal/socket";

void journal_choose(struct journal *j, bool stderr_is_journal, bool also_journal)
{
        j->to_journal = stderr_is_journal || also_journal;
        j->to_stderr = !stderr_is_journal;
}

void journal_init(struct journal *j, const char *identifier, bool also_journal)
{
        j->identifier = identifier;
        journal_choose(j, log_to_journal(), also_journal);
}

static bool send_to_journal(const char *data, size_t size)
{
        struct iovec fields[ENTRY_FIELDS_MAX];
        int count = 0;

        /* sd_journal_sendv answers 0 when there is no journald at all. */
        if (access(JOURNAL_SOCKET, W_OK) < 0)
                return false;
        for (const char *p = data; p < data + size && count < ENTRY_FIELDS_MAX;) {
                size_t length = strlen(p);

                fields[count++] = (struct iovec){ .iov_base = (void *)p, .iov_len = length };
                p += length + 1;
        }
        return sd_journal_sendv(fields, count) >= 0;
}

static unsigned terminal_width(void)
{
        struct winsize size;

        if (!isatty(STDERR_FILENO))
                return 0;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return 80;
        return size.ws_col;
}

static void print_event(const char *data, size_t size)
{
        struct readable_style style = {
                .width = terminal_width(),
                .colour = terminal_has_colour(STDERR_FILENO),
        };
        char lines[READABLE_MAX];
        size_t length = readable_event(data, size, &style, lines);

        /* One write, so that lines of another thread do not come in between. */
        (void)write_all(STDERR_FILENO, lines, length);
}

static void print_entry(const char *data, size_t size)
{
        const char *message = entry_value(data, size, "MESSAGE");
        const char *priority = entry_value(data, size, "PRIORITY");

        /* In a service the stream takes lines, each with its priority, as log_line writes them. */
        if (entry_value(data, size, "KMEMWATCH_EVENT") && !log_to_journal())
                print_event(data, size);
        else
                log_line(priority ? *priority - '0' : LOG_NOTICE, "%s", message ? message : "");
}

void journal_send(const struct journal *j, const char *data, size_t size)
{
        bool sent = j->to_journal && send_to_journal(data, size);

        if (j->to_stderr || !sent)
                print_entry(data, size);
}

void journal_message(const struct journal *j, enum message message, int priority,
                     const struct journal_field *fields, size_t count, const char *format, ...)
{
        char text[ENTRY_VALUE_MAX + 1];
        struct entry e;
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (n < 0)
                return;
        entry_of_message(&e, j->identifier, message, priority, fields, count, text);
        journal_send(j, e.data, e.size);
}
