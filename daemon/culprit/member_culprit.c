/* SPDX-License-Identifier: MIT */
/* The culprit of an alert on one member of a family needs no search: it has been measured. */
#include "culprit/member_culprit.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "culprit/friendly.h"
#include "sample/member.h"

/* So much of the whole change is its own: then what else is behind that is behind it. */
static const double MOST = 0.5;

static void copy(char *to, size_t size, const char *from, size_t length)
{
        struct text t;
        text_init(&t, to, size);
        text_add(&t, "%.*s", (int)length, from);
}

static bool is_kind(enum culprit_kind kind, bool cgroup)
{
        return (kind == CULPRIT_CGROUP) == cgroup;
}

void culprit_of_member(const char *name, double bytes, bool sizes, const struct culprit_list *found,
                       struct culprit_list *ret)
{
        int dimension = culprit_dimension_by_name(name);
        bool cgroup = family_of(name) == FAMILY_CGROUP;
        const char *own = strchr(name, ':');
        own = own ? own + 1 : name;
        culprit_list_init(ret, dimension < 0 ? DIMENSION_SLAB : (enum culprit_dimension)dimension);
        struct culprit *c = culprit_list_add(ret, cgroup ? CULPRIT_CGROUP : CULPRIT_CACHE);
        copy(c->name, sizeof(c->name), own, cgroup ? member_path_length(name) : strlen(own));
        if (cgroup && c->name[0] == '/') {
                char label[FRIENDLY_MAX];
                copy(c->label, sizeof(c->label), friendly_cgroup(c->name, label), FRIENDLY_MAX);
        } else {
                copy(c->label, sizeof(c->label), c->name, sizeof(c->label));
        }
        c->bytes = bytes;
        c->share = 1;
        c->sizes = ret->sizes = sizes;
        ret->grown = bytes;
        ret->explained = 1;
        bool most = false;
        for (unsigned i = 0; found && i < found->count; i++)
                most |= is_kind(found->culprits[i].kind, cgroup) &&
                        strcmp(found->culprits[i].name, c->name) == 0 &&
                        found->culprits[i].share >= MOST;
        for (unsigned i = 0; most && i < found->count; i++) {
                const struct culprit *other = &found->culprits[i];
                struct culprit *added = NULL;
                /* Beside a cache who it is charged to; beside a cgroup what it is. */
                if (is_kind(other->kind, !cgroup) && strcmp(other->name, c->name) != 0)
                        added = culprit_list_add(ret, other->kind);
                if (added)
                        *added = *other;
        }
        if (found) {
                ret->since = found->since;
                ret->until = found->until;
                ret->from_snapshot = found->from_snapshot;
        }
}
