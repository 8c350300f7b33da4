/* SPDX-License-Identifier: MIT */
/* The ids of the events that have left the spool last, because all channels were done with them. A
 * daemon that is killed between announcing an event and noting that announces it once more, under
 * the same id: by then it may have been delivered and removed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "deliver/queue.h"

/* One tick announces at most one event of each rule (512) and of each alert without one (512). */
enum { SETTLED_MAX = 1024 };

struct settled {
        int folder_fd; /* -1: kept in memory only */
        int fd;        /* appended to; -1: not open */
        size_t count, next;
        size_t lines; /* in the file */
        char ids[SETTLED_MAX][QUEUE_ID_MAX];
};

/* Reads what an earlier courier has left in the folder, which is made where missing. What cannot be
 * read is not known: an event may then be sent twice. folder NULL: in memory only. */
void settled_open(struct settled *s, const char *folder);
void settled_close(struct settled *s);

bool settled_knows(const struct settled *s, const char *id);

/* Not synced: it need only outlive this process, and a machine that crashes may send twice. */
void settled_add(struct settled *s, const char *id);
