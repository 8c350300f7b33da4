/* SPDX-License-Identifier: MIT */
/* What comes out of each recorded machine in tests/roots, and of small ones made on the spot. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"
#include "base/files.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "sample/host.h"
#include "sample/sampler.h"

DEFINE_CLEANUP(struct sampler, sampler_free);

#define NONE (-1.0)

struct machine {
        const char *root;
        enum host_kind kind;
        const char *kind_name, *name, *kernel, *boot_id;
        unsigned online, possible, nodes, cgroups;
        bool lxcfs;
        double mem_total, sunreclaim, kreclaimable, vmalloc_used, kernel_stack, sec_page_tables,
                percpu; /* KiB, or NONE */
        double threads;
};

static const struct machine machines[] = {
        { "vm-6.18", HOST_VM, "", "vm", "6.18.44-fc-v657", NULL, 2, 2, 1, 15, false, 24684092, 0, 0,
          0, 0, 0, 0, 0 },
        { "nspawn-on-vm", HOST_CONTAINER, "nspawn", "guest", "6.18.44-fc-v657", NULL, 2, 2, 1, 15,
          false, 24684092, 0, 0, 0, 0, 0, 0, 0 },
        { "debian12-qemu", HOST_VM, "qemu", "debian12", "6.1.0-56-cloud-amd64", NULL, 1, 1, 1, 39,
          false, 480272, 11456, 13996, 11356, 1056, 0, 352, 66 },
        { "debian9-physical", HOST_PHYSICAL, "", "db-old", "4.9.0-19-amd64",
          "0d3f6c1e2b7a4c589e416a5f8d20b713", 16, 32, 1, 0, false, 32879408, 279216, NONE, NONE,
          11504, NONE, NONE, 712 },
        { "epyc-128", HOST_PHYSICAL, "", "compute-07.example.org", "6.8.0-60-generic",
          "a41b90c755e24d368f0a3c9d7e1b6420", 128, 256, 2, 212, false, 528058648, 3118208, 9214336,
          521344, 41248, 3820, 311296, 2450 },
        { "docker-on-vm", HOST_CONTAINER, "docker", "3f9c1d2ab4e7", "6.1.0-41-cloud-amd64",
          "5c8e17f290ab4d3ca1b67e2f40d9c835", 4, 4, 1, 143, false, 16384256, 301700, 801244, 78040,
          16352, 0, 24320, 1014 },
        { "lxc-lxcfs", HOST_CONTAINER, "lxc", "web1", "6.8.12-9-pve",
          "e2907b41cc0d4f6e9b3518d4a7f06c92", 2, 32, 1, 23, true, 2097152, 5392, 5240128, 302140,
          30112, 2960, 58880, 1877 },
};

static void check_value(const struct machine *m, const struct sample *s, enum field field,
                        double expected)
{
        double value = s->values[field];
        double scale = field_unit(field) == FIELD_BYTES ? 1024 : 1;

        if (expected == NONE ? !isnan(value) : value != expected * scale)
                fail_msg("%s: %s is %f", m->root, field_name(field), value / scale);
}

static void test_recorded_machines(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(machines); i++) {
                const struct machine *m = &machines[i];
                char root[128];
                struct procfs p;
                struct host_facts f;
                _cleanup_(sampler_freep) struct sampler *sampler = NULL;
                const struct sample *s;

                (void)snprintf(root, sizeof(root), "tests/roots/%s", m->root);
                if (procfs_init(&p, root) < 0)
                        fail_msg("%s is not there: tests run in the top folder", root);
                assert_false(p.live);
                assert_int_equal(host_facts_read(&p, &f), 0);

                if (f.kind != m->kind || strcmp(f.kind_name, m->kind_name) != 0)
                        fail_msg("%s: %s '%s'", m->root, host_kind_name(f.kind), f.kind_name);
                assert_string_equal(f.name, m->name);
                assert_string_equal(f.kernel, m->kernel);
                if (m->boot_id)
                        assert_string_equal(f.boot_id, m->boot_id);
                assert_int_equal(strlen(f.boot_id), 32);
                assert_string_equal(f.machine_id, "");
                if (f.cpus_online != m->online || f.cpus_possible != m->possible ||
                    f.numa_nodes != m->nodes || f.cgroups != m->cgroups)
                        fail_msg("%s: %u of %u CPUs, %u nodes, %u cgroups", m->root, f.cpus_online,
                                 f.cpus_possible, f.numa_nodes, f.cgroups);
                assert_true(f.mem_total == m->mem_total * 1024);
                assert_true(f.stack_size == 16384);
                assert_true(f.page_size >= 4096);
                assert_int_equal(f.meminfo_is_lxcfs, m->lxcfs);

                assert_int_equal(sampler_new(&p, &sampler), 0);
                assert_int_equal(sampler_take(sampler, 1763600000, &s), 0);
                assert_int_equal(s->count, FIELD_KNOWN_COUNT);
                assert_int_equal(s->kind, m->kind);
                assert_true(s->time == 1763600000);
                check_value(m, s, FIELD_MEM_TOTAL, m->mem_total);
                check_value(m, s, FIELD_CPUS, m->online);
                check_value(m, s, FIELD_POSSIBLE_CPUS, m->possible);
                check_value(m, s, FIELD_CGROUPS, m->cgroups);
                check_value(m, s, FIELD_STACK_SIZE, 16);
                if (m->threads > 0) {
                        check_value(m, s, FIELD_SUNRECLAIM, m->sunreclaim);
                        check_value(m, s, FIELD_KRECLAIMABLE, m->kreclaimable);
                        check_value(m, s, FIELD_VMALLOC_USED, m->vmalloc_used);
                        check_value(m, s, FIELD_KERNEL_STACK, m->kernel_stack);
                        check_value(m, s, FIELD_SEC_PAGE_TABLES, m->sec_page_tables);
                        check_value(m, s, FIELD_PERCPU, m->percpu);
                        check_value(m, s, FIELD_THREADS, m->threads);
                }
                procfs_done(&p);
        }
}

