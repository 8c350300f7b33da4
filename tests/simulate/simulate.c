/* SPDX-License-Identifier: MIT */
/* A host's memory over hours and days, with faults whose truth is known:
 *
 *   simulate [--seed N] [--scenario NAME] [--hours H] [--interval S] [--labels FILE] [-o FILE]
 *   simulate --list
 *
 * Writes a trace as `kmemwatch record` does, and what was injected when as JSON. The same seed is
 * the same host with the same fault. Nothing in here knows how detectors work: see README.md. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output.h"

/* A Monday, 0:00 UTC: 2 March 2026. */
static const double EPOCH = 1772409600;

struct options {
        uint64_t seed;
        double hours, interval;
        const char *scenario, *output, *labels;
};

struct run {
        struct scenario scenario;
        struct story story;
        struct life life;
        struct kernel kernel;
        struct random random; /* of the recorder */
        double now, wall;     /* seconds lived; what the clock says */
        double values[COUNTER_COUNT];
};

static void neutral(struct run *run, double start, double end, const char *why)
{
        struct window *w = &run->story.neutral[run->story.neutral_count];

        if (run->story.neutral_count == WINDOWS_MAX)
                return;
        run->story.neutral_count++;
        w->start = start;
        w->end = end;
        snprintf(w->why, sizeof(w->why), "%s", why);
}

/* The size of a jump hangs on what it finds. Memory is finite: at most a quarter of it. */
static void size_jump(struct run *run, struct fault *f)
{
        double level = run->values[fault_main[f->target]], most = 0.25 * run->scenario.host.total;

        if (level <= 0)
                return;
        f->sized = true;
        if (f->target == TARGET_SRECLAIMABLE && f->kind == FAULT_DROP)
                return; /* a share of the caches, when it comes to it */
        f->size = f->kind == FAULT_DROP ? level * f->factor / (1 - f->factor) : level * f->factor;
        f->size = fmin(most, fmax(f->size, 1024 * 1024));
}

static void follow(struct run *run, struct fault *f)
{
        double until = f->kind == FAULT_LEAK || f->kind == FAULT_SPIKE
                               ? f->end
                               : f->start + fmax(1800, 20 * run->scenario.interval);
        double part = f->marks / (double)(MARKS_MAX - 1);

        if (!f->sized && f->kind != FAULT_LEAK && (f->kind == FAULT_DROP || run->now >= f->start))
                size_jump(run, f);
        if (run->now < f->start)
                return;
        if (f->wall_start == 0) {
                f->wall_start = run->wall;
                if (f->target == TARGET_SRECLAIMABLE && f->kind == FAULT_DROP)
                        f->size = kernel_drop_caches(&run->kernel, f->factor);
        }
        if (run->now <= until) {
                f->wall_end = run->wall;
                /* A jump between two samples is seen at the second one. */
                if (f->kind != FAULT_LEAK)
                        f->wall_end = fmax(f->wall_end, f->wall_start + 6 * run->scenario.interval);
        }
        if (run->now <= until + (f->kind == FAULT_SPIKE ? 3 * f->fall : 0))
                f->wall_gone = fmax(run->wall, f->wall_end);
        if (run->now >= f->start + part * (until - f->start) && f->marks < MARKS_MAX) {
                f->mark_wall[f->marks] = run->wall;
                f->mark_bytes[f->marks++] =
                        f->kind == FAULT_DROP ? -f->size : fault_bytes(f, run->now);
        }
}

/* Statistics of the number as it would be without the fault. */
static void compare(struct run *run, struct fault *f)
{
        double value = run->values[fault_main[f->target]] - fault_bytes(f, run->now), delta;

        if (run->life.up < 1800 || run->now > f->end || !(value >= 0))
                return;
        delta = value - f->mean;
        f->mean += delta / ++f->count;
        f->square += delta * (value - f->mean);
}

/* Lives for `interval` seconds, in steps that no job or restart falls between. */
static void live(struct run *run, double interval)
{
        const struct host *h = &run->scenario.host;

        while (interval > 0) {
                double step = fmin(interval, 60);
                struct demand demand;
                struct extra extra = { 0 };

                run->now += step;
                run->wall += step;
                interval -= step;
                for (unsigned i = 0; i < run->scenario.fault_count; i++) {
                        follow(run, &run->scenario.faults[i]);
                        fault_add(&run->scenario.faults[i], h, run->now, &extra);
                }
                life_step(&run->life, run->wall - EPOCH, step, &demand);
                kernel_step(&run->kernel, &demand, &extra, step, run->values);
                for (unsigned i = 0; i < run->scenario.fault_count; i++)
                        compare(run, &run->scenario.faults[i]);
        }
}

static void reboot(struct run *run, double seconds)
{
        double start = run->wall;

        run->wall += seconds;
        run->now += seconds;
        life_boot(&run->life);
        kernel_boot(&run->kernel);
        /* What leaked is gone, and the fault with it: the label ends here. */
        for (unsigned i = 0; i < run->scenario.fault_count; i++) {
                struct fault *f = &run->scenario.faults[i];

                if (f->kind == FAULT_LEAK && run->now > f->start && run->now < f->end) {
                        f->released = true;
                        f->end = run->now - seconds;
                }
        }
        /* The trace does not say that it was one: what fell, fell. */
        neutral(run, start, run->wall + fmax(900, 30 * run->scenario.interval), "reboot");
}

static void happen(struct run *run, const struct event *e)
{
        switch (e->kind) {
        case EVENT_REBOOT:
                reboot(run, e->size);
                break;
        case EVENT_SUSPEND:
                run->wall += e->size;
                break;
        case EVENT_CLOCK:
                run->wall += e->size;
                break;
        case EVENT_BALLOON:
                run->kernel.balloon += e->size;
                break;
        case EVENT_GAP:
                live(run, e->size);
                break;
        }
}

