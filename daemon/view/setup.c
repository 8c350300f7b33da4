/* SPDX-License-Identifier: MIT */
/* `kmemwatch setup`: asks for what a channel needs, has it written, tells the courier, and sends a
 * test. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/places.h"
#include "deliver/channel_file.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/prompt.h"
#include "view/reply.h"
#include "view/setup_channel.h"

extern char **environ;

enum { ASKED_MAX = 3 }; /* then it is no slip of the pen */

/* --- what is to be written --- */

/* The name becomes that of two files. */
static bool is_good_name(const char *name)
{
        return *name && strlen(name) <= CHANNEL_NAME_MAX &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
                       strlen(name);
}

/* Before a secret is asked for: whether anything can be written, and whether it would be in place
 * of something. */
static int look_before(const struct options *o, const char *config, struct setup *s,
                       bool interactive)
{
        char ini[PATH_MAX], secret[PATH_MAX];

        snprintf(ini, sizeof(ini), "%s/channels.d/%s.ini", config, s->name);
        snprintf(secret, sizeof(secret), "%s/secrets/%s", config, s->name);
        s->replace = o->replace;
        if (access(config, W_OK) < 0 && errno == EACCES) {
                (void)setup_problem(config, -EACCES);
                return setup_complain("this is for root");
        }
        if (s->replace || (access(ini, F_OK) < 0 && access(secret, F_OK) < 0))
                return 0;
        if (interactive) {
                _cleanup_free_ char *answer =
                        prompt_line("There is a channel of this name. Replace it?", "no", false);
                s->replace =
                        answer && (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
                return s->replace ? 0 : setup_complain("nothing was set up");
        }
        fprintf(stderr,
                "kmemwatch setup: %s or %s is there already; --replace puts the new one in its "
                "place, --name makes another\n",
                ini, secret);
        return -EEXIST;
}

/* --- asking --- */

/* In fresh memory: "" when nobody can be asked and none is given. NULL: it is over. */
static char *take_url(const struct options *o, const struct setup *s, bool interactive)
{
        if (!interactive || !s->receiver->url)
                return strdup(o->url ? o->url : "");
        return prompt_line(s->receiver->url, NULL, false);
}

static char *take_secret(const struct options *o, const struct setup *s, bool interactive)
{
        if (!o->secret)
                return interactive ? prompt_line(s->receiver->secret, NULL, true) : strdup("");
        char *secret = prompt_file(o->secret, SECRET_MAX);
        if (!secret)
                (void)setup_problem(o->secret, -errno);
        return secret;
}

static bool is_complete(const struct setup *s)
{
        if (s->receiver->secret_needed && !*s->secret)
                (void)setup_complain(
                        "its secret is needed: give a file with --secret FILE, or - for "
                        "standard input");
        else if (s->receiver->url && !*s->url)
                (void)setup_complain("its address is needed: give it with --url");
        else
                return true;
        return false;
}

/* What is given, or the answers to what is asked, until the courier would take them. */
static int take_answers(const struct options *o, const char *config, struct setup *s,
                        bool interactive)
{
        for (int i = 0; i < (interactive ? ASKED_MAX : 1); i++) {
                setup_forget(s);
                s->url = take_url(o, s, interactive);
                if (s->url)
                        s->secret = take_secret(o, s, interactive);
                if (!s->url || !s->secret)
                        return interactive ? setup_complain("nothing was set up") : -EINVAL;
                if (is_complete(s) && setup_is_taken(s, config))
                        return 0;
        }
        return -EINVAL;
}

static int take_receiver(const struct options *o, struct setup *s, bool interactive)
{
        if (o->argument || !interactive)
                return setup_find(o->argument ? o->argument : "", &s->receiver);
        (void)setup_find("", &s->receiver); /* lists them */
        for (int i = 0; i < ASKED_MAX; i++) {
                _cleanup_free_ char *name = prompt_line("What is to be set up", NULL, false);
                if (!name)
                        break;
                if (setup_find(name, &s->receiver) >= 0)
                        return 0;
        }
        return -EINVAL;
}

static int take_name(const struct options *o, struct setup *s, bool interactive)
{
        for (int i = 0; i < (interactive ? ASKED_MAX : 1); i++) {
                free(s->name);
                s->name = interactive ? prompt_line("Name of the channel", s->receiver->name, false)
                                      : strdup(o->name ? o->name : s->receiver->name);
                if (!s->name)
                        return setup_complain("nothing was set up");
                if (is_good_name(s->name))
                        return 0;
                (void)setup_complain("a name has letters, digits, - and _, and at most 63 of them");
        }
        return -EINVAL;
}

static int gather(const struct options *o, const char *config, struct setup *s)
{
        bool interactive = prompt_possible() && !o->secret && !o->url && !o->name;
        int r = take_receiver(o, s, interactive);
        if (r >= 0)
                r = take_name(o, s, interactive);
        if (r >= 0)
                r = look_before(o, config, s, interactive);
        return r < 0 ? r : take_answers(o, config, s, interactive);
}

/* --- telling the courier --- */

static bool restart_unit(void)
{
        char name[] = "systemctl", verb[] = "restart", unit[] = "kmemwatch-courier.service";
        char *const command[] = { name, verb, unit, NULL };
        pid_t pid;
        int status;
        if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) != 0)
                return false;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return false;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* How a channel is doing in the running courier: 1 it knows it, 0 not yet, negative errno. */
