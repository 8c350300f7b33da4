/* SPDX-License-Identifier: MIT */
/* Who has threads, page tables and open files: all processes, added up by command and by cgroup. */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "culprit/look_internal.h"

/* What one costs the kernel, for choosing whose rows to keep: a thread has 16 KiB of stack and
 * 6.7 KiB of slab, an open file some 256 bytes. */
static const double THREAD_WEIGHT = 23245, DESCRIPTOR_WEIGHT = 256;

static int processes_begin(struct look *l)
{
        l->directory.fd = -1;
        int r = directory_init(&l->directory, l->p, "proc");
        return r < 0 ? r : 1;
}

static void add(struct tally *t, unsigned row, const struct process *process)
{
        double *now = tally_now(t, row);

        now[PROCESS_COUNT] += 1;
        now[PROCESS_THREADS] += process->threads;
        now[PROCESS_PAGE_TABLES] += process->page_tables;
        now[PROCESS_DESCRIPTORS] += process->descriptors;
        now[PROCESS_WEIGHT] += process->threads * THREAD_WEIGHT + process->page_tables +
                               process->descriptors * DESCRIPTOR_WEIGHT;
}

static ssize_t read_file(struct look *l, const char *pid, const char *name)
{
        struct text path;

        text_init(&path, l->path, sizeof(l->path));
        text_add(&path, "proc/%s/%s", pid, name);
        return procfs_read(l->p, l->path, l->text, sizeof(l->text));
}

/* A process that ends meanwhile is left out. */
static void visit(struct look *l, const char *pid)
{
        struct tally *commands = &l->into->tables[TABLE_COMMANDS];
        struct tally *places = &l->into->tables[TABLE_PLACES];
        struct tally *pairs = &l->into->tables[TABLE_PAIRS];
        struct process process;
        ssize_t n = read_file(l, pid, "status");

        if (n < 0 || process_status_parse(l->text, (size_t)n, &process) < 0)
                return;

        n = read_file(l, pid, "cgroup");
        size_t length;
        const char *cgroup = process_cgroup_parse(l->text, n > 0 ? (size_t)n : 0, &length);
        uint64_t place = tally_key(0, cgroup, length);

        if (!process.kernel) /* those are in the root for want of another place */
                add(places, tally_get(places, place, 0, cgroup, length), &process);

        length = strlen(process.name);
        uint64_t command = tally_key(0, process.name, length);
        uint64_t pair = tally_key(place, process.name, length);
        add(commands, tally_get(commands, command, 0, process.name, length), &process);
        add(pairs, tally_get(pairs, pair, place, process.name, length), &process);
}

static int processes_step(struct look *l)
{
        /* Names that are no numbers come first in a listing of /proc, or in any order elsewhere. */
        for (unsigned entries = 0; entries < 128; entries++) {
                bool folder;
                const char *name = directory_next(&l->directory, &folder);

                if (!name)
                        return l->into->tables[TABLE_COMMANDS].count > 0 ? 0 : -ENODATA;
                if (folder && name[strspn(name, "0123456789")] == '\0') {
                        visit(l, name);
                        return 1;
                }
        }
        return 1;
}

static void processes_end(struct look *l)
{
        directory_done(&l->directory);
}

const struct look_source look_processes = { processes_begin, processes_step, processes_end };
