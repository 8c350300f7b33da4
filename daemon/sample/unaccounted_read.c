/* SPDX-License-Identifier: MIT */
/* Measures what is in no account: /proc/zoneinfo and /proc/meminfo, one after the other. */
#include <math.h>
#include <unistd.h>

#include "base/procfs.h"
#include "sample/field.h"
#include "sample/lines.h"
#include "sample/meminfo.h"
#include "sample/unaccounted.h"

double unaccounted_read(const struct procfs *p)
{
        char text[MEMINFO_TEXT_MAX];
        double values[FIELD_MEMINFO_COUNT], pages = 0;
        struct lines lines;
        const char *line;

        if (lines_init(&lines, p, "proc/zoneinfo") < 0)
                return NAN;
        while ((line = lines_next(&lines)))
                unaccounted_zoneinfo_line(line, &pages);
        lines_done(&lines);

        ssize_t n = procfs_read(p, "proc/meminfo", text, sizeof(text));
        if (n <= 0)
                return NAN;
        (void)meminfo_parse(text, (size_t)n, values);
        double page = p->live ? (double)sysconf(_SC_PAGESIZE) : 4096;
        return unaccounted_bytes(text, (size_t)n,
                                 values[FIELD_VMALLOC_USED] >= values[FIELD_KERNEL_STACK],
                                 pages * page);
}
