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
#include "sample/member_reader.h"
#include "sample/sampler.h"
#include "sample/trace.h"
#include "sample/unaccounted.h"
#include "view/commands.h"

DEFINE_CLEANUP(struct sampler, sampler_free);
DEFINE_CLEANUP(struct member_reader, member_reader_free);

static const double UNACCOUNTED_SECONDS = 60;

struct recorder {
        const struct procfs *procfs;
        struct sampler *sampler;
        struct unaccounted unaccounted;
        double measured;              /* CLOCK_MONOTONIC of its last value */
        struct member_reader *reader; /* NULL: no members are asked for */
        struct trace_members members;
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

/* All that is due, at once: nothing else waits here. */
static void read_members(struct recorder *r)
{
        while (r->reader && member_reader_due(r->reader) <= clock_monotonic())
                (void)member_reader_step(r->reader, clock_monotonic() + 1);
}

/* Those that the trace has no column for. */
static unsigned count_others(const struct recorder *r)
{
        const struct members *m = member_reader_members(r->reader);
        unsigned all = 0, written = 0;
        for (unsigned i = 0; i < m->used; i++)
                all += m->keys[i] != 0;
        for (unsigned i = 0; i < r->members.count; i++)
                written += members_find(m, r->members.keys[i]) >= 0;
        return all - written;
}

/* "slab:*,cgroup:*" and its field: the patterns, cut in place. */
static int begin_members(struct recorder *r, char *list)
{
        const char *patterns[MEMBER_PATTERNS_MAX], *field;
        unsigned count = 0;
        char *save = NULL;
        for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
                if (count == MEMBER_PATTERNS_MAX || family_of(word) < 0 ||
                    member_pattern_check(word, &field) != MEMBER_GOOD)
                        return -EINVAL;
                patterns[count++] = word;
        }
        int result = member_reader_new(r->procfs, clock_monotonic, &r->reader);
        if (result < 0)
                return result;
        member_reader_want(r->reader, patterns, count);
        read_members(r);
        for (int f = 0; f < FAMILY_COUNT; f++) {
                struct member_reading reading;
                member_reader_status(r->reader, (enum family)f, &reading);
                if (reading.wanted && reading.error < 0)
                        (void)problem(f == FAMILY_SLAB ? "/proc/slabinfo" : "/sys/fs/cgroup",
                                      reading.error);
        }
        sampler_set_members(r->sampler, member_reader_members(r->reader));
        (void)trace_members_choose(member_reader_members(r->reader), &r->members);
        return 0;
}

static int write_sample(struct recorder *recorder, FILE *out, const char *name)
{
        struct sampler *sampler = recorder->sampler;
        const struct sample *sample;
        measure_unaccounted(recorder);
        read_members(recorder);
        int r = sampler_take(sampler, clock_realtime(), &sample);

        if (r < 0)
                return problem("/proc/meminfo", r);
        r = trace_write_members_row(out, sample, recorder->reader ? &recorder->members : NULL);
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

        struct recorder recorder = { .procfs = &procfs, .sampler = sampler, .measured = -INFINITY };
        _cleanup_free_ char *patterns = o->members ? strdup(o->members) : NULL;
        _cleanup_(member_reader_freep) struct member_reader *reader = NULL;
        unaccounted_init(&recorder.unaccounted);
        if (o->members && (r = patterns ? begin_members(&recorder, patterns) : -ENOMEM) < 0) {
                if (r == -EINVAL)
                        fprintf(stderr,
                                "kmemwatch record: --members %s: write slab:NAME or "
                                "cgroup:PATH/FIELD, joined by commas\n",
                                o->members);
                return r == -EINVAL ? r : problem(o->members, r);
        }
        reader = recorder.reader;
        r = trace_write_members_header(out, reader ? member_reader_members(reader) : NULL,
                                       reader ? &recorder.members : NULL);
        if (r < 0)
                return r == -EPIPE ? r : problem(name, r);
        double start = clock_monotonic(), next = start;
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
        unsigned others = reader ? count_others(&recorder) : 0;
        if (others > 0)
                fprintf(stderr,
                        "kmemwatch record: %u of what was asked for came later, or is more than a "
                        "trace has columns for, and is not in it\n",
                        others);
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
