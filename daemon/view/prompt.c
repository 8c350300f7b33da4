/* SPDX-License-Identifier: MIT */
/* Asks at the terminal. */
#include "view/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/text.h"

enum { LINE_SIZE = 4096 };

bool prompt_possible(void)
{
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* While nothing shows what is typed: a ^C or ^Z must not leave the terminal like that. */
struct hiding {
        bool on;
        struct termios shown;
        sigset_t caught, before;
        int signals;
};

static void hide(struct hiding *h)
{
        struct termios quiet;
        static const int numbers[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP };
        *h = (struct hiding){ .signals = -1 };
        if (tcgetattr(STDIN_FILENO, &h->shown) < 0)
                return;
        (void)sigemptyset(&h->caught);
        for (size_t i = 0; i < ELEMENTS_OF(numbers); i++)
                (void)sigaddset(&h->caught, numbers[i]);
        (void)sigprocmask(SIG_BLOCK, &h->caught, &h->before);
        h->signals = signalfd(-1, &h->caught, SFD_CLOEXEC);
        quiet = h->shown;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        h->on = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
}

static void show(struct hiding *h)
{
        if (h->on) {
                (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &h->shown);
                fputc('\n', stderr);
        }
        if (h->signals >= 0)
                close(h->signals);
        (void)sigprocmask(SIG_SETMASK, &h->before, NULL); /* what waited comes now */
}

/* False when a signal came first. */
static bool wait_for_line(const struct hiding *h)
{
        struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                                { .fd = h->signals, .events = POLLIN } };
        while (poll(fds, ELEMENTS_OF(fds), -1) < 0)
                if (errno != EINTR)
                        return true;
        return !(fds[1].revents & POLLIN);
}

char *prompt_line(const char *question, const char *otherwise, bool hidden)
{
        char line[LINE_SIZE];
        struct hiding h;
        bool ready = false;
        while (!ready) {
                /* Before the question: who answers at once must neither be seen nor flushed. */
                if (hidden)
                        hide(&h);
                fprintf(stderr, "%s%s%s%s: ", question, otherwise ? " [" : "",
                        otherwise ? otherwise : "", otherwise ? "]" : "");
                ready = !hidden || wait_for_line(&h);
                if (!ready)
                        show(&h); /* and after a ^Z it is asked again */
        }
        bool got = fgets(line, sizeof(line), stdin);
        if (hidden)
                show(&h);
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
