/* SPDX-License-Identifier: MIT */
/* A child that runs the pager, and standard output as the pipe to it. */
#include "view/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"

/* NULL: none is wanted; "": no word of the person's. */
static const char *wanted(void)
{
        static const char *const VARIABLES[] = { "SYSTEMD_PAGER", "PAGER" };
        for (size_t i = 0; i < ELEMENTS_OF(VARIABLES); i++) {
                const char *value = getenv(VARIABLES[i]);
                if (value)
                        return *value && strcmp(value, "cat") != 0 ? value : NULL;
        }
        return "";
}

/* In the child: what cannot be started is followed by what may be. */
static void run(const char *command)
{
        /* F: no pager for what fits the screen; R: colours; S: no line is wrapped a second time;
         * X: what was read stays on the screen; M: where in it one is. */
        (void)setenv("LESS", "FRSXM", 0);
        (void)setenv("LESSCHARSET", "utf-8", 0);
        /* A root shell is one key away in less: not from a tool that sudo may have been given for.
         */
        (void)setenv("LESSSECURE", "1", 1);
        if (*command) {
                /* 127: there is no such program, and nothing was read yet. */
                (void)execl("/bin/sh", "sh", "-c", "eval \"$0\"; [ $? -ne 127 ] || exec cat",
                            command, (char *)NULL);
        } else {
                (void)execlp("less", "less", (char *)NULL);
                (void)execlp("more", "more", (char *)NULL);
        }
        (void)execlp("cat", "cat", (char *)NULL);
        _exit(127);
}

void pager_open(struct pager *ret)
{
        const char *command = wanted(), *term = getenv("TERM");
        int ends[2];
        *ret = (struct pager){ .out = -1 };
        if (!command || !isatty(STDOUT_FILENO) || !term || strcmp(term, "dumb") == 0 ||
            pipe(ends) < 0)
                return;
        (void)fflush(stdout);
        int out = dup(STDOUT_FILENO);
        pid_t pid = out < 0 ? -1 : fork();
        if (pid == 0) {
                (void)dup2(ends[0], STDIN_FILENO);
                (void)close(ends[0]);
                (void)close(ends[1]);
                (void)close(out);
                run(command);
        }
        if (pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
                /* Ctrl-C is the pager's to hear: it must give the terminal back first. */
                (void)signal(SIGINT, SIG_IGN);
                (void)signal(SIGPIPE, SIG_IGN); /* who has read enough gets no fault */
                *ret = (struct pager){ .pid = pid, .out = out };
        } else if (out >= 0) {
                (void)close(out);
        }
        (void)close(ends[0]);
        (void)close(ends[1]);
}

void pager_close(struct pager *p)
{
        if (p->pid <= 0)
                return;
        (void)fflush(stdout);
        clearerr(stdout);
        (void)dup2(p->out, STDOUT_FILENO); /* closes the pipe: the pager sees the end */
        (void)close(p->out);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGPIPE, SIG_DFL);
        *p = (struct pager){ .out = -1 };
}
