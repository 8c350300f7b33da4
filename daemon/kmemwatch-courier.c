/* SPDX-License-Identifier: MIT */
/* kmemwatch-courier: delivers what kmemwatchd has announced. argv in, exit code out; joins the
 * courier with its files, its signals, systemd and its control socket. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "announce/journal.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/footprint.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/places.h"
#include "config/config_file.h"
#include "config/keys.h"
#include "config/problems.h"
#include "control/names.h"
#include "control/server.h"
#include "deliver/channel_file.h"
#include "deliver/courier.h"
#include "deliver/settings.h"
#include "engine/settings.h"

#define PROGRAM "kmemwatch-courier"

/* What is under way at SIGTERM gets this long; whatever is not answered is sent again after the
 * next start. */
enum { STOP_SECONDS = 3 };

enum { PROBLEM_LINE_MAX = 1024 };

static const char usage[] =
        PROGRAM " [OPTIONS]\n"
                "Delivers the alerts that kmemwatchd has left in the spool to Slack, PagerDuty\n"
                "and webhooks, each to every channel until it is accepted.\n"
                "\n"
                "  --spool DIR       instead of STATE/spool\n"
                "  --channels DIR    use the channels in DIR alone\n"
                "  --config DIR      instead of /etc/kmemwatch\n"
                "  --state DIR       instead of /var/lib/kmemwatch\n"
                "  --runtime DIR     instead of /run/kmemwatch-courier\n"
                "  --log-level WORD  err, warning, notice, info or debug\n"
                "  --help, --version\n"
                "\n"
                "Signals: HUP reads channels and settings again, TERM and INT stop.\n"
                "Exit code: 0 stopped, 1 cannot start, 2 usage.\n"
                "\n"
                "Examples:\n"
                "  " PROGRAM "\n"
                "  " PROGRAM " --channels ./channels --spool /tmp/k/spool --runtime /tmp/k\n"
                "See kmemwatch-courier(8) and kmemwatch.channels(5);\n"
                "`kmemwatch send-test CHANNEL` sends a test message.\n";

struct program {
        int level_option; /* --log-level, or -1 */
        struct places places;
        struct journal journal;
        sd_event *loop;
        struct courier *courier;
        struct control_server *control;
        sd_event_source *stop_timer;
        bool lock_said; /* that memory cannot be locked */
};

static void program_done(struct program *p)
{
        control_server_free(p->control);
        courier_free(p->courier);
        sd_event_source_disable_unref(p->stop_timer);
        sd_event_unref(p->loop);
        places_done(&p->places);
}

/* --- files --- */

static int load(const struct program *p, struct problems *problems, struct channel_set *channels,
                struct courier_settings *settings)
{
        const struct config_part parts[] = {
                { courier_key_table(), settings },
                { daemon_key_table(), NULL }, /* only the names, so that a typo is found here too */
        };
        int r = config_file_load(p->places.main_file, parts, ELEMENTS_OF(parts), problems);
        if (r < 0)
                return r;
        r = channel_set_load(p->places.channels, p->places.config, p->places.credentials,
                             SECRET_REQUIRED, problems, channels);
        problems_sort(problems);
        return r == -ENOMEM ? r : 0; /* a folder that cannot be read is among the problems */
}

static void say_problems(const struct problems *problems)
{
        char line[PROBLEM_LINE_MAX];
        for (size_t i = 0; i < problems->count; i++)
                log_error("%s", problem_format(&problems->list[i], line, sizeof(line)));
        if (problems->dropped > 0)
                log_error("and %zu more", problems->dropped);
}

static void say_left_out(const struct program *p, const struct channel_set *channels)
{
        for (size_t i = 0; i < channels->left_out_count; i++) {
                const struct journal_field fields[] = {
                        { "CHANNEL", channels->left_out[i] },
                        { "ERROR", "its file has errors" },
                };
                journal_message(&p->journal, MESSAGE_CHANNEL_BROKEN, LOG_ERR, fields,
                                ELEMENTS_OF(fields),
                                "Channel %s is left out, its file has errors; what is meant for it "
                                "waits until that is mended",
                                channels->left_out[i]);
        }
}

/* The command line wins over the file. */
static void set_level(const struct program *p, const struct courier_settings *settings)
{
        if (p->level_option < 0)
                log_set_level(settings->log_level);
}

