/* SPDX-License-Identifier: MIT */
/* Numbers of a handful of small files that say how many objects of a kind there are. */
#include "culprit/counts.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "sample/cgroup_stat.h"
#include "sample/loadavg.h"
#include "sample/scan.h"

#define COUNT_LIMIT (UINT64_C(1) << 48)

const char *count_name(enum count count)
{
        static const char *const names[] = {
                [COUNT_THREADS] = "threads",
                [COUNT_FILES] = "open files",
                [COUNT_DENTRIES] = "directory entries",
                [COUNT_NEGATIVE_DENTRIES] = "entries of names that do not exist",
                [COUNT_INODES] = "inodes",
                [COUNT_SOCKETS] = "sockets",
                [COUNT_TCP_PAGES] = "pages of TCP buffers",
                [COUNT_UDP_PAGES] = "pages of UDP buffers",
                [COUNT_CGROUPS] = "control groups",
                [COUNT_DYING_CGROUPS] = "dying control groups",
                [COUNT_NET_NAMESPACES] = "network namespaces",
                [COUNT_MOUNTS] = "mounts",
                [COUNT_COMPRESSED_PAGES] = "pages of compressed memory",
                [COUNT_IOMMU_PAGES] = "pages of IOMMU tables",
                [COUNT_BALLOON_PAGES] = "pages given back to the hypervisor",
        };
        static_assert(ELEMENTS_OF(names) == COUNT_COUNT, "a name for each");

        return names[count];
}

/* The n-th number (from 0) of a line of numbers, NaN without it. */
static double nth(const char *line, unsigned n)
{
        uint64_t value;

        do
                if (!scan_number(&line, COUNT_LIMIT, &value))
                        return NAN;
        while (n-- > 0);
        return (double)value;
}

/* "sockets: used 31", "TCP: inuse 1 orphan 0 tw 58 alloc 2 mem 201" */
static void parse_sockstat(const char *line, double *counts)
{
        uint64_t value;

        if (scan_word(&line, "sockets:")) {
                if (scan_word(&line, "used") && scan_number(&line, COUNT_LIMIT, &value))
                        counts[COUNT_SOCKETS] = (double)value;
                return;
        }
        bool tcp = scan_word(&line, "TCP:");
        if (!tcp && !scan_word(&line, "UDP:"))
                return;
        const char *memory = strstr(line, " mem ");
        if (memory && (memory += strlen(" mem"), scan_number(&memory, COUNT_LIMIT, &value)))
                counts[tcp ? COUNT_TCP_PAGES : COUNT_UDP_PAGES] = (double)value;
}

static void parse_vmstat(const char *line, double *counts)
{
        static const struct {
                const char *key;
                enum count count;
        } keys[] = {
                { "nr_zspages", COUNT_COMPRESSED_PAGES },
                { "nr_iommu_pages", COUNT_IOMMU_PAGES },
                { "nr_balloon_pages", COUNT_BALLOON_PAGES },
        };
        uint64_t value;

        if (!has_prefix(line, "nr_"))
                return;
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                if (scan_word(&line, keys[i].key)) {
                        if (scan_number(&line, COUNT_LIMIT, &value))
                                counts[keys[i].count] = (double)value;
                        return;
                }
}

static void parse_line(enum count_file file, const char *line, double *counts)
{
        switch (file) {
        case COUNT_FILE_NR:
                counts[COUNT_FILES] = nth(line, 0);
                break;
        case COUNT_DENTRY_STATE:
                counts[COUNT_DENTRIES] = nth(line, 0);
                counts[COUNT_NEGATIVE_DENTRIES] = nth(line, 4);
                break;
        case COUNT_INODE_STATE:
                counts[COUNT_INODES] = nth(line, 0);
                break;
        case COUNT_SOCKSTAT:
                parse_sockstat(line, counts);
                break;
        case COUNT_VMSTAT:
                parse_vmstat(line, counts);
                break;
        case COUNT_CGROUP_STAT:
        case COUNT_LOADAVG:
        case COUNT_FILE_COUNT:
                break;
        }
}

void counts_parse(enum count_file file, const char *text, size_t size, double counts[COUNT_COUNT])
{
        char line[256]; /* the longest, dentry-state, has 130 bytes at most */

        if (file == COUNT_CGROUP_STAT) {
                struct cgroup_counts cgroups;

                cgroup_stat_parse(text, size, &cgroups);
                counts[COUNT_CGROUPS] = cgroups.descendants;
                counts[COUNT_DYING_CGROUPS] = cgroups.dying;
                return;
        }
        if (file == COUNT_LOADAVG) {
                (void)loadavg_parse_threads(text, size, &counts[COUNT_THREADS]);
                return;
        }
        for (const char *at = text, *end = text + size; at < end;) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t length = (size_t)((newline ? newline : end) - at);

                if (length < sizeof(line)) {
                        memcpy(line, at, length);
                        line[length] = '\0';
                        parse_line(file, line, counts);
                }
                at += length + 1;
                if (file <= COUNT_INODE_STATE)
                        break; /* one line */
        }
}

void counts_read(const struct procfs *p, double ret[COUNT_COUNT])
{
        /* More than one path: the first that can be read. In our own network namespace there is
         * nobody else; a hybrid tree has its unified hierarchy below. */
        static const char *const paths[COUNT_FILE_COUNT][2] = {
                [COUNT_FILE_NR] = { "proc/sys/fs/file-nr" },
                [COUNT_DENTRY_STATE] = { "proc/sys/fs/dentry-state" },
                [COUNT_INODE_STATE] = { "proc/sys/fs/inode-state" },
                [COUNT_SOCKSTAT] = { "proc/1/net/sockstat", "proc/net/sockstat" },
                [COUNT_VMSTAT] = { "proc/vmstat" },
                [COUNT_CGROUP_STAT] = { "sys/fs/cgroup/cgroup.stat",
                                        "sys/fs/cgroup/unified/cgroup.stat" },
                [COUNT_LOADAVG] = { "proc/loadavg" },
        };
        char text[16384]; /* vmstat of 6.18: 4.5 KiB */

        for (size_t i = 0; i < COUNT_COUNT; i++)
                ret[i] = NAN;
        for (size_t i = 0; i < COUNT_FILE_COUNT; i++)
                for (size_t j = 0; j < ELEMENTS_OF(paths[i]) && paths[i][j]; j++) {
                        /* Small buffers for sysctl files: the kernel allocates what is asked for.
                         */
                        size_t size = i <= COUNT_INODE_STATE ? 512 : sizeof(text);
                        ssize_t n = procfs_read(p, paths[i][j], text, size);

                        if (n >= 0) {
                                counts_parse((enum count_file)i, text, (size_t)n, ret);
                                break;
                        }
                }
}

void counts_from_slab(const char *cache, double objects, double counts[COUNT_COUNT])
{
        if (strcmp(cache, "net_namespace") == 0)
                counts[COUNT_NET_NAMESPACES] = objects;
        else if (strcmp(cache, "mnt_cache") == 0)
                counts[COUNT_MOUNTS] = objects;
}
