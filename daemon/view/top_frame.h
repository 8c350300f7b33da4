/* SPDX-License-Identifier: MIT */
/* One picture of `kmemwatch top`: from replies alone, so that tests hand in recorded ones. */
#pragma once

#include <stdbool.h>

struct daemon_reply;
struct terminal;
struct top_reply;

struct top_frame {
        const struct daemon_reply *daemon; /* NULL: no answer yet */
        const struct top_reply *top;       /* NULL: no answer, why is in top_problem */
        const char *problem;               /* NULL: none; why what is shown is not of now */
        const char *top_problem;
        double now;      /* Unix seconds */
        double seconds;  /* that growers and changes look back */
        unsigned height; /* lines; 0: as many as there are */
        bool keys;       /* the last line says them */
};

/* No line is wider than the terminal, from 30 columns on. 0 or -ENOMEM. */
int top_frame_print(const struct terminal *t, const struct top_frame *f);