static int configure(struct program *p)
{
        struct problems problems = { 0 };
        struct channel_set channels = { 0 };
        struct courier_settings settings = { 0 };
        int r = load(p, &problems, &channels, &settings);
        say_problems(&problems);
        say_left_out(p, &channels);
        if (r >= 0) {
                size_t count = channels.count;
                set_level(p, &settings);
                r = courier_configure(p->courier, &channels, &settings, &problems);
                if (r >= 0)
                        log_info("delivering from %s to %zu channel%s", p->places.spool, count,
                                 count == 1 ? "" : "s");
        }
        channel_set_done(&channels);
        courier_settings_done(&settings);
        problems_done(&problems);
        return r;
}

/* Everything new is loaded beside what is in force; only when all of it is good it takes over. */
static void reload(struct program *p)
{
        struct problems problems = { 0 };
        struct channel_set channels = { 0 };
        struct courier_settings settings = { 0 };
        int r = load(p, &problems, &channels, &settings);
        if (r >= 0 && problems.count == 0)
                set_level(p, &settings);
        if (r >= 0 && problems.count > 0) {
                char first[PROBLEM_LINE_MAX];
                problem_format(&problems.list[0], first, sizeof(first));
                const struct journal_field fields[] = { { "PROBLEMS", first } };
                say_problems(&problems);
                journal_message(&p->journal, MESSAGE_RELOAD_REFUSED, LOG_ERR, fields,
                                ELEMENTS_OF(fields),
                                "Not reloaded: channels and settings in force stay; %s", first);
                courier_set_problems(p->courier, &problems);
        } else if (r < 0 ||
                   (r = courier_configure(p->courier, &channels, &settings, &problems)) < 0) {
                log_error("not reloaded: %s", strerror(-r));
        } else {
                log_info("reloaded");
        }
        channel_set_done(&channels);
        courier_settings_done(&settings);
        problems_done(&problems);
}

/* --- control socket --- */

static void on_status(struct control_request *request, const char *argument _unused_,
                      void *userdata)
{
        const struct program *p = userdata;
        _cleanup_free_ char *json = NULL;
        int r = courier_status(p->courier, &json);
        if (r < 0)
                control_request_fail(request, -r, "%s", strerror(-r));
        else
                control_request_reply(request, json);
}

static void on_test_done(const char *json, const char *error, void *userdata)
{
        struct control_request *request = userdata;
        if (json)
                control_request_reply(request, json);
        else
                control_request_fail(request, EINVAL, "%s", error);
}

static void on_send_test(struct control_request *request, const char *argument, void *userdata)
{
        struct program *p = userdata;
        if (!control_request_may_change(request)) {
                control_request_fail(request, EPERM,
                                     "only root and members of group kmemwatch-admin may send");
                return;
        }
        courier_send_test(p->courier, argument, on_test_done, request);
}

static const struct control_method methods[] = {
        { "Status", on_status },
        { "SendTest", on_send_test },
};

/* Without it events are delivered all the same, so this is no reason not to start. */
static void open_control(struct program *p)
{
        _cleanup_free_ char *path = path_join(p->places.runtime, CONTROL_COURIER_SOCKET);
        int r = path ? make_directory(p->places.runtime, 0755) : -ENOMEM;
        if (r >= 0)
                r = control_server_new(p->loop, path, CONTROL_COURIER_INTERFACE, methods,
                                       ELEMENTS_OF(methods), p, &p->control);
        if (r < 0)
                log_warning("no control socket in %s (%s): `kmemwatch` will not find this courier",
                            p->places.runtime, strerror(-r));
}

/* As the person's tool looks for it: beside our own socket when --runtime says where that is. */
static void find_daemon(const struct program *p, const struct place_options *options)
{
        const char *folder = options->runtime ? p->places.runtime : "/run/kmemwatch";
        _cleanup_free_ char *path = path_join(folder, CONTROL_DAEMON_SOCKET);
        if (path)
                courier_set_daemon(p->courier, path);
}

/* --- signals --- */

static void exit_now(void *userdata)
{
        struct program *p = userdata;
        (void)sd_event_exit(p->loop, 0);
}

static int on_stop_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
        exit_now(userdata);
        return 0;
}

static int on_stop(sd_event_source *source _unused_, const struct signalfd_siginfo *info _unused_,
                   void *userdata)
{
        struct program *p = userdata;
        if (p->stop_timer) /* the second time: at once */
                return sd_event_exit(p->loop, 0);
        (void)sd_notify(0, "STOPPING=1");
        if (!courier_stop(p->courier, exit_now, p) ||
            sd_event_add_time_relative(p->loop, &p->stop_timer, CLOCK_MONOTONIC,
                                       STOP_SECONDS * 1000000ull, 0, on_stop_timer, p) < 0)
                return sd_event_exit(p->loop, 0);
        log_info("stopping when what is under way is answered, at most in %d s", STOP_SECONDS);
        return 0;
}

