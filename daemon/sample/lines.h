/* SPDX-License-Identifier: MIT */
/* Long files of /proc (mountinfo, stat, cpuinfo) line by line in a fixed buffer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct procfs;

struct lines {
        int fd;
        size_t start, end; /* of what is not handed out yet */
        bool skipping;     /* inside the rest of a line that was too long */
        char buffer[4096]; /* the flags of a CPU take 2 KiB; longer lines are cut here */
};

/* 0 or negative errno. */
int lines_init(struct lines *l, const struct procfs *p, const char *path);
void lines_done(struct lines *l);

/* The next line without its newline, valid until the next call; NULL at the end or on an error. */
char *lines_next(struct lines *l);
