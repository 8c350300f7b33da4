/* SPDX-License-Identifier: MIT */
/* Asks at the terminal. */
#include "view/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/text.h"

enum { LINE_SIZE = 4096 };

bool prompt_possible(void)
{
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

char *prompt_line(const char *question, const char *otherwise, bool hidden)
{
        char line[LINE_SIZE];
        struct termios shown, quiet;
        bool echo_off = false;
        /* Before the question: who answers at once must neither be seen nor flushed away. */
        if (hidden && tcgetattr(STDIN_FILENO, &shown) == 0) {
                quiet = shown;
                quiet.c_lflag &= ~(tcflag_t)ECHO;
                echo_off = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
        }
        fprintf(stderr, "%s%s%s%s: ", question, otherwise ? " [" : "", otherwise ? otherwise : "",
                otherwise ? "]" : "");
        bool got = fgets(line, sizeof(line), stdin);
        if (echo_off) {
                (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
                fputc('\n', stderr);
        }
        if (!got)
                return NULL;
        const char *answer = trim(line);
        char *copy = strdup(*answer || !otherwise ? answer : otherwise);
        explicit_bzero(line, sizeof(line));
        return copy;
}

char *prompt_file(const char *path, size_t max)
{
        bool standard = strcmp(path, "-") == 0;
        _cleanup_close_ int opened = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        int fd = standard ? STDIN_FILENO : opened;
        char *data = fd < 0 ? NULL : calloc(1, max + 2);
        size_t length = 0;
        if (!data)
                return NULL;
        while (length < max + 1) {
                ssize_t n = read(fd, data + length, max + 1 - length);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        break;
                if (n == 0) {
                        char *line = trim(data);
                        memmove(data, line, strlen(line) + 1);
                        if (!strpbrk(data, "\r\n") && strlen(data) <= max)
                                return data;
                        errno = E2BIG;
                        break;
                }
                length += (size_t)n;
                errno = E2BIG;
        }
        explicit_bzero(data, max + 2);
        free(data);
        return NULL;
}
