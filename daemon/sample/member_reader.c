/* SPDX-License-Identifier: MIT */
/* The readings of families: when, of what, and in which steps. */
#include "sample/member_reader.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/pages.h"
#include "base/procfs.h"
#include "base/text.h"
#include "sample/cgroup_tree.h"
#include "sample/directory.h"
#include "sample/lines.h"
#include "sample/slabinfo.h"

enum {
        QUEUE_MAX = 65536, /* paths of cgroups that hold others: some 800 of 80 bytes */
        LINES_A_STEP = 32,
        ENTRIES_A_STEP = 128, /* a cgroup has some 60 files */
};

/* Reading takes at most a thousandth of the time, as that for the culprits. */
static const double SHARE = 1000;
/* Slab that has moved by less is as it was: less than a leak of 90 MiB an hour makes in ten
 * seconds, and more than the counters' noise. In a minute a cache may have grown at another's cost.
 */
static const double MOVED = 262144, UNMOVED_SECONDS = 60;
/* Of a file that cannot be read; a mount or a right may come. */
static const double RETRY_SECONDS = 60;

struct member_reader {
        const struct procfs *p;
        double (*clock)(void);
        const char *patterns[MEMBER_PATTERNS_MAX];
        unsigned pattern_count;
        struct members members;
        struct member_reading status[FAMILY_COUNT];
        double due[FAMILY_COUNT];
        double slab[2], slab_read[2]; /* unreclaimable, reclaimable: now, and when it was read */
        double slab_at;
        int doing; /* enum family, -1 nothing */
        double started, spent;
        bool cut;
        unsigned found;

        struct lines lines;
        /* Cgroups: those that wait to be listed, terminated one behind the other; the one that is
         * being listed, "" the root. */
        struct cgroup_tree tree;
        struct directory directory;
        char queue[QUEUE_MAX];
        unsigned queue_from, queue_to;
        char folder[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX], text[CGROUP_TEXT_MAX];
};

DEFINE_CLEANUP(struct member_reader, member_reader_free);

