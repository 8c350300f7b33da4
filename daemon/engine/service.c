/* SPDX-License-Identifier: MIT */
/* Sets the stations up, ticks, reloads, stops. */
#include "engine/service.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/footprint.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/pages.h"
#include "engine/service_internal.h"
#include "engine/service_members.h"
#include "engine/service_witness.h"
#include "sample/host.h"

/* STATUS= is told anew this often while nothing happens, so that it costs nothing. */
static const double STATUS_SECONDS = 60;

/* A restart loses at most this much of what was learned. */
static const double LEARNED_SECONDS = 60;

/* What changes over days need not wear out a disk. */
static const double BASELINES_SECONDS = 3600;

/* /proc/meminfo that cannot be read once may be a passing lack of memory; this many seconds long it
 * is not, and the service manager should know. */
static const double FAILING_SECONDS = 30;

/* At stop, how long to wait for the disk before leaving what is held to the next start. */
static const double STOP_SECONDS = 5;

/* The journal hears of it as soon as it is known who is behind it, whatever the disk does. The
 * alert's identity goes to the disk before its event and, as announced, after it, in one lane of
 * the writer: whatever ends in between, the next start knows what is owed. One saving serves all
 * events of a tick, since the engine has made them all before it offers the first. */
static int take_event(const struct event *event, void *userdata)
{
        struct service *s = userdata;
        s->alerts_changed = s->loop_due = true;
        s->told_at = 0;     /* STATUS= changes with it */
        s->watch_lines = 0; /* it is printed between the lines of the table */
        bool holds = service_witness_holds(s, event);
        s->outgoing = *event;
        if (!holds)
                s->outgoing.culprits = service_witness_culprits(s, event);
        int r = holds ? 0 : announcer_tell(s->announcer, &s->outgoing);
        if (r >= 0 && !s->alerts_saved)
                s->alerts_saved = (r = service_state_save_alerts(s)) >= 0;
        if (holds) /* owed, and saved as such: an end in between loses nothing */
                return -EAGAIN;
        if (r >= 0)
                r = announcer_event(s->announcer, &s->outgoing);
        if (r >= 0)
                service_evidence_ask(s, event);
        return r;
}

static void tell_manager(struct service *s)
{
        char status[SERVICE_STATUS_MAX];
        service_status_text(s, status);
        if (strcmp(status, s->status) != 0) {
                /* sd_notifyf would allocate, each minute in which a rate has changed */
                char message[sizeof("STATUS=") + SERVICE_STATUS_MAX];
                snprintf(message, sizeof(message), "STATUS=%s", status);
                (void)sd_notify(0, message);
        }
        memcpy(s->status, status, sizeof(s->status));
}

/* A ping says that samples are being taken and judged, not merely that a loop goes round. */
static void ping_watchdog(struct service *s, double monotonic)
{
        if (s->watchdog <= 0 || monotonic - s->watchdog_at < s->watchdog_now / 3)
                return;
        (void)sd_notify(0, "WATCHDOG=1");
        s->watchdog_at = monotonic;
}

/* The manager asks for a sign of life more often than there are samples: then it is told to wait
 * for three of them. */
static void set_watchdog(struct service *s)
{
        double seconds = fmax(s->watchdog, 3 * s->settings.interval);
        if (s->watchdog <= 0 || seconds == s->watchdog_now)
                return;
        (void)sd_notifyf(0, "WATCHDOG_USEC=%.0f", seconds * 1e6);
        s->watchdog_now = seconds;
}

/* 0 while it may pass, else the error. */
static int cannot_sample(struct service *s, int error)
{
        const char *why = service_sample_error(error);
        double now = clock_monotonic();
        s->sample_error = error;
        if (s->failures++ == 0) {
                s->failing_since = now;
                tell_manager(s);
                (void)announcer_message(s->announcer, MESSAGE_CANNOT_SAMPLE, LOG_ERR,
                                        &(struct journal_field){ "ERROR", why }, 1,
                                        "Cannot sample %s/proc/meminfo: %s; trying again",
                                        service_root(s), why);
        }
        return now - s->failing_since < FAILING_SECONDS ? 0 : error;
}

