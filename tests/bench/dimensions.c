/* SPDX-License-Identifier: MIT */
/* Time and memory per dimension: the engine with N dimensions, each with one rule, beside a plain
 * loop that adds to each cache line of as much memory. Prints one line of JSON.
 *
 *   dimensions N ROWS REPEATS [INTERVAL]
 *
 * What has lived for weeks takes more memory than what was fed for minutes: all horizons, the half
 * hours of seven days and the minutes of the last hour are there. INTERVAL seconds lie between two
 * rows (1); with 300 some 9,000 rows are a month. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/problems.h"
#include "engine/engine.h"
#include "judge/rule.h"
#include "judge/rule_file.h"
#include "machine.h"

/* One of each kind, in turn. */
static const char rules_text[] =
        "[a]\ndimension = SUnreclaim\ndetect = spike\nwarning = 8 sigma and 64M\n"
        "summary = s\nexplain = e\naction = a\n"
        "[b]\ndimension = SUnreclaim\ndetect = growth\nwarning = 64M/h\n"
        "summary = s\nexplain = e\naction = a\n"
        "[c]\ndimension = SUnreclaim\ndetect = ratio\nper = MemTotal\nwarning = 50%\n"
        "summary = s\nexplain = e\naction = a\n"
        "[d]\ndimension = SUnreclaim\ndetect = drop\nwarning = 8 sigma and 64M\n"
        "summary = s\nexplain = e\naction = a\n";

enum { KINDS = 4, LINE = 64 };

/* What is really there: the engine reserves more than it touches. */
static size_t used_bytes(void)
{
        char line[128];
        unsigned long kib = 0;
        FILE *f = fopen("/proc/self/smaps_rollup", "re");
        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "Private_Dirty: %lu kB", &kib) == 1)
                        break;
        if (f)
                (void)fclose(f);
        return kib * 1024;
}

/* The rules own their words; the copies borrow them. */
static int make_rules(size_t count, struct rule_set *words, struct rule_set *ret)
{
        struct problems problems = { 0 };
        int r = rule_file_parse("bench", rules_text, sizeof(rules_text) - 1, NULL, &problems,
                                words);
        if (problems_any(&problems))
                problems_print(&problems, stderr);
        problems_done(&problems);
        ret->rules = calloc(count, sizeof(*ret->rules));
        if (r < 0 || words->count != KINDS || !ret->rules)
                return -1;
        ret->count = count;
        for (size_t i = 0; i < count; i++) {
                ret->rules[i] = words->rules[i % KINDS];
                ret->rules[i].field = (int)(FIELD_KNOWN_COUNT + i);
        }
        return 0;
}

static void next_row(struct sample *sample, size_t count, double interval, uint64_t *state)
{
        sample->time += interval;
        for (size_t i = 0; i < count; i++) {
                *state = *state * 6364136223846793005U + 1442695040888963407U;
                sample->values[FIELD_KNOWN_COUNT + i] =
                        (double)(1000 + i % 1000) * 65536 + (double)(*state >> 44);
        }
}

static void plain_pass(volatile double *memory, size_t size)
{
        for (size_t at = 0; at < size / sizeof(double); at += LINE / sizeof(double))
                memory[at] += 1;
}

/* Seconds for one pass over as many cache lines; the first one, in which the kernel gives the
 * pages, is not counted. */
static double plain_seconds(double *memory, size_t size)
{
        unsigned passes = 0;
        plain_pass(memory, size);
        double start = seconds();
        do {
                plain_pass(memory, size);
                passes++;
        } while (seconds() - start < 0.2);
        return (seconds() - start) / passes;
}

int main(int argc, char **argv)
{
        bool known = argc == 4 || argc == 5;
        long count = known ? strtol(argv[1], NULL, 10) : 0;
        long rows = known ? strtol(argv[2], NULL, 10) : 0;
        long repeats = known ? strtol(argv[3], NULL, 10) : 0;
        long interval = argc == 5 ? strtol(argv[4], NULL, 10) : 1;
        struct rule_set words = { 0 }, rules = { 0 };
        unsigned long events = 0;
        double build = 0, feed = 0, bytes = 0;
        if (count <= 0 || rows <= 0 || repeats <= 0 || interval <= 0) {
                fputs("dimensions N ROWS REPEATS [INTERVAL]\n", stderr);
                return 2;
        }
        struct sample sample = { .kind = HOST_PHYSICAL,
                                 .count = FIELD_KNOWN_COUNT + (size_t)count };
        sample.values = calloc(sample.count, sizeof(double));
        if (!sample.values || make_rules((size_t)count, &words, &rules) < 0)
                return 1;
        fill_fields(sample.values);
        sample.values[FIELD_THREADS] = 600;

        for (long repeat = 0; repeat < repeats; repeat++) {
                uint64_t state = 1;
                struct engine *engine;
                size_t before = used_bytes();
                double start = seconds();
                if (engine_new(&rules, &host, ignore_event, &events, &engine) < 0)
                        return 1;
                build += seconds() - start;
                sample.time = START;
                for (long row = 0; row < rows; row++) {
                        next_row(&sample, (size_t)count, (double)interval, &state);
                        start = seconds();
                        engine_feed(engine, &sample);
                        feed += seconds() - start;
                }
                bytes = (double)(used_bytes() - before);
                engine_free(engine);
        }
        size_t size = (size_t)bytes;
        double *memory = calloc(1, size + LINE);
        if (!memory)
                return 1;
        double plain = plain_seconds(memory, size);
        printf("{\"dimensions\": %ld, \"ns\": %.2f, \"plain_ns\": %.2f, \"bytes\": %.1f, "
               "\"rule_bytes\": %zu, \"fed_seconds\": %ld, \"start_ms\": %.3f, \"events\": %lu}\n",
               count, feed / (double)repeats / (double)rows / (double)count * 1e9,
               plain / (double)count * 1e9, bytes / (double)count, sizeof(struct rule),
               rows * interval, build / (double)repeats * 1e3, events / (unsigned long)repeats);
        free(memory);
        free(sample.values);
        free(rules.rules);
        rule_set_done(&words);
        return 0;
}
