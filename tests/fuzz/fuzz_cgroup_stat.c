/* SPDX-License-Identifier: MIT */
/* The small texts of cgroups and processes: whatever they hold, a number is absent or within its
 * bounds, and a name is fit for a message. Every parser gets the whole input. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "culprit/counts.h"
#include "culprit/friendly.h"
#include "culprit/process_status.h"
#include "culprit/tally.h"
#include "sample/cgroup_stat.h"
#include "sample/unaccounted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(double value, double max)
{
        if (!isnan(value) && !(value >= 0 && value <= max))
                abort();
}

static void check_process(const char *text, size_t size)
{
        struct process process;
        char name[TALLY_NAME_MAX], friendly[FRIENDLY_MAX];
        size_t length;

        if (process_status_parse(text, size, &process) == 0) {
                if (strlen(process.name) >= PROCESS_NAME_MAX || !utf8_valid(process.name))
                        abort();
                check(process.threads, 0x1p32);
                check(process.page_tables, 0x1p54);
                check(process.descriptors, 0x1p32);
        }
        const char *path = process_cgroup_parse(text, size, &length);
        if (length == 0 || path[0] != '/')
                abort();
        if (length > 1 && (path < text || path + length > text + size))
                abort();
        tally_name(path, length, name);
        if (!utf8_valid(name))
                abort();
        if (!utf8_valid(friendly_cgroup(name, friendly)) || !friendly[0])
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data;
        double numbers[CGROUP_NUMBER_COUNT], bytes = 0, counts[COUNT_COUNT];
        struct cgroup_counts cgroups;

        if (cgroup_memory_stat_parse(text, size, numbers) > 0 && isnan(numbers[CGROUP_KERNEL]))
                abort();
        for (size_t i = 0; i < CGROUP_NUMBER_COUNT; i++)
                check(numbers[i], 0x1p57);
        if (cgroup_kmem_parse(text, size, &bytes) == 0)
                check(bytes, 0x1p53);
        cgroup_stat_parse(text, size, &cgroups);
        check(cgroups.descendants, 0x1p53);
        check(cgroups.dying, 0x1p53);
        check_process(text, size);

        for (size_t i = 0; i < COUNT_COUNT; i++)
                counts[i] = NAN;
        for (int i = 0; i < COUNT_FILE_COUNT; i++)
                counts_parse((enum count_file)i, text, size, counts);
        for (size_t i = 0; i < COUNT_COUNT; i++)
                check(counts[i], 0x1p53);

        bytes = unaccounted_bytes(text, size, true, 0);
        if (!isnan(bytes) && !(fabs(bytes) <= 0x1p70))
                abort();
        _cleanup_free_ char *path = malloc(size + 1);
        char friendly[FRIENDLY_MAX];
        if (!path)
                return 0;
        memcpy(path, data, size);
        path[size] = '\0';
        if (!utf8_valid(friendly_cgroup(path, friendly)) || !friendly[0])
                abort();
        return 0;
}
