/* SPDX-License-Identifier: MIT */
/* Draws a host. The ranges are wide on purpose: they say what exists, not what is usual. Unit costs
 * are measured ones: a thread is a stack of 16 KiB and 6.7 KiB of slab, a socket 2.3 KiB, a memory
 * cgroup 19 KiB and 2 to 4 KiB on each possible CPU, a network namespace 200 KiB. */
#include "host.h"

#include <math.h>
#include <string.h>

static const double KIB = 1024, MIB = 1024 * 1024, GIB = 1024 * 1024 * 1024.0;

const char *const role_names[ROLE_COUNT] = {
        "small", "web", "database", "build", "containers", "files", "hypervisor",
};

/* What a role has more or less of: ranges, drawn evenly in the logarithm. */
struct habits {
        double weight;
        struct {
                double low, high;
        } base_threads, pool_threads, anon, shmem, universe, data, sockets, cgroups, netns, bursts;
};
static const struct habits habits[ROLE_COUNT] = {
        [ROLE_SMALL] = { 2,
                         { 40, 200 },
                         { 1, 10 },
                         { 0.05, 0.3 },
                         { 1e-4, 1e-2 },
                         { 0.005, 0.05 },
                         { 0.1, 0.6 },
                         { 50, 500 },
                         { 30, 80 },
                         { 0.1, 2 },
                         { 0.2, 3 } },
        [ROLE_WEB] = { 3,
                       { 100, 800 },
                       { 30, 2000 },
                       { 0.15, 0.6 },
                       { 1e-3, 2e-2 },
                       { 0.005, 0.06 },
                       { 0.1, 1 },
                       { 1e3, 1e5 },
                       { 40, 120 },
                       { 0.1, 5 },
                       { 0.5, 8 } },
        [ROLE_DATABASE] = { 2,
                            { 100, 1000 },
                            { 20, 1500 },
                            { 0.1, 0.4 },
                            { 0.1, 0.4 },
                            { 0.002, 0.03 },
                            { 0.5, 3 },
                            { 200, 5000 },
                            { 40, 90 },
                            { 0.1, 2 },
                            { 0.2, 3 } },
        [ROLE_BUILD] = { 2,
                         { 80, 400 },
                         { 1, 20 },
                         { 0.05, 0.3 },
                         { 1e-4, 1e-2 },
                         { 0.02, 0.15 },
                         { 0.3, 2 },
                         { 100, 2000 },
                         { 40, 200 },
                         { 0.1, 10 },
                         { 2, 20 } },
        [ROLE_CONTAINERS] = { 3,
                              { 300, 6000 },
                              { 50, 3000 },
                              { 0.2, 0.6 },
                              { 1e-3, 2e-2 },
                              { 0.02, 0.12 },
                              { 0.2, 1.5 },
                              { 1e3, 3e4 },
                              { 150, 1500 },
                              { 20, 300 },
                              { 1, 10 } },
        [ROLE_FILES] = { 1,
                         { 100, 500 },
                         { 16, 256 },
                         { 0.02, 0.15 },
                         { 1e-4, 1e-2 },
                         { 0.08, 0.4 },
                         { 1, 10 },
                         { 100, 5000 },
                         { 40, 90 },
                         { 0.1, 2 },
                         { 0.2, 4 } },
        [ROLE_HYPERVISOR] = { 1,
                              { 300, 2000 },
                              { 5, 100 },
                              { 0.02, 0.08 },
                              { 1e-3, 1e-2 },
                              { 0.003, 0.03 },
                              { 0.05, 0.5 },
                              { 100, 2000 },
                              { 60, 300 },
                              { 1, 20 },
                              { 0.2, 2 } },
};

#define DRAW(r, range) draw_scale(r, (range).low, (range).high)

static unsigned bits(double x)
{
        return x < 1 ? 0 : (unsigned)floor(log2(x)) + 1; /* the kernel's fls() */
}

double host_fold_pages(double total, unsigned cpus)
{
        double threshold = 2 * bits(cpus) * (1 + bits(total / (128 * MIB)));

        return fmin(threshold, 125);
}

