/* SPDX-License-Identifier: MIT */
/* base/files, base/procfs, base/places, base/log, base/clock: what touches the system. */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../test.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/places.h"
#include "base/procfs.h"

struct fixture {
        char path[64];
        int fd;
};

static int setup(void **state)
{
        static struct fixture f;

        strcpy(f.path, "/tmp/kmemwatch-test-XXXXXX");
        if (!mkdtemp(f.path))
                return -1;
        f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *state = &f;
        return f.fd < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        closep(&f->fd);
        return nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(struct fixture *f, const char *name, const char *text)
{
        assert_int_equal(file_write_atomic(f->fd, f->fd, name, text, strlen(text), 0644), 0);
}

static void files_are_read_with_a_bound(void **state)
{
        struct fixture *f = *state;
        char *data = NULL;
        size_t size = 0;

        put(f, "a", "12345");
        assert_int_equal(file_read(f->fd, "a", 5, &data, &size), 0);
        assert_int_equal(size, 5);
        assert_string_equal(data, "12345");
        free(data);
        data = (char *)"untouched";
        assert_int_equal(file_read(f->fd, "a", 4, &data, &size), -EFBIG);
        assert_int_equal(file_read(f->fd, "none", 4, &data, &size), -ENOENT);
        assert_int_equal(file_read(f->fd, ".", 4, &data, &size), -EISDIR);
        assert_int_equal(file_read(AT_FDCWD, "/dev/zero", 100000, &data, &size), -EFBIG);
        assert_string_equal(data, "untouched");
        assert_int_equal(file_read(AT_FDCWD, "/dev/null", 0, &data, &size), 0);
        assert_string_equal(data, "");
        free(data);
}

static void only_plain_files_are_read(void **state)
{
        struct fixture *f = *state;
        _cleanup_free_ char *data = NULL;
        size_t size = 0;

        put(f, "a", "12345");
        assert_int_equal(symlinkat("a", f->fd, "link"), 0);
        assert_int_equal(mkfifoat(f->fd, "pipe", 0600), 0);
        assert_int_equal(mkdirat(f->fd, "folder", 0700), 0);
        assert_int_equal(file_read_plain(f->fd, "link", 5, &data, &size), -EBADMSG);
        assert_int_equal(file_read_plain(f->fd, "pipe", 5, &data, &size), -EBADMSG);
        assert_int_equal(file_read_plain(f->fd, "folder", 5, &data, &size), -EBADMSG);
        assert_int_equal(file_read_plain(f->fd, "none", 5, &data, &size), -ENOENT);
        assert_int_equal(file_read_plain(f->fd, "a", 4, &data, &size), -EFBIG);
        assert_null(data);
        assert_int_equal(file_read_plain(f->fd, "a", 5, &data, &size), 0);
        assert_string_equal(data, "12345");
        assert_int_equal(size, 5);
}

static void files_are_replaced_whole(void **state)
{
        struct fixture *f = *state;
        _cleanup_free_ char *data = NULL;
        struct stat st;
        size_t size;

        put(f, "state", "old");
        put(f, ".state.tmp", "left by a crash");
        assert_int_equal(file_write_atomic(f->fd, f->fd, "state", "new", 3, 0640), 0);
        assert_int_equal(file_read(f->fd, "state", 10, &data, &size), 0);
        assert_string_equal(data, "new");
        assert_int_equal(fstatat(f->fd, "state", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(faccessat(f->fd, ".state.tmp", F_OK, 0), -1);

        assert_int_equal(file_replace(f->fd, "state", "newer", 5, 0600), 0);
        free(TAKE_PTR(data));
        assert_int_equal(file_read(f->fd, "state", 10, &data, &size), 0);
        assert_string_equal(data, "newer");
        assert_int_equal(fstatat(f->fd, "state", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        /* A folder in the way: the rename fails, nothing stays. */
        assert_int_equal(mkdirat(f->fd, "folder", 0755), 0);
        assert_int_equal(file_write_atomic(f->fd, f->fd, "folder", "x", 1, 0644), -EISDIR);
        assert_int_equal(faccessat(f->fd, ".folder.tmp", F_OK, 0), -1);
}

static void folders_are_made(void **state)
{
        struct fixture *f = *state;
        _cleanup_free_ char *deep = path_join(f->path, "a/b//c"), *file = path_join(f->path, "x");
        _cleanup_close_ int fd = -1;
        struct stat st;

        assert_int_equal(make_directory(deep, 0700), 0);
        assert_int_equal(make_directory(deep, 0755), 0);
        assert_int_equal(stat(deep, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        put(f, "x", "");
        assert_int_equal(make_directory(file, 0755), -ENOTDIR);
        assert_int_equal(make_directory("", 0755), -ENOENT);
        fd = open_directory(deep, 0700);
        assert_true(fd >= 0);
}

/* A folder made in one that belongs to a group (setgid) must let the group in. */
static void shared_folders_are_the_groups(void **state)
{
        struct fixture *f = *state;
        _cleanup_close_ int again = -1, made = -1;
        mode_t before = umask(0077);
        struct stat st;

        assert_int_equal(fchmod(f->fd, 02770), 0);
        made = open_subfolder(f->fd, "new", 0770);
        umask(before);
        assert_true(made >= 0);
        assert_int_equal(fstat(made, &st), 0);
        assert_int_equal(st.st_mode & 07777, 02770);
        again = open_subfolder(f->fd, "new", 0770);
        assert_true(again >= 0);
        assert_int_equal(symlinkat("new", f->fd, "link"), 0);
        assert_int_equal(open_subfolder(f->fd, "link", 0770), -ENOTDIR);
}

static void paths_are_joined(void **state)
{
        static const char *const CASES[][3] = {
                { "/a", "b", "/a/b" },
                { "/a/", "b", "/a/b" },
                { "", "b", "b" },
                { "/", "b", "/b" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(CASES); i++) {
                _cleanup_free_ char *joined = path_join(CASES[i][0], CASES[i][1]);

                assert_string_equal(joined, CASES[i][2]);
        }
}

static void proc_is_read_below_the_root(void **state)
{
        struct fixture *f = *state;
        struct procfs p;
        char buffer[16], large[3 * 4096 + 1];

        assert_int_equal(procfs_init(&p, NULL), 0);
        assert_true(p.live);
        assert_true(procfs_read(&p, "/proc/self/stat", large, sizeof(large)) > 20);
        procfs_done(&p);

        assert_int_equal(mkdirat(f->fd, "proc", 0755), 0);
        put(f, "exact", "123456789012345");
        put(f, "longer", "1234567890123456");
        put(f, "spaces", "text \t\n\n");
        memset(large, 'x', sizeof(large) - 1);
        large[sizeof(large) - 1] = 0;
        put(f, "pages", large);
        assert_int_equal(procfs_init(&p, f->path), 0);
        assert_false(p.live);
        assert_true(procfs_exists(&p, "/proc"));
        assert_false(procfs_exists(&p, "proc/meminfo"));
        assert_int_equal(procfs_open(&p, "proc/meminfo"), -ENOENT);
        assert_int_equal(procfs_read(&p, "/exact", buffer, sizeof(buffer)), 15);
        assert_string_equal(buffer, "123456789012345");
        assert_int_equal(procfs_read(&p, "longer", buffer, sizeof(buffer)), -EFBIG);
        assert_int_equal(procfs_read(&p, "spaces", buffer, sizeof(buffer)), 4);
        assert_string_equal(buffer, "text");
        assert_int_equal(procfs_read(&p, "pages", large, sizeof(large)), sizeof(large) - 1);
        procfs_done(&p);
        assert_int_equal(procfs_init(&p, "/nonexistent"), -ENOENT);
}

/* Multi-page seq_files come in pieces. */
static void seq_files_are_read_to_their_end(void **state)
{
        static char buffer[1 << 20];
        struct procfs p;
        ssize_t n;

        (void)state;
        assert_int_equal(procfs_init(&p, NULL), 0);
        n = procfs_read(&p, "/proc/self/maps", buffer, sizeof(buffer));
        assert_true(n > 0);
        /* The last line is the vsyscall page or the stack's neighbours, never cut. */
        assert_non_null(strstr(buffer, "[stack]"));
        procfs_done(&p);
}

static void places_follow_option_then_environment(void **state)
{
        const struct place_options none = { 0 };
        const struct place_options all = { .config = "c",
                                           .state = "s",
                                           .runtime = "r",
                                           .spool = "sp",
                                           .channels = "ch",
                                           .rules = "rules" };
        struct places p;

        (void)state;
        unsetenv("CONFIGURATION_DIRECTORY");
        unsetenv("STATE_DIRECTORY");
        unsetenv("RUNTIME_DIRECTORY");
        unsetenv("CREDENTIALS_DIRECTORY");
        assert_int_equal(places_init(&p, &none, "/run/kmemwatch"), 0);
        assert_string_equal(p.config, "/etc/kmemwatch");
        assert_string_equal(p.state, "/var/lib/kmemwatch");
        assert_string_equal(p.runtime, "/run/kmemwatch");
        assert_string_equal(p.spool, "/var/lib/kmemwatch/spool");
        assert_string_equal(p.channels, "/etc/kmemwatch/channels.d");
        assert_string_equal(p.main_file, "/etc/kmemwatch/kmemwatch.conf");
        assert_string_equal(p.rules[0], "/etc/kmemwatch/rules.d");
        assert_string_equal(p.rules[1], "/run/kmemwatch/rules.d");
        assert_non_null(strstr(p.rules[2], "/kmemwatch/rules.d"));
        assert_null(p.rules[3]);
        assert_null(p.credentials);
        places_done(&p);

        setenv("CONFIGURATION_DIRECTORY", "/conf:/other", 1);
        setenv("STATE_DIRECTORY", "/st", 1);
        setenv("RUNTIME_DIRECTORY", "", 1);
        setenv("CREDENTIALS_DIRECTORY", "/cred", 1);
        assert_int_equal(places_init(&p, &none, "/run/x"), 0);
        assert_string_equal(p.config, "/conf");
        assert_string_equal(p.spool, "/st/spool");
        assert_string_equal(p.runtime, "/run/x");
        assert_string_equal(p.credentials, "/cred");
        places_done(&p);

        assert_int_equal(places_init(&p, &all, "/run/x"), 0);
        assert_string_equal(p.config, "c");
        assert_string_equal(p.state, "s");
        assert_string_equal(p.runtime, "r");
        assert_string_equal(p.spool, "sp");
        assert_string_equal(p.channels, "ch");
        assert_string_equal(p.rules[0], "rules");
        assert_null(p.rules[1]);
        places_done(&p);
}

static void log_lines(struct fixture *f, char *buffer, size_t size)
{
        _cleanup_close_ int out =
                openat(f->fd, "log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        _cleanup_close_ int saved = dup(STDERR_FILENO);
        ssize_t n;

        assert_true(out >= 0 && saved >= 0);
        assert_int_equal(dup2(out, STDERR_FILENO), STDERR_FILENO);
        log_open("kmemwatchd", LOG_INFO);
        errno = ENOENT;
        log_error("cannot open \"%s\": %m", "a\nb");
        assert_int_equal(errno, ENOENT);
        log_debug("not shown");
        log_info("plain");
        dup2(saved, STDERR_FILENO);
        n = pread(out, buffer, size - 1, 0);
        assert_true(n >= 0);
        buffer[n] = 0;
}

static void log_is_one_line_each(void **state)
{
        struct fixture *f = *state;
        char buffer[512], stream[64];
        struct stat st;

        unsetenv("JOURNAL_STREAM");
        log_lines(f, buffer, sizeof(buffer));
        assert_string_equal(buffer, "kmemwatchd: error: cannot open \"a b\": No such file or "
                                    "directory\nkmemwatchd: plain\n");

        assert_int_equal(fstatat(f->fd, "log", &st, 0), 0);
        snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        setenv("JOURNAL_STREAM", stream, 1);
        log_lines(f, buffer, sizeof(buffer));
        assert_string_equal(buffer, "<3>cannot open \"a b\": No such file or directory\n"
                                    "<6>plain\n");
        setenv("JOURNAL_STREAM", "1:2", 1);
        assert_false(log_to_journal());
        unsetenv("JOURNAL_STREAM");
}

/* Whoever reads too slowly loses lines; the program goes on. */
static void log_waits_for_nobody(void **state)
{
        char buffer[70000];
        int ends[2];
        int saved = dup(STDERR_FILENO);
        double begin;
        ssize_t n;

        (void)state;
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        memset(buffer, 'x', sizeof(buffer));
        while (write(ends[1], buffer, 4096) > 0)
                ;
        assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0); /* a writer would wait */
        assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
        log_open("kmemwatchd", LOG_INFO);
        begin = clock_monotonic();
        log_info("one");
        log_info("two");
        assert_true(clock_monotonic() - begin < 2);
        while (read(ends[0], buffer, sizeof(buffer)) > 0)
                ;
        log_info("three");
        dup2(saved, STDERR_FILENO);
        n = read(ends[0], buffer, sizeof(buffer) - 1);
        assert_true(n > 0);
        buffer[n] = 0;
        assert_string_equal(buffer, "kmemwatchd: warning: 2 lines before this are lost: nobody "
                                    "read\nkmemwatchd: three\n");
        close(saved);
        close(ends[0]);
        close(ends[1]);
}

static void clocks_advance(void **state)
{
        double a = clock_monotonic(), b = clock_monotonic();

        (void)state;
        assert_true(b >= a);
        assert_true(clock_boottime() >= a);
        assert_true(clock_realtime() > 1.6e9);
        assert_true(clock_process_cpu() >= 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(files_are_read_with_a_bound, setup, teardown),
                cmocka_unit_test_setup_teardown(only_plain_files_are_read, setup, teardown),
                cmocka_unit_test_setup_teardown(files_are_replaced_whole, setup, teardown),
                cmocka_unit_test_setup_teardown(folders_are_made, setup, teardown),
                cmocka_unit_test_setup_teardown(shared_folders_are_the_groups, setup, teardown),
                cmocka_unit_test(paths_are_joined),
                cmocka_unit_test_setup_teardown(proc_is_read_below_the_root, setup, teardown),
                cmocka_unit_test(seq_files_are_read_to_their_end),
                cmocka_unit_test(places_follow_option_then_environment),
                cmocka_unit_test_setup_teardown(log_is_one_line_each, setup, teardown),
                cmocka_unit_test(log_waits_for_nobody),
                cmocka_unit_test(clocks_advance),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