_hot_ static int tick(struct service *s)
{
        const struct sample *sample;
        double now = clock_realtime();
        engine_prefetch(s->engine);
        service_past_prefetch(s, now);
        int r = sampler_take(s->sampler, now, &sample);
        if (r < 0)
                return cannot_sample(s, r);
        if (s->failures > 0)
                log_notice("sampling again after %u failure%s", s->failures,
                           s->failures == 1 ? "" : "s");
        if (s->failures > 0)
                s->told_at = 0;
        s->failures = 0;
        s->alerts_saved = false;
        service_quiet_check(s);
        engine_feed(s->engine, sample);

        double monotonic = clock_monotonic();
        /* What is due each minute is done in one tick: the writer is woken once, and what all of it
         * touches is fetched once. */
        bool minute = service_past_is_due(s, sample->time);
        if (minute)
                writer_hold(s->writer);
        service_past_feed(s, sample->time);
        if (minute) {
                s->health_at = s->folders_at = -INFINITY;
                s->told_at = 0;
        }
        service_health_check(s, monotonic);
        if (s->alerts_changed)
                s->alerts_changed = service_state_save_alerts(s) < 0;
        if (minute || monotonic - s->learned_at >= LEARNED_SECONDS) {
                s->learned_at = monotonic;
                service_state_save_learned(s);
        }
        if (monotonic - s->baselines_at >= BASELINES_SECONDS) {
                s->baselines_at = monotonic;
                service_state_save_baselines(s);
        }
        if (minute)
                writer_release(s->writer);
        if (minute && s->asked) {
                s->asked = false;
                service_tidy_heap(s);
        }
        service_witness_tick(s);
        service_members_tick(s, sample);
        ping_watchdog(s, monotonic);
        if (s->told_at == 0 || monotonic - s->told_at >= STATUS_SECONDS) {
                s->told_at = monotonic;
                tell_manager(s);
                s->loop_due = true; /* what a tick forgets to say waits no longer than this */
        }
        if (s->options->watch &&
            (s->watched_at == 0 ||
             monotonic - s->watched_at >= WATCH_SECONDS - s->settings.interval / 2)) {
                s->watched_at = monotonic;
                service_watch_print(s);
        }
        return 0;
}

_hot_ static enum ticker_result on_tick(void *userdata)
{
        struct service *s = userdata;
        s->loop_due = false;
        int r = tick(s);
        if (r < 0) {
                log_error("giving up after %u failures: %s/proc/meminfo: %s", s->failures,
                          service_root(s), service_sample_error(r));
                s->exit_code = 1;
                (void)sd_event_exit(s->loop, 1);
                s->loop_due = true;
        }
        return s->loop_due ? TICKER_LOOP_DUE : TICKER_QUIET;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        struct service *s = userdata;
        (void)source;
        log_info("stopping at %s", strsignal((int)info->ssi_signo));
        (void)sd_notify(0, "STOPPING=1");
        return sd_event_exit(s->loop, 0);
}

static void reload(void *userdata)
{
        service_rules_reload(userdata);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        struct service *s = userdata;
        (void)source;
        (void)info;
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%.0f", clock_monotonic() * 1e6);
        run_apart(reload, s);
        service_settle_memory(s);
        int r = ticker_set_interval(&s->ticker, s->settings.interval);
        if (r < 0)
                log_error("the interval stays as it was: %s", strerror(-r));
        set_watchdog(s);
        (void)sd_notify(0, "READY=1");
        tell_manager(s);
        return 0;
}

static int watch_signal(struct service *s, int number, sd_event_signal_handler_t handler,
                        const char *name)
{
        sd_event_source *source = NULL;
        int r = sd_event_add_signal(s->loop, &source, number, handler, s);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(source, name);
        return sd_event_source_set_floating(source, true) < 0 ? -EIO
                                                              : (sd_event_source_unref(source), 0);
}

static int setup_loop(struct service *s)
{
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        (void)signal(SIGPIPE, SIG_IGN);

        int r = sd_event_new(&s->loop);
        if (r < 0)
                return r;
        if ((r = watch_signal(s, SIGTERM, on_stop, "stop")) < 0 ||
            (r = watch_signal(s, SIGINT, on_stop, "interrupt")) < 0 ||
            (r = watch_signal(s, SIGHUP, on_reload, "reload")) < 0)
                return r;
        return 0;
}

