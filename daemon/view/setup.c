/* SPDX-License-Identifier: MIT */
/* `kmemwatch setup`: writes a channel and its secret, tells the courier, and sends a test. What is
 * written is first put together in a folder of its own and read as the courier will read it; only
 * what it takes goes to its place. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/macros.h"
#include "base/places.h"
#include "base/text.h"
#include "config/problems.h"
#include "deliver/channel_file.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/prompt.h"
#include "view/reply.h"

extern char **environ;

/* What a type needs to be asked. */
static const struct {
        const char *type, *secret, *url;
        bool secret_needed, url_needed;
} TYPES[] = {
        { "slack", "Address of the incoming webhook (https://hooks.slack.com/services/...)", NULL,
          true, false },
        { "pagerduty", "Integration key of an \"Events API V2\" integration (32 characters)", NULL,
          true, false },
        { "webhook", "Token to send along, if it wants one", "Address to POST to", false, true },
        { "alertmanager", "Token to send along, if it wants one",
          "Address of the Alertmanager (http://localhost:9093)", false, true },
};

struct setup {
        size_t type; /* in TYPES */
        char *name, *secret, *url;
        bool replace; /* a channel of this name */
};

static void setup_done(struct setup *s)
{
        if (s->secret)
                explicit_bzero(s->secret, strlen(s->secret));
        free(s->name);
        free(s->secret);
        free(s->url);
}

static int problem(const char *what, int error)
{
        fprintf(stderr, "kmemwatch setup: %s: %s\n", what, strerror(-error));
        return error;
}

static int complain(const char *text)
{
        fprintf(stderr, "kmemwatch setup: %s\n", text);
        return -EINVAL;
}

/* --- what is to be written --- */

static int find_type(const char *name, size_t *ret)
{
        for (*ret = 0; *ret < ELEMENTS_OF(TYPES); ++*ret)
                if (strcmp(TYPES[*ret].type, name) == 0 && channel_type_by_name(name) >= 0)
                        return 0;
        fprintf(stderr, "kmemwatch setup: \"%s\" is no kind of channel; there are", name);
        for (size_t i = 0; i < ELEMENTS_OF(TYPES); i++)
                if (channel_type_by_name(TYPES[i].type) >= 0)
                        fprintf(stderr, " %s", TYPES[i].type);
        fputc('\n', stderr);
        return -EINVAL;
}

/* The name becomes that of two files. */
static bool is_good_name(const char *name)
{
        return *name && strlen(name) <= CHANNEL_NAME_MAX &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
                       strlen(name);
}

static int take_secret(const struct options *o, struct setup *s, bool interactive)
{
        if (o->secret) {
                s->secret = prompt_file(o->secret, SECRET_MAX);
                return s->secret ? 0 : problem(o->secret, -errno);
        }
        if (interactive) {
                s->secret = prompt_line(TYPES[s->type].secret, NULL, true);
                return s->secret ? 0 : complain("nothing was set up");
        }
        s->secret = strdup("");
        return s->secret ? 0 : -ENOMEM;
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
                (void)problem(config, -EACCES);
                return complain("this is for root");
        }
        if (s->replace || (access(ini, F_OK) < 0 && access(secret, F_OK) < 0))
                return 0;
        if (interactive) {
                _cleanup_free_ char *answer =
                        prompt_line("There is a channel of this name. Replace it?", "no", false);
                s->replace =
                        answer && (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
                return s->replace ? 0 : complain("nothing was set up");
        }
        fprintf(stderr,
                "kmemwatch setup: %s or %s is there already; --replace puts the new one in its "
                "place, --name makes another\n",
                ini, secret);
        return -EEXIST;
}

static int gather(const struct options *o, const char *config, struct setup *s)
{
        bool interactive = prompt_possible() && !o->secret && !o->url && !o->name;
        int r = find_type(o->argument, &s->type);
        if (r < 0)
                return r;
        const char *type = TYPES[s->type].type;
        s->name = interactive ? prompt_line("Name of the channel", type, false)
                              : strdup(o->name ? o->name : type);
        if (!s->name)
                return complain("nothing was set up");
        if (!is_good_name(s->name))
                return complain("a name has letters, digits, - and _, and at most 63 of them");
        r = look_before(o, config, s, interactive);
        if (r < 0)
                return r;
        if (interactive && TYPES[s->type].url_needed)
                s->url = prompt_line(TYPES[s->type].url, NULL, false);
        else
                s->url = strdup(o->url ? o->url : "");
        if (!s->url)
                return complain("nothing was set up");
        r = take_secret(o, s, interactive);
        if (r < 0)
                return r;
        if (TYPES[s->type].secret_needed && !*s->secret)
                return complain("its secret is needed: give a file with --secret FILE, or - for "
                                "standard input");
        if (TYPES[s->type].url_needed && !*s->url)
                return complain("its address is needed: give it with --url");
        return 0;
}

/* --- writing --- */

