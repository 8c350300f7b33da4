/* SPDX-License-Identifier: MIT */
/* Gathers the evidence. */
#include "view/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "base/units.h"
#include "store/past.h"
#include "view/archive.h"

DEFINE_CLEANUP(struct past, past_close);

static const struct {
        const char *path;
        bool needs_root; /* said so where it cannot be read */
} FILES[] = {
        { "/proc/meminfo", false },
        { "/proc/slabinfo", true },
        { "/proc/vmallocinfo", true },
        { "/proc/allocinfo", true },
        { "/proc/vmstat", false },
        { "/proc/zoneinfo", false },
        { "/proc/buddyinfo", false },
        { "/proc/pagetypeinfo", true },
        { "/proc/modules", false },
        { "/proc/version", false },
        { "/proc/cmdline", false },
        { "/proc/uptime", false },
        { "/proc/loadavg", false },
        { "/proc/swaps", false },
        { "/proc/cgroups", false },
        { "/proc/net/sockstat", false },
        { "/proc/sys/kernel/tainted", false },
        { "/proc/sys/fs/file-nr", false },
        { "/proc/sys/fs/dentry-state", false },
        { "/proc/sys/fs/inode-state", false },
        { "/proc/sys/vm/min_free_kbytes", false },
        { "/proc/sys/vm/vfs_cache_pressure", false },
        { "/proc/sys/vm/overcommit_memory", false },
        { "/etc/os-release", false },
};

struct gathering {
        const struct evidence_sources *sources;
        struct archive_out *archive;
        char *buffer; /* EVIDENCE_FILE_MAX */
        FILE *notes;  /* what is missing and why */
};

static int add(struct gathering *g, const char *name, const char *data, size_t size)
{
        char path[256];
        snprintf(path, sizeof(path), "kmemwatch-evidence/%s", name + (*name == '/'));
        return archive_out_add(g->archive, path, data, size, g->sources->now);
}

/* What fits into the buffer. Bytes, or negative errno. */
static ssize_t read_some(const struct procfs *p, const char *path, char *buffer, size_t size)
{
        _cleanup_close_ int fd = procfs_open(p, path);
        size_t length = 0;
        if (fd < 0)
                return fd;
        while (length < size) {
                /* Files of /proc/sys allocate what is asked for. */
                ssize_t n = read(fd, buffer + length, MIN_OF(size - length, (size_t)65536));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                length += (size_t)n;
        }
        return (ssize_t)length;
}

static int add_file(struct gathering *g, const char *path, bool needs_root)
{
        ssize_t n = read_some(g->sources->procfs, path, g->buffer, EVIDENCE_FILE_MAX);
        if (n < 0) {
                fprintf(g->notes, "%s: %s%s\n", path, strerror((int)-n),
                        n == -EACCES && needs_root ? " (only root may read it)" : "");
                return 0;
        }
        if (n == EVIDENCE_FILE_MAX)
                fprintf(g->notes, "%s: cut at %d bytes\n", path, EVIDENCE_FILE_MAX);
        size_t length = evidence_hide_addresses(g->buffer, (size_t)n);
        if (strcmp(path, "/proc/cmdline") == 0)
                length = evidence_hide_secrets(g->buffer, length);
        return add(g, path, g->buffer, length);
}

/* --- cgroups --- */

static void add_cgroup_file(struct gathering *g, FILE *out, const char *folder, const char *name)
{
        char path[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
                return;
        ssize_t n = read_some(g->sources->procfs, path, g->buffer, 64 * 1024);
        if (n > 0)
                fprintf(out, "%s:\n%.*s\n", name, (int)n, g->buffer);
}

static void walk_cgroups(struct gathering *g, FILE *out, const char *folder, unsigned depth,
                         unsigned *count)
{
        if (*count >= EVIDENCE_CGROUPS_MAX)
                return;
        ++*count;
        fprintf(out, "== %s\n", folder);
        add_cgroup_file(g, out, folder, "cgroup.stat");
        add_cgroup_file(g, out, folder, "memory.current");
        add_cgroup_file(g, out, folder, "memory.stat");
        _cleanup_close_ int fd = procfs_open(g->sources->procfs, folder);
        _cleanup_(closedirp) DIR *d = fd < 0 || depth == 0 ? NULL : list_folder(fd);
        struct dirent *entry;
        while (d && (entry = readdir(d))) {
                char path[PATH_MAX];
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
                    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
                            (int)sizeof(path))
                        walk_cgroups(g, out, path, depth - 1, count);
        }
}

