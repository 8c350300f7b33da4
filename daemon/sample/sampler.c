/* SPDX-License-Identifier: MIT */
/* Takes the samples. In the second's tick it does two preads on kept descriptors and nothing else;
 * what changes seldom is read once a minute. Nothing is allocated after sampler_new. */
#include "sample/sampler.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "sample/host.h"
#include "sample/loadavg.h"
#include "sample/meminfo.h"

enum { REFRESH_SECONDS = 60 };

struct sampler {
        const struct procfs *p;
        int meminfo_fd, loadavg_fd; /* -1 while the file cannot be opened */
        double refreshed;           /* when the cold facts were read, NaN before the first time */
        bool vmalloc_used_counts;   /* VmallocUsed was other than 0 once */
        double unaccounted;         /* as last measured, NaN before */
        struct host_facts host;
        char name[sizeof((struct host_facts){ 0 }.name)]; /* "": the kernel's */
        struct sample sample;
        double values[FIELD_KNOWN_COUNT];
        char text[MEMINFO_TEXT_MAX];
};

DEFINE_CLEANUP(struct sampler, sampler_free);

/* In a recorded root a file may have been replaced by another of its name; the kernel's never are,
 * and the system call is saved there. */
static bool is_replaced(const struct procfs *p, int fd)
{
        struct stat st;

        return !p->live && (fstat(fd, &st) < 0 || st.st_nlink == 0);
}

/* One pread of the whole file: meminfo and loadavg are made in one piece. */
static ssize_t read_once(int fd, char *buffer, size_t size)
{
        ssize_t n;

        do
                n = pread(fd, buffer, size, 0);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* Reads by a kept descriptor, and by a new one when the old fails: lxcfs leaves dead descriptors
 * behind when it is restarted, a mount can be replaced. */
static ssize_t read_kept(const struct procfs *p, int *fd, const char *path, char *buffer,
                         size_t size)
{
        if (*fd >= 0 && !is_replaced(p, *fd)) {
                ssize_t n = read_once(*fd, buffer, size);
                if (n >= 0)
                        return n;
        }
        if (*fd >= 0)
                (void)close(*fd);
        *fd = procfs_open(p, path);
        if (*fd < 0) {
                int error = *fd;
                *fd = -1;
                return error;
        }
        return read_once(*fd, buffer, size);
}

int sampler_new(const struct procfs *p, struct sampler **ret)
{
        _cleanup_(sampler_freep) struct sampler *s = malloc(sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->p = p;
        s->meminfo_fd = s->loadavg_fd = -1;
        s->refreshed = SAMPLE_ABSENT;
        s->vmalloc_used_counts = false;
        s->unaccounted = SAMPLE_ABSENT;
        s->name[0] = '\0';

        int r = host_facts_read(p, &s->host);
        if (r < 0)
                return r;
        s->sample = (struct sample){
                .kind = s->host.kind,
                .count = FIELD_KNOWN_COUNT,
                .values = s->values,
        };
        *ret = TAKE_PTR(s);
        return 0;
}

static void keep_name(struct sampler *s)
{
        if (s->name[0])
                memcpy(s->host.name, s->name, sizeof(s->host.name));
}

void sampler_set_host_name(struct sampler *s, const char *name)
{
        utf8_clean(name, s->name, sizeof(s->name));
        keep_name(s);
}

void sampler_free(struct sampler *s)
{
        if (!s)
                return;
        closep(&s->meminfo_fd);
        closep(&s->loadavg_fd);
        free(s);
}

int sampler_take(struct sampler *s, double time, const struct sample **ret)
{
        double *values = s->values;
        ssize_t n = read_kept(s->p, &s->meminfo_fd, "proc/meminfo", s->text, sizeof(s->text));

        if (n < 0)
                return (int)n;
        (void)meminfo_parse(s->text, (size_t)n, values);
        if (isnan(values[FIELD_MEM_TOTAL]))
                return -EBADMSG;

        if (values[FIELD_VMALLOC_USED] > 0)
                s->vmalloc_used_counts = true;
        else if (!s->vmalloc_used_counts)
                values[FIELD_VMALLOC_USED] = SAMPLE_ABSENT;

        values[FIELD_THREADS] = SAMPLE_ABSENT;
        n = read_kept(s->p, &s->loadavg_fd, "proc/loadavg", s->text, sizeof(s->text));
        if (n > 0)
                (void)loadavg_parse_threads(s->text, (size_t)n, &values[FIELD_THREADS]);

        /* Also when the clock was set back; the negation holds for NaN. */
        if (!(time >= s->refreshed && time < s->refreshed + REFRESH_SECONDS) ||
            values[FIELD_MEM_TOTAL] != s->host.mem_total) {
                host_facts_refresh(s->p, values[FIELD_MEM_TOTAL], &s->host);
                keep_name(s);
                s->refreshed = time;
        }
        values[FIELD_CPUS] = s->host.cpus_online;
        values[FIELD_POSSIBLE_CPUS] = s->host.cpus_possible;
        values[FIELD_CGROUPS] = s->host.cgroups;
        values[FIELD_STACK_SIZE] = s->host.stack_size;
        values[FIELD_UNACCOUNTED] = s->unaccounted;

        s->sample.time = round(time * 1000) / 1000;
        *ret = &s->sample;
        return 0;
}

void sampler_set_unaccounted(struct sampler *s, double bytes)
{
        s->unaccounted = bytes < 0 ? 0 : bytes;
}

void sampler_set_members(struct sampler *s, const struct members *members)
{
        s->sample.members = members;
}

const struct host_facts *sampler_host(const struct sampler *s)
{
        return &s->host;
}
