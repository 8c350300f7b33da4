/* SPDX-License-Identifier: MIT */
/* Traces: what is read, what is refused and in which words, and that writing and reading agree. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../test.h"
#include "base/macros.h"
#include "sample/trace.h"

DEFINE_CLEANUP(struct trace_reader, trace_reader_free);

/* A reader of text in memory, called "t.csv". */
static int open_text(const char *text, size_t size, char error[TRACE_ERROR_MAX],
                     struct trace_reader **ret)
{
        int fd = memfd_create("trace", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, size), size);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return trace_reader_new_fd(fd, true, "t.csv", error, ret);
}

static struct trace_reader *must_open(const char *text)
{
        char error[TRACE_ERROR_MAX] = "";
        struct trace_reader *r;

        if (open_text(text, strlen(text), error, &r) < 0)
                fail_msg("%s", error);
        return r;
}

static const struct sample *must_read(struct trace_reader *r)
{
        char error[TRACE_ERROR_MAX] = "";
        const struct sample *s;

        if (trace_reader_next(r, error, &s) != 1)
                fail_msg("%s", error);
        return s;
}

static void must_end(struct trace_reader *r)
{
        char error[TRACE_ERROR_MAX];
        const struct sample *s;

        assert_int_equal(trace_reader_next(r, error, &s), 0);
        assert_int_equal(trace_reader_next(r, error, &s), 0);
}

static void test_columns(void **state)
{
        (void)state;
        _cleanup_(trace_reader_freep) struct trace_reader *r =
                must_open("Slab,time,mine,host_kind,threads,stack_kib,\xc3\xbc\xc3\xa4\n"
                          "10,1763600000.25,-2.5,vm,300,8,7\n"
                          ",1763600000,,,,,\n");
        static const struct {
                const char *name;
                size_t field;
        } expected[] = {
                { "Slab", FIELD_SLAB },
                { "mine", FIELD_KNOWN_COUNT },
                { "threads", FIELD_THREADS },
                { "stack_kib", FIELD_STACK_SIZE },
                { "\xc3\xbc\xc3\xa4", FIELD_KNOWN_COUNT + 1 },
        };

        assert_int_equal(trace_reader_columns(r), ELEMENTS_OF(expected));
        for (size_t i = 0; i < ELEMENTS_OF(expected); i++) {
                assert_string_equal(trace_reader_column_name(r, i), expected[i].name);
                assert_int_equal(trace_reader_column_field(r, i), expected[i].field);
                assert_string_equal(trace_reader_cell(r, i), "");
        }

        const struct sample *s = must_read(r);
        assert_true(s->time == 1763600000.25);
        assert_int_equal(s->kind, HOST_VM);
        assert_int_equal(s->count, FIELD_KNOWN_COUNT + 2);
        assert_true(s->values[FIELD_SLAB] == 10240);
        assert_true(s->values[FIELD_KNOWN_COUNT] == -2560);
        assert_true(s->values[FIELD_KNOWN_COUNT + 1] == 7168);
        assert_true(s->values[FIELD_THREADS] == 300);
        assert_true(s->values[FIELD_STACK_SIZE] == 8192);
        assert_string_equal(trace_reader_time_cell(r), "1763600000.25");
        assert_string_equal(trace_reader_cell(r, 1), "-2.5");

        /* Empty: values are absent, facts stay. Time may step back. */
        s = must_read(r);
        assert_true(s->time == 1763600000);
        assert_true(isnan(s->values[FIELD_SLAB]) && isnan(s->values[FIELD_THREADS]));
        assert_true(isnan(s->values[FIELD_KNOWN_COUNT]));
        assert_true(s->values[FIELD_STACK_SIZE] == 8192);
        assert_int_equal(s->kind, HOST_VM);
        assert_string_equal(trace_reader_cell(r, 0), "");
        must_end(r);
}

