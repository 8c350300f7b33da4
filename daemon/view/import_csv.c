/* SPDX-License-Identifier: MIT */
/* CSV of pmrep and of Netdata. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/import.h"

static const double KIB = 1024, MIB = 1048576;

int import_pcp_field(const char *name, double *ret_factor)
{
        static const struct {
                const char *name;
                enum field field;
        } names[] = {
                { "mem.util.slab", FIELD_SLAB },
                { "mem.util.slabReclaimable", FIELD_SRECLAIMABLE },
                { "mem.util.slabUnreclaimable", FIELD_SUNRECLAIM },
                { "mem.util.kernelStack", FIELD_KERNEL_STACK },
                { "mem.util.pageTables", FIELD_PAGE_TABLES },
                { "mem.util.secPageTables", FIELD_SEC_PAGE_TABLES },
                { "mem.util.vmallocUsed", FIELD_VMALLOC_USED },
                { "mem.util.percpu", FIELD_PERCPU },
                { "mem.util.free", FIELD_MEM_FREE },
                { "mem.util.available", FIELD_MEM_AVAILABLE },
                { "mem.util.cached", FIELD_CACHED },
                { "mem.util.bufmem", FIELD_BUFFERS },
                { "mem.util.anonpages", FIELD_ANON_PAGES },
                { "mem.util.mapped", FIELD_MAPPED },
                { "mem.util.shmem", FIELD_SHMEM },
                { "mem.physmem", FIELD_MEM_TOTAL },
                { "kernel.all.nprocs", FIELD_THREADS },
                { "hinv.ncpu", FIELD_CPUS },
        };
        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (strcmp(names[i].name, name) == 0) {
                        *ret_factor = field_unit(names[i].field) == FIELD_BYTES ? KIB : 1;
                        return (int)names[i].field;
                }
        return -1;
}

int import_netdata_field(const char *name, double *ret_factor)
{
        static const struct {
                const char *name;
                enum field field;
        } names[] = {
                { "reclaimable", FIELD_SRECLAIMABLE }, /* mem.slab */
                { "unreclaimable", FIELD_SUNRECLAIM },
                { "avail", FIELD_MEM_AVAILABLE }, /* mem.available */
                { "MemAvailable", FIELD_MEM_AVAILABLE },
                { "free", FIELD_MEM_FREE }, /* system.ram */
                { "cached", FIELD_CACHED },
                { "buffers", FIELD_BUFFERS },
                { "Slab", FIELD_SLAB }, /* mem.kernel */
                { "KernelStack", FIELD_KERNEL_STACK },
                { "PageTables", FIELD_PAGE_TABLES },
                { "VmallocUsed", FIELD_VMALLOC_USED },
                { "Percpu", FIELD_PERCPU },
        };
        *ret_factor = MIB;
        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (strcmp(names[i].name, name) == 0)
                        return (int)names[i].field;
        return -1;
}

bool import_netdata_is_ram(const char *name)
{
        static const char *const parts[IMPORT_RAM_PARTS] = { "free", "used", "cached", "buffers" };
        for (size_t i = 0; i < ELEMENTS_OF(parts); i++)
                if (strcmp(name, parts[i]) == 0)
                        return true;
        return false;
}

double import_netdata_time(double number)
{
        static const double SECONDS_MAX = 1e11; /* the year 5138 */
        return number > SECONDS_MAX ? number / 1000 : number;
}

enum { COLUMNS_MAX = 128 };

struct header {
        int field[COLUMNS_MAX]; /* -1: not ours */
        double factor[COLUMNS_MAX];
        size_t count, known;
        bool netdata;
        bool all_ram; /* the columns are the parts of system.ram, which add up to all memory */
};

static char *unquote(char *cell)
{
        cell = trim(cell);
        size_t length = strlen(cell);
        if (length >= 2 && cell[0] == '"' && cell[length - 1] == '"') {
                cell[length - 1] = '\0';
                cell++;
        }
        return cell;
}

static int read_header(struct import *m, char *line, struct header *ret)
{
        struct header h = { .netdata = true };
        unsigned ram = 0;
        char *cell = strsep(&line, ",");
        if (!cell || strcasecmp(unquote(cell), "time") != 0)
                return import_fails(m, 1,
                                    "does not begin with a column of the time; this is CSV "
                                    "neither of pmrep nor of Netdata");
        for (; (cell = strsep(&line, ",")); h.count++) {
                if (h.count == COLUMNS_MAX)
                        return import_fails(m, 1, "more than %d columns", COLUMNS_MAX);
                char *name = unquote(cell);
                int field = import_pcp_field(name, &h.factor[h.count]);
                if (field >= 0)
                        h.netdata = false;
                else
                        field = import_netdata_field(name, &h.factor[h.count]);
                h.field[h.count] = field;
                h.known += field >= 0;
                ram += import_netdata_is_ram(name);
        }
        h.all_ram = ram == IMPORT_RAM_PARTS && h.count == IMPORT_RAM_PARTS;
        if (h.known == 0)
                return import_fails(m, 1, "nothing in it that is watched");
        *ret = h;
        return 0;
}

/* Unix seconds, or "2026-11-20 09:15:27" in the time zone of this process. */
static bool read_time(const char *text, double *ret)
{
        struct tm t = { .tm_isdst = -1 };
        if (parse_number(text, ret) == 0) {
                *ret = import_netdata_time(*ret);
                return *ret >= 0;
        }
        const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &t);
        if (!end || *end)
                return false;
        time_t seconds = mktime(&t);
        *ret = (double)seconds;
        return seconds >= 0;
}

static int read_row(struct import *m, char *line, size_t number, const struct header *h)
{
        double time, value, sum = 0;
        char *cell = strsep(&line, ",");
        if (!cell || !read_time(unquote(cell), &time))
                return import_fails(m, number, "no time at its beginning");
        struct import_row *row = import_row(m, time);
        if (!row)
                return -EBADMSG;
        for (size_t i = 0; i < h->count; i++) {
                cell = strsep(&line, ",");
                if (!cell)
                        return import_fails(m, number, "%zu cells are missing", h->count - i);
                cell = unquote(cell);
                if (parse_number(cell, &value) < 0) {
                        /* absent, in the words of both */
                        if (*cell && strcmp(cell, "N/A") != 0 && strcmp(cell, "null") != 0 &&
                            strcmp(cell, "?") != 0 && h->field[i] >= 0)
                                return import_fails(m, number, "\"%.40s\" is no number", cell);
                        sum = NAN;
                        continue;
                }
                sum += value;
                if (h->field[i] >= 0)
                        row->values[h->field[i]] = value * h->factor[i];
        }
        if (line)
                return import_fails(m, number, "more cells than columns");
        if (h->all_ram)
                row->values[FIELD_MEM_TOTAL] = sum * MIB;
        return 0;
}

int import_csv(struct import *m, char *data)
{
        struct header h = { 0 };
        char *line = strsep(&data, "\n");
        int r = read_header(m, line, &h);
        for (size_t number = 2; r >= 0 && (line = strsep(&data, "\n")); number++) {
                if (*trim(line))
                        r = read_row(m, line, number, &h);
        }
        return r;
}
