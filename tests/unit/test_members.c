/* SPDX-License-Identifier: MIT */
/* Members of families: their names, the table of them, and how they are read. */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include "../support.h"
#include "base/clock.h"
#include "base/procfs.h"
#include "base/text.h"
#include "sample/member_reader.h"

DEFINE_CLEANUP(struct member_reader, member_reader_free);

#define HASHES "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_patterns(void **state)
{
        (void)state;
        static const struct {
                const char *pattern;
                enum member_fault fault;
                const char *field;
        } cases[] = {
                { "slab:dentry", MEMBER_GOOD, NULL },
                { "slab:*", MEMBER_GOOD, NULL },
                { "slab:", MEMBER_NO_NAME, NULL },
                { "cgroup:*/slab", MEMBER_GOOD, "slab" },
                { "cgroup:/a/*/kernel_stack", MEMBER_GOOD, "kernel_stack" },
                { "cgroup:/slab", MEMBER_GOOD, "slab" }, /* of the root */
                { "cgroup:", MEMBER_NO_NAME, NULL },
                { "cgroup:/a/", MEMBER_NO_FIELD, NULL },
                { "cgroup:*", MEMBER_NO_FIELD, NULL },
                { "cgroup:system.slice/slab", MEMBER_NOT_A_PATH, NULL },
                { "cgroup:~1a2b3c4d~x/slab", MEMBER_NOT_A_PATH, NULL },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const char *field;
                assert_int_equal(member_pattern_check(cases[i].pattern, &field), cases[i].fault);
                assert_true(!field == !cases[i].field);
                if (field)
                        assert_string_equal(field, cases[i].field);
        }
        assert_int_equal(family_of("slab:x"), FAMILY_SLAB);
        assert_int_equal(family_of("slabs:x"), -1);
        assert_int_equal(family_of("Slab"), -1);
}

