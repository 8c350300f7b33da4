/* SPDX-License-Identifier: MIT */
/* `kmemwatch record`: whole lines whatever ends it, and a pace that does not drift. */
#include "../test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "sample/trace.h"
#include "view/commands.h"

#define ROOT "tests/roots/debian12-qemu"

struct fixture {
        char folder[32], file[48];
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);

        strcpy(f->folder, "/tmp/test-record.XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        snprintf(f->file, sizeof f->file, "%s/t.csv", f->folder);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        (void)unlink(f->file);
        assert_int_equal(rmdir(f->folder), 0);
        free(f);
        return 0;
}

/* Rows of the trace; their times in `times`. */
static size_t read_back(const char *file, double times[], size_t max)
{
        char error[TRACE_ERROR_MAX];
        struct trace_reader *reader;
        const struct sample *sample;
        size_t rows = 0;
        int r;

        if (trace_reader_new(file, error, &reader) < 0)
                fail_msg("%s", error);
        while ((r = trace_reader_next(reader, error, &sample)) > 0) {
                assert_true(rows < max);
                times[rows++] = sample->time;
                assert_true(sample->values[FIELD_MEM_TOTAL] > 0);
        }
        if (r < 0)
                fail_msg("%s", error);
        trace_reader_free(reader);
        return rows;
}

/* In a child, for it changes the signals of its process. */
static pid_t start(const struct options *o)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                _exit((int)record_run(o));
        return pid;
}

static int end_of(pid_t pid)
{
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void test_pace(void **state)
{
        struct fixture *f = *state;
        const struct options o = {
                .root = ROOT, .output = f->file, .interval = 0.02, .duration = 0.4
        };
        double times[64];

        assert_int_equal(end_of(start(&o)), EXIT_FINE);
        size_t rows = read_back(f->file, times, ELEMENTS_OF(times));
        /* A busy machine may miss some, and must not make up for them. */
        if (rows < 2 || rows > 20)
                fail_msg("%zu rows", rows);
        for (size_t i = 1; i < rows; i++) {
                double ticks = (times[i] - times[0]) / o.interval;
                if (times[i] < times[i - 1])
                        fail_msg("row %zu: %f after %f", i, times[i], times[i - 1]);
                /* Late is the machine's doing, early would be ours. */
                if (ticks < (double)i - 0.9)
                        fail_msg("row %zu came %.2f intervals after the first", i, ticks);
        }
}

static void test_one_sample(void **state)
{
        struct fixture *f = *state;
        const struct options o = { .output = f->file, .interval = 1, .duration = 0 };
        double times[4];

        assert_int_equal(end_of(start(&o)), EXIT_FINE);
        assert_int_equal(read_back(f->file, times, ELEMENTS_OF(times)), 1);
}

static void test_signals(void **state)
{
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        struct fixture *f = *state;
        const struct options o = {
                .root = ROOT, .output = f->file, .interval = 0.01, .duration = INFINITY
        };
        double times[4096];

        for (size_t i = 0; i < ELEMENTS_OF(signals); i++) {
                size_t size = 0;
                (void)unlink(f->file); /* what the last one wrote says nothing of this one */
                pid_t pid = start(&o);
                /* Lines are in the file at once, not when a buffer is full. */
                for (int tries = 0; size < 600 && tries < 1000; tries++) {
                        _cleanup_free_ char *data = NULL;
                        usleep(5000);
                        (void)file_read(AT_FDCWD, f->file, 1 << 20, &data, &size);
                }
                assert_int_equal(kill(pid, signals[i]), 0);
                assert_int_equal(end_of(pid), EXIT_FINE);
                assert_true(read_back(f->file, times, ELEMENTS_OF(times)) > 1);
                _cleanup_free_ char *data = NULL;
                assert_int_equal(file_read(AT_FDCWD, f->file, 1 << 20, &data, &size), 0);
                assert_int_equal(data[size - 1], '\n');
        }
}

static void test_reader_that_has_enough(void **state)
{
        int fds[2];

        (void)state;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                const struct options o = { .root = ROOT, .interval = 0.01, .duration = INFINITY };
                dup2(fds[1], STDOUT_FILENO);
                close(fds[0]);
                close(fds[1]);
                _exit((int)record_run(&o));
        }
        close(fds[1]);
        char byte;
        assert_int_equal(read(fds[0], &byte, 1), 1);
        close(fds[0]);
        assert_int_equal(end_of(pid), EXIT_FINE);
}

static void test_failures(void **state)
{
        struct fixture *f = *state;
        const struct options cases[] = {
                { .root = ROOT, .output = "/dev/full", .interval = 0.01, .duration = 1 },
                { .root = ROOT, .output = "/nonexistent/t.csv", .interval = 0.01, .duration = 1 },
                { .root = "/nonexistent", .output = f->file, .interval = 0.01, .duration = 1 },
                { .root = "/tmp", .output = f->file, .interval = 0.01, .duration = 1 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                assert_int_equal(end_of(start(&cases[i])), EXIT_USAGE);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                IN_FOLDER(test_pace),     IN_FOLDER(test_one_sample),
                IN_FOLDER(test_signals),  cmocka_unit_test(test_reader_that_has_enough),
                IN_FOLDER(test_failures),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