static int courier_knows(const struct options *o, const char *name, double *ret_pid)
{
        _cleanup_(courier_reply_done) struct courier_reply reply = { 0 };
        char why[ASK_PROBLEM_MAX];
        int r = ask_courier(o, 5, &reply, why);
        if (r < 0)
                return r;
        *ret_pid = reply.pid;
        for (size_t i = 0; i < reply.channel_count; i++)
                if (strcmp(reply.channels[i].name, name) == 0)
                        return 1;
        return 0;
}

/* systemd hands secrets over at a start, hence a restart; without systemd a reload is enough. */
static bool tell_courier(const struct options *o, const char *name)
{
        static const double WAIT = 10;
        double pid = 0;
        int r = courier_knows(o, name, &pid);
        if (!o->runtime && sd_booted() > 0) {
                if (!restart_unit())
                        return false;
        } else if (r < 0 || pid < 2 || kill((pid_t)pid, SIGHUP) < 0) {
                return false;
        }
        for (double end = clock_monotonic() + WAIT; clock_monotonic() < end;) {
                if (courier_knows(o, name, &pid) > 0)
                        return true;
                (void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
        }
        return false;
}

enum { MEMBER_NAME_SIZE = CHANNEL_NAME_MAX + 24 };

/* As the courier names the channels of a cluster. */
static const char *member_name(const struct setup *s, size_t number, char name[MEMBER_NAME_SIZE])
{
        if (s->members > 1)
                snprintf(name, MEMBER_NAME_SIZE, "%s.%zu", s->name, number);
        else
                snprintf(name, MEMBER_NAME_SIZE, "%s", s->name);
        return name;
}

static enum exit_code run(const struct options *o, const struct terminal *t,
                          const struct places *places, struct setup *s)
{
        if (gather(o, places->config, s) < 0)
                return EXIT_USAGE;
        int r = setup_write(places->config, s);
        if (r < 0) {
                (void)setup_problem(places->config, r);
                return EXIT_USAGE;
        }
        printf("Written: %s/channels.d/%s.ini\n", places->config, s->name);
        if (*s->secret)
                printf("Written: %s/secrets/%s (for root alone)\n", places->config, s->name);
        (void)fflush(stdout);
        char member[MEMBER_NAME_SIZE];
        if (!tell_courier(o, member_name(s, 1, member))) {
                fprintf(stderr,
                        "kmemwatch setup: the courier does not know it yet. Start it with\n"
                        "  systemctl restart kmemwatch-courier\nand then try the channel with\n"
                        "  kmemwatch send-test %s\n",
                        member);
                return EXIT_DEGRADED;
        }
        enum exit_code code = EXIT_FINE;
        for (size_t i = 1; i <= s->members && code == EXIT_FINE; i++) {
                struct options test = *o;
                test.argument = member_name(s, i, member);
                code = send_test_run(&test, t);
        }
        if (code != EXIT_FINE)
                fprintf(stderr,
                        "\nThe channel is set up as given. To give another address or secret:\n"
                        "  kmemwatch setup %s --replace\nTo try again without a change:\n"
                        "  kmemwatch send-test %s\n",
                        s->receiver->name, member);
        return code;
}

enum exit_code setup_run(const struct options *o, const struct terminal *t)
{
        const struct place_options options = { .config = o->config };
        struct setup s = { 0 };
        struct places places;
        if (places_init(&places, &options, "/run/kmemwatch") < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        enum exit_code code = run(o, t, &places, &s);
        setup_done(&s);
        places_done(&places);
        return code;
}
