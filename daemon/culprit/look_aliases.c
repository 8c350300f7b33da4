/* SPDX-License-Identifier: MIT */
/* Caches of equal size are merged by the kernel, and slabinfo shows them under the name of one: a
 * leak of unix sockets looks like signal_cache. In /sys/kernel/slab each name is a link to what it
 * was merged into. Also whether a cache is counted as reclaimable. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/text.h"
#include "culprit/look_internal.h"

#define SLAB_FOLDER "sys/kernel/slab"

enum { LINKS_A_STEP = 32 }; /* 1.5 µs each */

static int aliases_begin(struct look *l)
{
        l->directory.fd = -1;
        int r = directory_init(&l->directory, l->p, SLAB_FOLDER);
        return r < 0 ? r : 1;
}

/* The kernel names what can be merged ":FLAGS-SIZE", with an 'a' for "reclaimable"
 * (create_unique_id() in mm/slub.c). */
static double reclaimable_by_id(const char *id)
{
        const char *dash = strchr(id, '-');
        const char *flag = strchr(id, 'a');

        return flag && dash && flag < dash ? 1 : 0;
}

static double reclaimable_by_file(struct look *l, const char *name)
{
        struct text path;
        char answer[16];

        text_init(&path, l->path, sizeof(l->path));
        text_add(&path, SLAB_FOLDER "/%s/reclaim_account", name);
        if (path.cut || procfs_read(l->p, l->path, answer, sizeof(answer)) < 1)
                return NAN;
        return answer[0] == '1' ? 1 : answer[0] == '0' ? 0 : NAN;
}

/* Tells the cache of this name, if it is one that matters, what it is. */
static void tell_cache(struct look *l, const char *name, size_t length, const char *id)
{
        static const double WORTH_ASKING = 128 << 10;
        struct tally *caches = &l->into->tables[TABLE_CACHES];
        int row = tally_find(caches, tally_key(0, name, length));

        if (row < 0)
                return;
        if (id)
                tally_now(caches, (unsigned)row)[CACHE_RECLAIMABLE] = reclaimable_by_id(id);
        else if (tally_now(caches, (unsigned)row)[CACHE_BYTES] >= WORTH_ASKING)
                tally_now(caches, (unsigned)row)[CACHE_RECLAIMABLE] = reclaimable_by_file(l, name);
}

static int aliases_step(struct look *l)
{
        struct tally *aliases = &l->into->tables[TABLE_ALIASES];

        for (unsigned i = 0; i < LINKS_A_STEP; i++) {
                bool folder;
                char target[256];
                const char *name = directory_next(&l->directory, &folder);

                if (!name)
                        return 0;
                if (name[0] == ':')
                        continue; /* the merged cache itself */

                size_t length = strlen(name);
                ssize_t n = readlinkat(l->directory.fd, name, target, sizeof(target) - 1);
                if (n <= 0) {
                        tell_cache(l, name, length, NULL);
                        continue;
                }
                target[n] = '\0';
                const char *slash = strrchr(target, '/');
                const char *id = slash ? slash + 1 : target;
                unsigned row = tally_get(aliases, tally_key(0, name, length),
                                         tally_key(0, id, strlen(id)), name, length);

                tally_now(aliases, row)[ALIAS_RECLAIMABLE] = reclaimable_by_id(id);
                tell_cache(l, name, length, id);
        }
        return 1;
}

static void aliases_end(struct look *l)
{
        directory_done(&l->directory);
}

const struct look_source look_aliases = { aliases_begin, aliases_step, aliases_end };
