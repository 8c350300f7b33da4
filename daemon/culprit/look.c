/* SPDX-License-Identifier: MIT */
/* The order of a look: one source after the other, a small step at a time, each timed. */
#include "culprit/look.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/pages.h"
#include "base/procfs.h"
#include "culprit/look_internal.h"
#include "sample/meminfo.h"

static int counts_begin(struct look *l)
{
        double slab[2] = { l->into->counts[COUNT_NET_NAMESPACES], l->into->counts[COUNT_MOUNTS] };

        counts_read(l->p, l->into->counts);
        l->into->counts[COUNT_NET_NAMESPACES] = slab[0];
        l->into->counts[COUNT_MOUNTS] = slab[1];
        return 0;
}

static int nothing(struct look *l)
{
        (void)l;
        return 0;
}

static void end_nothing(struct look *l)
{
        (void)l;
}

static const struct look_source look_counts = { counts_begin, nothing, end_nothing };

static const struct look_source *source_of(enum source source)
{
        static const struct look_source *const sources[] = {
                [SOURCE_COUNTS] = &look_counts,           [SOURCE_SLABINFO] = &look_slabinfo,
                [SOURCE_CGROUPS] = &look_cgroups,         [SOURCE_PROCESSES] = &look_processes,
                [SOURCE_VMALLOCINFO] = &look_vmallocinfo, [SOURCE_ALLOCINFO] = &look_allocinfo,
                [SOURCE_ALIASES] = &look_aliases,         [SOURCE_MAPS] = &look_maps,
        };
        static_assert(ELEMENTS_OF(sources) == SOURCE_COUNT, "one for each");

        return sources[source];
}

int look_new(const struct procfs *p, double (*clock)(void), struct look **ret)
{
        struct look *l = pages_new(sizeof(*l)); /* its buffers stay untouched until they are used */

        if (!l)
                return -ENOMEM;
        l->count = l->at = 0;
        l->begun = false;
        l->p = p;
        l->clock = clock;
        l->directory.fd = -1;
        l->lines.fd = -1;
        *ret = l;
        return 0;
}

void look_free(struct look *l)
{
        if (!l)
                return;
        look_stop(l);
        pages_free(l, sizeof(*l));
}

size_t look_resident(const struct look *l)
{
        return pages_resident(l, sizeof(*l));
}

/* Anything that cannot be read is NaN: a share is not told then. */
static void read_fields(struct look *l, double ret[FIELD_MEMINFO_COUNT])
{
        ssize_t n = procfs_read(l->p, "proc/meminfo", l->text, sizeof(l->text));

        (void)meminfo_parse(l->text, n > 0 ? (size_t)n : 0, ret);
}

void look_start(struct look *l, const enum source *sources, unsigned count, double time,
                double deadline, bool deep, struct findings *into)
{
        assert(count <= SOURCE_COUNT);

        look_stop(l);
        findings_clear(into);
        memcpy(l->order, sources, count * sizeof(*sources));
        l->count = count;
        l->at = 0;
        l->begun = false;
        l->deadline = deadline;
        l->deep = deep;
        l->into = into;
        into->time = time;
        read_fields(l, into->fields);
        for (size_t i = 0; i < TABLE_COUNT; i++)
                memcpy(into->fields_at[i], into->fields, sizeof(into->fields));
}

bool look_is_running(const struct look *l)
{
        return l->at < l->count;
}

static enum source_state state_of(int error)
{
        switch (error) {
        case 0:
                return SOURCE_DONE;
        case -EACCES:
        case -EPERM:
                return SOURCE_DENIED;
        case -ENOENT:
        case -ENOTDIR:
        case -ENOSYS:
        case -ENODEV:
        case -EOPNOTSUPP:
                return SOURCE_MISSING;
        default:
                return SOURCE_FAILED;
        }
}

/* Closes the source that is being read and goes on to the next. */
static void finish(struct look *l, enum source_state state)
{
        enum source source = l->order[l->at];

        if (l->begun)
                source_of(source)->end(l);
        l->into->state[source] = state;
        l->begun = false;
        l->at++;
        for (unsigned i = 0; i < TABLE_COUNT; i++)
                if (table_source((enum table)i) == source)
                        read_fields(l, l->into->fields_at[i]);
}

void look_stop(struct look *l)
{
        while (look_is_running(l))
                finish(l, SOURCE_LATE);
}

bool look_step(struct look *l, double slice_end)
{
        double now = l->clock();

        while (look_is_running(l)) {
                if (now >= l->deadline) {
                        look_stop(l);
                        break;
                }
                enum source source = l->order[l->at];
                const struct look_source *work = source_of(source);
                int r;

                if (!l->begun) {
                        l->begun = true;
                        r = work->begin(l);
                } else {
                        r = work->step(l);
                }
                double then = now;

                now = l->clock();
                l->into->seconds[source] += now - then;
                if (r <= 0)
                        finish(l, state_of(r));
                if (now >= slice_end)
                        break;
        }
        return look_is_running(l);
}
