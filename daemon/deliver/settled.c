/* SPDX-License-Identifier: MIT */
/* A bounded list of ids, in memory and in a file of lines. */
#include "deliver/settled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"

static const char FILE_NAME[] = "settled";

enum {
        ID_LENGTH = QUEUE_ID_MAX - 1,
        LINE = ID_LENGTH + 1,
        LINES_MAX = 8 * SETTLED_MAX, /* then it is written anew */
        FILE_MODE = 0600,
};

static void remember(struct settled *s, const char *id)
{
        memcpy(s->ids[s->next], id, ID_LENGTH);
        s->ids[s->next][ID_LENGTH] = '\0';
        s->next = (s->next + 1) % SETTLED_MAX;
        s->count = MIN_OF(s->count + 1, (size_t)SETTLED_MAX);
}

/* Lines of another length are of no use; a torn one only joins the next. */
static void read_lines(struct settled *s, const char *data)
{
        for (const char *line = data; *line;) {
                size_t length = strcspn(line, "\n");
                if (length == ID_LENGTH && strspn(line, "0123456789abcdef") == ID_LENGTH)
                        remember(s, line);
                s->lines++;
                line += length + (line[length] == '\n');
        }
}

static void open_to_append(struct settled *s)
{
        if (s->folder_fd < 0)
                return;
        s->fd = openat(s->folder_fd, FILE_NAME,
                       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                       FILE_MODE);
}

void settled_open(struct settled *s, const char *folder)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        *s = (struct settled){ .folder_fd = -1, .fd = -1 };
        int fd = folder ? open_directory(folder, 0770) : -1;
        if (fd < 0)
                return;
        s->folder_fd = fd;
        int r = file_read_plain(fd, FILE_NAME, (size_t)2 * LINES_MAX * LINE, &data, &size);
        if (r >= 0)
                read_lines(s, data);
        else if (r != -ENOENT) /* a link, a file grown out of bounds */
                (void)unlinkat(fd, FILE_NAME, 0);
        open_to_append(s);
}

static void close_file(struct settled *s)
{
        closep(&s->fd);
        s->fd = -1;
}

void settled_close(struct settled *s)
{
        close_file(s);
        closep(&s->folder_fd);
        s->folder_fd = -1;
}

bool settled_knows(const struct settled *s, const char *id)
{
        for (size_t i = 0; i < s->count; i++)
                if (strcmp(s->ids[i], id) == 0)
                        return true;
        return false;
}

/* The newest alone, in place of the long file. */
static void write_anew(struct settled *s)
{
        char text[SETTLED_MAX * LINE], *end = text;
        for (size_t i = 0; i < s->count; i++) {
                size_t at = (s->next + SETTLED_MAX - s->count + i) % SETTLED_MAX;
                end = mempcpy(end, s->ids[at], ID_LENGTH);
                *end++ = '\n';
        }
        if (file_replace(s->folder_fd, FILE_NAME, text, (size_t)(end - text), FILE_MODE) < 0)
                return;
        s->lines = s->count;
        close_file(s);
        open_to_append(s);
}

void settled_add(struct settled *s, const char *id)
{
        char line[LINE + 1];
        if (strlen(id) != ID_LENGTH)
                return;
        remember(s, id);
        if (s->lines >= LINES_MAX)
                write_anew(s);
        if (s->fd < 0)
                open_to_append(s);
        snprintf(line, sizeof(line), "%s\n", id);
        if (s->fd >= 0 && write_all(s->fd, line, LINE) >= 0)
                s->lines++;
}
