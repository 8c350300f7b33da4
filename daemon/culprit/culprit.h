/* SPDX-License-Identifier: MIT */
/* Who is behind a growth (or a drop): the list that goes into events, status and `who`. Pure.
 *
 * JSON form (written where events are): "culprits": [{"kind", "name", "label", "bytes", "share",
 * "note"}, ...] in the list's order, then "culprits_explained" (0..1 or null), "unexplained",
 * "hidden" and "culprit_text". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum culprit_kind {
        /* what grew */
        CULPRIT_CACHE,         /* a slab cache */
        CULPRIT_LARGE_KMALLOC, /* kmalloc too large for a cache: known by its sum only */
        CULPRIT_CALLER,        /* a function that vmalloc'ed */
        CULPRIT_SITE,          /* a line of the kernel's source */
        CULPRIT_STACKS,        /* kernel stacks, inside VmallocUsed */
        CULPRIT_MAP,           /* BPF maps of a name */
        CULPRIT_OBJECTS,       /* objects that cost this much each: namespaces, dying cgroups */
        CULPRIT_PAGES,         /* pages of a known use: TCP buffers, compressed memory */
        CULPRIT_PROCESS,       /* processes of a command */
        /* who it is charged to */
        CULPRIT_CGROUP,
        CULPRIT_KIND_COUNT,
};
/* "cache", "large-kmalloc", "caller", "site", "stacks", "map", "objects", "pages", "process",
 * "cgroup" */
const char *culprit_kind_name(enum culprit_kind kind);
int culprit_kind_by_name(const char *name); /* or -1 */

/* The sides from which one growth can be seen. Culprits of one side have their parts of it, whose
 * shares add up to 1 at most; those of another side are the same memory once more. */
enum culprit_side {
        SIDE_CACHES,
        SIDE_CALLERS,
        SIDE_SITES, /* each is a guess by itself: what grew as much */
        SIDE_OBJECTS,
        SIDE_PROCESSES,
        SIDE_CGROUPS,
        SIDE_COUNT,
};
enum culprit_side culprit_side(enum culprit_kind kind);

/* What culprits can be asked for. */
enum culprit_dimension {
        DIMENSION_SLAB,
        DIMENSION_SRECLAIMABLE,
        DIMENSION_SUNRECLAIM,
        DIMENSION_VMALLOC_USED,
        DIMENSION_KERNEL_STACK,
        DIMENSION_PAGE_TABLES,
        DIMENSION_SEC_PAGE_TABLES,
        DIMENSION_PERCPU,
        DIMENSION_UNACCOUNTED,
        DIMENSION_COUNT,
};
const char *culprit_dimension_name(enum culprit_dimension dimension);
/* From a rule's dimension: "SUnreclaim", "KernelStack/threads" (KReclaimable is SReclaimable's),
 * "slab:dentry" (that of all of them), or -1. */
int culprit_dimension_by_name(const char *name);

enum {
        CULPRITS_MAX = 10,      /* a person reads three */
        CULPRIT_NAME_MAX = 240, /* as TALLY_NAME_MAX */
        CULPRIT_LABEL_MAX = 160,
        CULPRIT_NOTE_MAX = 256,
        CULPRIT_TEXT_MAX = 384,
};

struct culprit {
        enum culprit_kind kind;
        char name[CULPRIT_NAME_MAX];   /* as the kernel calls it: cache, function, cgroup's path */
        char label[CULPRIT_LABEL_MAX]; /* as a person calls it */
        char note[CULPRIT_NOTE_MAX];   /* more for a person, or "" */
        double bytes; /* that it grew (at a drop shrank) by, > 0; with `sizes` all it has now */
        double share; /* of what the dimension grew by, with `sizes` of its size; 0..1, NaN unknown
                       */
        bool sizes;   /* no earlier look to compare with, or not asked for one */
        bool about;  /* not measured: from the usual cost of such objects; of a cgroup, that all its
                        kernel memory grew meanwhile, of whatever kind (cgroup v1) */
        bool placed; /* a cgroup by where the processes are, not by the kernel's account */
        double since; /* Unix seconds: what it is compared with; NaN with sizes */
};

/* All texts are valid UTF-8 without control characters. */
struct culprit_list {
        enum culprit_dimension dimension;
        double since, until; /* Unix seconds: the growth that was asked for */
        double grown;        /* bytes by which the dimension grew, < 0 it fell, NaN unknown */
        bool sizes;          /* shares are of the dimension's size, not of a growth */
        double explained;    /* share that what is known of the objects explains; NaN unknown */
        double charged;      /* share that is charged to any cgroup; NaN unknown */
        bool from_snapshot;  /* there was no time for a deep look */
        unsigned count;
        struct culprit culprits[CULPRITS_MAX]; /* what grew, largest first, then who has it */
        char unexplained[CULPRIT_TEXT_MAX];    /* what is not explained and why, or "" */
        char hidden[CULPRIT_TEXT_MAX];         /* sources that were not to be had, or "" */
};

/* An empty list. */
void culprit_list_init(struct culprit_list *l, enum culprit_dimension dimension);

/* Room for one more, zeroed but its numbers NaN, or NULL. */
struct culprit *culprit_list_add(struct culprit_list *l, enum culprit_kind kind);

/* One sentence for a person without a full stop: "98 % of it is dentry, charged to docker container
 * 4f1c2a9b8c7d (nginx)"; what is not explained when nobody is named; "" when nothing is known.
 * Returns buffer. */
const char *culprit_text(const struct culprit_list *l, char *buffer, size_t size);

/* True when both name the same process, or the same cgroup with most of it: one cause behind two
 * dimensions. See also cause.h. */
bool culprit_lists_agree(const struct culprit_list *a, const struct culprit_list *b);
