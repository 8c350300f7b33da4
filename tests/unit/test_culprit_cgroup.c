/* SPDX-License-Identifier: MIT */
/* The texts of cgroups and processes, the counts of objects, and what a person calls a cgroup. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "culprit/counts.h"
#include "culprit/friendly.h"
#include "culprit/process_status.h"
#include "sample/cgroup_stat.h"

#define NONE (-1.0)

/* The text in memory of just its size, so that a sanitizer sees a read behind it. */
static char *exact(const char *text, size_t *ret_size)
{
        size_t size = strlen(text);
        char *copy = malloc(size ? size : 1);

        assert_non_null(copy);
        memcpy(copy, text, size);
        *ret_size = size;
        return copy;
}

static void assert_numbers(const char *name, const double *numbers, const double *expected,
                           size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (expected[i] == NONE ? !isnan(numbers[i]) : numbers[i] != expected[i])
                        fail_msg("%s, number %zu: %f", name, i, numbers[i]);
}

static void test_memory_stat(void **state)
{
        (void)state;
        static const struct {
                const char *name, *text;
                size_t found;
                /* kernel stack pagetables sec percpu vmalloc reclaimable unreclaimable sock */
                double expected[CGROUP_NUMBER_COUNT];
        } cases[] = {
                { "6.1",
                  "anon 6959104\nfile 26832896\nkernel 9797632\nkernel_stack 16384\n"
                  "pagetables 389120\nsec_pagetables 0\npercpu 234768\nsock 7\nvmalloc 299008\n"
                  "shmem 294912\nslab_reclaimable 7185312\nslab_unreclaimable 1423560\n"
                  "slab 8608872\nworkingset_refault_anon 0\n",
                  9,
                  { 9797632, 16384, 389120, 0, 234768, 299008, 7185312, 1423560, 7 } },
                { "4.19: no sum, few kinds",
                  "anon 1\nfile 2\nkernel_stack 1000\nslab 5000\nsock 9\nshmem 0\n"
                  "slab_reclaimable 4000\nslab_unreclaimable 1000\npgfault 5\n",
                  4,
                  { 6000, 1000, NONE, NONE, NONE, NONE, 4000, 1000, 9 } },
                { "cgroup v1",
                  "cache 9687040\nrss 13717504\nmapped_file 7667712\n",
                  0,
                  { NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE } },
                { "one counter below zero",
                  "kernel 18446744073709547520\npercpu 4096\n",
                  1,
                  { 4096, NONE, NONE, NONE, 4096, NONE, NONE, NONE, NONE } },
                { "keys inside of others",
                  "xkernel 1\nkernel_stackx 2\nkernel 3\n",
                  1,
                  { 3, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE } },
                { "no number",
                  "kernel \nkernel_stack x\npercpu 4096 kB\npagetables -5\n",
                  0,
                  { NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE } },
                { "no newline at the end",
                  "kernel 12",
                  1,
                  { 12, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE } },
                { "empty", "", 0, { NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE } },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double numbers[CGROUP_NUMBER_COUNT];
                size_t size;
                _cleanup_free_ char *text = exact(cases[i].text, &size);
                size_t found = cgroup_memory_stat_parse(text, size, numbers);

                if (found != cases[i].found)
                        fail_msg("%s: %zu found", cases[i].name, found);
                assert_numbers(cases[i].name, numbers, cases[i].expected, CGROUP_NUMBER_COUNT);
        }
}

static void test_kmem(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                double bytes;
        } cases[] = {
                { "282607616\n", 282607616 },
                { "0", 0 },
                { "", NONE },
                { "max\n", NONE },
                { "-1", NONE },
                { "99999999999999999999\n", NONE },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double bytes = NONE;
                size_t size;
                _cleanup_free_ char *text = exact(cases[i].text, &size);
                int r = cgroup_kmem_parse(text, size, &bytes);

                if (r != (cases[i].bytes == NONE ? -EBADMSG : 0) || bytes != cases[i].bytes)
                        fail_msg("'%s': %d, %f", cases[i].text, r, bytes);
        }
}