static int write_file(int dirfd, const char *name, const char *text, mode_t mode, bool replace)
{
        if (replace)
                return file_write_atomic(dirfd, dirfd, name, text, strlen(text), mode);
        _cleanup_close_ int fd =
                openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        int r = fd < 0 ? -errno : fchmod(fd, mode) < 0 ? -errno : 0;
        if (r >= 0)
                r = write_all(fd, text, strlen(text));
        return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

/* channels.d/NAME.ini and secrets/NAME below a folder, which are made where missing. */
static int write_channel(const char *folder, const struct setup *s)
{
        char ini[8192], file[CHANNEL_NAME_MAX + sizeof(".ini")], secret[SECRET_MAX + 2];
        struct text t;
        _cleanup_close_ int top = open_directory(folder, 0755);
        _cleanup_close_ int channels = top < 0 ? -1 : open_subfolder(top, "channels.d", 0755);
        _cleanup_close_ int secrets = top < 0 ? -1 : open_subfolder(top, "secrets", 0700);
        if (top < 0 || channels < 0 || secrets < 0)
                return top < 0 ? top : channels < 0 ? channels : secrets;
        text_init(&t, ini, sizeof(ini));
        text_add(&t,
                 "# Made by `kmemwatch setup %s`. All keys: kmemwatch.channels(5).\n"
                 "[channel]\ntype = %s\n",
                 TYPES[s->type].type, TYPES[s->type].type);
        if (*s->url)
                text_add(&t, "url = %s\n", s->url);
        if (*s->secret)
                text_add(&t, "secret = %s\n", s->name);
        snprintf(file, sizeof(file), "%s.ini", s->name);
        snprintf(secret, sizeof(secret), "%s\n", s->secret);
        /* The secret first: a channel without it would be an error. */
        int r = *s->secret ? write_file(secrets, s->name, secret, 0600, s->replace) : 0;
        explicit_bzero(secret, sizeof(secret));
        if (s->replace && !*s->secret)
                (void)unlinkat(secrets, s->name, 0);
        if (r >= 0)
                r = write_file(channels, file, ini, 0644, s->replace);
        if (r < 0 && r != -EEXIST && *s->secret && !s->replace)
                (void)unlinkat(secrets, s->name, 0);
        return r;
}

static void remove_trial(const char *folder, const char *name)
{
        char file[CHANNEL_NAME_MAX + sizeof(".ini")];
        _cleanup_close_ int top = open_directory(folder, 0700);
        _cleanup_close_ int channels = top < 0 ? -1 : open_subfolder(top, "channels.d", 0700);
        _cleanup_close_ int secrets = top < 0 ? -1 : open_subfolder(top, "secrets", 0700);
        snprintf(file, sizeof(file), "%s.ini", name);
        if (channels >= 0)
                (void)unlinkat(channels, file, 0);
        if (secrets >= 0)
                (void)unlinkat(secrets, name, 0);
        if (top >= 0) {
                (void)unlinkat(top, "channels.d", AT_REMOVEDIR);
                (void)unlinkat(top, "secrets", AT_REMOVEDIR);
        }
        (void)rmdir(folder);
}

/* Whether the courier would take it; what is wrong is printed. */
static bool is_taken(const struct setup *s)
{
        char folder[] = "/tmp/kmemwatch-setup-XXXXXX";
        _cleanup_(problems_done) struct problems problems = { 0 };
        struct channel_set set = { 0 };
        if (!mkdtemp(folder))
                return problem("/tmp", -errno) == 0;
        int r = write_channel(folder, s);
        _cleanup_free_ char *channels = path_join(folder, "channels.d");
        if (r >= 0 && channels)
                r = channel_set_load(channels, folder, NULL, SECRET_REQUIRED, &problems, &set);
        bool good = r >= 0 && set.count == 1 && !problems_any(&problems);
        channel_set_done(&set);
        remove_trial(folder, s->name);
        if (r < 0)
                (void)problem(folder, r);
        /* The file that they were found in is gone. */
        for (size_t i = 0; i < problems.count; i++)
                if (problems.list[i].line > 0)
                        fprintf(stderr, "kmemwatch setup: %s\n", problems.list[i].text);
        return good;
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

static enum exit_code run(const struct options *o, const struct terminal *t,
                          const struct places *places, struct setup *s)
{
        if (gather(o, places->config, s) < 0 || !is_taken(s))
                return EXIT_USAGE;
        int r = write_channel(places->config, s);
        if (r < 0) {
                (void)problem(places->config, r);
                return EXIT_USAGE;
        }
        printf("Written: %s/channels.d/%s.ini\n", places->config, s->name);
        if (*s->secret)
                printf("Written: %s/secrets/%s (for root alone)\n", places->config, s->name);
        (void)fflush(stdout);
        if (!tell_courier(o, s->name)) {
                fprintf(stderr,
                        "kmemwatch setup: the courier does not know it yet. Start it with\n"
                        "  systemctl restart kmemwatch-courier\nand then try the channel with\n"
                        "  kmemwatch send-test %s\n",
                        s->name);
                return EXIT_DEGRADED;
        }
        struct options test = *o;
        test.argument = s->name;
        enum exit_code code = send_test_run(&test, t);
        if (code != EXIT_FINE)
                fprintf(stderr,
                        "\nThe channel is set up as given. To give another address or secret:\n"
                        "  kmemwatch setup %s --replace\nTo try again without a change:\n"
                        "  kmemwatch send-test %s\n",
                        TYPES[s->type].type, s->name);
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
