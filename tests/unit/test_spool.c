/* SPDX-License-Identifier: MIT */
/* announce/spool and spool_name: what is announced is there, complete, in order, under a number
 * that never comes back; what is wrong with the folders is an error and nothing worse. */
#include "announce/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../test.h"
#include "announce/spool_held.h"
#include "announce/spool_name.h"
#include "base/files.h"
#include "base/macros.h"

#define ID "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
/* Others again: an id is announced once. n: two hex digits, as text. */
#define ID_OF(n) "0123456789abcdef0123456789abcd" n

struct place {
        char top[64], path[80];
        struct spool spool;
};

static int setup(void **state)
{
        struct place *p = calloc(1, sizeof(*p));

        strcpy(p->top, "/tmp/kmw-spool-XXXXXX");
        assert_non_null(mkdtemp(p->top));
        snprintf(p->path, sizeof(p->path), "%s/spool", p->top);
        assert_int_equal(spool_init(&p->spool, p->path), 0);
        *state = p;
        return 0;
}

static int teardown(void **state)
{
        struct place *p = *state;
        char command[320];

        spool_done(&p->spool);
        snprintf(command, sizeof(command), "rm -rf %s", p->top);
        assert_int_equal(system(command), 0);
        free(p);
        return 0;
}

/* As after a restart. */
static void reopen(struct place *p)
{
        uint64_t max = p->spool.max;

        spool_done(&p->spool);
        assert_int_equal(spool_init(&p->spool, p->path), 0);
        p->spool.max = max;
}

static const char *in(const struct place *p, const char *name)
{
        static char path[256];

        snprintf(path, sizeof(path), "%s/%s", p->path, name);
        return path;
}

static void put_file(const struct place *p, const char *name, const char *content)
{
        FILE *f = fopen(in(p, name), "we");

        assert_non_null(f);
        fputs(content, f);
        fclose(f);
}

static char *content_of(const struct place *p, const char *name)
{
        char *text;
        size_t size;

        return file_read(AT_FDCWD, in(p, name), 100000, &text, &size) == 0 ? text : NULL;
}

static int write_event(struct place *p, const char *id, const char *text)
{
        return spool_write(&p->spool, id, text, strlen(text), 1795152897.5);
}

static void assert_event(const struct place *p, uint64_t sequence, const char *id,
                         const char *content)
{
        char name[SPOOL_NAME_SIZE], path[128], *is;

        assert_true(spool_name_format(sequence, id, name));
        snprintf(path, sizeof(path), "new/%s", name);
        is = content_of(p, path);
        assert_non_null(is);
        assert_string_equal(is, content);
        free(is);
}

static void test_names(void **state _unused_)
{
        static const struct {
                const char *name;
                bool good;
                uint64_t sequence;
        } cases[] = {
                { "00000000000000000001-" ID ".json", true, 1 },
                { "18446744073709551615-" ID ".json", true, UINT64_MAX },
                { "18446744073709551616-" ID ".json", false, 0 },
                { "0000000000000000001-" ID ".json", false, 0 },
                { "000000000000000000001-" ID ".json", false, 0 },
                { "00000000000000000001_" ID ".json", false, 0 },
                { "00000000000000000001-" ID ".jsom", false, 0 },
                { "00000000000000000001-" ID ".json~", false, 0 },
                { "00000000000000000001-0123456789ABCDEF0123456789abcdef.json", false, 0 },
                { "+0000000000000000001-" ID ".json", false, 0 },
                { " 0000000000000000001-" ID ".json", false, 0 },
                { "", false, 0 },
                { "sequence", false, 0 },
        };
        char name[SPOOL_NAME_SIZE], id[SPOOL_EVENT_ID_SIZE];

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                uint64_t sequence = 77;

                assert_int_equal(spool_name_parse(cases[i].name, &sequence, id), cases[i].good);
                if (!cases[i].good) {
                        assert_int_equal(sequence, 77);
                        continue;
                }
                assert_true(sequence == cases[i].sequence);
                assert_string_equal(id, ID);
                assert_true(spool_name_format(sequence, id, name));
                assert_string_equal(name, cases[i].name);
        }
        assert_false(spool_name_format(1, "", name));
        assert_false(spool_name_format(1, ID "0", name));
        assert_false(spool_name_format(1, "../../../../../../../etc/passwd00", name));
}

