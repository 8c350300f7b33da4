/* SPDX-License-Identifier: MIT */
/* The facts of the machine that the counters are judged against. */
#include "sample/host.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "sample/cpulist.h"
#include "sample/host_kind.h"
#include "sample/lines.h"
#include "sample/loadavg.h"
#include "sample/meminfo.h"

static_assert(sizeof((struct host_facts){ 0 }.kind_name) == HOST_KIND_NAME_MAX, "one size");

/* linux/magic.h has no name for FUSE: FUSE_SUPER_MAGIC in fs/fuse/inode.c. */
#define FUSE_MAGIC 0x65735546
#define PROC_MAGIC 0x9fa0

/* What the machine's id is hashed with, so that the id itself never leaves the machine
 * (machine-id(5)). Changing it makes every machine a new one to PagerDuty. */
#define APPLICATION_ID SD_ID128_MAKE(7c, 1f, 0e, 52, 9a, 4b, 4d, 0f, b6, 83, 2e, 91, d4, 58, c7, 36)

double host_stack_size(double kernel_stack, double threads)
{
        const double fallback = 16384; /* x86-64 and most others */
        double each = kernel_stack / threads;
        double size = 4096;

        /* The next power of two is taken only from 1.75 times the one below: stacks that leak a
         * little must not pass for stacks of twice the size, and counters lag by some 10 %. */
        if (!(each >= 0.875 * 4096 && each < 0.875 * 131072))
                return fallback;
        while (each >= 0.875 * 2 * size)
                size *= 2;
        return size;
}

static unsigned read_list(const struct procfs *p, const char *path)
{
        char text[4096]; /* one page: what sysfs hands out */
        unsigned count;

        if (procfs_read(p, path, text, sizeof(text)) <= 0 || cpulist_count(text, &count) < 0)
                return 0;
        return count;
}

/* The lines "cpu0", "cpu1" ... of /proc/stat: for a root that has no /sys. */
static unsigned count_stat_cpus(const struct procfs *p)
{
        struct lines lines;
        unsigned count = 0;
        const char *line;

        if (lines_init(&lines, p, "proc/stat") < 0)
                return 0;
        while ((line = lines_next(&lines)) && has_prefix(line, "cpu"))
                count += line[3] >= '0' && line[3] <= '9';
        lines_done(&lines);
        return count;
}

static void read_cpus(const struct procfs *p, struct host_facts *facts)
{
        unsigned online = read_list(p, "sys/devices/system/cpu/online");
        unsigned possible = read_list(p, "sys/devices/system/cpu/possible");

        if (online == 0)
                online = count_stat_cpus(p);
        facts->cpus_online = MAX_OF(online, 1u);
        facts->cpus_possible = MAX_OF(possible, facts->cpus_online);

        unsigned nodes = read_list(p, "sys/devices/system/node/online");
        if (nodes == 0)
                nodes = read_list(p, "sys/devices/system/node/has_cpu");
        facts->numa_nodes = MAX_OF(nodes, 1u);
}

/* "memory HIERARCHY COUNT ENABLED" in /proc/cgroups. The count is the machine's, also in a
 * container, and holds the dying ones, which cost Percpu as well. */
static bool cgroups_from_proc(const struct procfs *p, unsigned *ret)
{
        struct lines lines;
        unsigned count, enabled;
        bool found = false;
        const char *line;

        if (lines_init(&lines, p, "proc/cgroups") < 0)
                return false;
        while (!found && (line = lines_next(&lines)))
                found = sscanf(line, "memory %*9u %9u %9u", &count, &enabled) == 2;
        lines_done(&lines);
        if (found)
                *ret = enabled ? count : 0;
        return found;
}

/* Newer kernels leave controllers that only exist in version 2 out of /proc/cgroups. */
static unsigned cgroups_from_stat(const struct procfs *p)
{
        static const char *const files[] = {
                "sys/fs/cgroup/cgroup.stat", "sys/fs/cgroup/unified/cgroup.stat", /* hybrid */
        };
        unsigned any = 0, dying = 0, memory = 0, dying_memory = 0;

        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                struct lines lines;
                const char *line;
                bool exact = false;

                if (lines_init(&lines, p, files[i]) < 0)
                        continue;
                while ((line = lines_next(&lines))) {
                        (void)sscanf(line, "nr_descendants %9u", &any);
                        (void)sscanf(line, "nr_dying_descendants %9u", &dying);
                        exact |= sscanf(line, "nr_subsys_memory %9u", &memory) == 1;
                        (void)sscanf(line, "nr_dying_subsys_memory %9u", &dying_memory);
                }
                lines_done(&lines);
                return exact ? memory + dying_memory : any + dying + 1; /* and the root */
        }
        return 0;
}

