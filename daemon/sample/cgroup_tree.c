/* SPDX-License-Identifier: MIT */
/* The tree of memory cgroups. */
#include "sample/cgroup_tree.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/procfs.h"
#include "base/text.h"

static bool has_memory_controller(const struct procfs *p, char *buffer)
{
        ssize_t n = procfs_read(p, "sys/fs/cgroup/cgroup.controllers", buffer, 4096);

        for (char *word = buffer; n > 0 && *word;) {
                size_t length = strcspn(word, " \n");

                if (length == strlen("memory") && has_prefix(word, "memory"))
                        return true;
                word += length + (word[length] != '\0');
        }
        return false;
}

int cgroup_tree_find(const struct procfs *p, char *buffer, struct cgroup_tree *ret)
{
        if (has_memory_controller(p, buffer))
                *ret = (struct cgroup_tree){ "sys/fs/cgroup", "memory.stat", false };
        else if (procfs_exists(p, "sys/fs/cgroup/memory/memory.kmem.usage_in_bytes"))
                *ret = (struct cgroup_tree){ "sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes",
                                             true };
        else
                return -ENOENT;
        return 0;
}

bool cgroup_tree_read(const struct procfs *p, const struct cgroup_tree *t, const char *path,
                      char *buffer, double ret[CGROUP_NUMBER_COUNT])
{
        char file[CGROUP_PATH_MAX];
        struct text name;

        text_init(&name, file, sizeof(file));
        text_add(&name, "%s%s/%s", t->base, path, t->file);
        if (name.cut)
                return false;

        ssize_t n = procfs_read(p, file, buffer, CGROUP_TEXT_MAX);
        if (n < 0)
                return false;
        if (!t->v1)
                return cgroup_memory_stat_parse(buffer, (size_t)n, ret) > 0 &&
                       !isnan(ret[CGROUP_KERNEL]);
        for (size_t i = 0; i < CGROUP_NUMBER_COUNT; i++)
                ret[i] = NAN;
        return cgroup_kmem_parse(buffer, (size_t)n, &ret[CGROUP_KERNEL]) == 0;
}
