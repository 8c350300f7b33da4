/* SPDX-License-Identifier: MIT */
/* Takes samples from a live or recorded /proc: kept descriptors, one pread each, no allocation. */
#pragma once

#include "base/macros.h"
#include "sample/sample.h"

struct members;
struct procfs;
struct sampler;

/* 0 or negative errno (/proc/meminfo cannot be read). Owned by the caller; p must outlive it. */
int sampler_new(const struct procfs *p, struct sampler **ret);
void sampler_free(struct sampler *s); /* NULL is fine */

/* The machine's name from now on, in place of the kernel's: in a pod that is the pod's. */
void sampler_set_host_name(struct sampler *s, const char *name);

/* One sample, stamped with the caller's time rounded to milliseconds, as a trace stores it. *ret
 * points into the sampler until the next call. CPU counts, cgroups, host name and MemTotal in the
 * facts are read again every 60 s of `time`, when it was set back, and when MemTotal changes.
 * VmallocUsed is absent as long as it has never been other than 0 (kernels 4.4 to 5.2); threads is
 * absent when /proc/loadavg cannot be read. 0; -EBADMSG when /proc/meminfo holds no MemTotal;
 * negative errno from reading it: the next call opens it again. */
_hot_ int sampler_take(struct sampler *s, double time, const struct sample **ret);

/* The value of FIELD_UNACCOUNTED from now on, NaN at first: it is measured outside of the tick,
 * once a minute. Below zero by the counters' error is nothing. */
void sampler_set_unaccounted(struct sampler *s, double bytes);

/* Part of each sample from now on; they are read outside of the tick, too. NULL at first. */
void sampler_set_members(struct sampler *s, const struct members *members);

/* The facts as last read; valid until sampler_free, refreshed in place. */
const struct host_facts *sampler_host(const struct sampler *s);
