/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <math.h>
#include <string.h>

static const double KIB = 1024, MIB = 1024 * 1024, PAGE = 4096;
/* One entry of 8 bytes maps 4 KiB. */
static const double ENTRY = 1 / 512.0;
/* Kernel text, page structs beyond what MemTotal leaves out, buffers of drivers. */
static const double HIDDEN = 0.008;

const char *const counter_names[COUNTER_COUNT] = {
        "Slab",          "SReclaimable", "SUnreclaim", "VmallocUsed", "KernelStack",  "PageTables",
        "SecPageTables", "Percpu",       "MemTotal",   "MemFree",     "MemAvailable", "AnonPages",
        "Mapped",        "Shmem",        "Cached",     "threads",
};

void kernel_init(struct kernel *k, const struct host *h, struct random *r, double up)
{
        memset(k, 0, sizeof(*k));
        k->host = h;
        k->random = random_fork(r);
        r = &k->random;
        k->unreclaim_fast = (struct wander){ .tau = draw_scale(r, 3, 60) };
        k->unreclaim_slow = (struct wander){ .tau = draw_scale(r, 300, 7200) };
        k->slab = (struct ratchet){ .share = h->slab_late_share, .tau = h->slab_late };
        k->tables = (struct ratchet){ .share = h->tables_late_share,
                                      .tau = draw_scale(r, 600, 6 * 3600) };
        k->percpu = (struct ratchet){ .share = 1, .tau = h->percpu_late };
        kernel_boot(k);
        if (up > 0) {
                double touched = up * (h->everyday_touch + draw_scale(r, 1e-8, 1e-5));

                k->cached = 1 - (1 - k->cached) * exp(-touched);
                k->page_cache = h->data * (1 - exp(-up * h->io / h->data));
                k->negative = fmin(h->negative_rate * up, 0.2 * h->total);
        }
}

void kernel_boot(struct kernel *k)
{
        const struct host *h = k->host;

        /* Booting itself looks at some thousands of files. */
        k->cached = fmin(0.5, 15 * MIB / h->universe);
        k->page_cache = fmin(400 * MIB, 0.2 * h->total);
        k->negative = 0;
        k->slab.started = k->tables.started = k->percpu.started = false;
        k->unreclaim_fast.value = k->unreclaim_slow.value = 0;
}

double kernel_drop_caches(struct kernel *k, double share)
{
        double gone = share * (k->cached * k->host->universe + k->negative);

        k->cached *= 1 - share;
        k->negative *= 1 - share;
        return gone;
}

/* What the CPUs have counted and not yet added up: each keeps up to fold_pages to itself and adds
 * up once a second. */
static double fold(struct kernel *k, double load, double unit)
{
        const struct host *h = k->host;
        double most = h->fold_pages * unit;
        double spread = 0.5 * most * h->fold_activity * fmin(load, 1.5) * sqrt(h->cpus);

        return fmax(-most * h->cpus, fmin(most * h->cpus, spread * random_normal(&k->random)));
}

static double whole(double bytes, double unit)
{
        return fmax(0, round(bytes / unit) * unit);
}

/* Caches grow into free memory. When it runs short, kswapd takes from them: mostly from the page
 * cache, and of slab caches a share as well. */
static void cache(struct kernel *k, const struct demand *d, double interval, double used,
                  double total)
{
        const struct host *h = k->host;
        double low = fmax(2 * MIB, 0.006 * total), free;

        k->cached = 1 - (1 - k->cached) * exp(-d->touch * interval);
        k->negative += h->negative_rate * d->load * interval;
        k->page_cache += (h->data - k->page_cache) * (1 - exp(-d->io * interval / h->data));
        free = total - used - k->page_cache - k->cached * h->universe - k->negative;
        if (free < low) {
                double need = 2.5 * low - free, slab = k->cached * h->universe + k->negative;
                double share = need / (k->page_cache + slab + 1);
                double harsh = fmin(0.5, share * draw_between(&k->random, 0.3, 1.5));

                k->page_cache *= 1 - fmin(0.9, share);
                k->cached *= 1 - harsh;
                k->negative *= 1 - fmin(0.9, 3 * harsh);
        }
}

static double page_tables(struct kernel *k, const struct demand *d, double anon, double interval)
{
        const struct host *h = k->host;
        double mapped = h->table_density * ENTRY * (anon + d->guests + d->mapped);
        double shared = ENTRY * d->shmem * h->sharers;
        /* Commands that live for less than a sample. */
        double passing = fabs(random_normal(&k->random)) * 0.2 * d->load * sqrt(h->cpus);

        return ratchet_step(&k->tables, mapped, interval) + shared +
               (d->processes + passing) * h->process_tables;
}