/* What only the start (or a reload) needed goes, and what is used from now on stays: it has to
 * deliver when the machine is out of memory. Nor does a secret reach the swap then. */
static void settle_memory(struct program *p)
{
        (void)munlockall(); /* nothing that is locked can be given back */
        give_back_program();
        give_back_heap();
        int r = lock_used_memory();
        if (r < 0 && !p->lock_said)
                log_info("memory cannot be locked (%s): under memory pressure a message may be "
                         "late; a higher RLIMIT_MEMLOCK allows it",
                         strerror(-r));
        p->lock_said = r < 0;
}

/* No core dump and no ptrace by the same user: memory holds the secrets. (The sanitizers' leak
 * check needs the latter.) */
static void keep_secrets(void)
{
#ifndef __SANITIZE_ADDRESS__
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *info _unused_,
                     void *userdata)
{
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%.0f", clock_monotonic() * 1e6);
        reload(userdata);
        settle_memory(userdata);
        (void)sd_notify(0, "READY=1");
        return 0;
}

static int watch_signals(struct program *p)
{
        sigset_t set;
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        /* A receiver that hangs up while we write is an error of its exchange, not our end. */
        (void)signal(SIGPIPE, SIG_IGN);
        int r = sd_event_add_signal(p->loop, NULL, SIGTERM, on_stop, p);
        if (r >= 0)
                r = sd_event_add_signal(p->loop, NULL, SIGINT, on_stop, p);
        if (r >= 0)
                r = sd_event_add_signal(p->loop, NULL, SIGHUP, on_reload, p);
        return r;
}

/* --- start --- */

static int run(const struct place_options *options, int level_option)
{
        _cleanup_(program_done) struct program p = { .level_option = level_option };
        keep_secrets();
        /* One heap: the threads that resolve names would each reserve one of 64 MiB, which counts
         * when memory is locked. */
        (void)mallopt(M_ARENA_MAX, 1);
        journal_init(&p.journal, PROGRAM, false);
        int r = places_init(&p.places, options, "/run/" PROGRAM);
        if (r >= 0)
                r = sd_event_new(&p.loop);
        if (r >= 0)
                r = watch_signals(&p);
        if (r >= 0)
                r = courier_new(p.loop, &p.journal, p.places.spool, &p.courier);
        if (r == -EBUSY) {
                log_error("%s: another courier works on this spool", p.places.spool);
                return 1;
        }
        if (r >= 0)
                r = configure(&p);
        if (r < 0) {
                log_error("cannot start: %s", strerror(-r));
                return 1;
        }
        open_control(&p);
        find_daemon(&p, options);
        if (sd_event_set_watchdog(p.loop, true) < 0)
                log_warning("cannot serve the watchdog, ignoring it");
        (void)sd_notify(0, "READY=1");
        courier_start(p.courier);
        settle_memory(&p);
        r = sd_event_loop(p.loop);
        if (r < 0)
                log_error("event loop: %s", strerror(-r));
        return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
        enum { SPOOL = 256, CHANNELS, CONFIG, STATE, RUNTIME, LEVEL, RELEASE };
        static const struct option options[] = {
                { "spool", required_argument, NULL, SPOOL },
                { "channels", required_argument, NULL, CHANNELS },
                { "config", required_argument, NULL, CONFIG },
                { "state", required_argument, NULL, STATE },
                { "runtime", required_argument, NULL, RUNTIME },
                { "log-level", required_argument, NULL, LEVEL },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, RELEASE },
                { 0 },
        };
        struct place_options places = { 0 };
        int option, level = -1;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (option) {
                case SPOOL:
                        places.spool = optarg;
                        break;
                case CHANNELS:
                        places.channels = optarg;
                        break;
                case CONFIG:
                        places.config = optarg;
                        break;
                case STATE:
                        places.state = optarg;
                        break;
                case RUNTIME:
                        places.runtime = optarg;
                        break;
                case LEVEL:
                        level = log_priority_by_name(optarg);
                        if (level < 0) {
                                fprintf(stderr,
                                        PROGRAM ": --log-level %s: not one of " LOG_PRIORITY_WORDS
                                                "\n",
                                        optarg);
                                return 2;
                        }
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                case RELEASE:
                        puts(PROGRAM " " KMW_VERSION);
                        return 0;
                default:
                        fputs("Try `" PROGRAM " --help`.\n", stderr);
                        return 2;
                }
        }
        if (optind < argc) {
                fprintf(stderr, PROGRAM ": unexpected argument \"%s\"; try `" PROGRAM " --help`\n",
                        argv[optind]);
                return 2;
        }
        log_open(PROGRAM, level < 0 ? LOG_INFO : level);
        return run(&places, level);
}