static void test_cgroup_stat(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                double descendants, dying;
        } cases[] = {
                { "nr_descendants 21\nnr_dying_descendants 22\n", 21, 22 },
                { "nr_descendants 21\nnr_subsys_memory 15\nnr_dying_descendants 22\n"
                  "nr_dying_subsys_memory 3\n",
                  15, 3 },
                { "nr_dying_descendants 22\n", NONE, 22 },
                { "", NONE, NONE },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct cgroup_counts counts;
                size_t size;
                _cleanup_free_ char *text = exact(cases[i].text, &size);
                cgroup_stat_parse(text, size, &counts);
                const double numbers[] = { counts.descendants, counts.dying };
                const double expected[] = { cases[i].descendants, cases[i].dying };

                assert_numbers(cases[i].text, numbers, expected, 2);
        }
}

static void test_status(void **state)
{
        (void)state;
        static const struct {
                const char *text, *name; /* NULL: refused */
                bool kernel;
                double threads, tables, descriptors;
        } cases[] = {
                { "Name:\tnginx\nFDSize:\t256\nKthread:\t0\nVmSize:\t  2928 kB\nVmPTE:\t      44 kB\n"
                  "Threads:\t17\n",
                  "nginx", false, 17, 45056, 256 },
                { "Name:\tkworker/u4:2-events_unbound\nFDSize:\t64\nKthread:\t1\nThreads:\t1\n",
                  "[kworker]", true, 1, 0, 0 },
                { "Name:\tkswapd0\nFDSize:\t64\nThreads:\t1\n", "[kswapd]", true, 1, 0, 0 },
                { "Name:\tnginx\nState:\tZ (zombie)\nFDSize:\t0\nThreads:\t1\n", "nginx", false, 1,
                  0, 0 },
                { "Name:\t7\nFDSize:\t64\nThreads:\t1\n", "[7]", true, 1, 0, 0 },
                { "Name:\ta b\\nc\nVmSize:\t1 kB\nFDSize:\t1\nThreads:\t2\n", "a b\\nc", false, 2,
                  0, 1 },
                { "Name:\t\xff\x01\nVmSize:\t1 kB\nThreads:\t2\n", "\xEF\xBF\xBD ", false, 2, 0,
                  0 },
                { "Name:\tx\nThreads:\t99999999999\n", NULL, false, 0, 0, 0 },
                { "Name:\tx\n", NULL, false, 0, 0, 0 },
                { "Threads:\t5\n", NULL, false, 0, 0, 0 },
                { "", NULL, false, 0, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct process p = { .threads = NONE };
                size_t size;
                _cleanup_free_ char *text = exact(cases[i].text, &size);
                int r = process_status_parse(text, size, &p);

                if (!cases[i].name) {
                        if (r != -EBADMSG || p.threads != NONE)
                                fail_msg("'%s': %d", cases[i].text, r);
                        continue;
                }
                if (r != 0 || strcmp(p.name, cases[i].name) != 0 || p.kernel != cases[i].kernel ||
                    p.threads != cases[i].threads || p.page_tables != cases[i].tables ||
                    p.descriptors != cases[i].descriptors)
                        fail_msg("'%s': %d '%s' %d %f %f %f", cases[i].text, r, p.name, p.kernel,
                                 p.threads, p.page_tables, p.descriptors);
        }
}

static void test_process_cgroup(void **state)
{
        (void)state;
        static const struct {
                const char *text, *path;
        } cases[] = {
                { "0::/system.slice/nginx.service\n", "/system.slice/nginx.service" },
                { "0::/\n", "/" },
                { "12:pids:/p\n9:name=systemd:/s\n4:memory:/m\n0::/u\n", "/m" },
                { "9:name=systemd:/s\n4:cpu,memory:/m\n", "/m" },
                { "9:name=systemd:/s\n4:memory:/\n0::/\n", "/s" },
                { "9:name=systemd:/s\n0::/u\n", "/u" },
                { "4:memorys:/m\n5:xmemory:/m\n", "/" },
                { "0::/a:b/c\n", "/a:b/c" },
                { "0::/no-newline", "/no-newline" },
                { "0:/x\n", "/" },
                { "garbage\n\n::\n", "/" },
                { "", "/" },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                size_t size, length;
                _cleanup_free_ char *text = exact(cases[i].text, &size);
                const char *path = process_cgroup_parse(text, size, &length);

                if (length != strlen(cases[i].path) || memcmp(path, cases[i].path, length) != 0)
                        fail_msg("'%s': %.*s", cases[i].text, (int)length, path);
        }
}

static void test_counts(void **state)
{
        (void)state;
        static const struct {
                enum count_file file;
                const char *text;
                enum count count;
                double expected;
        } cases[] = {
                { COUNT_FILE_NR, "613\t0\t2466177\n", COUNT_FILES, 613 },
                { COUNT_FILE_NR, "x\n", COUNT_FILES, NONE },
                { COUNT_DENTRY_STATE, "223827\t222209\t45\t0\t96556\t0\n", COUNT_DENTRIES, 223827 },
                { COUNT_DENTRY_STATE, "223827\t222209\t45\t0\t96556\t0\n", COUNT_NEGATIVE_DENTRIES,
                  96556 },
                { COUNT_DENTRY_STATE, "-5\t222209\t45\t0\t96556\t0\n", COUNT_DENTRIES, NONE },
                { COUNT_INODE_STATE, "126610\t0\t0\t0\t0\t0\t0\n", COUNT_INODES, 126610 },
                { COUNT_SOCKSTAT, "sockets: used 31\nTCP: inuse 1 orphan 0 tw 58 alloc 2 mem 201\n",
                  COUNT_SOCKETS, 31 },
                { COUNT_SOCKSTAT, "sockets: used 31\nTCP: inuse 1 orphan 0 tw 58 alloc 2 mem 201\n",
                  COUNT_TCP_PAGES, 201 },
                { COUNT_SOCKSTAT, "UDP: inuse 0 mem 12\nUDPLITE: inuse 0\nFRAG: inuse 0 memory 7\n",
                  COUNT_UDP_PAGES, 12 },
                { COUNT_SOCKSTAT, "TCP: inuse 1 mem\n", COUNT_TCP_PAGES, NONE },
                { COUNT_VMSTAT, "nr_free_pages 5\nnr_zspages 77\nnr_iommu_pages 3\n",
                  COUNT_COMPRESSED_PAGES, 77 },
                { COUNT_VMSTAT, "nr_zspages_x 77\n", COUNT_COMPRESSED_PAGES, NONE },
                { COUNT_CGROUP_STAT, "nr_descendants 21\nnr_dying_descendants 22\n",
                  COUNT_DYING_CGROUPS, 22 },
                { COUNT_LOADAVG, "0.20 0.18 0.12 1/80 11206\n", COUNT_THREADS, 80 },
                { COUNT_LOADAVG, "", COUNT_THREADS, NONE },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double counts[COUNT_COUNT];
                size_t size;
                _cleanup_free_ char *text = exact(cases[i].text, &size);

                for (size_t j = 0; j < COUNT_COUNT; j++)
                        counts[j] = NAN;
                counts_parse(cases[i].file, text, size, counts);
                assert_numbers(cases[i].text, &counts[cases[i].count], &cases[i].expected, 1);
        }
        for (int i = 0; i < COUNT_COUNT; i++)
                assert_true(strlen(count_name((enum count)i)) > 0);
}

#define ID "4f1c2a9b8c7d4f1c2a9b8c7d4f1c2a9b8c7d4f1c2a9b8c7d4f1c2a9b8c7d1234"
#define POD "1a2b3c4d_0000_1111_2222_333344445555"

static void test_friendly(void **state)
{
        (void)state;
        static const struct {
                const char *path, *text;
        } cases[] = {
                { "/", "the root cgroup" },
                { "", "the root cgroup" },
                /* Of another container, seen from inside of one. */
                { "/../../system.slice/cron.service", "a cgroup outside of this container" },
                { "/..", "a cgroup outside of this container" },
                { "/system.slice", "system.slice" },
                { "/system.slice/nginx.service", "nginx.service" },
                { "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service" },
                { "/system.slice/system-serial\\x2dgetty.slice", "system-serial-getty.slice" },
                { "/init.scope", "init.scope" },
                { "/user.slice/user-1000.slice", "user 1000" },
                { "/user.slice/user-1000.slice/session-3.scope", "session 3 of user 1000" },
                { "/user.slice/user-1000.slice/session-c1.scope", "session c1 of user 1000" },
                { "/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
                  "foo.service of user 1000" },
                { "/user.slice/user-1000.slice/user@1000.service/init.scope",
                  "init.scope of user 1000" },
                /* docker with either driver */
                { "/system.slice/docker-" ID ".scope", "docker container 4f1c2a9b8c7d" },
                { "/docker/" ID, "docker container 4f1c2a9b8c7d" },
                { "/system.slice/docker-" ID ".scope/system.slice/cron.service",
                  "cron.service in docker container 4f1c2a9b8c7d" },
                { "/system.slice/docker.service", "docker.service" },
                { "/system.slice/docker-cleanup.service", "docker-cleanup.service" },
                { "/system.slice/containerd.service", "containerd.service" },
                /* Kubernetes with either driver */
                { "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD
                  ".slice/cri-containerd-" ID ".scope",
                  "containerd container 4f1c2a9b8c7d of pod 1a2b3c4d-0000-1111-2222-333344445555" },
                { "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD ".slice",
                  "pod 1a2b3c4d-0000-1111-2222-333344445555" },
                { "/kubepods.slice/kubepods-pod" POD ".slice/crio-" ID ".scope",
                  "cri-o container 4f1c2a9b8c7d of pod 1a2b3c4d-0000-1111-2222-333344445555" },
                { "/kubepods/besteffort/pod1a2b3c4d-0000/" ID,
                  "container 4f1c2a9b8c7d of pod 1a2b3c4d-0000" },
                { "/system.slice/kubepods-burstable-pod" POD ".slice:cri-containerd:" ID,
                  "containerd container 4f1c2a9b8c7d" },
                { "/kubepods.slice", "kubepods.slice" },
                /* podman, nerdctl, LXC, nspawn, libvirt */
                { "/machine.slice/libpod-" ID ".scope", "podman container 4f1c2a9b8c7d" },
                { "/machine.slice/libpod-" ID ".scope/container", "podman container 4f1c2a9b8c7d" },
                { "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope" },
                { "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
                  "podman container 4f1c2a9b8c7d" },
                { "/system.slice/nerdctl-" ID ".scope", "containerd container 4f1c2a9b8c7d" },
                { "/lxc.payload.web1", "lxc container web1" },
                { "/lxc.payload/web1", "lxc container web1" },
                { "/lxc/web1/system.slice/nginx.service", "nginx.service in lxc container web1" },
                { "/lxc.monitor.web1", "lxc.monitor.web1" },
                { "/machine.slice/systemd-nspawn@db.service", "nspawn container db" },
                { "/machine.slice/systemd-nspawn@my\\x2ddb.service/payload/system.slice/pg.service",
                  "pg.service in nspawn container my-db" },
                { "/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2dvm.scope",
                  "virtual machine web-vm" },
                { "/machine.slice/machine-debian.scope", "machine debian" },
                /* nothing that is known */
                { "/process_api/99f0659deeb67b81", "99f0659deeb67b81" },
                { "/a//b/", "b" },
                { "…/tail/nginx.service", "nginx.service" },
                { "/x/\\x01\xff", " \xEF\xBF\xBD" },
                { "/x/\\xzz\\x", "\\xzz\\x" },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char text[FRIENDLY_MAX];

                if (strcmp(friendly_cgroup(cases[i].path, text), cases[i].text) != 0)
                        fail_msg("%s: '%s'", cases[i].path, text);
                assert_true(utf8_valid(text));
        }
        assert_true(friendly_is_slice("/system.slice"));
        assert_true(friendly_is_slice("/"));
        assert_false(friendly_is_slice("/system.slice/nginx.service"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_memory_stat),    cmocka_unit_test(test_kmem),
                cmocka_unit_test(test_cgroup_stat),    cmocka_unit_test(test_status),
                cmocka_unit_test(test_process_cgroup), cmocka_unit_test(test_counts),
                cmocka_unit_test(test_friendly),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