static enum role draw_role(struct random *r)
{
        double sum = 0, at;

        for (int i = 0; i < ROLE_COUNT; i++)
                sum += habits[i].weight;
        at = sum * random_uniform(r);
        for (int i = 0; i < ROLE_COUNT; i++)
                if ((at -= habits[i].weight) < 0)
                        return (enum role)i;
        return ROLE_SMALL;
}

static void draw_hardware(struct random *r, struct host *h)
{
        double gib = h->role == ROLE_SMALL        ? draw_scale(r, 0.5, 8)
                     : h->role == ROLE_HYPERVISOR ? draw_scale(r, 32, 2048)
                                                  : draw_scale(r, 1, 2048);
        /* Between 0.5 and 16 GiB for each CPU exist. */
        double cpus = gib / draw_scale(r, 0.5, 16);

        /* The firmware and the kernel keep a little. */
        h->total = floor(gib * (1 - draw_between(r, 0.015, 0.06)) * GIB / 4096) * 4096;
        h->cpus = (unsigned)fmin(256, fmax(1, round(cpus)));
        if (h->cpus > 4)
                h->cpus &= ~1U;
        h->possible_cpus = h->cpus * (draw_chance(r, 0.2) ? 2 : 1);
        h->kind = h->role == ROLE_HYPERVISOR || gib > 700 || draw_chance(r, 0.35) ? "physical"
                  : draw_chance(r, 0.1)                                           ? "container"
                                                                                  : "vm";
}

static void draw_kernel(struct random *r, struct host *h)
{
        static const double versions[] = { 4.18, 4.19, 5.04, 5.10, 5.14, 5.15,
                                           6.01, 6.06, 6.08, 6.12, 6.18 };

        h->kernel = versions[draw_index(r, sizeof(versions) / sizeof(versions[0]))];
        h->has_percpu = h->kernel > 4.185;
        h->has_vmalloc = h->kernel > 5.025;
        h->has_sec = h->kernel > 6.005;
        h->stack = 16 * KIB;
        h->fold_pages = host_fold_pages(h->total, h->cpus);
        h->fold_activity = draw_scale(r, 0.02, 0.6);
}

static void draw_tasks(struct random *r, const struct habits *a, struct host *h)
{
        /* Half a percent of memory for the stacks of what always runs, and of the pool. */
        double most = 0.005 * h->total / h->stack, grow = sqrt(h->cpus / 8.0);

        h->threads_kernel = round(60 + h->cpus * draw_between(r, 6, 12));
        h->threads_base = round(fmin(most, DRAW(r, a->base_threads) * fmin(grow, 4)));
        h->threads_pool = fmin(most, DRAW(r, a->pool_threads) * fmin(grow, 4));
        h->threads_per_process = draw_scale(r, 1.2, 10);
        h->pool_per_process = draw_chance(r, 0.3) ? 1 : draw_scale(r, 10, 1000);
        h->pool_rise = draw_scale(r, 3, 60);
        h->pool_fall = draw_scale(r, 30, 1200);
}

static void draw_memory(struct random *r, const struct habits *a, struct host *h)
{
        double anon = DRAW(r, a->anon), room;

        h->anon_load = anon * draw_between(r, 0.02, 0.35);
        h->anon_base = anon - h->anon_load;
        h->shmem = fmin(DRAW(r, a->shmem), 0.8 - anon);
        h->mapped = draw_scale(r, 0.005, 0.05);
        h->process_tables = draw_scale(r, 40, 120) * KIB;
        h->process_heap = draw_scale(r, 0.5, 4) * MIB;
        /* Nobody runs more processes than memory has room for: a tenth of it for each kind. */
        room = 0.1 * h->total / (h->process_heap + h->process_tables);
        h->threads_per_process = fmax(h->threads_per_process, h->threads_base / room);
        h->pool_per_process = fmax(h->pool_per_process, h->threads_pool / room);
        h->table_density = draw_scale(r, 1.02, 2);
        h->sharers = h->role == ROLE_DATABASE && draw_chance(r, 0.5) ? draw_scale(r, 2, 20) : 1;
        h->tables_late_share = draw_between(r, 0, 0.7);
}