static void test_names(void **state)
{
        (void)state;
        static const struct {
                const char *own, *name, *short_name;
        } cases[] = {
                { "/a.slice/b.service", "cgroup:/a.slice/b.service/slab",
                  "cgroup:/a.slice/b.service/slab" },
                /* what a trace cannot hold has a hash of what it was */
                { "/a,b", "cgroup:/a_b~", NULL },
                { "/a\"b", "cgroup:/a_b~", NULL },
                { "/a\nb", "cgroup:/a b~", NULL },
                { "/a\xff", "cgroup:/a\xef\xbf\xbd~", NULL },
                { "/system.slice/docker-" HASHES ".scope",
                  "cgroup:/system.slice/docker-" HASHES ".scope/slab", "cgroup:~" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char name[MEMBER_NAME_MAX + 1], short_name[FIELD_NAME_MAX + 1];
                (void)member_name(FAMILY_CGROUP, cases[i].own, "slab", name);
                (void)member_short_name(name, short_name);
                if (strncmp(name, cases[i].name, strlen(cases[i].name)) != 0)
                        fail_msg("%s", name);
                if (cases[i].short_name &&
                    strncmp(short_name, cases[i].short_name, strlen(cases[i].short_name)) != 0)
                        fail_msg("%s", short_name);
                assert_true(has_suffix(name, "/slab") && has_suffix(short_name, "/slab"));
                assert_true(utf8_valid(name) && utf8_valid(short_name));
        }
        /* Two that differ far behind only, and two that differ in what is changed. */
        char a[MEMBER_NAME_MAX + 1], b[MEMBER_NAME_MAX + 1], long_path[2000];
        char x[FIELD_NAME_MAX + 1], y[FIELD_NAME_MAX + 1];
        memset(long_path, 'p', sizeof(long_path));
        long_path[0] = '/';
        long_path[sizeof(long_path) - 1] = '\0';
        (void)member_name(FAMILY_CGROUP, long_path, "slab", a);
        long_path[1500] = 'q';
        (void)member_name(FAMILY_CGROUP, long_path, "slab", b);
        assert_string_not_equal(a, b);
        assert_true(strlen(a) <= MEMBER_NAME_MAX && has_suffix(a, "/slab"));
        assert_string_not_equal(member_short_name(a, x), member_short_name(b, y));
        (void)member_name(FAMILY_CGROUP, "/a,b", "slab", a);
        (void)member_name(FAMILY_CGROUP, "/a\"b", "slab", b);
        assert_string_not_equal(a, b);
        assert_true(member_key("slab:a") != member_key("slab:b") && member_key("") != 0);
}

static void test_table(void **state)
{
        (void)state;
        struct members m;
        char name[64];
        assert_int_equal(members_init(&m), 0);
        members_begin(&m, FAMILY_SLAB);
        for (int i = 0; i < MEMBERS_MAX; i++) {
                snprintf(name, sizeof(name), "slab:c%d", i);
                assert_int_equal(members_put(&m, FAMILY_SLAB, name, i, false), i);
        }
        assert_int_equal(members_put(&m, FAMILY_SLAB, "slab:more", 1, false), -ENOSPC);
        assert_int_equal(members_put(&m, FAMILY_SLAB, "slab:c7", 1, false), -EEXIST);
        members_end(&m, FAMILY_SLAB, false);
        assert_false(m.known[FAMILY_SLAB]);
        uint64_t changes = m.changes;
        /* Every second one is gone; the others keep their rows. */
        members_begin(&m, FAMILY_SLAB);
        for (int i = 0; i < MEMBERS_MAX; i += 2) {
                snprintf(name, sizeof(name), "slab:c%d", i);
                assert_int_equal(members_put(&m, FAMILY_SLAB, name, 2 * i, false), i);
        }
        members_end(&m, FAMILY_SLAB, true);
        assert_true(m.known[FAMILY_SLAB] && m.changes > changes);
        assert_int_equal(members_find(&m, member_key("slab:c8")), 8);
        assert_int_equal(members_find(&m, member_key("slab:c9")), -1);
        assert_true(m.values[8] == 16 && isnan(m.values[9]));
        /* Another family leaves them alone, and takes what is free. */
        members_begin(&m, FAMILY_CGROUP);
        assert_int_equal(members_put(&m, FAMILY_CGROUP, "cgroup:/a/slab", 5, false), 1);
        members_end(&m, FAMILY_CGROUP, true);
        assert_int_equal(members_find(&m, member_key("slab:c8")), 8);
        members_fail(&m, FAMILY_SLAB);
        assert_true(isnan(m.values[8]) && m.values[1] == 5 && !m.known[FAMILY_SLAB]);
        assert_int_equal(members_find(&m, member_key("slab:c8")), 8);
        members_done(&m);
}

/* --- reading --- */

static double now;
static double clock_of_test(void)
{
        return now;
}

#define SLABINFO(dentries)                                                                    \
        "slabinfo - version: 2.1\n# name <active_objs> ...\n"                                 \
        "dentry 100 210 192 21 1 : tunables 0 0 0 : slabdata " #dentries " " #dentries " 0\n" \
        "kmalloc-64 5 64 64 64 1 : tunables 0 0 0 : slabdata 1 1 0\n"                         \
        "kmalloc-1k 5 32 1024 16 4 : tunables 0 0 0 : slabdata 3 3 0\n"
#define STAT(slab) "anon 4096\nkernel 999424\nslab_reclaimable 4096\nslab_unreclaimable " #slab "\n"

static void put_cgroup(struct folder *f, const char *path, const char *stat)
{
        char file[512];
        snprintf(file, sizeof(file), "root/sys/fs/cgroup%s/memory.stat", path);
        folder_put(f, file, stat);
}

static struct member_reader *reader_of(struct folder *f, struct procfs *p,
                                       const char *const *patterns, unsigned count)
{
        struct member_reader *r;
        _cleanup_free_ char *root = path_join(f->path, "root");
        assert_int_equal(procfs_init(p, root), 0);
        assert_int_equal(member_reader_new(p, clock_of_test, &r), 0);
        member_reader_want(r, patterns, count);
        return r;
}

static void read_all(struct member_reader *r)
{
        while (member_reader_due(r) <= now)
                (void)member_reader_step(r, now + 1);
}

static double value_of(const struct member_reader *r, const char *name)
{
        const struct members *m = member_reader_members(r);
        char short_name[FIELD_NAME_MAX + 1];
        int row = members_find(m, member_key(member_short_name(name, short_name)));
        return row < 0 ? -1 : m->values[row];
}

static void test_read_slab(void **state)
{
        struct folder *f = *state;
        struct procfs p;
        struct member_reading status;
        static const char *const all[] = { "slab:*" }, *const some[] = { "slab:kmalloc-*" };
        double page = (double)sysconf(_SC_PAGESIZE);
        folder_put(f, "root/proc/slabinfo", SLABINFO(10));
        _cleanup_(member_reader_freep) struct member_reader *r = reader_of(f, &p, all, 1);
        read_all(r);
        assert_true(value_of(r, "slab:dentry") == 10 * page);
        assert_true(value_of(r, "slab:kmalloc-1k") == 12 * page);
        member_reader_status(r, FAMILY_SLAB, &status);
        assert_true(status.members == 3 && status.error == 0 && !status.cut);
        assert_true(member_reader_due(r) == now + MEMBER_SLAB_SECONDS);
        folder_put(f, "root/proc/slabinfo", SLABINFO(20));
        now += MEMBER_SLAB_SECONDS;
        read_all(r);
        assert_true(value_of(r, "slab:dentry") == 20 * page);
        /* While all of it together rests it is not read, for a minute. */
        member_reader_hint(r, 1e9, 2e9);
        now += MEMBER_SLAB_SECONDS;
        read_all(r);
        double pauses = 0;
        for (int i = 0; i < 5; i++) {
                now += MEMBER_SLAB_SECONDS;
                member_reader_hint(r, 1e9 + 1000 * i, 2e9);
                pauses += member_reader_due(r) > now;
        }
        assert_true(pauses == 5);
        now += MEMBER_SLAB_SECONDS;
        member_reader_hint(r, 1e9, 2e9);
        assert_true(member_reader_due(r) <= now);
        read_all(r);
        now += MEMBER_SLAB_SECONDS;
        member_reader_hint(r, 1e9 + 1e6, 2e9);
        assert_true(member_reader_due(r) <= now);
        read_all(r);
        /* Nothing more than what is wanted. */
        member_reader_want(r, some, 1);
        read_all(r);
        assert_true(value_of(r, "slab:dentry") == -1 && value_of(r, "slab:kmalloc-64") == page);
        /* A file that cannot be read: nothing is known, and later it is tried again. */
        _cleanup_free_ char *file = path_join(f->path, "root/proc/slabinfo");
        assert_int_equal(unlink(file), 0);
        now += MEMBER_SLAB_SECONDS;
        read_all(r);
        member_reader_status(r, FAMILY_SLAB, &status);
        assert_int_equal(status.error, -ENOENT);
        assert_false(member_reader_members(r)->known[FAMILY_SLAB]);
        assert_true(isnan(value_of(r, "slab:kmalloc-64")));
        folder_put(f, "root/proc/slabinfo", SLABINFO(30));
        now += 60;
        read_all(r);
        assert_true(value_of(r, "slab:kmalloc-64") == page);
        member_reader_want(r, NULL, 0);
        assert_null(member_reader_members(r));
        assert_true(isinf(member_reader_due(r)));
        procfs_done(&p);
}

static void test_read_cgroups(void **state)
{
        struct folder *f = *state;
        struct procfs p;
        static const char *const patterns[] = { "cgroup:*/slab", "cgroup:/a.slice/slab",
                                                "cgroup:/b.slice/*/kernel" };
        folder_put(f, "root/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        put_cgroup(f, "", STAT(900));
        put_cgroup(f, "/a.slice", STAT(40960));
        put_cgroup(f, "/a.slice/one.service", STAT(8192));
        put_cgroup(f, "/b.slice", STAT(900));
        put_cgroup(f, "/b.slice/two.service", STAT(12288));
        /* Its own children are not counted: it is the innermost that is. */
        put_cgroup(f, "/b.slice/three.service", STAT(12288));
        folder_put(f, "root/sys/fs/cgroup/b.slice/three.service/init/cgroup.procs", "1\n");
        _cleanup_(member_reader_freep) struct member_reader *r = reader_of(f, &p, patterns, 3);
        read_all(r);
        assert_true(value_of(r, "cgroup:/a.slice/one.service/slab") == 12288);
        assert_true(value_of(r, "cgroup:/a.slice/slab") == 45056); /* by its name */
        assert_true(value_of(r, "cgroup:/b.slice/slab") == -1);
        assert_true(value_of(r, "cgroup:/slab") == -1);
        assert_true(value_of(r, "cgroup:/b.slice/two.service/slab") == 16384);
        assert_true(value_of(r, "cgroup:/b.slice/two.service/kernel") == 999424);
        assert_true(value_of(r, "cgroup:/a.slice/one.service/kernel") == -1);
        assert_true(value_of(r, "cgroup:/b.slice/three.service/slab") == 16384);
        const struct members *m = member_reader_members(r);
        assert_true(m->known[FAMILY_CGROUP]);
        procfs_done(&p);
}

/* More than there are rows, by thousands, others each time: the table does not grow, and says so.
 */
static void test_crowd(void **state)
{
        struct folder *f = *state;
        struct procfs p;
        struct member_reading status;
        static const char *const patterns[] = { "cgroup:*/slab" };
        char path[128];
        folder_put(f, "root/sys/fs/cgroup/cgroup.controllers", "memory\n");
        put_cgroup(f, "", STAT(900));
        for (int i = 0; i < MEMBERS_MAX + 100; i++) {
                snprintf(path, sizeof(path), "/run-%d.scope", i);
                put_cgroup(f, path, STAT(4096));
        }
        _cleanup_(member_reader_freep) struct member_reader *r = reader_of(f, &p, patterns, 1);
        read_all(r);
        member_reader_status(r, FAMILY_CGROUP, &status);
        assert_true(status.cut);
        assert_int_equal(status.members, MEMBERS_MAX);
        assert_int_equal(member_reader_members(r)->used, MEMBERS_MAX);
        procfs_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_patterns),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_table),
                cmocka_unit_test_setup_teardown(test_read_slab, folder_setup, folder_teardown),
                cmocka_unit_test_setup_teardown(test_read_cgroups, folder_setup, folder_teardown),
                cmocka_unit_test_setup_teardown(test_crowd, folder_setup, folder_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