static void test_write(void **state)
{
        struct place *p = *state;
        struct spool_count count;
        struct stat st;

        assert_int_equal(write_event(p, ID, "{one}"), 0);
        assert_int_equal(write_event(p, OTHER, "{two}"), 0);
        assert_event(p, 1, ID, "{one}");
        assert_event(p, 2, OTHER, "{two}");
        assert_int_equal(stat(in(p, "new/00000000000000000001-" ID ".json"), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        assert_int_equal(write_event(p, "no id", "{}"), -EINVAL);

        assert_int_equal(spool_count(&p->spool, 0, &count), 0);
        assert_int_equal(count.waiting, 2);
        assert_int_equal(count.dead, 0);
        assert_int_equal(count.bytes, 8192);
        assert_int_equal(count.largest, 2);
        assert_true(count.oldest == (double)st.st_mtim.tv_sec);
}

static void write_held(struct place *p, const struct spool_held *held)
{
        char line[SPOOL_HELD_MAX];
        size_t length = spool_held_format(held, line);
        (void)mkdir(in(p, "courier"), 0770);
        int fd = open(in(p, "courier/held"), O_WRONLY | O_CREAT | O_TRUNC, 0640);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, line, length), length);
        close(fd);
}

/* What the courier holds back on purpose is not taken for what nobody takes. */
static void test_held(void **state)
{
        struct place *p = *state;
        struct spool_count count;
        struct stat st;
        double now = (double)time(NULL);
        struct spool_held held = { .written = (uint64_t)now,
                                   .until = (uint64_t)now + 600,
                                   .last = 1 };

        assert_int_equal(write_event(p, ID, "{one}"), 0);
        write_held(p, &held);
        assert_int_equal(spool_count(&p->spool, now, &count), 0);
        assert_int_equal(count.waiting, 1);
        assert_true(isnan(count.oldest));
        assert_int_equal(write_event(p, OTHER, "{two}"), 0);
        assert_int_equal(spool_count(&p->spool, now, &count), 0);
        assert_int_equal(stat(in(p, "new/00000000000000000002-" OTHER ".json"), &st), 0);
        assert_true(count.oldest == (double)st.st_mtim.tv_sec);
        /* nobody is there to refresh it */
        assert_int_equal(spool_count(&p->spool, now + SPOOL_HELD_FRESH + 1, &count), 0);
        assert_true(count.oldest <= now);
        /* what is not a plain file is not read */
        assert_int_equal(unlink(in(p, "courier/held")), 0);
        assert_int_equal(symlink("/proc/self/mem", in(p, "courier/held")), 0);
        assert_int_equal(spool_count(&p->spool, now, &count), 0);
        assert_true(isfinite(count.oldest));
}

/* The number goes on, whatever happened to the files. */
static void test_sequence(void **state)
{
        struct place *p = *state;
        struct spool_count count;
        char *text;

        assert_int_equal(write_event(p, ID_OF("01"), "1"), 0);
        assert_int_equal(write_event(p, ID_OF("02"), "2"), 0);
        /* both were delivered */
        assert_int_equal(unlink(in(p, "new/00000000000000000001-" ID_OF("01") ".json")), 0);
        assert_int_equal(unlink(in(p, "new/00000000000000000002-" ID_OF("02") ".json")), 0);
        reopen(p);
        assert_int_equal(write_event(p, ID_OF("03"), "3"), 0);
        assert_event(p, 3, ID_OF("03"), "3");
        text = content_of(p, "sequence");
        assert_string_equal(text, "3\n");
        free(text);

        /* `sequence` is gone: after the largest that is there, in dead/ too */
        unlink(in(p, "sequence"));
        put_file(p, "dead/00000000000000000009-" ID ".json", "{}");
        put_file(p, "dead/00000000000000000009-" ID ".reason", "gone");
        reopen(p);
        assert_int_equal(write_event(p, ID_OF("10"), "10"), 0);
        assert_event(p, 10, ID_OF("10"), "10");
        assert_int_equal(spool_count(&p->spool, 0, &count), 0);
        assert_int_equal(count.dead, 1);
        assert_int_equal(count.waiting, 2);

        /* damaged: beyond what any count can have reached */
        static const char *const bad[] = {
                "", "x", "-1", "99999999999999999999999", "18446744073709551615", "10 11"
        };
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++) {
                put_file(p, "sequence", bad[i]);
                char id[] = ID_OF("a0");
                id[31] = (char)('0' + i);
                reopen(p);
                assert_int_equal(write_event(p, id, "x"), 0);
                assert_true(p->spool.last >= 1795152897500001);
        }
        /* the largest number as a name does not stop it */
        put_file(p, "new/18446744073709551615-" ID ".json", "{}");
        reopen(p);
        assert_int_equal(write_event(p, ID_OF("b0"), "x"), 0);
        assert_true(p->spool.last < 1795152897600000);
        /* nor does one that is far ahead use the numbers up, with and without `sequence` */
        put_file(p, "sequence", "100");
        put_file(p, "dead/00000000009999999999-" ID_OF("b1") ".json", "{}");
        put_file(p, "dead/00000000000000000105-" ID_OF("b2") ".json", "{}");
        reopen(p);
        assert_int_equal(write_event(p, ID_OF("b3"), "x"), 0);
        assert_event(p, 106, ID_OF("b3"), "x");
}