static int add_cgroups(struct gathering *g)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        unsigned count = 0;
        FILE *out = open_memstream(&data, &size);
        if (!out)
                return -ENOMEM;
        if (procfs_exists(g->sources->procfs, "/sys/fs/cgroup/cgroup.controllers"))
                walk_cgroups(g, out, "/sys/fs/cgroup", EVIDENCE_CGROUP_DEPTH, &count);
        else
                fprintf(g->notes, "/sys/fs/cgroup: not cgroup v2\n");
        if (count == EVIDENCE_CGROUPS_MAX)
                fprintf(g->notes, "cgroups: only the first %d\n", EVIDENCE_CGROUPS_MAX);
        if (fclose(out) != 0)
                return -ENOMEM;
        return size > 0 ? add(g, "cgroups.txt", data, MIN_OF(size, (size_t)EVIDENCE_FILE_MAX)) : 0;
}

/* --- the samples before --- */

static void print_tier(FILE *out, const struct past *h, enum past_tier tier, double now)
{
        fprintf(out, "time,dimension,unit,least,mean,most\n");
        for (size_t i = 0; i < past_columns(h); i++) {
                const struct past_column *c = past_column(h, i);
                _cleanup_free_ struct past_point *points = NULL;
                size_t count = 0;
                if (past_read(h, tier, i, now - past_reach(tier), now + 1, &points, &count) < 0)
                        continue;
                for (size_t k = 0; k < count; k++)
                        fprintf(out, "%.0f,%s,%s,%.9g,%.9g,%.9g\n", points[k].time, c->name,
                                c->unit <= UNIT_COUNT ? event_unit_name((enum event_unit)c->unit)
                                                      : "",
                                (double)points[k].least, (double)points[k].mean,
                                (double)points[k].most);
        }
}

static int add_history(struct gathering *g)
{
        static const char *const names[] = { "samples-seconds.csv", "samples-minutes.csv",
                                             "samples-quarter-hours.csv" };
        _cleanup_close_ int fd =
                g->sources->state ? open(g->sources->state, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
        _cleanup_(past_closep) struct past *h = NULL;
        int r = fd < 0 ? -ENOENT : past_open(fd, "history", &h);
        if (r < 0) {
                fprintf(g->notes, "history: %s\n", strerror(-r));
                return 0;
        }
        for (int tier = 0; r >= 0 && tier < PAST_TIER_COUNT; tier++) {
                _cleanup_free_ char *data = NULL;
                size_t size;
                FILE *out = open_memstream(&data, &size);
                if (!out)
                        return -ENOMEM;
                print_tier(out, h, (enum past_tier)tier, g->sources->now);
                if (fclose(out) != 0)
                        return -ENOMEM;
                r = add(g, names[tier], data, size);
        }
        return r;
}

static int gather(struct gathering *g)
{
        const struct evidence_sources *s = g->sources;
        char when[FORMAT_MAX];
        fprintf(g->notes,
                "Evidence about the kernel's memory, gathered by kmemwatch %s at %s.\n%s\n"
                "Kernel addresses, and words of the boot command line that look like keys, are "
                "hidden.\nThe files lie under the names that they have on the machine; samples-* "
                "are what kmemwatchd\nmeasured before.\n\nWhat is missing:\n",
                KMW_VERSION, format_time_utc(s->now, when), s->reason ? s->reason : "");
        int r = 0;
        for (size_t i = 0; r >= 0 && i < ELEMENTS_OF(FILES); i++)
                r = add_file(g, FILES[i].path, FILES[i].needs_root);
        if (r >= 0)
                r = add_cgroups(g);
        if (r >= 0)
                r = add_history(g);
        if (r >= 0 && s->status)
                r = add(g, "status.json", s->status, strlen(s->status));
        return r;
}

int evidence_write(int fd, const struct evidence_sources *s)
{
        _cleanup_free_ char *buffer = malloc(EVIDENCE_FILE_MAX), *notes = NULL;
        size_t size;
        struct gathering g = { .sources = s, .buffer = buffer };
        if (!buffer || !(g.notes = open_memstream(&notes, &size)))
                return -ENOMEM;
        int r = archive_out_new(fd, &g.archive);
        if (r >= 0)
                r = gather(&g);
        if (fclose(g.notes) != 0 && r >= 0)
                r = -ENOMEM;
        if (r >= 0)
                r = add(&g, "README.txt", notes, size);
        int closed = archive_out_close(g.archive);
        return r < 0 ? r : closed;
}