void host_facts_refresh(const struct procfs *p, double mem_total, struct host_facts *facts)
{
        facts->mem_total = mem_total;
        read_cpus(p, facts);
        if (!cgroups_from_proc(p, &facts->cgroups))
                facts->cgroups = cgroups_from_stat(p);

        char name[256];
        if (procfs_read(p, "proc/sys/kernel/hostname", name, sizeof(name)) > 0)
                utf8_clean(name, facts->name, sizeof(facts->name));
}

/* The dashes of a UUID taken out; "" when it is none. */
static void read_boot_id(const struct procfs *p, char ret[33])
{
        char text[64];
        sd_id128_t id;

        ret[0] = '\0';
        if (procfs_read(p, "proc/sys/kernel/random/boot_id", text, sizeof(text)) > 0 &&
            sd_id128_from_string(text, &id) >= 0)
                sd_id128_to_string(id, ret);
}

/* libsystemd 252 hashes only the id of the machine it runs on; with --root there is none. */
static void read_machine_id(const struct procfs *p, char ret[33])
{
        sd_id128_t id;

        ret[0] = '\0';
        if (p->live && sd_id128_get_machine_app_specific(APPLICATION_ID, &id) >= 0)
                sd_id128_to_string(id, ret);
}

/* "ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE ..." (proc(5)) */
static bool mountinfo_has_lxcfs(const struct procfs *p)
{
        struct lines lines;
        bool found = false;
        char *line;

        if (lines_init(&lines, p, "proc/self/mountinfo") < 0)
                return false;
        while (!found && (line = lines_next(&lines))) {
                const char *type = strstr(line, " - ");
                char where[64];

                found = type && has_prefix(type + 3, "fuse") &&
                        sscanf(line, "%*s %*s %*s %*s %63s", where) == 1 &&
                        strcmp(where, "/proc/meminfo") == 0;
        }
        lines_done(&lines);
        return found;
}

/* The file system under the descriptor knows; only a recorded root needs its mount table. */
static bool meminfo_is_lxcfs(const struct procfs *p)
{
        _cleanup_close_ int fd = procfs_open(p, "proc/meminfo");
        struct statfs fs;

        if (fd >= 0 && fstatfs(fd, &fs) == 0) {
                if (fs.f_type == PROC_MAGIC)
                        return false;
                if (p->live)
                        return fs.f_type == FUSE_MAGIC;
        }
        return mountinfo_has_lxcfs(p);
}

int host_facts_read(const struct procfs *p, struct host_facts *ret)
{
        struct host_facts facts = { 0 };
        char text[MEMINFO_TEXT_MAX];
        double memory[FIELD_MEMINFO_COUNT], threads = SAMPLE_ABSENT;
        ssize_t n = procfs_read(p, "proc/meminfo", text, sizeof(text));

        if (n < 0)
                return (int)n;
        (void)meminfo_parse(text, (size_t)n, memory);

        n = procfs_read(p, "proc/loadavg", text, sizeof(text));
        if (n > 0)
                (void)loadavg_parse_threads(text, (size_t)n, &threads);

        host_kind_detect(p, &facts.kind, facts.kind_name);
        if (procfs_read(p, "proc/sys/kernel/osrelease", text, sizeof(text)) > 0)
                utf8_clean(text, facts.kernel, sizeof(facts.kernel));
        read_boot_id(p, facts.boot_id);
        read_machine_id(p, facts.machine_id);
        facts.page_size = (double)sysconf(_SC_PAGESIZE);
        facts.stack_size = host_stack_size(memory[FIELD_KERNEL_STACK], threads);
        facts.meminfo_is_lxcfs = meminfo_is_lxcfs(p);
        host_facts_refresh(p, memory[FIELD_MEM_TOTAL], &facts);

        *ret = facts;
        return 0;
}