static void service_done(struct service *s)
{
        size_t left = 0;
        control_server_free(s->control);
        service_quiet_done(s);
        ticker_done(&s->ticker);
        service_witness_stop(s);
        if (s->engine && s->learned_at > 0) {
                service_state_save_learned(s);
                service_state_save_baselines(s);
                service_past_flush(s);
        }
        int stuck = writer_free(s->writer, STOP_SECONDS, &left);
        if (left > 0)
                log_error("%zu write%s of events, journal entries or state did not succeed before "
                          "the stop",
                          left, left == 1 ? "" : "s");
        if (stuck < 0) /* its thread, in a job that hangs, may come back and use all of this */
                _exit(s->exit_code);
        announcer_free(s->announcer);
        service_state_close(s);
        service_witness_free(s);
        service_members_free(s);
        engine_free(s->engine);
        free(s->past);
        rule_set_done(&s->rules);
        problems_done(&s->faults);
        sampler_free(s->sampler);
        procfs_done(&s->procfs);
        places_done(&s->places);
        closep(&s->state_lock);
        closep(&s->runtime_lock);
        sd_event_unref(s->loop);
}

struct setting_up {
        struct service *service;
        int result;
};

static void set_up(void *userdata)
{
        struct setting_up *up = userdata;
        struct service *s = up->service;
        int r = service_rules_load(s);
        if (r >= 0)
                r = engine_new(&s->rules, sampler_host(s->sampler), take_event, s, &s->engine);
        if (r >= 0) {
                if (s->options->log_level < 0)
                        log_set_level(s->settings.log_level);
                if (!service_state_restore(s))
                        service_relearn(s);
                if (s->options->seed && service_wants_seed(s) && service_seed(s) < 0)
                        log_warning("going on without it: what is usual is learned anew");
                service_quiet_apply(s);
                service_past_begin(s);
        }
        up->result = r;
}

/* Rules and what was learned before. */
static int set_up_engine(struct service *s)
{
        struct setting_up up = { s, 0 };
        run_apart(set_up, &up);
        return up.result;
}

static int run(struct service *s)
{
        const struct service_options *o = s->options;
        uint64_t watchdog = 0;
        tzset(); /* now, and not from the disk when the first alert names a time */
        journal_init(&s->journal, "kmemwatchd", o->journal);
        int r = places_init(&s->places, &o->places, "/run/kmemwatch");
        if (r < 0 || service_start_sampling(s) < 0 || service_start_outputs(s) < 0)
                return 1; /* they have said why */
        if ((r = setup_loop(s)) < 0 || (r = set_up_engine(s)) < 0 ||
            (r = ticker_init(&s->ticker, s->loop, s->settings.interval, on_tick, s)) < 0) {
                log_error("cannot start: %s", strerror(-r));
                return 1;
        }
        service_witness_set(s);
        service_members_set(s);
        service_start_control(s);
        service_start_words(s);
        if (sd_watchdog_enabled(0, &watchdog) > 0) {
                s->watchdog = s->watchdog_now = (double)watchdog / 1e6;
                set_watchdog(s);
        }
        s->learned_at = s->baselines_at = clock_monotonic();
        s->start_cpu = clock_process_cpu();
        (void)sd_notify(0, "READY=1");

        r = ticker_run(&s->ticker);
        if (r < 0) {
                log_error("event loop: %s", strerror(-r));
                s->exit_code = 1;
        }
        return s->exit_code;
}

int service_run(const struct service_options *o)
{
        /* Most of it is room for silences, which nobody may ever ask for. */
        struct service *s = pages_new(sizeof(*s));
        if (!s)
                return 1;
        s->options = o;
        s->started = clock_realtime();
        /* The courier starts at the same time: what was left for it is not its fault yet. */
        s->health_at = clock_monotonic();
        s->procfs.root_fd = -1;
        s->ticker.timer_fd = s->ticker.all_fd = -1;
        s->state_lock = s->runtime_lock = -1;
        s->alerts_file.folder_fd = s->learned_file.folder_fd = s->baselines_file.folder_fd = -1;
        s->past_file.folder_fd = s->witness_file.folder_fd = s->quiet.file.folder_fd = -1;
        s->exit_code = run(s);
        service_done(s);
        int code = s->exit_code;
        pages_free(s, sizeof(*s));
        return code;
}