static void test_leftovers(void **state)
{
        struct place *p = *state;

        assert_int_equal(spool_open(&p->spool, 0), 0);
        put_file(p, "tmp/00000000000000000001-" ID ".json", "half");
        put_file(p, "tmp/.sequence", "half");
        put_file(p, "new/README", "not ours");
        assert_int_equal(mkdir(in(p, "tmp/folder"), 0700), 0);
        reopen(p);
        assert_int_equal(spool_open(&p->spool, 0), 0);
        assert_int_equal(access(in(p, "tmp/00000000000000000001-" ID ".json"), F_OK), -1);
        assert_int_equal(access(in(p, "tmp/.sequence"), F_OK), -1);
        assert_int_equal(access(in(p, "new/README"), F_OK), 0);
        assert_int_equal(access(in(p, "tmp/folder"), F_OK), 0);
        assert_int_equal(write_event(p, ID, "{}"), 0);
}

/* A link in place of tmp/ must not lead the cleaning elsewhere. */
static void test_link(void **state)
{
        struct place *p = *state;
        char victim[128];

        assert_int_equal(spool_open(&p->spool, 0), 0);
        snprintf(victim, sizeof(victim), "%s/victim", p->top);
        assert_int_equal(mkdir(victim, 0700), 0);
        assert_int_equal(rmdir(in(p, "tmp")), 0);
        assert_int_equal(symlink(victim, in(p, "tmp")), 0);
        put_file(p, "tmp/precious", "x");
        reopen(p);
        assert_true(spool_open(&p->spool, 0) < 0);
        assert_int_equal(access(in(p, "tmp/precious"), F_OK), 0);
}

/* Whoever may write in the spool must not make the daemon, which may read everything, read
 * something else, nor wait for a pipe. */
static void test_sequence_elsewhere(void **state)
{
        struct place *p = *state;
        _cleanup_close_ int fifo = -1;

        assert_int_equal(spool_open(&p->spool, 0), 0);
        put_file(p, "elsewhere", "4711\n");
        assert_int_equal(symlink("elsewhere", in(p, "sequence")), 0);
        reopen(p);
        assert_int_equal(write_event(p, ID, "x"), 0);
        assert_true(p->spool.last >= 1795152897500001); /* as for a damaged one */
        char *text = content_of(p, "elsewhere");
        assert_string_equal(text, "4711\n");
        free(text);

        assert_int_equal(unlink(in(p, "sequence")), 0);
        assert_int_equal(mkfifo(in(p, "sequence"), 0600), 0);
        fifo = open(in(p, "sequence"), O_RDWR | O_CLOEXEC); /* a writer that never writes */
        assert_true(fifo >= 0);
        reopen(p);
        assert_int_equal(write_event(p, OTHER, "y"), 0);
        assert_true(p->spool.last >= 1795152897500001);
}

