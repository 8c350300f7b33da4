/* SPDX-License-Identifier: MIT */
/* Asks the running programs, and says in words why there is no answer. */
#include "view/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "control/client.h"
#include "control/names.h"
#include "view/reply.h"
#include "view/terminal.h"

static const struct {
        const char *name, *unit, *folder, *socket, *interface;
} PROGRAMS[] = {
        [PROGRAM_DAEMON] = { "kmemwatchd", "kmemwatch", "/run/kmemwatch", CONTROL_DAEMON_SOCKET,
                             CONTROL_DAEMON_INTERFACE },
        [PROGRAM_COURIER] = { "kmemwatch-courier", "kmemwatch-courier", "/run/kmemwatch-courier",
                              CONTROL_COURIER_SOCKET, CONTROL_COURIER_INTERFACE },
};

static void describe(int error, const char *path, double timeout, const char *refusal,
                     char problem[ASK_PROBLEM_MAX])
{
        switch (-error) {
        case ENOENT:
        case ECONNREFUSED:
                snprintf(problem, ASK_PROBLEM_MAX, "it is not running (nobody listens at %s)",
                         path);
                break;
        case EACCES:
        case EPERM:
                snprintf(problem, ASK_PROBLEM_MAX, "you may not open %s", path);
                break;
        case ETIMEDOUT:
                snprintf(problem, ASK_PROBLEM_MAX, "it did not answer within %.0f seconds",
                         timeout);
                break;
        case ECONNRESET:
                snprintf(problem, ASK_PROBLEM_MAX,
                         "it hung up (it has just stopped, or too many others are asking)");
                break;
        case EREMOTEIO:
                snprintf(problem, ASK_PROBLEM_MAX, "%s", refusal ? refusal : "it refused");
                break;
        case EBADMSG:
        case EMSGSIZE:
                snprintf(problem, ASK_PROBLEM_MAX, "what listens at %s does not speak kmemwatch",
                         path);
                break;
        default:
                snprintf(problem, ASK_PROBLEM_MAX, "%s: %s", path, strerror(-error));
                break;
        }
}

int ask(const struct options *o, enum program program, const char *method, const char *argument,
        double timeout, char **ret_reply, char problem[ASK_PROBLEM_MAX])
{
        _cleanup_free_ char *refusal = NULL;
        _cleanup_free_ char *path = path_join(o->runtime ? o->runtime : PROGRAMS[program].folder,
                                              PROGRAMS[program].socket);

        int r = path ? control_call(path, PROGRAMS[program].interface, method, argument, timeout,
                                    ret_reply, &refusal)
                     : -ENOMEM;
        if (r < 0)
                describe(r, path ? path : "", timeout, refusal, problem);
        return r;
}

int ask_understood(int r, enum program program, char problem[ASK_PROBLEM_MAX])
{
        if (r == -EPROTONOSUPPORT)
                snprintf(problem, ASK_PROBLEM_MAX,
                         "its answer is of another version: %s and kmemwatch are of different "
                         "releases; restart it after an upgrade",
                         PROGRAMS[program].name);
        else if (r == -EBADMSG)
                snprintf(problem, ASK_PROBLEM_MAX, "its answer cannot be read");
        else if (r < 0)
                snprintf(problem, ASK_PROBLEM_MAX, "%s", strerror(-r));
        return r;
}

int ask_daemon(const struct options *o, double timeout, struct daemon_reply *ret,
               char problem[ASK_PROBLEM_MAX])
{
        _cleanup_free_ char *text = NULL;

        int r = ask(o, PROGRAM_DAEMON, "Status", "", timeout, &text, problem);
        return r < 0 ? r : ask_understood(daemon_reply_parse(text, ret), PROGRAM_DAEMON, problem);
}

int ask_courier(const struct options *o, double timeout, struct courier_reply *ret,
                char problem[ASK_PROBLEM_MAX])
{
        _cleanup_free_ char *text = NULL;

        int r = ask(o, PROGRAM_COURIER, "Status", "", timeout, &text, problem);
        return r < 0 ? r : ask_understood(courier_reply_parse(text, ret), PROGRAM_COURIER, problem);
}

enum exit_code ask_unreachable(const struct options *o, enum program program, int error,
                               const char *problem)
{
        struct terminal t;

        terminal_init(&t, stderr, o->no_colour);
        terminal_print(&t, STYLE_CRITICAL, "%s cannot be reached:", PROGRAMS[program].name);
        terminal_spaces(&t, 1);
        terminal_wrap(&t, STYLE_PLAIN,
                      strlen(PROGRAMS[program].name) + strlen(" cannot be reached: "), 2, problem);
        if (error != -ENOENT && error != -ECONNREFUSED)
                fprintf(stderr, "Look at it:  systemctl status %s; journalctl -u %s -n 20\n",
                        PROGRAMS[program].unit, PROGRAMS[program].unit);
        else if (o->runtime)
                fprintf(stderr, "Is --runtime the one that %s was started with?\n",
                        PROGRAMS[program].name);
        else
                fprintf(stderr,
                        "Start it:    systemctl start %s\n"
                        "Why it ends: journalctl -u %s -n 20\n"
                        "Without systemd, or by make run: give its --runtime DIR\n",
                        PROGRAMS[program].unit, PROGRAMS[program].unit);
        return EXIT_UNREACHABLE;
}

enum exit_code ask_refused(const struct options *o, const char *problem)
{
        struct terminal t;

        terminal_init(&t, stderr, o->no_colour);
        terminal_put(&t, STYLE_CRITICAL, "Refused");
        terminal_line(&t, STYLE_PLAIN, ": %s", problem);
        return EXIT_FAULTS;
}

enum exit_code ask_senseless(const struct options *o, const char *problem)
{
        struct terminal t;

        terminal_init(&t, stderr, o->no_colour);
        terminal_line(&t, STYLE_PLAIN, "kmemwatch: %s", problem);
        return EXIT_USAGE;
}
