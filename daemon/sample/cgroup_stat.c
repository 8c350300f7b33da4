/* SPDX-License-Identifier: MIT */
/* Lines "key number" of the files of a cgroup. */
#include "sample/cgroup_stat.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

#define BYTES_MAX (UINT64_C(1) << 53)

/* Digits that `end` ends. NaN when they are none or too large: a per-CPU counter that fell below
 * zero and was printed as unsigned. */
static double digits(const char *at, const char *end)
{
        uint64_t value = 0;

        if (at == end)
                return NAN;
        for (; at < end; at++) {
                if (*at < '0' || *at > '9' || value > BYTES_MAX / 10)
                        return NAN;
                value = value * 10 + (uint64_t)(*at - '0');
        }
        return value <= BYTES_MAX ? (double)value : NAN;
}

/* The value of a line that is `key`, one space, digits. False for another key. */
static bool line_value(const char *line, const char *end, const char *key, double *ret)
{
        size_t length = strlen(key);

        if ((size_t)(end - line) <= length || memcmp(line, key, length) != 0 || line[length] != ' ')
                return false;
        *ret = digits(line + length + 1, end);
        return true;
}

static const char *line_end(const char *line, const char *end)
{
        const char *newline = memchr(line, '\n', (size_t)(end - line));

        return newline ? newline : end;
}

size_t cgroup_memory_stat_parse(const char *text, size_t size, double ret[CGROUP_NUMBER_COUNT])
{
        static const char *const keys[CGROUP_NUMBER_COUNT] = {
                [CGROUP_KERNEL] = "kernel",
                [CGROUP_KERNEL_STACK] = "kernel_stack",
                [CGROUP_PAGE_TABLES] = "pagetables",
                [CGROUP_SEC_PAGE_TABLES] = "sec_pagetables",
                [CGROUP_PERCPU] = "percpu",
                [CGROUP_VMALLOC] = "vmalloc",
                [CGROUP_SLAB_RECLAIMABLE] = "slab_reclaimable",
                [CGROUP_SLAB_UNRECLAIMABLE] = "slab_unreclaimable",
                [CGROUP_SOCK] = "sock",
        };
        const char *text_end = text + size;
        size_t found = 0;

        for (size_t i = 0; i < CGROUP_NUMBER_COUNT; i++)
                ret[i] = NAN;
        for (const char *line = text; line < text_end;) {
                const char *end = line_end(line, text_end);

                for (size_t i = 0; i < CGROUP_NUMBER_COUNT; i++)
                        if (isnan(ret[i]) && line_value(line, end, keys[i], &ret[i]))
                                found += !isnan(ret[i]);
                line = end + 1;
        }
        if (found > 0 && isnan(ret[CGROUP_KERNEL])) {
                double sum = 0;

                for (size_t i = CGROUP_KERNEL_STACK; i < CGROUP_SOCK; i++)
                        sum += isnan(ret[i]) ? 0 : ret[i];
                ret[CGROUP_KERNEL] = sum;
        }
        return found;
}

int cgroup_kmem_parse(const char *text, size_t size, double *ret_bytes)
{
        double bytes = digits(text, line_end(text, text + size));

        if (isnan(bytes))
                return -EBADMSG;
        *ret_bytes = bytes;
        return 0;
}

void cgroup_stat_parse(const char *text, size_t size, struct cgroup_counts *ret)
{
        struct cgroup_counts memory = { NAN, NAN };
        const char *text_end = text + size;

        *ret = memory;
        for (const char *line = text; line < text_end;) {
                const char *end = line_end(line, text_end);

                (void)(line_value(line, end, "nr_descendants", &ret->descendants) ||
                       line_value(line, end, "nr_dying_descendants", &ret->dying) ||
                       line_value(line, end, "nr_subsys_memory", &memory.descendants) ||
                       line_value(line, end, "nr_dying_subsys_memory", &memory.dying));
                line = end + 1;
        }
        if (!isnan(memory.descendants) && !isnan(memory.dying))
                *ret = memory;
}