static void draw_files(struct random *r, const struct habits *a, struct host *h)
{
        h->universe = DRAW(r, a->universe) * h->total;
        h->data = DRAW(r, a->data) * h->total;
        /* All files once in 3 hours to 30 days, of itself. */
        h->everyday_touch = 1 / draw_scale(r, 3 * 3600, 30 * 86400);
        h->negative_rate = draw_chance(r, 0.3) ? h->universe * draw_scale(r, 1e-8, 1e-6) : 0;
        h->io = h->total / draw_scale(r, 1800, 86400 * 5);
}

static void draw_objects(struct random *r, const struct habits *a, struct host *h)
{
        double most = 0.005 * h->total; /* each of them takes no more than half a percent */

        h->unreclaim_base = draw_between(r, 15, 40) * MIB +
                            h->cpus * draw_scale(r, 0.2, 1.5) * MIB +
                            h->total * draw_scale(r, 0.0005, 0.006);
        h->unreclaim_noise = draw_scale(r, 0.0001, 0.006);
        /* With a security module every inode has a blob of its own: 30 to 80 bytes for each 1.2 KiB
         * of inode and dentry. */
        h->unreclaim_per_universe = draw_scale(r, 0.005, 0.08);
        h->per_thread = 6.7 * KIB;
        h->per_socket = 2.3 * KIB;
        h->sockets = fmin(DRAW(r, a->sockets), most / h->per_socket);
        h->percpu_per_cgroup = draw_between(r, 2, 4) * KIB * h->possible_cpus;
        h->per_cgroup = 19 * KIB;
        h->cgroups = fmin(DRAW(r, a->cgroups), most / (h->per_cgroup + h->percpu_per_cgroup));
        h->per_netns = 200 * KIB;
        h->netns = fmin(DRAW(r, a->netns), most / h->per_netns);
        h->slab_late_share = draw_between(r, 0.05, 0.5);
        h->slab_late = draw_scale(r, 300, 6 * 3600);
        h->vmalloc_base = draw_between(r, 8, 35) * MIB + h->cpus * draw_scale(r, 0.03, 0.3) * MIB;
        h->percpu_base = h->possible_cpus *
                         fmin(draw_scale(r, 0.4, 3) * MIB, 0.01 * h->total / h->possible_cpus);
        /* Chunks are given back since 5.14, and late even then. */
        h->percpu_late = h->kernel >= 5.14 ? draw_scale(r, 60, 7200) : 30 * 86400;
        h->guests = h->role == ROLE_HYPERVISOR ? h->total * draw_between(r, 0.3, 0.85) : 0;
}

static void draw_day(struct random *r, const struct habits *a, struct host *h)
{
        h->day_swing = draw_between(r, 0, 0.6);
        h->day_peak = draw_between(r, 0, 24);
        h->half_day_swing = draw_between(r, 0, 0.2);
        h->half_day_peak = draw_between(r, 0, 24);
        h->weekend = draw_chance(r, 0.5) ? draw_between(r, 0.3, 1) : 1;
        h->load_noise = draw_scale(r, 0.003, 0.15);
        h->load_tau = draw_scale(r, 30, 3600);
        h->bursts_per_hour = DRAW(r, a->bursts);
        h->deploys_per_day = draw_chance(r, 0.4) ? draw_scale(r, 0.1, 3) : 0;
        h->steps_per_day = draw_chance(r, 0.3) ? draw_scale(r, 0.1, 2) : 0;
}

void host_draw(struct random *r, struct host *ret)
{
        const struct habits *a;

        memset(ret, 0, sizeof(*ret));
        ret->role = draw_role(r);
        a = &habits[ret->role];
        draw_hardware(r, ret);
        draw_kernel(r, ret);
        draw_tasks(r, a, ret);
        draw_memory(r, a, ret);
        draw_files(r, a, ret);
        draw_objects(r, a, ret);
        draw_day(r, a, ret);
}
