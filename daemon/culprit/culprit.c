/* SPDX-License-Identifier: MIT */
/* The list of culprits and the sentence made of it. */
#include "culprit/culprit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "sample/member.h"

const char *culprit_kind_name(enum culprit_kind kind)
{
        static const char *const names[] = {
                [CULPRIT_CACHE] = "cache",     [CULPRIT_LARGE_KMALLOC] = "large-kmalloc",
                [CULPRIT_CALLER] = "caller",   [CULPRIT_SITE] = "site",
                [CULPRIT_STACKS] = "stacks",   [CULPRIT_MAP] = "map",
                [CULPRIT_OBJECTS] = "objects", [CULPRIT_PAGES] = "pages",
                [CULPRIT_PROCESS] = "process", [CULPRIT_CGROUP] = "cgroup",
        };
        static_assert(ELEMENTS_OF(names) == CULPRIT_KIND_COUNT, "a name for each");

        return names[kind];
}

int culprit_kind_by_name(const char *name)
{
        for (int i = 0; i < CULPRIT_KIND_COUNT; i++)
                if (strcmp(name, culprit_kind_name((enum culprit_kind)i)) == 0)
                        return i;
        return -1;
}

enum culprit_side culprit_side(enum culprit_kind kind)
{
        static const enum culprit_side sides[] = {
                [CULPRIT_CACHE] = SIDE_CACHES,      [CULPRIT_LARGE_KMALLOC] = SIDE_CACHES,
                [CULPRIT_CALLER] = SIDE_CALLERS,    [CULPRIT_STACKS] = SIDE_CALLERS,
                [CULPRIT_SITE] = SIDE_SITES,        [CULPRIT_MAP] = SIDE_OBJECTS,
                [CULPRIT_OBJECTS] = SIDE_OBJECTS,   [CULPRIT_PAGES] = SIDE_OBJECTS,
                [CULPRIT_PROCESS] = SIDE_PROCESSES, [CULPRIT_CGROUP] = SIDE_CGROUPS,
        };
        static_assert(ELEMENTS_OF(sides) == CULPRIT_KIND_COUNT, "a side for each");

        return sides[kind];
}

const char *culprit_dimension_name(enum culprit_dimension dimension)
{
        static const char *const names[] = {
                [DIMENSION_SLAB] = "Slab",
                [DIMENSION_SRECLAIMABLE] = "SReclaimable",
                [DIMENSION_SUNRECLAIM] = "SUnreclaim",
                [DIMENSION_VMALLOC_USED] = "VmallocUsed",
                [DIMENSION_KERNEL_STACK] = "KernelStack",
                [DIMENSION_PAGE_TABLES] = "PageTables",
                [DIMENSION_SEC_PAGE_TABLES] = "SecPageTables",
                [DIMENSION_PERCPU] = "Percpu",
                [DIMENSION_UNACCOUNTED] = "unaccounted",
        };
        static_assert(ELEMENTS_OF(names) == DIMENSION_COUNT, "a name for each");

        return names[dimension];
}

/* Of a member that of all its like. */
static int dimension_of_member(const char *name)
{
        static const struct {
                const char *field;
                enum culprit_dimension dimension;
        } fields[] = {
                { "slab", DIMENSION_SLAB },
                { "slab_unreclaimable", DIMENSION_SUNRECLAIM },
                { "slab_reclaimable", DIMENSION_SRECLAIMABLE },
                { "kernel_stack", DIMENSION_KERNEL_STACK },
                { "pagetables", DIMENSION_PAGE_TABLES },
                { "sec_pagetables", DIMENSION_SEC_PAGE_TABLES },
                { "percpu", DIMENSION_PERCPU },
                { "vmalloc", DIMENSION_VMALLOC_USED },
        };
        if (family_of(name) == FAMILY_SLAB)
                return DIMENSION_SLAB;
        /* What divides it may stand behind the field: a component of the path is none, in practice,
         * and no harm is done where it is. */
        for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/'))
                for (size_t i = 0; i < ELEMENTS_OF(fields); i++) {
                        size_t length = strlen(fields[i].field);
                        if (strncmp(at + 1, fields[i].field, length) == 0 &&
                            (at[1 + length] == '\0' || at[1 + length] == '/'))
                                return (int)fields[i].dimension;
                }
        return -1;
}