/* An event that failed keeps its number, so that it cannot stand there twice. */
static void test_failure_and_retry(void **state)
{
        struct place *p = *state;
        struct spool_count count;

        assert_int_equal(write_event(p, ID, "1"), 0);
        assert_int_equal(unlink(in(p, "sequence")), 0);
        assert_int_equal(mkdir(in(p, "sequence"), 0700),
                         0); /* cannot be written; it is set aside */
        assert_true(write_event(p, OTHER, "2") < 0);
        assert_int_equal(write_event(p, OTHER, "2"), 0);
        assert_event(p, 2, OTHER, "2");

        /* Somebody removed everything under us. */
        char command[320];
        snprintf(command, sizeof(command), "rm -rf %s", p->path);
        assert_int_equal(system(command), 0);
        assert_int_equal(write_event(p, ID, "3"), 0);
        assert_event(p, 3, ID, "3");

        /* Or moved it away, to begin with an empty one. */
        snprintf(command, sizeof(command), "mv %s %s.old && mkdir -p %s/new", p->path, p->path,
                 p->path);
        assert_int_equal(system(command), 0);
        assert_int_equal(write_event(p, OTHER, "4"), 0);
        assert_event(p, 4, OTHER, "4");
        snprintf(command, sizeof(command), "mv %s/new %s.new", p->path, p->path);
        assert_int_equal(system(command), 0);
        assert_int_equal(write_event(p, ID_OF("05"), "5"), 0);
        assert_event(p, 5, ID_OF("05"), "5");

        /* In place of a folder there is a file: an error until it is gone. */
        snprintf(command, sizeof(command), "rm -rf %s", p->path);
        assert_int_equal(system(command), 0);
        reopen(p);
        close(open(p->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        assert_int_equal(write_event(p, ID, "4"), -ENOTDIR);
        assert_int_equal(spool_count(&p->spool, 0, &count), -ENOTDIR);
        assert_int_equal(unlink(p->path), 0);
        assert_int_equal(write_event(p, ID, "4"), 0);
        assert_event(p, 1, ID, "4"); /* nothing was left that knew of more */
}

/* Two daemons with folders of their own and one spool: the second holds its events until the first
 * is gone, and touches nothing. */
static void test_two_daemons(void **state)
{
        struct place *p = *state;
        struct spool other;

        assert_int_equal(spool_init(&other, p->path), 0);
        assert_int_equal(write_event(p, ID, "1"), 0);
        put_file(p, "tmp/being-written", "x");
        assert_int_equal(spool_write(&other, OTHER, "2", 1, 1000), -EBUSY);
        assert_int_equal(access(in(p, "tmp/being-written"), F_OK), 0);
        spool_done(&p->spool);
        assert_int_equal(spool_write(&other, OTHER, "2", 1, 1000), 0);
        assert_event(p, 2, OTHER, "2");
        spool_done(&other);
        assert_int_equal(spool_init(&p->spool, p->path), 0);
}

/* A daemon that was killed after the spool file, and before it could note that, announces the event
 * again: it is there already, whether it waits or was given up. */
static void test_same_event(void **state)
{
        struct place *p = *state;
        struct spool_count count;

        assert_int_equal(write_event(p, ID, "1"), 0);
        assert_int_equal(write_event(p, OTHER, "2"), 0);
        char *from = strdup(in(p, "new/00000000000000000002-" OTHER ".json"));
        assert_int_equal(rename(from, in(p, "dead/00000000000000000002-" OTHER ".json")), 0);
        free(from);
        reopen(p);
        assert_int_equal(write_event(p, ID, "1"), 0);
        assert_int_equal(write_event(p, OTHER, "2"), 0);
        assert_int_equal(spool_count(&p->spool, 0, &count), 0);
        assert_int_equal(count.waiting, 1);
        assert_int_equal(count.dead, 1);
        assert_int_equal(write_event(p, ID_OF("03"), "3"), 0);
        assert_event(p, 3, ID_OF("03"), "3");
}

static void test_full(void **state)
{
        struct place *p = *state;

        p->spool.max = 5 * 4096;
        static const char *const ids[] = { ID_OF("01"), ID_OF("02"), ID_OF("03"), ID_OF("04") };
        for (size_t i = 0; i < ELEMENTS_OF(ids); i++)
                assert_int_equal(write_event(p, ids[i], "x"), 0);
        assert_int_equal(write_event(p, ID, "five"), -EXFULL);
        assert_int_equal(write_event(p, ID, "five"), -EXFULL);
        /* what was given up does not count, what was taken makes room */
        assert_int_equal(unlink(in(p, "new/00000000000000000002-" ID_OF("02") ".json")), 0);
        assert_int_equal(write_event(p, ID, "five"), 0);
        assert_event(p, 5, ID, "five");
        reopen(p);
        assert_int_equal(write_event(p, OTHER, "six"), -EXFULL);
}

/* With nobody to take them the oldest make room. */
static void test_discards(void **state)
{
        static const char *const ids[] = { ID_OF("01"), ID_OF("02"), ID_OF("03"), ID_OF("04"),
                                           ID_OF("05"), ID_OF("06"), ID_OF("07"), ID_OF("08") };
        struct place *p = *state;
        struct spool_count count;

        p->spool.max = 5 * 4096;
        p->spool.discards = true;
        for (size_t i = 0; i < ELEMENTS_OF(ids); i++)
                assert_int_equal(write_event(p, ids[i], "x"), 0);
        assert_event(p, 8, ID_OF("08"), "x");
        assert_event(p, 7, ID_OF("07"), "x");
        assert_int_equal(spool_count(&p->spool, 0, &count), 0);
        assert_in_range(count.waiting, 3, 4);
        assert_int_equal(access(in(p, "new/00000000000000000001-" ID_OF("01") ".json"), F_OK), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test_setup_teardown(test_write, setup, teardown),
                cmocka_unit_test_setup_teardown(test_sequence, setup, teardown),
                cmocka_unit_test_setup_teardown(test_leftovers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_link, setup, teardown),
                cmocka_unit_test_setup_teardown(test_sequence_elsewhere, setup, teardown),
                cmocka_unit_test_setup_teardown(test_failure_and_retry, setup, teardown),
                cmocka_unit_test_setup_teardown(test_two_daemons, setup, teardown),
                cmocka_unit_test_setup_teardown(test_held, setup, teardown),
                cmocka_unit_test_setup_teardown(test_same_event, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full, setup, teardown),
                cmocka_unit_test_setup_teardown(test_discards, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
