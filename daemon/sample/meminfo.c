/* SPDX-License-Identifier: MIT */
/* Parses /proc/meminfo. It runs every second for years and is fed by the kernel, by lxcfs and by
 * recorded roots, so it is one pass without allocation and believes nothing: what does not look
 * like "Key:   123 kB" is absent. */
#include "sample/meminfo.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sample/sample.h"

/* The number and its unit, from behind the colon to the end of the line. NaN when it is neither. */
static double parse_kilobytes(const char *at, const char *end)
{
        const uint64_t max = UINT64_C(1) << 53; /* still exact in a double */
        uint64_t number = 0;

        while (at < end && *at == ' ')
                at++;

        const char *digits = at;
        for (; at < end && *at >= '0' && *at <= '9'; at++) {
                number = number * 10 + (uint64_t)(*at - '0');
                if (number > max)
                        return SAMPLE_ABSENT;
        }
        if (at == digits || end - at != 3 || memcmp(at, " kB", 3) != 0)
                return SAMPLE_ABSENT;
        return (double)number * 1024;
}

/* The field of a line, told apart by its first two letters before any comparison, because two
 * thirds of the lines are none of ours. *ret_value is set behind the colon. -1 for other lines. */
static int line_field(const char *line, size_t length, const char **ret_value)
{
#define KEY(text, id)                                                                      \
        do {                                                                               \
                if (length >= sizeof(text) && memcmp(line, text ":", sizeof(text)) == 0) { \
                        *ret_value = line + sizeof(text);                                  \
                        return id;                                                         \
                }                                                                          \
        } while (0)

        if (length < sizeof("Slab"))
                return -1;
        switch (line[0]) {
        case 'M':
                KEY("MemTotal", FIELD_MEM_TOTAL);
                KEY("MemFree", FIELD_MEM_FREE);
                KEY("MemAvailable", FIELD_MEM_AVAILABLE);
                KEY("Mapped", FIELD_MAPPED);
                break;
        case 'S':
                if (line[1] == 'w') /* SwapCached, SwapTotal, SwapFree */
                        break;
                KEY("Slab", FIELD_SLAB);
                KEY("SReclaimable", FIELD_SRECLAIMABLE);
                KEY("SUnreclaim", FIELD_SUNRECLAIM);
                KEY("SecPageTables", FIELD_SEC_PAGE_TABLES);
                KEY("Shmem", FIELD_SHMEM);
                break;
        case 'K':
                KEY("KReclaimable", FIELD_KRECLAIMABLE);
                KEY("KernelStack", FIELD_KERNEL_STACK);
                break;
        case 'P':
                KEY("PageTables", FIELD_PAGE_TABLES);
                KEY("Percpu", FIELD_PERCPU);
                break;
        case 'V':
                KEY("VmallocUsed", FIELD_VMALLOC_USED);
                break;
        case 'A':
                KEY("AnonPages", FIELD_ANON_PAGES);
                break;
        case 'C':
                KEY("Cached", FIELD_CACHED);
                break;
        case 'B':
                KEY("Buffers", FIELD_BUFFERS);
                break;
        default:
                break;
        }
        return -1;
#undef KEY
}

size_t meminfo_parse(const char *text, size_t size, double values[FIELD_MEMINFO_COUNT])
{
        uint32_t seen = 0;
        size_t found = 0;

        for (size_t i = 0; i < FIELD_MEMINFO_COUNT; i++)
                values[i] = SAMPLE_ABSENT;

        const char *end = text + size;
        for (const char *line = text; line < end;) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));
                const char *line_end = newline ? newline : end;
                const char *value;
                int field = line_field(line, (size_t)(line_end - line), &value);

                if (field >= 0 && !(seen & (1u << field))) {
                        double bytes = parse_kilobytes(value, line_end);

                        seen |= 1u << field;
                        values[field] = bytes;
                        found += bytes == bytes; /* not NaN */
                }
                if (!newline)
                        break;
                line = newline + 1;
        }
        return found;
}
