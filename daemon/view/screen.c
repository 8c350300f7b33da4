/* SPDX-License-Identifier: MIT */
/* Takes and gives back the terminal. Signals arrive through a descriptor, so that nothing happens
 * in a handler and every way out goes through screen_close(). */
#include "view/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/text.h"

/* Alternate screen, no cursor, no wrapping by the terminal; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[H\033[2J"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

/* The last three have a meaning of their own, all others end it. */
static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };

static void send(int fd, const char *text, size_t length)
{
        while (length > 0) {
                ssize_t n = write(fd, text, length);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return; /* the terminal is gone: the next wait says so */
                text += n;
                length -= (size_t)n;
        }
}

static void measure(struct screen *s)
{
        struct winsize size;
        bool known = ioctl(s->out, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;

        s->width = known ? size.ws_col : 80;
        s->height = known ? size.ws_row : 24;
}

static void enter(struct screen *s)
{
        struct termios raw = s->before;

        /* Signals from the keyboard stay: Ctrl-C and Ctrl-Z do what they always do. */
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void)tcsetattr(s->in, TCSANOW, &raw);
        send(s->out, ENTER, strlen(ENTER));
        measure(s);
}

static void leave(const struct screen *s)
{
        send(s->out, LEAVE, strlen(LEAVE));
        (void)tcsetattr(s->in, TCSANOW, &s->before);
}

int screen_open(struct screen *s, int in, int out, double interval)
{
        sigset_t signals;

        *s = (struct screen){ .in = in, .out = out, .signals = -1, .clock = -1 };
        if (!isatty(in) || !isatty(out) || tcgetattr(in, &s->before) < 0)
                return -ENOTTY;
        sigemptyset(&signals);
        for (size_t i = 0; i < ELEMENTS_OF(SIGNALS); i++)
                sigaddset(&signals, SIGNALS[i]);
        s->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        s->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        struct itimerspec period = { .it_value.tv_nsec = 1 };
        period.it_interval.tv_sec = (time_t)interval;
        period.it_interval.tv_nsec = (long)((interval - (double)(time_t)interval) * 1e9);
        if (s->signals < 0 || s->clock < 0 || timerfd_settime(s->clock, 0, &period, NULL) < 0) {
                int r = -errno;
                if (s->signals >= 0)
                        close(s->signals);
                if (s->clock >= 0)
                        close(s->clock);
                return r;
        }
        (void)sigprocmask(SIG_BLOCK, &signals, &s->mask_before);
        s->open = true;
        enter(s);
        return 0;
}

void screen_close(struct screen *s)
{
        if (!s->open)
                return;
        leave(s);
        close(s->signals);
        close(s->clock);
        (void)sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
        s->open = false;
}

/* Ctrl-Z: as any program, but with the terminal given back meanwhile. */
static void stop(struct screen *s)
{
        leave(s);
        (void)raise(SIGSTOP);
        enter(s);
}

static enum screen_event take_signal(struct screen *s)
{
        struct signalfd_siginfo info;
        enum screen_event event = SCREEN_RESIZE;

        while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info)
                switch (info.ssi_signo) {
                case SIGWINCH:
                        measure(s);
                        break;
                case SIGTSTP:
                        stop(s);
                        break;
                case SIGCONT: /* SIGSTOP from elsewhere: the shell has had the terminal */
                        enter(s);
                        break;
                default:
                        event = SCREEN_QUIT;
                }
        return event;
}

enum screen_event screen_wait(struct screen *s, char *ret_key)
{
        for (;;) {
                struct pollfd fds[] = {
                        { .fd = s->signals, .events = POLLIN },
                        { .fd = s->in, .events = POLLIN },
                        { .fd = s->clock, .events = POLLIN },
                };
                unsigned long long expired;
                if (poll(fds, ELEMENTS_OF(fds), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return SCREEN_QUIT;
                }
                if (fds[0].revents)
                        return take_signal(s);
                if (fds[1].revents) {
                        ssize_t n = read(s->in, ret_key, 1);
                        if (n == 1)
                                return SCREEN_KEY;
                        if (n == 0 || (errno != EINTR && errno != EAGAIN))
                                return SCREEN_QUIT;
                }
                if (fds[2].revents && read(s->clock, &expired, sizeof expired) > 0)
                        return SCREEN_TICK;
        }
}

/* One line, cut: what steers colours takes no room and is never cut in two. */
static const char *put_line(FILE *out, const char *s, unsigned width)
{
        unsigned used = 0;

        while (*s && *s != '\n') {
                if (*s == '\033') {
                        size_t length = strcspn(s, "m");
                        fwrite(s, 1, length + (s[length] != 0), out);
                        s += length + (s[length] != 0);
                        continue;
                }
                uint32_t c;
                size_t length = utf8_decode(s, &c);
                if (length == 0)
                        length = 1;
                /* utf8_width reads a whole string. */
                char character[8] = "";
                memcpy(character, s, MIN_OF(length, sizeof character - 1));
                unsigned columns = (unsigned)utf8_width(character);
                if (used + columns <= width)
                        fwrite(s, 1, length, out);
                used += columns;
                s += length;
        }
        return *s ? s + 1 : s;
}

char *screen_compose(const char *text, unsigned width, unsigned height)
{
        char *composed = NULL;
        size_t size;
        FILE *out = open_memstream(&composed, &size);

        if (!out)
                return NULL;
        fputs("\033[H", out);
        unsigned line = 0;
        for (; line < height && *text; line++) {
                if (line > 0)
                        fputs("\r\n", out);
                /* First: behind a line that fills the width the cursor stands on its last column.
                 */
                fputs("\033[K", out);
                text = put_line(out, text, width);
        }
        if (*text == 0 && line < height)
                fputs("\r\n\033[J", out);
        if (fclose(out) != 0) {
                free(composed);
                return NULL;
        }
        return composed;
}

void screen_draw(const struct screen *s, const char *text)
{
        _cleanup_free_ char *composed = screen_compose(text, s->width, s->height);

        if (composed)
                send(s->out, composed, strlen(composed));
}