static void test_what_is_not_said(void **state)
{
        (void)state;
        struct trace_reader *r = must_open("time\n5\n");
        const struct sample *s = must_read(r);

        assert_int_equal(trace_reader_columns(r), 0);
        assert_true(s->time == 5);
        assert_int_equal(s->kind, HOST_PHYSICAL);
        assert_int_equal(s->count, FIELD_KNOWN_COUNT);
        assert_true(s->values[FIELD_CPUS] == 1 && s->values[FIELD_POSSIBLE_CPUS] == 1);
        assert_true(s->values[FIELD_CGROUPS] == 0 && s->values[FIELD_STACK_SIZE] == 16384);
        for (size_t i = 0; i <= FIELD_THREADS; i++)
                assert_true(isnan(s->values[i]));
        must_end(r);
        trace_reader_free(r);

        r = must_open("time,cpus\n1,4\n2,\n3,6\n");
        for (int i = 0; i < 3; i++) {
                s = must_read(r);
                assert_true(s->values[FIELD_CPUS] == (i < 2 ? 4 : 6));
                assert_true(s->values[FIELD_POSSIBLE_CPUS] == s->values[FIELD_CPUS]);
        }
        trace_reader_free(r);

        r = must_open("time,cpus,possible_cpus\n1,4,\n2,4,8\n3,6,\n");
        static const double possible[] = { 4, 8, 8 };
        for (int i = 0; i < 3; i++)
                assert_true(must_read(r)->values[FIELD_POSSIBLE_CPUS] == possible[i]);
        trace_reader_free(r);
}

static void test_line_endings(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "time,Slab\n1,2\n3,4\n",
                "time,Slab\n1,2\n3,4",
                "time,Slab\r\n1,2\r\n3,4\r\n",
                "time,Slab\r\n1,2\r\n3,4",
                "\xef\xbb\xbftime,Slab\n1,2\n3,4\n",
        };

        for (size_t i = 0; i < ELEMENTS_OF(texts); i++) {
                struct trace_reader *r = must_open(texts[i]);

                assert_true(must_read(r)->values[FIELD_SLAB] == 2048);
                assert_true(must_read(r)->values[FIELD_SLAB] == 4096);
                assert_string_equal(trace_reader_cell(r, 0), "4");
                must_end(r);
                trace_reader_free(r);
        }
}

