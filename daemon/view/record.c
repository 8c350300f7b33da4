/* SPDX-License-Identifier: MIT */
/* `kmemwatch record`: samples of this machine as a trace. Every line is written whole and at once,
 * so that what was recorded is usable however the recording ends. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "sample/sampler.h"
#include "sample/trace.h"
#include "sample/unaccounted.h"
#include "view/commands.h"

DEFINE_CLEANUP(struct sampler, sampler_free);

static const double UNACCOUNTED_SECONDS = 60;

struct recorder {
        const struct procfs *procfs;
        struct sampler *sampler;
        struct unaccounted unaccounted;
        double measured; /* CLOCK_MONOTONIC of its last value */
};

static int problem(const char *what, int error)
{
        fprintf(stderr, "kmemwatch record: %s: %s\n", what, strerror(-error));
        return error;
}

/* Until `moment` of the monotonic clock, or a signal: true. The signals are blocked and waited for
 * here alone, so none interrupts a line. */
static bool stopped_before(double moment, const sigset_t *signals)
{
        for (;;) {
                double left = fmax(moment - clock_monotonic(), 0);
                struct timespec limit = { .tv_sec = (time_t)left,
                                          .tv_nsec = (long)(fmod(left, 1) * 1e9) };
                if (sigtimedwait(signals, NULL, &limit) >= 0)
                        return true;
                if (errno == EAGAIN && left <= 0)
                        return false;
        }
}

/* Once a minute, as the daemon does. */
static void measure_unaccounted(struct recorder *r)
{
        double now = clock_monotonic();
        if (now - r->measured < UNACCOUNTED_SECONDS)
                return;
        r->measured = now;
        unaccounted_add(&r->unaccounted, unaccounted_read(r->procfs));
        sampler_set_unaccounted(r->sampler, unaccounted_median(&r->unaccounted));
}

static int write_sample(struct recorder *recorder, FILE *out, const char *name)
{
        struct sampler *sampler = recorder->sampler;
        const struct sample *sample;
        measure_unaccounted(recorder);
        int r = sampler_take(sampler, clock_realtime(), &sample);

        if (r < 0)
                return problem("/proc/meminfo", r);
        r = trace_write_row(out, sample);
        if (r == 0 && fflush(out) != 0)
                r = -errno;
        return r < 0 && r != -EPIPE ? problem(name, r) : r;
}

static int record(const struct options *o, FILE *out, const char *name)
{
        _cleanup_(procfs_done) struct procfs procfs = { .root_fd = -1 };
        _cleanup_(sampler_freep) struct sampler *sampler = NULL;
        sigset_t signals;

        int r = procfs_init(&procfs, o->root);
        if (r < 0)
                return problem(o->root ? o->root : "/", r);
        r = sampler_new(&procfs, &sampler);
        if (r < 0)
                return problem("/proc/meminfo", r);

        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGHUP);
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
        /* A reader that has enough, as head, is no error. */
        (void)signal(SIGPIPE, SIG_IGN);

        r = trace_write_header(out);
        if (r < 0)
                return r == -EPIPE ? r : problem(name, r);
        double start = clock_monotonic(), next = start;
        struct recorder recorder = { .procfs = &procfs, .sampler = sampler, .measured = -INFINITY };
        unaccounted_init(&recorder.unaccounted);
        do {
                r = write_sample(&recorder, out, name);
                if (r < 0)
                        return r;
                /* From the start, not from now: the interval does not drift. After a suspend or a
                 * long stop the samples missed are not made up for. */
                double ticks = floor((clock_monotonic() - start) / o->interval) + 1;
                next = start + ticks * o->interval;
                /* A nanosecond less, for 100 times a tenth is not quite 10. */
        } while (next - start < o->duration - 1e-9 && !stopped_before(next, &signals));
        return 0;
}

enum exit_code record_run(const struct options *o)
{
        const char *name = o->output ? o->output : "standard output";
        FILE *out = stdout;

        if (o->output && strcmp(o->output, "-") != 0) {
                out = fopen(o->output, "we");
                if (!out) {
                        (void)problem(name, -errno);
                        return EXIT_USAGE;
                }
        }
        int r = record(o, out, name);
        if (out != stdout && fclose(out) != 0 && r == 0)
                r = problem(name, -errno);
        if (out == stdout && r == -EPIPE)
                clearerr(stdout); /* what is lost was not wanted */
        return r < 0 && r != -EPIPE ? EXIT_USAGE : EXIT_FINE;
}
