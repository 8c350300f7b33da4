/* SPDX-License-Identifier: MIT */
/* The programs' own messages: to the journal when standard error is connected to it, else readable
 * lines on standard error, coloured on a terminal (NO_COLOR is honoured). Alerts do not go through
 * here (announce/journal.h). The one mutable global of the project lives behind these calls. */
#pragma once

#include <stdbool.h>
#include <syslog.h>

#include "base/macros.h"

/* Before any thread is started. identifier: SYSLOG_IDENTIFIER, static storage. max_priority:
 * LOG_DEBUG ... LOG_ERR, what is printed. */
void log_open(const char *identifier, int max_priority);

/* Another max_priority, at any time. */
void log_set_level(int max_priority);

/* True when standard error is the journal's stream ($JOURNAL_STREAM names its device and inode). */
bool log_to_journal(void);

/* One line, without a newline in the format. priority: LOG_ERR ... LOG_DEBUG. Keeps errno. Never
 * waits for long: when nobody reads, the line is lost, and the next one that is read says so. */
void log_line(int priority, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* LOG_ERR ... LOG_DEBUG for "err", "warning", "notice", "info", "debug" (as journalctl -p has them;
 * "error" is taken as well), or -1. */
int log_priority_by_name(const char *word);
#define LOG_PRIORITY_WORDS "err, warning, notice, info, debug"

/* True when colours belong on this descriptor: a terminal, TERM is not dumb, NO_COLOR unset or
 * empty. */
bool terminal_has_colour(int fd);
