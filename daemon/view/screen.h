/* SPDX-License-Identifier: MIT */
/* A whole terminal taken for a live view: alternate screen, keys without Enter, a clock, the size
 * of the window; given back as it was, however it ends. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

enum screen_event {
        SCREEN_TICK,   /* the interval is over */
        SCREEN_KEY,    /* in ret_key */
        SCREEN_RESIZE, /* or back from being stopped: draw anew */
        SCREEN_QUIT,   /* a signal, or the terminal is gone */
};

struct screen {
        unsigned width, height; /* columns and lines, at least 1 */
        /* private */
        bool open;
        int in, out, signals, clock;
        struct termios before;
        sigset_t mask_before;
};

/* Takes the terminal at in and out; a tick at once and then each `interval` seconds. 0; -ENOTTY;
 * or another negative errno. */
int screen_open(struct screen *s, int in, int out, double interval);

/* Gives it back. Fine when it is not open. */
void screen_close(struct screen *s);

/* Waits for the next event. */
enum screen_event screen_wait(struct screen *s, char *ret_key);

/* Shows text, which may hold colours but nothing else that steers: as many lines as there is room
 * for, each cut at the width. */
void screen_draw(const struct screen *s, const char *text);

/* As screen_draw would send it, for tests: in fresh memory, or NULL. */
char *screen_compose(const char *text, unsigned width, unsigned height);
