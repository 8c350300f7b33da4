/* SPDX-License-Identifier: MIT */
/* BPF maps by type and name, with their memory: whoever made them, also those that are only pinned.
 * Needs CAP_SYS_ADMIN (the kernel gives maps out by number to nobody else), so that a service which
 * has no such right learns that it is missing by the first call. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "culprit/look_internal.h"
#include "sample/scan.h"

/* By number: headers of older kernels lack the newer names. */
static const char *type_name(uint32_t type)
{
        static const char *const names[] = {
                "unspecified",
                "hash",
                "array",
                "program array",
                "perf event array",
                "per-CPU hash",
                "per-CPU array",
                "stack trace",
                "cgroup array",
                "LRU hash",
                "LRU per-CPU hash",
                "LPM trie",
                "array of maps",
                "hash of maps",
                "devmap",
                "sockmap",
                "cpumap",
                "xskmap",
                "sockhash",
                "cgroup storage",
                "reuseport array",
                "per-CPU cgroup storage",
                "queue",
                "stack",
                "socket storage",
                "devmap hash",
                "struct ops",
                "ring buffer",
                "inode storage",
                "task storage",
                "bloom filter",
                "user ring buffer",
                "cgroup storage",
                "arena",
        };

        return type < ELEMENTS_OF(names) ? names[type] : "unknown type";
}

static long bpf(int command, union bpf_attr *attr)
{
        return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int maps_begin(struct look *l)
{
        l->map_id = 0;
        return l->p->live ? 1 : -ENOSYS; /* maps are this kernel's, not a recorded one's */
}

/* "memlock:\t4096" of a map's fdinfo: bytes, all CPUs counted. 0 when it does not say. */
static double map_bytes(struct look *l, int fd)
{
        struct text path;

        text_init(&path, l->path, sizeof(l->path));
        text_add(&path, "proc/self/fdinfo/%d", fd);
        if (procfs_read(l->p, l->path, l->text, 4096) < 0)
                return 0;

        const char *at = strstr(l->text, "memlock:");
        uint64_t bytes;
        at = at ? at + strlen("memlock:") : NULL;
        char *end = at ? strchr(at, '\n') : NULL;
        if (end)
                *end = '\0';
        return at && scan_number(&at, UINT64_C(1) << 52, &bytes) ? (double)bytes : 0;
}

static void add_map(struct look *l, int fd)
{
        struct tally *maps = &l->into->tables[TABLE_MAPS];
        struct bpf_map_info info = { 0 };
        union bpf_attr attr = { 0 };
        char raw[64], name[64];
        struct text t;

        attr.info.bpf_fd = (uint32_t)fd;
        attr.info.info_len = sizeof(info);
        attr.info.info = (uint64_t)(uintptr_t)&info;
        if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
                return;
        text_init(&t, raw, sizeof(raw));
        text_add(&t, "%.*s (%s)", (int)sizeof(info.name), info.name[0] ? info.name : "unnamed",
                 type_name(info.type));
        utf8_clean(raw, name, sizeof(name));

        unsigned row = tally_get(maps, tally_key(0, name, strlen(name)), 0, name, strlen(name));
        tally_now(maps, row)[MAP_BYTES] += map_bytes(l, fd);
        tally_now(maps, row)[MAP_COUNT] += 1;
}

/* One map, some 10 µs. */
static int maps_step(struct look *l)
{
        union bpf_attr attr = { 0 };

        attr.start_id = l->map_id;
        if (bpf(BPF_MAP_GET_NEXT_ID, &attr) < 0)
                return errno == ENOENT ? 0 : -errno;
        l->map_id = attr.next_id;

        attr = (union bpf_attr){ 0 };
        attr.map_id = l->map_id;
        _cleanup_close_ int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &attr);
        if (fd >= 0)
                add_map(l, fd);
        return 1; /* gone meanwhile: the next */
}

static void maps_end(struct look *l)
{
        (void)l;
}

const struct look_source look_maps = { maps_begin, maps_step, maps_end };
