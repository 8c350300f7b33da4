/* SPDX-License-Identifier: MIT */
/* Cheap counts of the kernel's objects: hints at what a growth is made of. */
#pragma once

#include <stddef.h>

struct procfs;

enum count {
        COUNT_THREADS,           /* /proc/loadavg */
        COUNT_FILES,             /* open files: /proc/sys/fs/file-nr */
        COUNT_DENTRIES,          /* /proc/sys/fs/dentry-state */
        COUNT_NEGATIVE_DENTRIES, /* of names that do not exist; since 5.0, before always 0 */
        COUNT_INODES,            /* /proc/sys/fs/inode-state */
        COUNT_SOCKETS,           /* in the network of PID 1: /proc/1/net/sockstat */
        COUNT_TCP_PAGES,         /* pages of buffers; the whole machine's */
        COUNT_UDP_PAGES,
        COUNT_CGROUPS,          /* cgroup.stat, without the root; NaN without cgroup v2 */
        COUNT_DYING_CGROUPS,    /* removed, but something of them is still charged */
        COUNT_NET_NAMESPACES,   /* objects of their slab cache: an upper bound, see counts_from_slab
                                 */
        COUNT_MOUNTS,           /* likewise */
        COUNT_COMPRESSED_PAGES, /* zswap, zram: in no line of meminfo before Zswap; /proc/vmstat */
        COUNT_IOMMU_PAGES,      /* since 6.10 */
        COUNT_BALLOON_PAGES,    /* given back to the hypervisor; since 6.18 */
        COUNT_COUNT,
};

/* "open files" ... for a person, plural */
const char *count_name(enum count count);

/* All but the two of slab caches. What cannot be read is NaN. About 60 µs, most of it
 * /proc/vmstat; see watch.h. */
void counts_read(const struct procfs *p, double ret[COUNT_COUNT]);

/* A slab cache by its name with its objects in use: sets what it tells. */
void counts_from_slab(const char *cache, double objects, double counts[COUNT_COUNT]);

/* The pure part: the text of one of the files above. */
enum count_file {
        COUNT_FILE_NR,
        COUNT_DENTRY_STATE,
        COUNT_INODE_STATE,
        COUNT_SOCKSTAT,
        COUNT_VMSTAT,
        COUNT_CGROUP_STAT,
        COUNT_LOADAVG,
        COUNT_FILE_COUNT,
};
void counts_parse(enum count_file file, const char *text, size_t size, double counts[COUNT_COUNT]);
