/* SPDX-License-Identifier: MIT */
/* The programs' own messages. The journal is reached through standard error with a "<N>" in front,
 * which journald takes for the priority (SyslogLevelPrefix=): no socket of our own, and the same
 * with log namespaces. */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

/* journald cuts a stream line at 48 KiB; nothing that we say in one line needs more than this. */
enum { LINE_MAX_SIZE = 4096 };

/* Written by log_open before any thread is started, only read afterwards; but for the atomic ones.
 */
static struct {
        const char *identifier;
        atomic_int max_priority;
        bool journal, colour;
        atomic_uint lost; /* lines that nobody was there to read */
} log_state = { .identifier = NULL, .max_priority = LOG_INFO };

bool log_to_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;
        char tail;

        if (!stream || sscanf(stream, "%llu:%llu%c", &device, &inode, &tail) != 2)
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == (dev_t)device &&
               st.st_ino == (ino_t)inode;
}

bool terminal_has_colour(int fd)
{
        const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

        if (no_colour && *no_colour)
                return false;
        return term && *term && strcmp(term, "dumb") != 0 && isatty(fd);
}

int log_priority_by_name(const char *word)
{
        static const struct {
                const char *word;
                int priority;
        } WORDS[] = {
                { "err", LOG_ERR },       { "error", LOG_ERR }, { "warning", LOG_WARNING },
                { "notice", LOG_NOTICE }, { "info", LOG_INFO }, { "debug", LOG_DEBUG },
        };

        for (size_t i = 0; i < ELEMENTS_OF(WORDS); i++)
                if (strcmp(WORDS[i].word, word) == 0)
                        return WORDS[i].priority;
        return -1;
}

void log_set_level(int max_priority)
{
        atomic_store(&log_state.max_priority, max_priority);
}

void log_open(const char *identifier, int max_priority)
{
        log_state.identifier = identifier;
        log_set_level(max_priority);
        log_state.journal = log_to_journal();
        log_state.colour = !log_state.journal && terminal_has_colour(STDERR_FILENO);
}

static const char *word_of(int priority)
{
        if (priority <= LOG_ERR)
                return "error: ";
        return priority == LOG_WARNING ? "warning: " : "";
}

static const char *colour_of(int priority)
{
        if (priority <= LOG_ERR)
                return "\033[1;31m";
        if (priority == LOG_WARNING)
                return "\033[1;33m";
        return priority == LOG_DEBUG ? "\033[2m" : "";
}

/* Waits this long for a reader that is behind. The caller may be the thread that samples: a
 * terminal that is stopped with ^S, or a journald that hangs, must not stop it. */
enum { PATIENCE_MS = 50 };

static bool reader_is_there(void)
{
        struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

        return poll(&p, 1, PATIENCE_MS) != 0; /* an error is the write's to find */
}

/* clean: one line, without its newline. */
static void write_line(int priority, const char *clean)
{
        char line[LINE_MAX_SIZE + 128];
        int n;

        if (log_state.journal)
                n = snprintf(line, sizeof(line), "<%d>%s\n", priority, clean);
        else
                n = snprintf(line, sizeof(line), "%s%s%s%s%s%s\n",
                             log_state.identifier ? log_state.identifier : "",
                             log_state.identifier ? ": " : "",
                             log_state.colour ? colour_of(priority) : "", word_of(priority), clean,
                             log_state.colour ? "\033[0m" : "");
        /* One write, so that the lines of two threads do not mix. When it fails there is no place
         * left to say so. */
        if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
                return;
}

void log_line(int priority, const char *format, ...)
{
        char raw[LINE_MAX_SIZE], clean[LINE_MAX_SIZE];
        int saved = errno, n;
        unsigned lost;
        va_list args;

        if (priority > atomic_load(&log_state.max_priority))
                return;
        va_start(args, format);
        errno = saved; /* for %m */
        n = vsnprintf(raw, sizeof(raw), format, args);
        va_end(args);
        if (n >= 0 && !reader_is_there()) {
                atomic_fetch_add(&log_state.lost, 1);
        } else if (n >= 0) {
                lost = atomic_exchange(&log_state.lost, 0);
                if (lost > 0) {
                        snprintf(clean, sizeof(clean), "%u lines before this are lost: nobody read",
                                 lost);
                        write_line(LOG_WARNING, clean);
                }
                /* A file name or an answer from the network may hold anything. */
                write_line(priority, utf8_clean(raw, clean, sizeof(clean)));
        }
        errno = saved;
}