int culprit_dimension_by_name(const char *name)
{
        if (family_of(name) >= 0)
                return dimension_of_member(name);
        size_t length = strcspn(name, "/");

        for (int i = 0; i < DIMENSION_COUNT; i++) {
                const char *known = culprit_dimension_name((enum culprit_dimension)i);

                if (strlen(known) == length && memcmp(known, name, length) == 0)
                        return i;
        }
        if (length == strlen("KReclaimable") && has_prefix(name, "KReclaimable"))
                return DIMENSION_SRECLAIMABLE;
        return -1;
}

void culprit_list_init(struct culprit_list *l, enum culprit_dimension dimension)
{
        *l = (struct culprit_list){
                .dimension = dimension,
                .since = NAN,
                .until = NAN,
                .grown = NAN,
                .explained = NAN,
                .charged = NAN,
        };
}

struct culprit *culprit_list_add(struct culprit_list *l, enum culprit_kind kind)
{
        if (l->count == CULPRITS_MAX)
                return NULL;

        struct culprit *c = &l->culprits[l->count++];
        *c = (struct culprit){ .kind = kind, .bytes = NAN, .share = NAN, .since = NAN };
        return c;
}

/* Whole percents: more digits would claim more than the counters know. */
static void add_share(struct text *t, const struct culprit_list *l, const struct culprit *c,
                      bool first)
{
        char bytes[FORMAT_MAX];
        const char *about = c->about ? "about " : "";

        if (c->sizes != l->sizes)
                text_add(t, "%s has %s now", c->label, format_bytes(c->bytes, bytes));
        else if (isnan(c->share))
                text_add(t, "%s%s is %s", about, format_bytes(c->bytes, bytes), c->label);
        else
                text_add(t, "%s%.0f %% %sis %s", about, c->share * 100, first ? "of it " : "",
                         c->label);
}

const char *culprit_text(const struct culprit_list *l, char *buffer, size_t size)
{
        /* A second object is worth the words when it is large. */
        static const double WORTH_TELLING = 0.2, NEARLY_ALL = 0.9;
        const struct culprit *who = NULL, *last = NULL, *first = l->culprits;
        unsigned told = 0;
        struct text t;

        text_init(&t, buffer, size);
        for (unsigned i = 0; i < l->count; i++) {
                const struct culprit *c = &l->culprits[i];

                if (c->kind == CULPRIT_CGROUP) {
                        if (!who)
                                who = c;
                } else if (last && last->kind == CULPRIT_STACKS && c->kind == CULPRIT_PROCESS) {
                        text_add(&t, ", %sof %s", c->share < NEARLY_ALL ? "most " : "", c->label);
                        told++;
                } else if (told == 1 && culprit_side(c->kind) != culprit_side(first->kind)) {
                        /* The same memory: its share beside the other would read as a sum. */
                        if (c->kind != CULPRIT_CACHE && c->share >= 0.5) {
                                text_add(&t, ", %s%s",
                                         c->kind == CULPRIT_SITE ? "asked for by " : "", c->label);
                                told++;
                        }
                } else if (told == 0 || (told == 1 && c->share >= WORTH_TELLING)) {
                        text_add(&t, "%s", told ? ", " : "");
                        add_share(&t, l, c, told == 0);
                        told++;
                        last = c;
                        continue;
                }
                last = NULL;
        }
        if (who && who->about) {
                char bytes[FORMAT_MAX];

                text_add(&t, "%skernel memory of %s %s by %s", told ? ", " : "", who->label,
                         l->grown < 0 ? "fell" : "grew", format_bytes(who->bytes, bytes));
        } else if (who) {
                text_add(&t, "%s", told ? ", " : "");
                if (!isnan(who->share) && who->share < NEARLY_ALL)
                        text_add(&t, "%.0f %% %s", who->share * 100, told ? "" : "of it ");
                text_add(&t, "%s %s", who->placed ? "in" : "charged to", who->label);
        }
        if (t.length == 0)
                text_add(&t, "%s", l->unexplained);
        return buffer;
}

static const struct culprit *first_of(const struct culprit_list *l, enum culprit_kind kind)
{
        for (unsigned i = 0; i < l->count; i++)
                if (l->culprits[i].kind == kind)
                        return &l->culprits[i];
        return NULL;
}

bool culprit_lists_agree(const struct culprit_list *a, const struct culprit_list *b)
{
        static const enum culprit_kind kinds[] = { CULPRIT_PROCESS, CULPRIT_CGROUP };

        for (size_t i = 0; i < ELEMENTS_OF(kinds); i++) {
                const struct culprit *x = first_of(a, kinds[i]), *y = first_of(b, kinds[i]);

                if (x && y && strcmp(x->name, y->name) == 0 && x->share >= 0.5 && y->share >= 0.5)
                        return true;
        }
        return false;
}
