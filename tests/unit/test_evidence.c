/* SPDX-License-Identifier: MIT */
/* view/evidence: nothing secret gets in, and the archives stay bounded. */
#include "view/evidence.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../test.h"
#include "base/macros.h"

static void test_hidden(void **state)
{
        (void)state;
        static const struct {
                size_t (*hide)(char *, size_t);
                const char *text, *shown;
        } cases[] = {
                { evidence_hide_addresses,
                  "0xffffa0b1c2d3e4f5-0xffffa0b1c2d3f4f5 8192 f+0x3a/0x120",
                  "0x(address)-0x(address) 8192 f+0x3a/0x120" },
                { evidence_hide_addresses, "ext4 1 2 - Live 0xffffffffc0a1b000\n",
                  "ext4 1 2 - Live 0x(address)\n" },
                { evidence_hide_addresses, "0x", "0x" },
                { evidence_hide_addresses, "0x0123456789a", "0x0123456789a" },
                { evidence_hide_addresses, "0x0123456789ab", "0x(address)" },
                { evidence_hide_addresses, "", "" },
                { evidence_hide_secrets, "root=/dev/sda1 quiet", "root=/dev/sda1 quiet" },
                { evidence_hide_secrets, "a Rd.Luks.KEY=/keyfile-of-mine b\n",
                  "a Rd.Luks.KEY=(hidden) b\n" },
                { evidence_hide_secrets, "systemd.set_credential=db.password:hunter2 x",
                  "systemd.set_credential=(hidden) x" },
                { evidence_hide_secrets, "mytoken=ab  c", "mytoken=(h  c" },
                { evidence_hide_secrets, "password", "password" },
                { evidence_hide_secrets, "secret=", "secret=" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char *text = strdup(cases[i].text);
                size_t length = cases[i].hide(text, strlen(text));
                if (length != strlen(cases[i].shown) || memcmp(text, cases[i].shown, length) != 0)
                        fail_msg("%s: %.*s", cases[i].text, (int)length, text);
                free(text);
        }
}

static void test_rotated(void **state)
{
        (void)state;
        char folder[] = "/tmp/kmw-evidence-XXXXXX", name[64], command[64];
        assert_non_null(mkdtemp(folder));
        int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < 12; i++) {
                snprintf(name, sizeof(name), "2026-11-%02dT051456Z.tar.gz", 10 + i);
                int fd = openat(dirfd, name, O_WRONLY | O_CREAT, 0600);
                assert_true(fd >= 0);
                /* The newest but one alone is nearly all that there may be. */
                assert_int_equal(ftruncate(fd, i == 10 ? EVIDENCE_KEEP_BYTES - 20 : 10), 0);
                close(fd);
        }
        int other = openat(dirfd, "notes.txt", O_WRONLY | O_CREAT, 0600);
        close(other);
        assert_int_equal(evidence_rotate(dirfd), 0);
        assert_int_equal(faccessat(dirfd, "2026-11-21T051456Z.tar.gz", F_OK, 0), 0);
        assert_int_equal(faccessat(dirfd, "2026-11-20T051456Z.tar.gz", F_OK, 0), 0);
        assert_int_equal(faccessat(dirfd, "2026-11-19T051456Z.tar.gz", F_OK, 0), 0);
        assert_int_equal(faccessat(dirfd, "2026-11-18T051456Z.tar.gz", F_OK, 0), -1);
        assert_int_equal(faccessat(dirfd, "notes.txt", F_OK, 0), 0);
        close(dirfd);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        assert_int_equal(system(command), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hidden),
                cmocka_unit_test(test_rotated),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