void kernel_step(struct kernel *k, const struct demand *d, const struct extra *extra,
                 double interval, double ret[COUNTER_COUNT])
{
        const struct host *h = k->host;
        struct random *r = &k->random;
        double total = h->total - k->balloon, threads = d->threads + extra->threads;
        double stack, reclaimable, unreclaimable, tables, sec, percpu, vmalloc, anon, used, free;

        /* Tasks that have ended keep their stack until a grace period is over. */
        stack = h->stack * (threads + floor(draw_wait(r, 0.3 * d->load))) + extra->stack;

        unreclaimable = threads * h->per_thread + d->sockets * h->per_socket +
                        d->cgroups * h->per_cgroup + d->netns * h->per_netns + d->fills +
                        (k->cached * h->universe + d->temporary) * h->unreclaim_per_universe;
        unreclaimable =
                ratchet_step(&k->slab, unreclaimable, interval) +
                h->unreclaim_base *
                        (1 + h->unreclaim_noise * (wander_step(&k->unreclaim_fast, r, interval) +
                                                   wander_step(&k->unreclaim_slow, r, interval))) +
                extra->sunreclaim;

        percpu = h->percpu_base + d->cgroups * h->percpu_per_cgroup + extra->percpu;
        /* Chunks are populated by pages of all CPUs at once. */
        percpu = ceil(ratchet_step(&k->percpu, percpu, interval) / (PAGE * h->possible_cpus)) *
                 PAGE * h->possible_cpus;
        vmalloc = h->vmalloc_base + d->vmalloc + stack + 2 * h->cpus * h->stack +
                  2 * percpu / h->possible_cpus + extra->vmalloc;

        sec = h->has_sec ? d->guests * ENTRY * 1.02 + extra->sec_tables : extra->sec_tables;
        anon = fmin(d->anon, 0.85 * total - d->shmem - d->guests);
        tables = page_tables(k, d, anon, interval) + extra->tables;

        used = HIDDEN * h->total + anon + d->guests + d->shmem + unreclaimable + vmalloc + tables +
               sec + percpu + d->temporary + extra->sreclaimable;
        cache(k, d, interval, used, total);
        /* The tree of the page cache is slab as well: 576 bytes for 64 pages. */
        reclaimable = k->cached * h->universe + k->negative + d->temporary +
                      k->page_cache * 576 / (64 * PAGE) + 8 * MIB + extra->sreclaimable;
        free = total - used - k->page_cache - (reclaimable - d->temporary - extra->sreclaimable);
        /* Lists of free pages of each CPU. */
        free += 0.3 * MIB * sqrt(h->cpus) * random_normal(r);

        ret[COUNTER_SRECLAIMABLE] = whole(reclaimable + fold(k, d->load, PAGE), PAGE);
        ret[COUNTER_SUNRECLAIM] = whole(unreclaimable + fold(k, d->load, PAGE), PAGE);
        ret[COUNTER_SLAB] = ret[COUNTER_SRECLAIMABLE] + ret[COUNTER_SUNRECLAIM];
        ret[COUNTER_VMALLOC] = h->has_vmalloc ? whole(vmalloc, PAGE) : NAN;
        /* This one counts in KiB, and keeps as many of them as others keep pages. */
        ret[COUNTER_STACK] = whole(stack + fold(k, d->load, KIB), h->stack);
        ret[COUNTER_TABLES] = whole(tables + fold(k, d->load, PAGE), PAGE);
        ret[COUNTER_SEC_TABLES] = h->has_sec ? whole(sec, PAGE) : NAN;
        ret[COUNTER_PERCPU] = h->has_percpu ? whole(percpu, PAGE) : NAN;
        ret[COUNTER_TOTAL] = whole(total, PAGE);
        ret[COUNTER_FREE] = whole(fmax(free, 0.002 * total), PAGE);
        ret[COUNTER_AVAILABLE] = whole(
                fmax(0.002 * total, free - 0.004 * total + 0.97 * k->page_cache +
                                            fmax(0.5 * reclaimable, reclaimable - 0.004 * total)),
                PAGE);
        ret[COUNTER_ANON] = whole(anon + d->guests, PAGE);
        ret[COUNTER_MAPPED] = whole(d->mapped + 0.7 * d->shmem, PAGE);
        ret[COUNTER_SHMEM] = whole(d->shmem, PAGE);
        ret[COUNTER_CACHED] = whole(k->page_cache + d->shmem, PAGE);
        ret[COUNTER_THREADS] = threads;
}