static void test_numbers(void **state)
{
        (void)state;
        static const struct {
                const char *cell;
                double value; /* before it is taken as KiB */
        } cases[] = {
                { "0", 0 },
                { "-0", -0.0 },
                { "007", 7 },
                { "0.1", 0.1 },
                { "0.3", 0.3 },
                { "123456789012345", 123456789012345 },
                { "1234567890123456", 1234567890123456 },
                { "12345678901234567890", 12345678901234567890.0 },
                { "99999999999999999999", 1e20 }, /* wraps around 64 bits */
                { "18446744073709551617", 18446744073709551617.0 },
                { "0.000000000000001", 1e-15 },
                { "0.123456789012345678901", 0.123456789012345678901 },
                { "1763600000.123456", 1763600000.123456 },
                { "9007199254740993", 9007199254740992.0 },
                { "1e3", 1000 },
                { "1.5E+2", 150 },
                { "-2.5e-3", -0.0025 },
                { "1e30", 1e30 },
                { "2.2250738585072011e-308", 2.2250738585072011e-308 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char text[128];
                struct trace_reader *r;

                (void)snprintf(text, sizeof(text), "time,mine,other\n1,%s,5\n", cases[i].cell);
                r = must_open(text);
                double value = must_read(r)->values[FIELD_KNOWN_COUNT];
                if (value != cases[i].value * 1024)
                        fail_msg("%s: %.17g", cases[i].cell, value / 1024);
                assert_string_equal(trace_reader_cell(r, 0), cases[i].cell);
                assert_string_equal(trace_reader_cell(r, 1), "5");
                trace_reader_free(r);
        }
}

#define LONG_NAME "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 63 */

static void test_refused(void **state)
{
        (void)state;
        static const struct {
                const char *text, *error;
        } cases[] = {
                { "", "t.csv:1: the file is empty" },
                { "\n", "t.csv:1: a column has no name" },
                { "Slab,Percpu\n1,2\n", "t.csv:1: no column is called time" },
                { "1763600000,5,6\n", "t.csv:1: no column is called time" },
                { "Time,Slab\n1,2\n", "t.csv:1: no column is called time" },
                { "time,Slab,Slab\n", "t.csv:1: two columns are called Slab" },
                { "time,Slab,time\n", "t.csv:1: two columns are called time" },
                { "time,,Slab\n", "t.csv:1: a column has no name (column 2" },
                { "time,Slab,\n", "t.csv:1: a column has no name (column 3" },
                { "time, Slab\n", "t.csv:1: a column name begins or ends with a space (column 2" },
                { "time,\"Slab\"\n", "t.csv:1: a column name is quoted" },
                { "time,a\tb\n", "t.csv:1: a column name holds bytes that are not text" },
                { "time,a\xff\n", "t.csv:1: a column name holds bytes that are not text" },
                { "time," LONG_NAME "y\n", "t.csv:1: a column name is longer than 63 bytes" },
                { "time;Slab\n", "t.csv:1: no column is called time" },
                { "time,Slab\n1,2\n3\n", "t.csv:3: 1 cells, but the header has 2 columns" },
                { "time,Slab\n1,2,3\n", "t.csv:2: 3 cells, but the header has 2 columns" },
                { "time,Slab\n1,2,\n", "t.csv:2: 3 cells, but the header has 2 columns" },
                { "time,Slab\n1,2,3,x,,\n", "t.csv:2: 6 cells, but the header has 2 columns" },
                { "time,Slab\nx\n", "t.csv:2: 1 cells, but the header has 2 columns" },
                { "time,Slab\n1,2\n\n3,4\n", "t.csv:3: the line is empty" },
                { "time,Slab\n1,2\n\n", "t.csv:3: the line is empty" },
                { "time\n\n", "t.csv:2: time is empty" },
                { "time,Slab\n,2\n", "t.csv:2: time is empty" },
                { "time,Slab\n1,abc\n", "t.csv:2: Slab: 'abc' is not a number" },
                { "time,Slab\n1, 2\n", "t.csv:2: Slab: ' 2' is not a number" },
                { "time,Slab\n1,2 \n", "t.csv:2: Slab: '2 ' is not a number" },
                { "time,Slab\n1,2kB\n", "t.csv:2: Slab: '2kB' is not a number" },
                { "time,Slab\n1,-\n", "t.csv:2: Slab: '-' is not a number" },
                { "time,Slab\n1,1-2\n", "t.csv:2: Slab: '1-2' is not a number" },
                { "time,Slab\n1,1.2.3\n", "t.csv:2: Slab: '1.2.3' is not a number" },
                { "time,Slab\n1,0x10\n", "t.csv:2: Slab: '0x10' is not a number" },
                { "time,Slab\n1,nan\n", "t.csv:2: Slab: 'nan' is not a number" },
                { "time,Slab\n1,inf\n", "t.csv:2: Slab: 'inf' is not a number" },
                { "time,Slab\n1,1e999\n", "t.csv:2: Slab: '1e999' is " },
                { "time,Slab\n1,1e31\n", "t.csv:2: Slab: '1e31' is too large" },
                { "time,mine\n1,-1e31\n", "t.csv:2: mine: '-1e31' is too large" },
                { "time,Slab\n1,-5\n", "t.csv:2: Slab: '-5' is negative" },
                { "time,threads\n1,-5\n", "t.csv:2: threads: '-5' is negative" },
                { "time,cpus\n1,0\n", "t.csv:2: cpus: '0' is less than 1" },
                { "time,stack_kib\n1,0\n", "t.csv:2: stack_kib: '0' is less than 1" },
                { "time,Slab\nx,2\n", "t.csv:2: time: 'x' is not a number" },
                { "time,Slab\n-1,2\n", "t.csv:2: time: '-1' is before 1970" },
                { "time,Slab\n1763600000000,2\n", "t.csv:2: time: '1763600000000' is after the" },
                { "time,host_kind\n1,VM\n", "t.csv:2: host_kind: 'VM' is not physical, vm or" },
                { "time,host_kind\n1,vm,\n", "t.csv:2: 3 cells, but the header has 2 columns" },
                { "time,Slab\n1,\x1b[31mred\n", "t.csv:2: Slab: ' [31mred' is not a number" },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char error[TRACE_ERROR_MAX] = "";
                _cleanup_(trace_reader_freep) struct trace_reader *r = NULL;
                const struct sample *s;
                int result = open_text(cases[i].text, strlen(cases[i].text), error, &r);

                if (result == 0) {
                        do
                                result = trace_reader_next(r, error, &s);
                        while (result == 1);
                        if (result != -EBADMSG)
                                fail_msg("case %zu (%s): %d", i, cases[i].error, result);
                } else {
                        assert_int_equal(result, -EINVAL);
                        assert_null(r);
                }
                if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
                        fail_msg("case %zu: '%s' is not '%s'", i, error, cases[i].error);
        }
}

static void test_zero_bytes(void **state)
{
        (void)state;
        static const char header[] = "time,S\0lab\n1,2\n", row[] = "time,Slab\n1,2\0003\n",
                          kind[] = "time,host_kind\n1,vm\0x\n";
        char error[TRACE_ERROR_MAX];
        struct trace_reader *r;
        const struct sample *s;

        assert_int_equal(open_text(header, sizeof(header) - 1, error, &r), -EINVAL);
        assert_int_equal(open_text(row, sizeof(row) - 1, error, &r), 0);
        assert_int_equal(trace_reader_next(r, error, &s), -EBADMSG);
        assert_string_equal(error, "t.csv:2: Slab: '2 3' is not a number");
        trace_reader_free(r);
        assert_int_equal(open_text(kind, sizeof(kind) - 1, error, &r), 0);
        assert_int_equal(trace_reader_next(r, error, &s), -EBADMSG);
        trace_reader_free(r);
}

static void test_paths(void **state)
{
        (void)state;
        char error[TRACE_ERROR_MAX];
        struct trace_reader *r;

        assert_int_equal(trace_reader_new("/", error, &r), -EINVAL);
        assert_string_equal(error, "/:1: is a directory, not a trace");
        assert_int_equal(trace_reader_new("/nonexistent", error, &r), -ENOENT);
        assert_non_null(strstr(error, "/nonexistent:1: cannot be opened: "));
}

static void test_bounds(void **state)
{
        (void)state;
        enum { LINE = 256 * 1024 };
        _cleanup_free_ char *text = malloc(3 * LINE);
        char error[TRACE_ERROR_MAX];
        struct trace_reader *r;
        const struct sample *s;
        size_t length;

        /* As many columns as there may be, and one more. */
        assert_non_null(text);
        for (int more = 0; more <= 1; more++) {
                length = (size_t)sprintf(text, "time");
                for (int i = 1; i < FIELD_TABLE_MAX + more; i++)
                        length += (size_t)sprintf(text + length, ",c%059d", i);
                assert_true(length < LINE);
                length += (size_t)sprintf(text + length, "\n1");
                for (int i = 1; i < FIELD_TABLE_MAX + more; i++)
                        length += (size_t)sprintf(text + length, ",%d", i);
                assert_int_equal(open_text(text, length, error, &r), more ? -EINVAL : 0);
        }
        assert_string_equal(error, "t.csv:1: 4097 columns, at most 4096 are read");
        assert_int_equal(trace_reader_next(r, error, &s), 1);
        assert_int_equal(s->count, FIELD_KNOWN_COUNT + FIELD_TABLE_MAX - 1);
        assert_true(s->values[s->count - 1] == (FIELD_TABLE_MAX - 1) * 1024.0);
        trace_reader_free(r);

        /* The longest line that is looked at, and one byte more, with and without an end. */
        for (int more = 0; more <= 1; more++)
                for (int newline = 0; newline <= 1; newline++) {
                        length = (size_t)sprintf(text, "time,Slab\n1,");
                        memset(text + length, 'x', LINE);
                        length += LINE - 2 + (size_t)more;
                        if (newline)
                                text[length++] = '\n';
                        assert_int_equal(open_text(text, length, error, &r), 0);
                        int result = trace_reader_next(r, error, &s);
                        trace_reader_free(r);
                        assert_int_equal(result, -EBADMSG);
                        assert_non_null(strstr(error, more ? "t.csv:2: the line is longer than "
                                                             "262144 bytes"
                                                           : "is not a number"));
                }
}

/* Longer than the buffer, and handed over in small pieces. */
static void test_long_through_pipe(void **state)
{
        (void)state;
        enum { ROWS = 60000 };
        char error[TRACE_ERROR_MAX] = "";
        struct trace_reader *r;
        const struct sample *s;
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                FILE *out = fdopen(ends[1], "w");
                if (!out)
                        _exit(1);
                (void)setvbuf(out, NULL, _IOFBF, 777);
                (void)fputs("time,Slab,Percpu\n", out);
                for (int i = 0; i < ROWS; i++)
                        (void)fprintf(out, "%d.5,%d,\n", i, i * 3);
                _exit(fclose(out) == 0 ? 0 : 1);
        }
        (void)close(ends[1]);
        if (trace_reader_new_fd(ends[0], true, "pipe", error, &r) < 0)
                fail_msg("%s", error);
        for (int i = 0; i < ROWS; i++) {
                char cell[32];

                if (trace_reader_next(r, error, &s) != 1)
                        fail_msg("%s", error);
                (void)sprintf(cell, "%d.5", i);
                assert_string_equal(trace_reader_time_cell(r), cell);
                assert_true(s->time == i + 0.5);
                assert_true(s->values[FIELD_SLAB] == i * 3072.0);
        }
        must_end(r);

        double consumed, size;
        trace_reader_progress(r, &consumed, &size);
        assert_true(consumed > 16 * ROWS - 200000 && size == 0);
        trace_reader_free(r);
}

