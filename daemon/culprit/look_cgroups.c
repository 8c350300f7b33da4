/* SPDX-License-Identifier: MIT */
/* What the kernel charges to each cgroup. Level by level from the root, and below a cgroup only
 * when it holds enough to be worth it: the largest are found whatever there is of small ones. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "culprit/look_internal.h"

enum {
        /* A snapshot's time: 22 µs each make 4 ms a minute at most. */
        VISITS_SNAPSHOT = 192,
        /* A deep look has a deadline; this bounds it on machines whose clock lags. */
        VISITS_DEEP = 8192,
};
static const double WORTH_ENTERING = 1
                                     << 20; /* bytes of kernel memory: what is below it, is less */
static const double WORTH_A_ROW = 64 << 10;

static void push(struct look *l, const char *path)
{
        size_t size = strlen(path) + 1;

        if (l->queue_from == l->queue_to)
                l->queue_from = l->queue_to = 0;
        if (size > sizeof(l->queue) - l->queue_to) {
                memmove(l->queue, l->queue + l->queue_from, l->queue_to - l->queue_from);
                l->queue_to -= l->queue_from;
                l->queue_from = 0;
        }
        if (size > sizeof(l->queue) - l->queue_to) {
                l->into->cgroups_cut = true;
                return;
        }
        memcpy(l->queue + l->queue_to, path, size);
        l->queue_to += (unsigned)size;
}

static int cgroups_begin(struct look *l)
{
        l->directory.fd = -1;
        l->queue_from = l->queue_to = 0;
        l->visited = 0;

        int r = cgroup_tree_find(l->p, l->text, &l->tree);
        if (r < 0)
                return r;
        l->into->cgroups_are_v1 = l->tree.v1;
        /* The root of the machine's tree has no such file, that of a container's has. */
        l->into->cgroups_are_own =
                !l->tree.v1 && procfs_exists(l->p, "sys/fs/cgroup/memory.current");
        push(l, "");
        return 1;
}

/* The cgroup `name` in the folder that is being listed. */
static void visit(struct look *l, const char *name)
{
        struct tally *cgroups = &l->into->tables[TABLE_CGROUPS];
        double numbers[CGROUP_NUMBER_COUNT];
        struct text path;

        text_init(&path, l->cgroup, sizeof(l->cgroup));
        text_add(&path, "%s/%s", l->folder, name);
        if (path.cut || !cgroup_tree_read(l->p, &l->tree, l->cgroup, l->text, numbers))
                return;
        if (numbers[CGROUP_KERNEL] >= WORTH_A_ROW) {
                uint64_t key = tally_key(0, l->cgroup, path.length);
                unsigned row = tally_get(cgroups, key, l->folder_key, l->cgroup, path.length);

                memcpy(tally_now(cgroups, row), numbers, sizeof(numbers));
        }
        if (numbers[CGROUP_KERNEL] >= WORTH_ENTERING)
                push(l, l->cgroup);
}

/* Opens the next folder of the queue that holds others. 1, or 0 when there is none. */
static int next_folder(struct look *l)
{
        while (l->queue_from < l->queue_to) {
                const char *folder = l->queue + l->queue_from;
                size_t length = strlen(folder);
                struct text path;

                memcpy(l->folder, folder, length + 1);
                l->queue_from += (unsigned)length + 1;
                l->folder_key = length > 0 ? tally_key(0, l->folder, length) : 0;

                text_init(&path, l->path, sizeof(l->path));
                text_add(&path, "%s%s", l->tree.base, l->folder);
                if (path.cut || directory_init(&l->directory, l->p, l->path) < 0)
                        continue; /* it has just gone */
                if (directory_folders(&l->directory) != 0)
                        return 1;
                directory_done(&l->directory);
        }
        return 0;
}

static int cgroups_step(struct look *l)
{
        const unsigned most = l->deep ? VISITS_DEEP : VISITS_SNAPSHOT;

        if (l->directory.fd < 0)
                return next_folder(l);

        for (unsigned entries = 0; entries < 128; entries++) { /* a cgroup has some 60 files */
                bool folder;
                const char *name = directory_next(&l->directory, &folder);

                if (!name) {
                        directory_done(&l->directory);
                        return 1;
                }
                if (!folder)
                        continue;
                if (l->visited++ >= most) {
                        l->into->cgroups_cut = true;
                        return 0;
                }
                visit(l, name);
                return 1;
        }
        return 1;
}

static void cgroups_end(struct look *l)
{
        directory_done(&l->directory);
}

const struct look_source look_cgroups = { cgroups_begin, cgroups_step, cgroups_end };
