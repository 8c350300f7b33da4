/* SPDX-License-Identifier: MIT */
/* What the files look*.c share. */
#pragma once

#include "culprit/look.h"
#include "culprit/process_status.h"
#include "sample/cgroup_tree.h"
#include "sample/directory.h"
#include "sample/lines.h"

enum {
        LOOK_PATH_MAX = CGROUP_PATH_MAX,
        LOOK_QUEUE_MAX = 32768, /* paths of cgroups to be listed: some 400 of 80 bytes */
};

struct look {
        const struct procfs *p;
        double (*clock)(void);
        struct findings *into;
        enum source order[SOURCE_COUNT];
        unsigned count, at; /* sources to read; the one that is being read */
        bool begun;         /* it was opened */
        double deadline;
        bool deep;

        /* of the source that is being read */
        struct lines lines;
        struct directory directory;
        char text[PROCESS_TEXT_MAX];
        char path[LOOK_PATH_MAX];
        char cgroup[LOOK_PATH_MAX];

        /* cgroups: those that wait to be listed, terminated one behind the other */
        struct cgroup_tree tree;
        char queue[LOOK_QUEUE_MAX];
        unsigned queue_from, queue_to;
        unsigned visited;
        char folder[LOOK_PATH_MAX]; /* the one that is being listed, "" the root */
        uint64_t folder_key;

        unsigned map_id; /* BPF maps: the last one seen */
};

/* A source: begin opens it, step does a small part. Both return 1: more to do, 0: complete, or
 * negative errno. end releases what begin took, also after an error. */
struct look_source {
        int (*begin)(struct look *l);
        int (*step)(struct look *l);
        void (*end)(struct look *l);
};

extern const struct look_source look_slabinfo, look_vmallocinfo, look_allocinfo, look_cgroups,
        look_processes, look_aliases, look_maps;