static void test_this_machine(void **state)
{
        (void)state;
        struct procfs p;
        struct host_facts f;
        struct sampler *sampler;
        const struct sample *s;

        assert_int_equal(procfs_init(&p, NULL), 0);
        assert_true(p.live);
        assert_int_equal(host_facts_read(&p, &f), 0);
        assert_true(f.cpus_online >= 1 && f.cpus_possible >= f.cpus_online);
        assert_true(f.cpus_online == (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
        assert_true(f.numa_nodes >= 1 && f.mem_total > 0);
        assert_int_equal(strlen(f.boot_id), 32);
        assert_true(strlen(f.kernel) > 0);

        /* The id itself must not come out. */
        char id[64];
        if (procfs_read(&p, "/etc/machine-id", id, sizeof(id)) == 32) {
                assert_int_equal(strlen(f.machine_id), 32);
                assert_string_not_equal(f.machine_id, id);
        }

        assert_int_equal(sampler_new(&p, &sampler), 0);
        assert_int_equal(sampler_take(sampler, 1, &s), 0);
        assert_true(s->values[FIELD_SLAB] > 0 && s->values[FIELD_THREADS] > 0);
        assert_true(s->values[FIELD_MEM_TOTAL] == sampler_host(sampler)->mem_total);

        /* A given name is still there after the facts are read again. */
        sampler_set_host_name(sampler, "node-7");
        assert_int_equal(sampler_take(sampler, 1000, &s), 0);
        assert_string_equal(sampler_host(sampler)->name, "node-7");
        sampler_free(sampler);
        procfs_done(&p);
}

/* A root of our own in a temporary folder. */
struct root {
        char path[64];
        struct procfs p;
};

static void put(const struct root *r, const char *file, const char *text)
{
        _cleanup_free_ char *path = path_join(r->path, file);
        _cleanup_free_ char *folder = strdup(path);

        *strrchr(folder, '/') = '\0';
        assert_int_equal(make_directory(folder, 0755), 0);
        (void)unlink(path);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, text, strlen(text)), 0);
}

static void take_away(const struct root *r, const char *file)
{
        _cleanup_free_ char *path = path_join(r->path, file);

        assert_int_equal(unlink(path), 0);
}

#define MEMINFO(total, vmalloc) \
        "MemTotal: " total " kB\nSlab: 7 kB\nVmallocUsed: " vmalloc " kB\nKernelStack: 1600 kB\n"

