/* SPDX-License-Identifier: MIT */
/* `kmemwatch top`: asks the daemon again and again, and shows it as long as somebody looks. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/units.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/reply.h"
#include "view/report.h"
#include "view/screen.h"
#include "view/terminal.h"
#include "view/top_frame.h"
#include "view/who_reply.h"

/* Keys wait as long as an answer does. */
#define TIMEOUT 2.0

/* What `w` goes through; one of the daemon's looks is the least that says anything. */
static const double WINDOWS[] = { 60, 600, 3600, 86400 };

struct top {
        const struct options *o;
        double seconds; /* the window */
        struct daemon_reply daemon;
        struct top_reply top;
        bool have_daemon, have_top;
        int error; /* of the last try to reach the daemon; 0 it answered */
        char problem[ASK_PROBLEM_MAX + 64], top_problem[ASK_PROBLEM_MAX];
};

static void top_done(struct top *p)
{
        daemon_reply_done(&p->daemon);
        top_reply_done(&p->top);
}

/* What was known before stays when there is no answer: it says so itself. */
static void ask_numbers(struct top *p)
{
        char problem[ASK_PROBLEM_MAX];
        struct daemon_reply reply = { 0 };

        p->error = ask_daemon(p->o, TIMEOUT, &reply, problem);
        if (p->error < 0) {
                snprintf(p->problem, sizeof p->problem, "kmemwatchd cannot be reached: %s",
                         problem);
                return;
        }
        daemon_reply_done(&p->daemon);
        p->daemon = reply;
        p->have_daemon = true;
}

static void ask_growers(struct top *p)
{
        _cleanup_free_ char *json = NULL;
        char question[32];
        struct top_reply reply = { 0 };

        snprintf(question, sizeof question, "%.0f", p->seconds);
        int r = ask(p->o, PROGRAM_DAEMON, "Top", question, TIMEOUT, &json, p->top_problem);
        if (r >= 0)
                r = ask_understood(top_reply_parse(json, &reply), PROGRAM_DAEMON, p->top_problem);
        top_reply_done(&p->top);
        p->have_top = r >= 0;
        if (p->have_top)
                p->top = reply;
}

static void ask_all(struct top *p)
{
        ask_numbers(p);
        if (p->error >= 0)
                ask_growers(p);
}

static int print_frame(const struct top *p, const struct terminal *t, unsigned height, bool keys)
{
        const struct top_frame frame = {
                .daemon = p->have_daemon ? &p->daemon : NULL,
                .top = p->have_top ? &p->top : NULL,
                .problem = p->error < 0 ? p->problem : NULL,
                .top_problem = p->top_problem,
                .now = clock_realtime(),
                .seconds = p->seconds,
                .height = height,
                .keys = keys,
        };

        return top_frame_print(t, &frame);
}

/* One line of JSON: what the daemon answered to both. */
static int print_json(const struct top *p, const struct terminal *t)
{
        json_t *root =
                json_pack("{s:i, s:O, s:O?, s:o}", "version", REPLY_VERSION, "daemon",
                          p->daemon.root, "top", p->have_top ? p->top.root : NULL, "top_error",
                          p->have_top ? json_null() : json_string(p->top_problem));
        int r = root ? report_print_json_line(t, root) : -ENOMEM;

        json_decref(root);
        return r < 0 || fflush(t->out) != 0 ? -EIO : 0;
}

static int draw(const struct top *p, const struct terminal *t, const struct screen *s)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        struct terminal page = { .out = open_memstream(&text, &size),
                                 .width = s->width,
                                 .colour = t->colour,
                                 .utf8 = t->utf8 };

        if (!page.out)
                return -ENOMEM;
        int r = print_frame(p, &page, s->height, true);
        if (fclose(page.out) != 0)
                r = -ENOMEM;
        if (r == 0)
                screen_draw(s, text);
        return r;
}

static void next_window(struct top *p)
{
        size_t i = 0;

        while (i < ELEMENTS_OF(WINDOWS) && WINDOWS[i] <= p->seconds)
                i++;
        p->seconds = WINDOWS[i % ELEMENTS_OF(WINDOWS)];
}

/* Until somebody has seen enough. */
static int watch(struct top *p, const struct terminal *t)
{
        _cleanup_(screen_close) struct screen screen;
        int r = screen_open(&screen, STDIN_FILENO, fileno(t->out), p->o->interval);

        while (r >= 0) {
                char key = 0;
                enum screen_event event = screen_wait(&screen, &key);

                if (event == SCREEN_QUIT || (event == SCREEN_KEY && (key == 'q' || key == 'Q')))
                        break;
                if (event == SCREEN_KEY && key == 'w')
                        next_window(p);
                else if (event == SCREEN_KEY && key != ' ')
                        continue;
                if (event != SCREEN_RESIZE)
                        ask_all(p);
                r = draw(p, t, &screen);
        }
        return r;
}

static void wait_seconds(double seconds)
{
        struct timespec t = { .tv_sec = (time_t)seconds };

        t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
        (void)nanosleep(&t, NULL);
}

static int repeat_json(struct top *p, const struct terminal *t)
{
        for (;;) {
                int r = p->error >= 0 ? print_json(p, t) : 0;
                if (r < 0 || p->o->once)
                        return r;
                wait_seconds(p->o->interval);
                ask_all(p);
        }
}

enum exit_code top_run(const struct options *o, const struct terminal *t)
{
        _cleanup_(top_done) struct top p = { .o = o, .seconds = WINDOWS[0] };
        double now = clock_realtime();
        int r;

        if (moment_is_ahead(&o->since, now))
                return ask_senseless(o, "--since has not come yet");
        p.seconds = fmax(now - moment_at(&o->since, now, now - WINDOWS[0]), 1);
        ask_all(&p);
        if (p.error < 0)
                return ask_unreachable(o, PROGRAM_DAEMON, p.error,
                                       p.problem + strlen("kmemwatchd cannot be reached: "));
        if (o->json)
                r = repeat_json(&p, t);
        else if (o->once || !isatty(STDIN_FILENO) || !isatty(fileno(t->out)))
                r = print_frame(&p, t, 0, false);
        else
                r = watch(&p, t);
        if (r == -ENOMEM) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_UNREACHABLE;
        }
        return EXIT_FINE;
}