static void test_progress(void **state)
{
        (void)state;
        static const char text[] = "time,Slab\n1,2\r\n3,4";
        struct trace_reader *r = must_open(text);
        static const double expected[] = { 10, 15, 18 };

        for (int i = 0; i < 3; i++) {
                double consumed, size;

                trace_reader_progress(r, &consumed, &size);
                assert_true(consumed == expected[i] && size == sizeof(text) - 1);
                if (i < 2)
                        (void)must_read(r);
        }
        trace_reader_free(r);
}

static void test_write(void **state)
{
        (void)state;
        _cleanup_free_ char *text = NULL;
        size_t size;
        double values[FIELD_KNOWN_COUNT];
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                values[i] = field_unit(i) == FIELD_BYTES ? (double)(i + 1) * 1024 : (double)(i + 1);
        values[FIELD_PERCPU] = SAMPLE_ABSENT;
        values[FIELD_SHMEM] = 512;
        struct sample sample = { .time = 1763600000.1236,
                                 .kind = HOST_CONTAINER,
                                 .count = FIELD_KNOWN_COUNT,
                                 .values = values };

        assert_int_equal(trace_write_header(out), 0);
        assert_int_equal(trace_write_row(out, &sample), 0);
        sample.time = -1;
        assert_int_equal(trace_write_row(out, &sample), -EINVAL);
        sample.time = NAN;
        assert_int_equal(trace_write_row(out, &sample), -EINVAL);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(
                text, "time,Slab,SReclaimable,SUnreclaim,KReclaimable,VmallocUsed,KernelStack,"
                      "PageTables,SecPageTables,Percpu,MemTotal,MemFree,MemAvailable,AnonPages,"
                      "Mapped,Shmem,Cached,Buffers,threads,cpus,possible_cpus,cgroups,stack_kib,"
                      "unaccounted,host_kind\n"
                      "1763600000.124,1,2,3,4,5,6,7,8,,10,11,12,13,14,0.5,16,17,18,19,20,21,22,23,"
                      "container\n");

        struct trace_reader *r = must_open(text);
        const struct sample *s = must_read(r);
        assert_true(s->time == 1763600000.124);
        assert_int_equal(s->kind, HOST_CONTAINER);
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                assert_true(s->values[i] == values[i] || (isnan(s->values[i]) && isnan(values[i])));
        must_end(r);
        trace_reader_free(r);
}

static void test_write_to_full_disk(void **state)
{
        (void)state;
        FILE *out = fopen("/dev/full", "w");

        if (!out) {
                print_message("no /dev/full here\n");
                skip();
        }
        (void)setvbuf(out, NULL, _IONBF, 0);
        assert_int_equal(trace_write_header(out), -ENOSPC);
        (void)fclose(out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_columns),
                cmocka_unit_test(test_what_is_not_said),
                cmocka_unit_test(test_line_endings),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_zero_bytes),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_long_through_pipe),
                cmocka_unit_test(test_progress),
                cmocka_unit_test(test_write),
                cmocka_unit_test(test_write_to_full_disk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