static void root_init(struct root *r)
{
        strcpy(r->path, "/tmp/kmemwatch-test-XXXXXX");
        assert_non_null(mkdtemp(r->path));
        assert_int_equal(procfs_init(&r->p, r->path), 0);
        put(r, "proc/meminfo", MEMINFO("1000", "5"));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void root_done(struct root *r)
{
        procfs_done(&r->p);
        assert_int_equal(nftw(r->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define FLAGS(more) "processor\t: 0\nflags\t\t: fpu vme" more " lahf_lm\n"

static void test_kinds(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                struct {
                        const char *path, *text;
                } files[5];
                enum host_kind kind;
                const char *kind_name;
        } cases[] = {
                { "nothing known", { { 0 } }, HOST_PHYSICAL, "" },
                { "left-over marker", { { ".dockerenv", "" } }, HOST_PHYSICAL, "" },
                { "left-over marker with the first namespace",
                  { { ".dockerenv", "" }, { "proc/self/ns/pid", "pid:[4026531836]\n" } },
                  HOST_PHYSICAL,
                  "" },
                { "container without a name",
                  { { "proc/self/ns/pid", "pid:[4026532281]\n" } },
                  HOST_CONTAINER,
                  "" },
                { "podman",
                  { { "proc/self/ns/pid", "pid:[4026532281]" }, { "run/.containerenv", "" } },
                  HOST_CONTAINER,
                  "podman" },
                { "the manager's word before markers",
                  { { "proc/self/ns/pid", "pid:[4026532281]" },
                    { "run/systemd/container", "lxc\n" },
                    { ".dockerenv", "" } },
                  HOST_CONTAINER,
                  "lxc" },
                { "nspawn",
                  { { "proc/self/ns/pid", "pid:[1]" },
                    { "run/host/container-manager", "systemd-nspawn\n" } },
                  HOST_CONTAINER,
                  "nspawn" },
                { "a name from a hostile container",
                  { { "proc/self/ns/pid", "pid:[1]" },
                    { "run/host/container-manager", "Ab-1\x1b[31m" } },
                  HOST_CONTAINER,
                  "ab-1" },
                { "a name that is too long",
                  { { "proc/self/ns/pid", "pid:[1]" },
                    { "run/host/container-manager",
                      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" } },
                  HOST_CONTAINER,
                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
                { "not a namespace", { { "proc/self/ns/pid", "nonsense" } }, HOST_PHYSICAL, "" },
                { "the host watched from a container",
                  { { "proc/1/ns/pid", "pid:[4026531836]" },
                    { "proc/self/ns/pid", "pid:[4026532281]" } },
                  HOST_PHYSICAL,
                  "" },
                { "physical by CPU", { { "proc/cpuinfo", FLAGS("") } }, HOST_PHYSICAL, "" },
                { "VM by CPU", { { "proc/cpuinfo", FLAGS(" hypervisor") } }, HOST_VM, "" },
                { "VM by firmware",
                  { { "sys/class/dmi/id/sys_vendor", "QEMU\n" } },
                  HOST_VM,
                  "qemu" },
                { "Hyper-V",
                  { { "sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n" },
                    { "sys/class/dmi/id/product_name", "Virtual Machine\n" } },
                  HOST_VM,
                  "microsoft" },
                { "a laptop of the same vendor",
                  { { "sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n" },
                    { "sys/class/dmi/id/product_name", "Surface Laptop 4\n" } },
                  HOST_PHYSICAL,
                  "" },
                { "EC2",
                  { { "sys/class/dmi/id/sys_vendor", "Amazon EC2\n" },
                    { "sys/class/dmi/id/product_name", "m5.large\n" },
                    { "proc/cpuinfo", FLAGS(" hypervisor") } },
                  HOST_VM,
                  "amazon" },
                { "EC2 on arm64",
                  { { "sys/class/dmi/id/sys_vendor", "Amazon EC2\n" },
                    { "sys/class/dmi/id/product_name", "m6g.large\n" },
                    { "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n" } },
                  HOST_VM,
                  "amazon" },
                { "EC2 metal",
                  { { "sys/class/dmi/id/sys_vendor", "Amazon EC2\n" },
                    { "sys/class/dmi/id/product_name", "m5.metal\n" },
                    { "proc/cpuinfo", FLAGS("") } },
                  HOST_PHYSICAL,
                  "" },
                { "EC2 metal on arm64",
                  { { "sys/class/dmi/id/sys_vendor", "Amazon EC2\n" },
                    { "sys/class/dmi/id/product_name", "c6g.metal\n" } },
                  HOST_PHYSICAL,
                  "" },
                { "metal of Google's",
                  { { "sys/class/dmi/id/product_name", "Google Compute Engine\n" },
                    { "proc/cpuinfo", FLAGS("") } },
                  HOST_PHYSICAL,
                  "" },
                { "Xen guest",
                  { { "sys/hypervisor/type", "xen\n" }, { "proc/cpuinfo", FLAGS(" hypervisor") } },
                  HOST_VM,
                  "xen" },
                { "Xen's control domain",
                  { { "sys/hypervisor/type", "xen\n" },
                    { "proc/cpuinfo", FLAGS(" hypervisor") },
                    { "proc/xen/capabilities", "control_d\n" } },
                  HOST_PHYSICAL,
                  "" },
                { "device tree",
                  { { "proc/device-tree/hypervisor/compatible", "linux,kvm" } },
                  HOST_VM,
                  "kvm" },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct root r;
                struct host_facts f;

                root_init(&r);
                for (size_t j = 0; j < ELEMENTS_OF(cases[i].files) && cases[i].files[j].path; j++)
                        put(&r, cases[i].files[j].path, cases[i].files[j].text);
                assert_int_equal(host_facts_read(&r.p, &f), 0);
                if (f.kind != cases[i].kind || strcmp(f.kind_name, cases[i].kind_name) != 0)
                        fail_msg("%s: %s '%s'", cases[i].name, host_kind_name(f.kind), f.kind_name);
                root_done(&r);
        }
}

static void test_namespace_as_link(void **state)
{
        (void)state;
        struct root r;
        struct host_facts f;
        char path[128];

        root_init(&r);
        put(&r, "proc/self/ns/x", "");
        (void)snprintf(path, sizeof(path), "%s/proc/self/ns/pid", r.path);
        assert_int_equal(symlink("pid:[4026532281]", path), 0);
        assert_int_equal(host_facts_read(&r.p, &f), 0);
        assert_int_equal(f.kind, HOST_CONTAINER);
        root_done(&r);
}

static void test_fallbacks(void **state)
{
        (void)state;
        struct root r;
        struct host_facts f;

        root_init(&r);
        assert_int_equal(host_facts_read(&r.p, &f), 0);
        assert_string_equal(f.name, "");
        assert_string_equal(f.kernel, "");
        assert_string_equal(f.boot_id, "");
        assert_string_equal(f.machine_id, "");
        assert_int_equal(f.cpus_online, 1);
        assert_int_equal(f.cpus_possible, 1);
        assert_int_equal(f.numa_nodes, 1);
        assert_int_equal(f.cgroups, 0);
        assert_true(f.stack_size == 16384 && f.mem_total == 1024000);
        assert_false(f.meminfo_is_lxcfs);

        put(&r, "proc/stat", "cpu  1 2 3\ncpu0 1 2 3\ncpu3 1 2 3\ncpu7 1 2 3\nintr 5 cpu9\n");
        put(&r, "sys/fs/cgroup/cgroup.stat", "nr_descendants 20\nnr_dying_descendants 18\n");
        put(&r, "proc/sys/kernel/random/boot_id", "not an id");
        put(&r, "proc/sys/kernel/hostname", "na\xff\nme");
        host_facts_refresh(&r.p, 5, &f);
        assert_int_equal(f.cpus_online, 3);
        assert_int_equal(f.cgroups, 39);
        assert_true(f.mem_total == 5);
        assert_string_equal(f.name, "na\xef\xbf\xbd me");

        put(&r, "sys/devices/system/cpu/online", "0-7\n");
        put(&r, "sys/devices/system/cpu/possible", "0-3\n"); /* nonsense: fewer than online */
        put(&r, "sys/devices/system/node/has_cpu", "0-1\n");
        put(&r, "proc/cgroups", "#subsys_name\nmemory_x\t0\t9\t1\nmemory\t0\t77\t1\n");
        host_facts_refresh(&r.p, 5, &f);
        assert_int_equal(f.cpus_online, 8);
        assert_int_equal(f.cpus_possible, 8);
        assert_int_equal(f.numa_nodes, 2);
        assert_int_equal(f.cgroups, 77);

        take_away(&r, "proc/meminfo");
        assert_int_equal(host_facts_read(&r.p, &f), -ENOENT);
        put(&r, "proc/meminfo", "");
        assert_int_equal(host_facts_read(&r.p, &f), 0);
        assert_true(isnan(f.mem_total));
        root_done(&r);
}

static void test_stack_size(void **state)
{
        (void)state;
        static const struct {
                double kib, threads, expected; /* KiB */
        } cases[] = {
                { 1600, 100, 16 }, { 1599, 100, 16 },  { 1450, 100, 16 }, /* lagging counters */
                { 2000, 100, 16 }, { 2700, 100, 16 },                     /* leaking stacks */
                { 3200, 100, 32 }, { 800, 100, 8 },    { 400, 100, 4 },
                { 6400, 100, 64 }, { 11000, 100, 64 }, { 12800, 100, 16 }, /* beyond: no idea */
                { 100, 100, 16 },  { 0, 100, 16 },     { 1600, 0, 16 },
                { 0, 0, 16 },      { NAN, 100, 16 },   { 1600, NAN, 16 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double size = host_stack_size(cases[i].kib * 1024, cases[i].threads);
                if (size != cases[i].expected * 1024)
                        fail_msg("%f KiB / %f: %f", cases[i].kib, cases[i].threads, size / 1024);
        }
}

static void test_sampler_life(void **state)
{
        (void)state;
        struct root r;
        struct sampler *sampler;
        const struct sample *s;

        root_init(&r);
        put(&r, "proc/meminfo", MEMINFO("1000", "0"));
        put(&r, "proc/loadavg", "0.20 0.18 0.12 1/100 11206\n");
        put(&r, "sys/devices/system/cpu/online", "0-1");
        assert_int_equal(sampler_new(&r.p, &sampler), 0);

        /* VmallocUsed: absent until it is something else than 0, then a value, also 0. */
        assert_int_equal(sampler_take(sampler, 10.00049, &s), 0);
        assert_true(s->time == 10.0);
        assert_true(isnan(s->values[FIELD_VMALLOC_USED]) && isnan(s->values[FIELD_PERCPU]));
        assert_true(s->values[FIELD_CPUS] == 2 && s->values[FIELD_THREADS] == 100);
        put(&r, "proc/meminfo", MEMINFO("1000", "3"));
        assert_int_equal(sampler_take(sampler, 11.0006, &s), 0);
        assert_true(s->time == 11.001);
        assert_true(s->values[FIELD_VMALLOC_USED] == 3072);
        put(&r, "proc/meminfo", MEMINFO("1000", "0"));
        assert_int_equal(sampler_take(sampler, 12, &s), 0);
        assert_true(s->values[FIELD_VMALLOC_USED] == 0);

        /* What changes seldom is seen after a minute, ... */
        put(&r, "sys/devices/system/cpu/online", "0-3");
        assert_int_equal(sampler_take(sampler, 69.9, &s), 0);
        assert_true(s->values[FIELD_CPUS] == 2);
        assert_int_equal(sampler_take(sampler, 70.5, &s), 0);
        assert_true(s->values[FIELD_CPUS] == 4 && s->values[FIELD_POSSIBLE_CPUS] == 4);
        /* ... at once when the clock is set back or memory is added. */
        put(&r, "sys/devices/system/cpu/online", "0-4");
        assert_int_equal(sampler_take(sampler, 69, &s), 0);
        assert_true(s->values[FIELD_CPUS] == 5);
        put(&r, "sys/devices/system/cpu/online", "0-5");
        put(&r, "proc/meminfo", MEMINFO("2000", "0"));
        assert_int_equal(sampler_take(sampler, 70, &s), 0);
        assert_true(s->values[FIELD_CPUS] == 6);
        assert_true(sampler_host(sampler)->mem_total == 2048000);

        /* The stack size stays what it was at the start, however threads and stacks drift. */
        put(&r, "proc/loadavg", "0.20 0.18 0.12 1/50 11206\n");
        assert_int_equal(sampler_take(sampler, 300, &s), 0);
        assert_true(s->values[FIELD_STACK_SIZE] == 16384 && s->values[FIELD_THREADS] == 50);

        /* Files that go and come. */
        take_away(&r, "proc/loadavg");
        assert_int_equal(sampler_take(sampler, 301, &s), 0);
        assert_true(isnan(s->values[FIELD_THREADS]) && s->values[FIELD_SLAB] == 7168);
        put(&r, "proc/loadavg", "0.20 0.18 0.12 1/60 11206\n");
        assert_int_equal(sampler_take(sampler, 302, &s), 0);
        assert_true(s->values[FIELD_THREADS] == 60);

        take_away(&r, "proc/meminfo");
        assert_int_equal(sampler_take(sampler, 303, &s), -ENOENT);
        assert_int_equal(sampler_take(sampler, 304, &s), -ENOENT);
        put(&r, "proc/meminfo", "Slab: 7 kB\n");
        assert_int_equal(sampler_take(sampler, 305, &s), -EBADMSG);
        put(&r, "proc/meminfo", "");
        assert_int_equal(sampler_take(sampler, 306, &s), -EBADMSG);
        put(&r, "proc/meminfo", MEMINFO("2000", "1"));
        assert_int_equal(sampler_take(sampler, 307, &s), 0);
        assert_true(s->values[FIELD_VMALLOC_USED] == 1024);

        sampler_free(sampler);
        sampler_free(NULL);
        take_away(&r, "proc/meminfo");
        assert_int_equal(sampler_new(&r.p, &sampler), -ENOENT);
        root_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_recorded_machines),
                cmocka_unit_test(test_this_machine),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_namespace_as_link),
                cmocka_unit_test(test_fallbacks),
                cmocka_unit_test(test_stack_size),
                cmocka_unit_test(test_sampler_life),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
