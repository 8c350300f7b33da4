/* SPDX-License-Identifier: MIT */
/* Reads long files of /proc line by line without allocating: host facts are read again while the
 * daemon runs. */
#include "sample/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/procfs.h"

int lines_init(struct lines *l, const struct procfs *p, const char *path)
{
        int fd = procfs_open(p, path);

        if (fd < 0)
                return fd;
        l->fd = fd;
        l->start = l->end = 0;
        l->skipping = false;
        return 0;
}

void lines_done(struct lines *l)
{
        (void)close(l->fd);
        l->fd = -1;
}

/* Moves what is left to the front and reads behind it. False at the end of the file. */
static bool fill(struct lines *l)
{
        ssize_t n;

        memmove(l->buffer, l->buffer + l->start, l->end - l->start);
        l->end -= l->start;
        l->start = 0;
        do
                n = read(l->fd, l->buffer + l->end, sizeof(l->buffer) - 1 - l->end);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return false;
        l->end += (size_t)n;
        return true;
}

char *lines_next(struct lines *l)
{
        for (;;) {
                char *line = l->buffer + l->start;
                char *newline = memchr(line, '\n', l->end - l->start);
                bool cut = !newline && l->start == 0 && l->end == sizeof(l->buffer) - 1;

                if (!newline && !cut) {
                        if (fill(l))
                                continue;
                        if (l->start == l->end)
                                return NULL;
                        newline = l->buffer + l->end; /* the last line lacks its newline */
                        line = l->buffer + l->start;
                }

                bool wanted = !l->skipping;
                l->skipping = cut;
                if (cut) {
                        l->buffer[l->end] = '\0';
                        l->start = l->end;
                } else {
                        *newline = '\0';
                        l->start = MIN_OF((size_t)(newline - l->buffer) + 1, l->end);
                }
                if (wanted)
                        return line;
        }
}