static void neutral_nights(struct run *run)
{
        const struct jobs *jobs = &run->life.jobs;
        const struct job_type *t = &jobs->types[jobs->type_count - 1];

        for (int day = -1; day < 3; day++) {
                double start =
                        EPOCH + floor(run->scenario.start_clock / 86400 + day) * 86400 + t->offset;

                /* Nothing that happens for the first time is known yet. */
                neutral(run, start, start + t->longest * 1.1 + 1800, "one of the first nights");
        }
}

static void begin(struct run *run, struct random *master)
{
        struct scenario *s = &run->scenario;
        struct random life = random_fork(master), kernel = random_fork(master);
        struct random nights = random_fork(master);

        run->random = random_fork(master);
        life_init(&run->life, &s->host, &life, s->up);
        kernel_init(&run->kernel, &s->host, &kernel, s->up);
        run->wall = EPOCH + s->start_clock + random_uniform(&run->random);
        if (s->fill_size > 0)
                life_add_fill(&run->life, s->fill_size, s->fill_tau);
        if (s->nightly) {
                jobs_add_nightly(&run->life.jobs, &s->host, &nights, s->nightly_weekdays);
                neutral_nights(run);
        }
        for (unsigned i = 0; i < s->fault_count; i++) {
                struct fault *f = &s->faults[i];

                if (f->kind == FAULT_LEAK)
                        fault_draw_leak(f, &s->host, &nights, s->start_clock + f->start);
        }
        /* Booted hosts come with pools and caches that have settled. */
        if (s->up > 0)
                for (int i = 0; i < 60; i++) {
                        run->wall -= 60;
                        run->now -= 60;
                }
        if (s->up > 0)
                live(run, 3600);
}

static void record(struct run *run, FILE *out)
{
        struct scenario *s = &run->scenario;
        bool first = true;
        double last = run->now;

        output_header(out, s);
        while (run->now < s->seconds) {
                double step = s->interval * (1 + s->jitter * random_normal(&run->random));

                for (unsigned i = 0; i < s->event_count; i++)
                        if (s->events[i].at > last && s->events[i].at <= run->now)
                                happen(run, &s->events[i]);
                last = run->now;
                live(run, fmax(0.2 * s->interval, step));
                if (s->lost_rows > 0 && !first && draw_chance(&run->random, s->lost_rows))
                        continue;
                output_row(out, s, run->wall, run->values, first, run->now < s->seconds / 3,
                           &run->random);
                run->story.rows++;
                first = false;
        }
}

static _Noreturn void usage(int code)
{
        fprintf(code ? stderr : stdout,
                "usage: simulate [--seed N] [--scenario NAME] [--hours H] [--interval S]\n"
                "                [--labels FILE] [-o FILE]\n"
                "       simulate --list\n");
        exit(code);
}

static void parse(int argc, char **argv, struct options *o)
{
        static const struct option options[] = {
                { "seed", required_argument, NULL, 's' },
                { "scenario", required_argument, NULL, 'n' },
                { "hours", required_argument, NULL, 'h' },
                { "interval", required_argument, NULL, 'i' },
                { "labels", required_argument, NULL, 'l' },
                { "output", required_argument, NULL, 'o' },
                { "list", no_argument, NULL, 'L' },
                { "help", no_argument, NULL, 'H' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        *o = (struct options){ .seed = (uint64_t)time(NULL) };
        while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1)
                switch (c) {
                case 's':
                        o->seed = strtoull(optarg, NULL, 0);
                        break;
                case 'n':
                        o->scenario = optarg;
                        break;
                case 'h':
                        o->hours = atof(optarg);
                        break;
                case 'i':
                        o->interval = atof(optarg);
                        break;
                case 'l':
                        o->labels = optarg;
                        break;
                case 'o':
                        o->output = optarg;
                        break;
                case 'L':
                        for (unsigned i = 0; scenario_names[i]; i++)
                                puts(scenario_names[i]);
                        exit(0);
                case 'H':
                        usage(0);
                default:
                        usage(2);
                }
        /* A year of samples is more than anybody has asked of a detector. */
        if (optind < argc || !(o->hours >= 0 && o->hours <= 8784) ||
            !(o->interval >= 0 && o->interval <= 3600))
                usage(2);
}

static FILE *open_output(const char *path)
{
        FILE *f = fopen(path, "we");

        if (!f) {
                fprintf(stderr, "simulate: %s: %s\n", path, strerror(errno));
                exit(2);
        }
        return f;
}

int main(int argc, char **argv)
{
        static struct run run;
        struct options o;
        struct random master;
        FILE *out;
        const char *slash;

        parse(argc, argv, &o);
        fprintf(stderr, "simulate: seed %llu\n", (unsigned long long)o.seed);
        master.state = o.seed;
        (void)random_next(&master);
        if (scenario_draw(&run.scenario, o.scenario, o.hours, o.interval, &master) < 0) {
                fprintf(stderr, "simulate: no scenario %s\n", o.scenario);
                return 2;
        }
        slash = o.output ? strrchr(o.output, '/') : NULL;
        run.story = (struct story){ .scenario = &run.scenario,
                                    .seed = o.seed,
                                    .trace = slash      ? slash + 1
                                             : o.output ? o.output
                                                        : "-" };
        out = o.output ? open_output(o.output) : stdout;
        begin(&run, &master);
        record(&run, out);
        if (fflush(out) != 0 || ferror(out))
                return 1;
        if (o.labels) {
                FILE *labels = open_output(o.labels);

                output_labels(labels, &run.story);
                if (fclose(labels) != 0)
                        return 1;
        }
        return 0;
}