int member_reader_new(const struct procfs *p, double (*clock)(void), struct member_reader **ret)
{
        _cleanup_(member_reader_freep) struct member_reader *r = pages_new(sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->p = p;
        r->clock = clock;
        r->doing = -1;
        r->lines.fd = r->directory.fd = -1;
        r->slab_at = -INFINITY;
        r->slab[0] = r->slab[1] = r->slab_read[0] = r->slab_read[1] = NAN;
        if (members_init(&r->members) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(r);
        return 0;
}

void member_reader_free(struct member_reader *r)
{
        if (!r)
                return;
        if (r->lines.fd >= 0)
                lines_done(&r->lines);
        directory_done(&r->directory);
        members_done(&r->members);
        pages_free(r, sizeof(*r));
}

void member_reader_want(struct member_reader *r, const char *const *patterns, unsigned count)
{
        bool before[FAMILY_COUNT];

        assert(count <= MEMBER_PATTERNS_MAX);
        for (unsigned i = 0; i < count; i++)
                r->patterns[i] = patterns[i];
        r->pattern_count = count;
        for (int f = 0; f < FAMILY_COUNT; f++) {
                before[f] = r->status[f].wanted;
                r->status[f].wanted = false;
        }
        for (unsigned i = 0; i < count; i++)
                r->status[family_of(patterns[i])].wanted = true;
        for (int f = 0; f < FAMILY_COUNT; f++) {
                if (!r->status[f].wanted && before[f])
                        members_fail(&r->members, (enum family)f);
                r->due[f] = r->clock();
        }
        r->slab_at = -INFINITY; /* others may be wanted */
}

const struct members *member_reader_members(const struct member_reader *r)
{
        return r->pattern_count > 0 ? &r->members : NULL;
}

double member_reader_due(const struct member_reader *r)
{
        double due = INFINITY;

        if (r->doing >= 0)
                return r->clock();
        for (int f = 0; f < FAMILY_COUNT; f++)
                if (r->status[f].wanted)
                        due = fmin(due, r->due[f]);
        return due;
}

static void put(struct member_reader *r, enum family family, const char *name, double bytes,
                bool inner)
{
        for (unsigned i = 0; i < r->pattern_count; i++) {
                if (!glob_match(r->patterns[i], name))
                        continue;
                int row = members_put(&r->members, family, name, bytes, inner);
                r->cut |= row == -ENOSPC;
                r->found += row >= 0;
                return;
        }
}

/* --- /proc/slabinfo --- */

static int slab_begin(struct member_reader *r)
{
        return lines_init(&r->lines, r->p, "proc/slabinfo");
}

static int slab_step(struct member_reader *r)
{
        const double page = (double)sysconf(_SC_PAGESIZE);
        char name[MEMBER_NAME_MAX + 1];
        struct slab slab;

        for (unsigned i = 0; i < LINES_A_STEP; i++) {
                const char *line = lines_next(&r->lines);
                if (!line)
                        return 0;
                if (slabinfo_parse(line, &slab) == 0)
                        put(r, FAMILY_SLAB, member_name(FAMILY_SLAB, slab.name, NULL, name),
                            slab.pages * page, false);
        }
        return 1;
}

/* --- cgroups --- */

static void push(struct member_reader *r, const char *path)
{
        size_t size = strlen(path) + 1;

        if (size > sizeof(r->queue) - r->queue_to) {
                memmove(r->queue, r->queue + r->queue_from, r->queue_to - r->queue_from);
                r->queue_to -= r->queue_from;
                r->queue_from = 0;
        }
        if (size > sizeof(r->queue) - r->queue_to) {
                r->cut = true;
                return;
        }
        memcpy(r->queue + r->queue_to, path, size);
        r->queue_to += (unsigned)size;
}

/* Whether what stands in a folder, or below it, may be what a pattern finds: both agree as far as
 * the shorter of the path and the pattern's part without * and ? goes. */
static bool is_on_the_way(const struct member_reader *r, const char *path)
{
        for (unsigned i = 0; i < r->pattern_count; i++) {
                const char *own = r->patterns[i] + strlen("cgroup:");
                if (family_of(r->patterns[i]) != FAMILY_CGROUP)
                        continue;
                size_t plain = strcspn(own, "*?"), length = strlen(path);
                if (strncmp(own, path, MIN_OF(plain, length)) == 0)
                        return true;
        }
        return false;
}

/* The numbers that are asked for of the cgroup at r->path. */
static void visit(struct member_reader *r, bool inner)
{
        double numbers[CGROUP_NUMBER_COUNT];
        char name[MEMBER_NAME_MAX + 1];
        const char *field;
        bool asked = false;

        for (unsigned k = 0; (field = member_cgroup_field(k)) && !asked; k++) {
                (void)member_name(FAMILY_CGROUP, r->path, field, name);
                for (unsigned i = 0; i < r->pattern_count && !asked; i++)
                        asked = (!inner || !member_is_pattern(r->patterns[i])) &&
                                glob_match(r->patterns[i], name);
        }
        if (!asked || !cgroup_tree_read(r->p, &r->tree, r->path, r->text, numbers))
                return;
        for (unsigned k = 0; (field = member_cgroup_field(k)); k++)
                put(r, FAMILY_CGROUP, member_name(FAMILY_CGROUP, r->path, field, name),
                    member_cgroup_value(k, numbers), inner);
}

static int cgroups_begin(struct member_reader *r)
{
        r->queue_from = r->queue_to = 0;
        int result = cgroup_tree_find(r->p, r->text, &r->tree);
        if (result < 0)
                return result;
        push(r, "");
        return 0;
}

/* The path of a file of the tree below the root, in r->text; false when it is too long. */
static bool make_file(struct member_reader *r, const char *folder, const char *name,
                      const char *file)
{
        struct text t;

        static_assert(sizeof(r->text) > CGROUP_PATH_MAX, "a path fits");
        text_init(&t, r->text, CGROUP_PATH_MAX);
        text_add(&t, "%s%s%s%s%s%s", r->tree.base, folder, *name ? "/" : "", name, *file ? "/" : "",
                 file);
        return !t.cut;
}

/* Whether the folder that is open holds cgroups whose memory is counted. One tells it of all. */
static bool holds_others(struct member_reader *r)
{
        bool folder, holds = false;
        const char *name;

        while (!holds && (name = directory_next(&r->directory, &folder)))
                holds = folder && make_file(r, r->folder, name, r->tree.file) &&
                        procfs_exists(r->p, r->text);
        directory_rewind(&r->directory);
        return holds;
}

/* Opens the next folder of the queue that holds others. 1, or 0 when there is none. */
static int next_folder(struct member_reader *r)
{
        if (r->queue_from == r->queue_to)
                return 0;
        strcpy(r->folder, r->queue + r->queue_from);
        r->queue_from += (unsigned)strlen(r->folder) + 1;
        if (!make_file(r, r->folder, "", "") || directory_init(&r->directory, r->p, r->text) < 0)
                return 1; /* it has just gone */
        bool inner = holds_others(r);
        strcpy(r->path, r->folder);
        visit(r, inner);
        if (!inner)
                directory_done(&r->directory);
        return 1;
}

/* Most hold no others: they are visited at once, and need no place in the queue. */
static void take_child(struct member_reader *r, const char *name)
{
        struct text path;

        text_init(&path, r->path, sizeof(r->path));
        text_add(&path, "%s/%s", r->folder, name);
        if (path.cut || !is_on_the_way(r, r->path) || !make_file(r, r->path, "", ""))
                return;
        if (directory_folders_at(r->p, r->text) == 0)
                visit(r, false);
        else
                push(r, r->path);
}

static int cgroups_step(struct member_reader *r)
{
        if (r->directory.fd < 0)
                return next_folder(r);
        for (unsigned i = 0; i < ENTRIES_A_STEP; i++) {
                bool folder;
                const char *name = directory_next(&r->directory, &folder);

                if (!name) {
                        directory_done(&r->directory);
                        return 1;
                }
                if (!folder)
                        continue;
                take_child(r, name);
                return 1;
        }
        return 1;
}

/* --- one after the other --- */

void member_reader_hint(struct member_reader *r, double unreclaimable, double reclaimable)
{
        bool still = fabs(unreclaimable - r->slab_read[0]) < MOVED &&
                     fabs(reclaimable - r->slab_read[1]) < MOVED;
        double now = r->clock();

        r->slab[0] = unreclaimable;
        r->slab[1] = reclaimable;
        if (still && r->doing != FAMILY_SLAB && now >= r->due[FAMILY_SLAB] &&
            now < r->slab_at + UNMOVED_SECONDS)
                r->due[FAMILY_SLAB] = now + MEMBER_SLAB_SECONDS;
}

static bool begin_next(struct member_reader *r, double now)
{
        for (int f = 0; f < FAMILY_COUNT && r->doing < 0; f++)
                if (r->status[f].wanted && now >= r->due[f])
                        r->doing = f;
        if (r->doing < 0)
                return false;
        if (r->doing == FAMILY_SLAB) {
                r->slab_at = now;
                memcpy(r->slab_read, r->slab, sizeof(r->slab));
        }
        r->started = now;
        r->spent = 0;
        r->cut = false;
        r->found = 0;
        members_begin(&r->members, (enum family)r->doing);
        return true;
}

static void finish(struct member_reader *r, int error)
{
        static const double seconds[FAMILY_COUNT] = {
                [FAMILY_SLAB] = MEMBER_SLAB_SECONDS,
                [FAMILY_CGROUP] = MEMBER_CGROUP_SECONDS,
        };
        enum family family = (enum family)r->doing;
        struct member_reading *s = &r->status[family];

        if (r->lines.fd >= 0)
                lines_done(&r->lines);
        directory_done(&r->directory);
        if (error < 0)
                members_fail(&r->members, family);
        else
                members_end(&r->members, family, !r->cut);
        s->error = error;
        s->cut = r->cut;
        s->members = r->found;
        s->count++;
        s->seconds += r->spent;
        s->pause = fmax(error < 0 ? RETRY_SECONDS : seconds[family], SHARE * r->spent);
        r->due[family] = r->started + s->pause;
        r->doing = -1;
}

static int step(struct member_reader *r, bool first)
{
        int result = 0;

        if (first)
                result = r->doing == FAMILY_SLAB ? slab_begin(r) : cgroups_begin(r);
        if (result < 0)
                return result;
        return r->doing == FAMILY_SLAB ? slab_step(r) : cgroups_step(r);
}

bool member_reader_step(struct member_reader *r, double slice_end)
{
        double now = r->clock();
        bool first = r->doing < 0;

        if (first && !begin_next(r, now))
                return false;
        for (;;) {
                int result = step(r, first);
                double then = now;

                now = r->clock();
                r->spent += now - then;
                if (result <= 0) {
                        finish(r, result);
                        break;
                }
                first = false;
                if (now >= slice_end)
                        break;
        }
        return member_reader_due(r) <= now;
}

size_t member_reader_resident(const struct member_reader *r)
{
        return pages_resident(r, sizeof(*r)) + pages_resident(r->members.keys, r->members.size);
}

void member_reader_status(const struct member_reader *r, enum family family,
                          struct member_reading *ret)
{
        *ret = r->status[family];
}
