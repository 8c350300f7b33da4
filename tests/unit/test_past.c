/* SPDX-License-Identifier: MIT */
/* store/past: what was written comes back in every tier, and nothing else ever does. */
#include "store/past.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../random.h"
#include "../test.h"
#include "base/macros.h"

/* A quarter of an hour begins here. */
#define START 1795152600.0

static const char MACHINE[] = "0123456789abcdef0123456789abcdef";

struct folder {
        char path[64];
        int fd;
};

static int setup(void **state)
{
        struct folder *f = calloc(1, sizeof(*f));
        strcpy(f->path, "/tmp/kmw-past-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->fd >= 0);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct folder *f = *state;
        char command[128];
        snprintf(command, sizeof(command), "rm -r %s", f->path);
        assert_int_equal(system(command), 0);
        close(f->fd);
        free(f);
        return 0;
}

/* A minute in which every cell of column i is base + i + second / 64 (exact in a float). */
static struct past_minute *minute(double start, size_t columns, const char *const names[],
                                  float base)
{
        struct past_minute *m = calloc(1, past_minute_size(columns));
        assert_non_null(m);
        m->start = start;
        m->columns = (uint32_t)columns;
        strcpy(m->machine_id, MACHINE);
        for (size_t i = 0; i < columns; i++) {
                strcpy(past_minute_columns(m)[i].name, names[i]);
                for (int k = 0; k < PAST_CELLS; k++)
                        past_minute_cells(m)[i * PAST_CELLS + (size_t)k] =
                                base + (float)i + (float)k / 64;
        }
        return m;
}

static void put(const struct folder *f, struct past_minute *m)
{
        char aside[PAST_ASIDE_MAX];
        assert_int_equal(past_write(f->fd, "h", m, aside), 0);
        assert_string_equal(aside, "");
        free(m);
}

static const char *const TWO[] = { "Slab", "Percpu" };

static size_t count_of(const struct folder *f, const char *name, enum past_tier tier,
                       struct past_point *ret_last)
{
        struct past *h;
        struct past_point *points;
        size_t count;
        assert_int_equal(past_open(f->fd, "h", &h), 0);
        int column = past_find(h, name);
        assert_true(column >= 0);
        assert_int_equal(past_read(h, tier, (size_t)column, 0, 1e11, &points, &count), 0);
        for (size_t i = 1; i < count; i++)
                assert_true(points[i].time > points[i - 1].time);
        if (count > 0 && ret_last)
                *ret_last = points[count - 1];
        free(points);
        past_close(h);
        return count;
}

static void test_tiers(void **state)
{
        const struct folder *f = *state;
        struct past_point last;
        for (int i = 0; i < 20; i++)
                put(f, minute(START + 60 * i, 2, TWO, (float)(1000 * i)));
        assert_int_equal(count_of(f, "Percpu", PAST_SECONDS, &last), 15 * 60);
        assert_true(last.time == START + 20 * 60 - 1);
        assert_true(last.mean == 19001 + 59 / 64.0F);
        assert_int_equal(count_of(f, "Slab", PAST_MINUTES, &last), 20);
        assert_true(last.time == START + 19 * 60);
        assert_true(last.least == 19000 && last.most == 19000 + 59 / 64.0F);
        assert_true(fabsf(last.mean - (19000 + 29.5F / 64)) < 0.01F);
        assert_int_equal(count_of(f, "Slab", PAST_QUARTERS, &last), 2);
        assert_true(last.least == 15000 && last.most == 19000 + 59 / 64.0F);
        assert_true(fabsf(last.mean - 17000.5F) < 0.1F);

        struct stat st;
        assert_int_equal(fstatat(f->fd, "h", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
}

/* A month and more: the file stays as large as it is, and the oldest is gone. */
static void test_ring(void **state)
{
        const struct folder *f = *state;
        struct stat st;
        for (int i = 0; i < PAST_QUARTERS_KEPT + 50; i++)
                put(f, minute(START + 900.0 * i, 2, TWO, (float)i));
        struct past *h;
        struct past_point *points;
        size_t count;
        double end = START + 900.0 * (PAST_QUARTERS_KEPT + 50);
        assert_int_equal(past_open(f->fd, "h", &h), 0);
        assert_int_equal(past_read(h, PAST_QUARTERS, 0, 0, end, &points, &count), 0);
        assert_true(count >= PAST_QUARTERS_KEPT - 1);
        assert_true(points[0].time >= START + 900.0 * 50);
        free(points);
        past_close(h);
        assert_int_equal(fstatat(f->fd, "h", &st, 0), 0);
        assert_true(st.st_size <= PAST_FILE_MAX);
}

/* A restart in the middle of a minute: the second part joins the first. */
static void test_joined(void **state)
{
        const struct folder *f = *state;
        struct past_point last;
        put(f, minute(START, 2, TWO, 0));
        for (int half = 0; half < 2; half++) {
                struct past_minute *m = minute(START + 60, 2, TWO, (float)(half * 100));
                for (int i = 0; i < 2 * PAST_CELLS; i++)
                        if (i % PAST_CELLS / 30 != half)
                                past_minute_cells(m)[i] = NAN;
                put(f, m);
        }
        assert_int_equal(count_of(f, "Slab", PAST_SECONDS, &last), 120);
        assert_int_equal(count_of(f, "Slab", PAST_MINUTES, &last), 2);
        assert_true(last.least == 0 && last.most == 100 + 59 / 64.0F);
        assert_true(last.mean > 50 && last.mean < 51);
}

/* Rules come and go: a place is used again only when it must be, and what its last owner left is
 * never shown as the new one's. */
static void test_columns(void **state)
{
        const struct folder *f = *state;
        char names[2 * PAST_COLUMNS_MAX][16];
        const char *list[2 * PAST_COLUMNS_MAX];
        for (int i = 0; i < 2 * PAST_COLUMNS_MAX; i++) {
                sprintf(names[i], "D%d", i);
                list[i] = names[i];
        }
        put(f, minute(START, PAST_COLUMNS_MAX, list, 0));
        put(f, minute(START + 60, PAST_COLUMNS_MAX, list + 1, 7)); /* D0 goes, D64 comes */
        assert_int_equal(count_of(f, "D1", PAST_SECONDS, NULL), 120);
        assert_int_equal(count_of(f, "D64", PAST_SECONDS, NULL), 60);
        struct past *h;
        assert_int_equal(past_open(f->fd, "h", &h), 0);
        assert_int_equal(past_find(h, "D0"), -1);
        assert_int_equal(past_columns(h), PAST_COLUMNS_MAX);
        past_close(h);
        put(f, minute(START + 120, PAST_COLUMNS_MAX, list + PAST_COLUMNS_MAX, 9));
        assert_int_equal(count_of(f, "D100", PAST_MINUTES, NULL), 1);
}

static void test_clock_steps(void **state)
{
        const struct folder *f = *state;
        struct past_point last;
        put(f, minute(START + 86400 * 40, 2, TWO, 5)); /* the clock was ahead */
        put(f, minute(START, 2, TWO, 1));
        put(f, minute(START + 60, 2, TWO, 2));
        /* The column is known since the wrong time: nothing is lost but what lies before. */
        struct past *h;
        struct past_point *points;
        size_t count;
        assert_int_equal(past_open(f->fd, "h", &h), 0);
        assert_int_equal(past_read(h, PAST_MINUTES, 0, START - 600, START + 600, &points, &count),
                         0);
        assert_int_equal(count, 2);
        free(points);
        past_close(h);
        (void)last;
}

static void test_bad_minutes(void **state)
{
        const struct folder *f = *state;
        static const double times[] = { -60, NAN, INFINITY, 1e15 };
        char aside[PAST_ASIDE_MAX];
        for (size_t i = 0; i < ELEMENTS_OF(times); i++) {
                struct past_minute *m = minute(times[i], 2, TWO, 0);
                assert_int_equal(past_write(f->fd, "h", m, aside), -EINVAL);
                free(m);
        }
        struct past *h;
        assert_int_equal(past_open(f->fd, "h", &h), -ENOENT);
}

static void write_file(const struct folder *f, const char *data, size_t size)
{
        int fd = openat(f->fd, "h", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        assert_true(fd >= 0 && write(fd, data, size) == (ssize_t)size);
        close(fd);
}

/* What is no history is set aside, and a new one begun. */
static void test_set_aside(void **state)
{
        const struct folder *f = *state;
        static const char *const kinds[] = { "text", "fifo", "link", "folder", "machine" };
        for (size_t i = 0; i < ELEMENTS_OF(kinds); i++) {
                char aside[PAST_ASIDE_MAX];
                struct past *h;
                if (strcmp(kinds[i], "text") == 0)
                        write_file(f, "hello", 5);
                if (strcmp(kinds[i], "fifo") == 0)
                        assert_int_equal(mkfifoat(f->fd, "h", 0644), 0);
                if (strcmp(kinds[i], "link") == 0)
                        assert_int_equal(symlinkat("/etc/passwd", f->fd, "h"), 0);
                if (strcmp(kinds[i], "folder") == 0)
                        assert_int_equal(mkdirat(f->fd, "h", 0755), 0);
                struct past_minute *m = minute(START, 2, TWO, 0);
                if (strcmp(kinds[i], "machine") == 0) {
                        put(f, minute(START, 2, TWO, 0));
                        m->machine_id[0] = 'f';
                } else {
                        assert_true(past_open(f->fd, "h", &h) < 0);
                }
                assert_int_equal(past_write(f->fd, "h", m, aside), 0);
                assert_true(strncmp(aside, "h.bad-", 6) == 0);
                assert_int_equal(count_of(f, "Slab", PAST_MINUTES, NULL), 1);
                assert_int_equal(unlinkat(f->fd, "h", 0), 0);
                assert_int_equal(
                        unlinkat(f->fd, aside, strcmp(kinds[i], "folder") == 0 ? AT_REMOVEDIR : 0),
                        0);
                free(m);
        }
}

/* Random damage anywhere: every point that is still shown is one that was written. */
static void test_damage(void **state)
{
        const struct folder *f = *state;
        struct random random = random_seeded("test_damage");
        for (int i = 0; i < 20; i++)
                put(f, minute(START + 60 * i, 2, TWO, (float)(1000 * i)));
        struct stat st;
        assert_int_equal(fstatat(f->fd, "h", &st, 0), 0);
        size_t size = (size_t)st.st_size;
        char *good = malloc(size), *bad = malloc(size);
        int fd = openat(f->fd, "h", O_RDONLY);
        assert_true(read(fd, good, size) == st.st_size);
        close(fd);
        unsigned opened = 0, left_out = 0;
        for (int round = 0; round < 300; round++) {
                memcpy(bad, good, size);
                size_t cut = random_next(&random) % 8 == 0 ? random_next(&random) % size : size;
                for (int k = 0; k < 40; k++)
                        bad[random_next(&random) % (round % 2 ? 60000 : size)] ^=
                                (char)(1 + random_next(&random) % 255);
                write_file(f, bad, cut);
                struct past *h;
                int r = past_open(f->fd, "h", &h);
                if (r < 0) {
                        assert_true(r == -EBADMSG || r == -ENOENT);
                        continue;
                }
                opened++;
                for (size_t c = 0; c < past_columns(h); c++) {
                        struct past_point *points;
                        size_t count;
                        assert_int_equal(
                                past_read(h, PAST_SECONDS, c, 0, START + 7200, &points, &count), 0);
                        left_out += count < 15 * 60;
                        for (size_t i = 0; i < count; i++) {
                                double t = points[i].time - START;
                                double expected =
                                        1000 * floor(t / 60) + (double)c + fmod(t, 60) / 64;
                                assert_true((double)points[i].mean == expected);
                        }
                        free(points);
                }
                past_close(h);
        }
        assert_true(opened > 25 && left_out > 5); /* else this shows nothing */
        free(good);
        free(bad);
}

enum { CYCLE = 200 }; /* 200,000 and sixty-fourths are still exact in a float */

/* Writes minute after minute from `first` on and says each that is whole, until it is killed. */
static void write_for_ever(const struct folder *f, int first, int said)
{
        char aside[PAST_ASIDE_MAX];
        for (int i = first;; i++) {
                struct past_minute *m = minute(START + 60 * i, 2, TWO, (float)(1000 * (i % CYCLE)));
                if (past_write(f->fd, "h", m, aside) < 0 || *aside)
                        _exit(1);
                free(m);
                if (write(said, &i, sizeof(i)) != sizeof(i))
                        _exit(1);
        }
}

/* All that is shown is what was written, whoever writes meanwhile; the newest second of it. */
static double newest_of(const struct folder *f)
{
        struct past *h;
        double newest = 0;
        assert_int_equal(past_open(f->fd, "h", &h), 0);
        for (size_t c = 0; c < past_columns(h); c++) {
                struct past_point *points;
                size_t count;
                assert_int_equal(past_read(h, PAST_SECONDS, c, 0, 1e11, &points, &count), 0);
                for (size_t i = 0; i < count; i++) {
                        double t = points[i].time - START;
                        double expected =
                                1000 * fmod(floor(t / 60), CYCLE) + (double)c + fmod(t, 60) / 64;
                        if ((double)points[i].mean != expected)
                                fail_msg("%.0f s: %g, not %g", t, (double)points[i].mean, expected);
                        newest = fmax(newest, t);
                }
                free(points);
        }
        past_close(h);
        return newest;
}

/* kill -9 at any moment of a write: no minute that was whole is lost, no torn one is shown, and the
 * next writer goes on in the same file. */
static void test_killed(void **state)
{
        enum { KILLS = 60 };
        const struct folder *f = *state;
        struct random random = random_seeded("test_killed");
        int next = 0;
        for (int round = 0; round < KILLS; round++) {
                int ends[2], last = -1, one;
                assert_int_equal(pipe(ends), 0);
                pid_t pid = fork();
                assert_true(pid >= 0);
                if (pid == 0)
                        write_for_ever(f, next, ends[1]);
                close(ends[1]);
                /* At least one, so that there is a file; then at any moment. */
                assert_int_equal(read(ends[0], &last, sizeof(last)), sizeof(last));
                (void)newest_of(f);
                usleep((unsigned)(random_next(&random) % 2000));
                assert_int_equal(kill(pid, SIGKILL), 0);
                int status;
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status)); /* else a write had failed */
                while (read(ends[0], &one, sizeof(one)) == sizeof(one))
                        last = one;
                close(ends[0]);
                assert_true(newest_of(f) >= 60 * (double)last + 59);
                next = last + 1;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_tiers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_ring, setup, teardown),
                cmocka_unit_test_setup_teardown(test_joined, setup, teardown),
                cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
                cmocka_unit_test_setup_teardown(test_clock_steps, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_minutes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_set_aside, setup, teardown),
                cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
                cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
