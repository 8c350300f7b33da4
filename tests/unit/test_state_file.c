/* SPDX-License-Identifier: MIT */
/* store/state_file: what was written comes back, and nothing else ever does. */
#include "store/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../test.h"
#include "base/files.h"
#include "base/macros.h"

static const struct state_head HEAD = {
        .kind = "alerts",
        .version = 7,
        .boot_id = "0123456789abcdef0123456789abcdef",
        .machine_id = "fedcba9876543210fedcba9876543210",
        .time = 1795152897.25,
};
static const char PAYLOAD[] = "all that is known";

struct folder {
        char path[64];
        int fd;
};

static int setup(void **state)
{
        struct folder *f = calloc(1, sizeof(*f));

        strcpy(f->path, "/tmp/kmw-state-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->fd >= 0);
        *state = f;
        return 0;
}

/* Calls visit for each name; returns how many there are. */
static unsigned each_name(int fd, void (*visit)(int fd, const char *name))
{
        DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct dirent *entry;
        unsigned count = 0;

        while ((entry = readdir(d))) {
                if (entry->d_name[0] == '.')
                        continue;
                count++;
                if (visit)
                        visit(fd, entry->d_name);
        }
        closedir(d);
        return count;
}

static void remove_name(int fd, const char *name)
{
        if (unlinkat(fd, name, 0) < 0)
                unlinkat(fd, name, AT_REMOVEDIR);
}

static int teardown(void **state)
{
        struct folder *f = *state;

        each_name(f->fd, remove_name);
        close(f->fd);
        rmdir(f->path);
        free(f);
        return 0;
}

/* Bit by bit, as the polynomial is defined. */
static uint32_t slow_crc(const unsigned char *p, size_t size)
{
        uint32_t crc = 0xffffffff;

        for (size_t i = 0; i < size; i++) {
                crc ^= p[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
        }
        return ~crc;
}

static void test_crc_of_any_size(void **state)
{
        unsigned char data[100];

        (void)state;
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (unsigned char)(i * 37 + 11);
        for (size_t from = 0; from < 9; from++)
                for (size_t size = 0; from + size <= sizeof(data); size++)
                        assert_int_equal(state_crc32c(data + from, size),
                                         slow_crc(data + from, size));
}

static void test_crc(void **state)
{
        static const struct {
                const char *text;
                uint32_t crc;
        } cases[] = {
                { "", 0 },
                { "123456789", 0xe3069283 },
                { "a", 0xc1d04330 },
        };
        unsigned char zeros[32] = { 0 }, ones[32];

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                assert_int_equal(state_crc32c(cases[i].text, strlen(cases[i].text)), cases[i].crc);
        /* RFC 3720, B.4 */
        assert_int_equal(state_crc32c(zeros, 32), 0x8a9136aa);
        memset(ones, 0xff, 32);
        assert_int_equal(state_crc32c(ones, 32), 0x62a8ab43);
}

static void test_round_trip(void **state)
{
        unsigned char data[STATE_HEAD_SIZE + sizeof(PAYLOAD)];
        struct state_head head;
        const void *payload;
        size_t size;

        (void)state;
        state_encode(&HEAD, PAYLOAD, sizeof(PAYLOAD), data);
        assert_int_equal(
                state_decode(data, sizeof(data), "alerts", HEAD.machine_id, &head, &payload, &size),
                STATE_GOOD);
        assert_int_equal(size, sizeof(PAYLOAD));
        assert_string_equal(payload, PAYLOAD);
        assert_string_equal(head.kind, "alerts");
        assert_int_equal(head.version, 7);
        assert_string_equal(head.boot_id, HEAD.boot_id);
        assert_string_equal(head.machine_id, HEAD.machine_id);
        assert_true(head.time == HEAD.time);
        /* The format is the same on every machine. */
        assert_memory_equal(data + 8, "\x01\0\0\0\x07\0\0\0alerts", 14);
        assert_int_equal(data[120], sizeof(PAYLOAD));
}

/* Any wrong byte anywhere, and any wrong length, is found. */
static void test_damage(void **state)
{
        unsigned char data[STATE_HEAD_SIZE + sizeof(PAYLOAD)], bad[sizeof(data) + 1];
        struct state_head head;
        const void *payload;
        size_t size;

        (void)state;
        state_encode(&HEAD, PAYLOAD, sizeof(PAYLOAD), data);
        for (size_t at = 0; at < sizeof(data); at++)
                for (int bit = 0; bit < 8; bit++) {
                        enum state_fault fault;

                        memcpy(bad, data, sizeof(data));
                        bad[at] ^= (unsigned char)(1 << bit);
                        fault = state_decode(bad, sizeof(data), "alerts", NULL, &head, &payload,
                                             &size);
                        assert_int_equal(fault, at < 8                 ? STATE_FOREIGN
                                                : at < 12              ? STATE_OTHER_FORMAT
                                                : at < STATE_HEAD_SIZE ? STATE_HEAD_DAMAGED
                                                                       : STATE_DAMAGED);
                }
        for (size_t length = 0; length < sizeof(data); length++)
                assert_int_equal(state_decode(data, length, "alerts", NULL, &head, &payload, &size),
                                 length < 8 ? STATE_FOREIGN : STATE_OTHER_LENGTH);
        memcpy(bad, data, sizeof(data));
        bad[sizeof(data)] = 0;
        assert_int_equal(state_decode(bad, sizeof(bad), "alerts", NULL, &head, &payload, &size),
                         STATE_OTHER_LENGTH);
        assert_int_equal(state_decode(data, sizeof(data), "alert", NULL, &head, &payload, &size),
                         STATE_OTHER_KIND);
}

static void test_machine(void **state)
{
        static const struct {
                const char *stored, *asked;
                enum state_fault expected;
        } cases[] = {
                { "aaaa", "aaaa", STATE_GOOD }, { "aaaa", "bbbb", STATE_OTHER_MACHINE },
                { "aaaa", "", STATE_GOOD },     { "aaaa", NULL, STATE_GOOD },
                { "", "bbbb", STATE_GOOD },     { "", "", STATE_GOOD },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct state_head head = HEAD, read;
                char data[STATE_HEAD_SIZE];
                const void *payload;
                size_t size;

                snprintf(head.machine_id, sizeof(head.machine_id), "%s", cases[i].stored);
                state_encode(&head, NULL, 0, data);
                assert_int_equal(state_decode(data, sizeof(data), "alerts", cases[i].asked, &read,
                                              &payload, &size),
                                 cases[i].expected);
        }
        for (int i = 0; i < STATE_FAULT_COUNT; i++)
                assert_non_null(state_fault_text((enum state_fault)i));
}

static void test_file(void **state)
{
        struct folder *f = *state;
        struct state_loaded l;
        struct stat st;

        assert_int_equal(state_file_load(f->fd, "s", "alerts", NULL, 100, 5, &l), 0);
        assert_int_equal(l.fault, STATE_GOOD);
        assert_null(l.payload);

        assert_int_equal(state_file_write(f->fd, "s", &HEAD, PAYLOAD, sizeof(PAYLOAD)), 0);
        assert_int_equal(fstatat(f->fd, "s", &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(each_name(f->fd, NULL), 1);
        assert_int_equal(state_file_load(f->fd, "s", "alerts", HEAD.machine_id, 100, 5, &l), 1);
        assert_int_equal(l.size, sizeof(PAYLOAD));
        assert_string_equal(l.payload, PAYLOAD);
        assert_string_equal(l.head.boot_id, HEAD.boot_id);
        state_loaded_done(&l);

        /* An empty payload is one too. */
        assert_int_equal(state_file_write(f->fd, "s", &HEAD, NULL, 0), 0);
        assert_int_equal(state_file_load(f->fd, "s", "alerts", NULL, 0, 5, &l), 1);
        assert_int_equal(l.size, 0);
        assert_non_null(l.payload);
        state_loaded_done(&l);
}

static void put_file(int fd, const char *name, const void *data, size_t size)
{
        assert_int_equal(file_write_atomic(fd, fd, name, data, size, 0600), 0);
}

static void test_set_aside(void **state)
{
        struct folder *f = *state;
        struct state_loaded l;
        char *text;
        size_t size;

        /* Six bad ones: the three newest stay, by number and not by name. */
        for (int i = 0; i < 6; i++) {
                char content[16];

                snprintf(content, sizeof(content), "bad %d", i);
                put_file(f->fd, "s", content, strlen(content));
                assert_int_equal(
                        state_file_load(f->fd, "s", "alerts", NULL, 100, i < 3 ? 9 : 100 + i, &l),
                        0);
                assert_int_equal(l.fault, STATE_FOREIGN);
                assert_null(l.payload);
                state_loaded_done(&l);
        }
        assert_int_equal(each_name(f->fd, NULL), 3);
        assert_string_equal(l.aside, "");
        assert_int_equal(file_read(f->fd, "s.bad-105", 100, &text, &size), 0);
        assert_string_equal(text, "bad 5");
        free(text);
        assert_int_equal(faccessat(f->fd, "s.bad-103", F_OK, 0), 0);

        /* Names that only look alike stay. */
        put_file(f->fd, "s.bad-x", "", 0);
        put_file(f->fd, "s2.bad-1", "", 0);
        put_file(f->fd, "s", "bad", 3);
        assert_int_equal(state_file_load(f->fd, "s", "alerts", NULL, 100, -5, &l), 0);
        assert_int_equal(each_name(f->fd, NULL), 5);
        assert_string_equal(l.aside, "s.bad-0"); /* the oldest itself: gone again */
        assert_int_equal(faccessat(f->fd, "s.bad-0", F_OK, 0), -1);
}

static void test_faults_of_files(void **state)
{
        struct folder *f = *state;
        struct state_loaded l;
        char big[1000] = "";

        put_file(f->fd, "big", big, sizeof(big));
        assert_int_equal(state_file_load(f->fd, "big", "alerts", NULL, 100, 1, &l), 0);
        assert_int_equal(l.fault, STATE_TOO_LARGE);
        assert_string_equal(l.aside, "big.bad-1");

        assert_int_equal(mkdirat(f->fd, "folder", 0700), 0);
        assert_int_equal(state_file_load(f->fd, "folder", "alerts", NULL, 100, 1, &l), 0);
        assert_int_equal(l.fault, STATE_UNREADABLE);
        assert_string_equal(l.aside, "folder.bad-1");

        assert_int_equal(state_file_write(f->fd, "s", &HEAD, PAYLOAD, sizeof(PAYLOAD)), 0);
        assert_int_equal(state_file_load(f->fd, "s", "learned", NULL, 100, 1, &l), 0);
        assert_int_equal(l.fault, STATE_OTHER_KIND);
        assert_int_equal(state_file_write(-1, "s", &HEAD, PAYLOAD, sizeof(PAYLOAD)), -EBADF);
}

/* A bad file that cannot be moved is no reason to fail either. */
static void test_read_only(void **state)
{
        struct folder *f = *state;
        struct state_loaded l;
        char name[NAME_MAX + 1];

        (void)f;
        memset(name, 'n', NAME_MAX);
        name[NAME_MAX] = 0; /* NAME.bad-TIME would be too long */
        close(openat(f->fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        assert_int_equal(state_file_load(f->fd, name, "alerts", NULL, 100, 1, &l), 0);
        assert_int_equal(l.fault, STATE_FOREIGN);
        assert_string_equal(l.aside, "");
}

static void test_random(void **state)
{
        unsigned seed = (unsigned)time(NULL);

        (void)state;
        print_message("seed %u\n", seed);
        for (int round = 0; round < 2000; round++) {
                unsigned char data[400];
                struct state_head head;
                const void *payload;
                size_t size = (size_t)rand_r(&seed) % sizeof(data), got;

                for (size_t i = 0; i < sizeof(data); i++)
                        data[i] = (unsigned char)(rand_r(&seed) >> 7);
                memcpy(data, "KMWSTATE\x01\0\0\0", 12);
                assert_int_not_equal(
                        state_decode(data, size, "alerts", NULL, &head, &payload, &got),
                        STATE_GOOD);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_crc),
                cmocka_unit_test(test_crc_of_any_size),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_machine),
                cmocka_unit_test_setup_teardown(test_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_set_aside, setup, teardown),
                cmocka_unit_test_setup_teardown(test_faults_of_files, setup, teardown),
                cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
