/* SPDX-License-Identifier: MIT */
/* JSON of sar, Prometheus and Netdata. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "sample/host_kind.h"
#include "view/import.h"

static const double KIB = 1024, MIB = 1048576;

/* --- sar: sadf -j FILE -- -r ALL -q --- */

static const struct {
        const char *name;
        enum field field;
} SAR[] = {
        { "memfree", FIELD_MEM_FREE },    { "avail", FIELD_MEM_AVAILABLE },
        { "buffers", FIELD_BUFFERS },     { "cached", FIELD_CACHED },
        { "anonpg", FIELD_ANON_PAGES },   { "slab", FIELD_SLAB },
        { "kstack", FIELD_KERNEL_STACK }, { "pgtbl", FIELD_PAGE_TABLES },
        { "vmused", FIELD_VMALLOC_USED },
};

static double number(const json_t *o, const char *name)
{
        const json_t *value = json_object_get(o, name);
        return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "2026-11-20" and "09:14:23", in UTC where "utc" says so, else in the time zone of this process,
 * which is that of the machine when it is read where it was recorded. */
static bool sar_time(const json_t *stamp, double *ret)
{
        char text[64];
        struct tm t = { .tm_isdst = -1 };
        const char *date = json_string_value(json_object_get(stamp, "date")),
                   *clock = json_string_value(json_object_get(stamp, "time")), *end;
        if (!date || !clock)
                return false;
        snprintf(text, sizeof(text), "%.20s %.20s", date, clock);
        end = strptime(text, "%Y-%m-%d %H:%M:%S", &t);
        if (!end || *end)
                return false;
        time_t seconds = number(stamp, "utc") == 1 ? timegm(&t) : mktime(&t);
        *ret = (double)seconds;
        return seconds >= 0;
}

static int sar_sample(struct import *m, const json_t *sample, double cpus)
{
        const json_t *memory = json_object_get(sample, "memory");
        double time;
        if (!memory) /* a restart, a comment */
                return 0;
        if (!sar_time(json_object_get(sample, "timestamp"), &time))
                return import_fails(m, 0, "a sample without date and time");
        struct import_row *row = import_row(m, time);
        if (!row)
                return -EBADMSG;
        for (size_t i = 0; i < ELEMENTS_OF(SAR); i++)
                row->values[SAR[i].field] = number(memory, SAR[i].name) * KIB;
        /* sar has no column of all memory. Since 11.7 its "memused" leaves out what the others are.
         */
        row->values[FIELD_MEM_TOTAL] =
                (number(memory, "memused") + number(memory, "memfree") + number(memory, "buffers") +
                 number(memory, "cached") + number(memory, "slab")) *
                KIB;
        row->values[FIELD_THREADS] = number(json_object_get(sample, "queue"), "plist-sz");
        row->values[FIELD_CPUS] = cpus;
        return 0;
}

int import_sar(struct import *m, const json_t *root)
{
        const json_t *hosts = json_object_get(json_object_get(root, "sysstat"), "hosts");
        size_t i;
        const json_t *sample;
        if (json_array_size(hosts) != 1)
                return import_fails(m, 0, "not the samples of one host");
        const json_t *host = json_array_get(hosts, 0);
        const json_t *list = json_object_get(host, "statistics");
        double cpus = number(host, "number-of-cpus");
        size_t before = m->count;
        json_array_foreach(list, i, sample)
        {
                int r = sar_sample(m, sample, cpus > 0 ? cpus : NAN);
                if (r < 0)
                        return r;
        }
        if (m->count == before)
                return import_fails(m, 0,
                                    "no statistics of memory in it: sadf -j FILE -- -r ALL -q");
        return 0;
}

/* --- Prometheus: query_range of node_exporter's metrics --- */

static int prometheus_field(const char *name)
{
        static const char prefix[] = "node_memory_", suffix[] = "_bytes";
        char field[FIELD_NAME_MAX + 1];
        if (strcmp(name, "node_procs_threads") == 0 || strcmp(name, "node_processes_threads") == 0)
                return FIELD_THREADS;
        size_t length = strlen(name);
        if (!has_prefix(name, prefix) || !has_suffix(name, suffix) ||
            length - strlen(prefix) - strlen(suffix) >= sizeof(field))
                return -1;
        snprintf(field, sizeof(field), "%.*s", (int)(length - strlen(prefix) - strlen(suffix)),
                 name + strlen(prefix));
        return field_by_name(field);
}

static int prometheus_series(struct import *m, const json_t *series, int field)
{
        const json_t *values = json_object_get(series, "values"), *pair;
        size_t i;
        json_array_foreach(values, i, pair)
        {
                const json_t *time = json_array_get(pair, 0), *value = json_array_get(pair, 1);
                double number;
                if (!json_is_number(time) || !json_is_string(value))
                        return import_fails(m, 0, "a value that is no [time, \"number\"]");
                if (parse_number(json_string_value(value), &number) < 0)
                        continue; /* NaN, +Inf: absent */
                struct import_row *row = import_row(m, json_number_value(time));
                if (!row)
                        return -EBADMSG;
                row->values[field] = number;
        }
        return 0;
}

static const char *label(const json_t *metric, const char *name)
{
        const char *text = json_string_value(json_object_get(metric, name));
        return text ? text : "";
}

/* What node_exporter's node_dmi_info says of the firmware. */
static void prometheus_kind(struct import *m, const json_t *metric)
{
        static const char *const labels[] = { "product_name", "system_vendor", "board_vendor",
                                              "bios_vendor" };
        bool metal = strstr(label(metric, "product_name"), ".metal"), virtual = false;
        for (size_t i = 0; i < ELEMENTS_OF(labels); i++)
                virtual |= host_kind_of_firmware(label(metric, labels[i]), metal) != NULL;
        m->kind = virtual ? HOST_VM : HOST_PHYSICAL;
        m->kind_known = true;
}

int import_prometheus(struct import *m, const json_t *root)
{
        const char *status = json_string_value(json_object_get(root, "status"));
        const char *error = json_string_value(json_object_get(root, "error"));
        const json_t *data = json_object_get(root, "data"),
                     *result = json_object_get(data, "result");
        const char *type = json_string_value(json_object_get(data, "resultType")), *instance = NULL;
        const json_t *series;
        size_t i, known = 0;
        if (!status || strcmp(status, "success") != 0)
                return import_fails(m, 0, "Prometheus says: %.100s", error ? error : "no success");
        if (!type || strcmp(type, "matrix") != 0)
                return import_fails(m, 0, "no range of values: ask /api/v1/query_range");
        json_array_foreach(result, i, series)
        {
                const json_t *metric = json_object_get(series, "metric");
                const char *name = json_string_value(json_object_get(metric, "__name__"));
                const char *host = json_string_value(json_object_get(metric, "instance"));
                int field = name ? prometheus_field(name) : -1;
                bool dmi = name && strcmp(name, "node_dmi_info") == 0;
                if (field < 0 && !dmi)
                        continue;
                if (instance && host && strcmp(instance, host) != 0)
                        return import_fails(m, 0,
                                            "of several hosts (%.60s, %.60s): ask for one, as in "
                                            "{instance=\"%.60s\"}",
                                            instance, host, instance);
                instance = host ? host : instance;
                if (dmi) {
                        prometheus_kind(m, metric);
                        continue;
                }
                known++;
                int r = prometheus_series(m, series, field);
                if (r < 0)
                        return r;
        }
        if (known == 0)
                return import_fails(m, 0, "no metric node_memory_..._bytes in it");
        return 0;
}

/* --- Netdata: /api/v1/data?format=json --- */

enum { LABELS_MAX = 64 };

struct labels {
        int fields[LABELS_MAX]; /* -1: not ours; the first is the time */
        double factors[LABELS_MAX];
        size_t count;
        bool all_ram;
};

static int netdata_labels(struct import *m, const json_t *list, struct labels *ret)
{
        size_t known = 0, ram = 0;
        ret->count = json_array_size(list);
        if (ret->count < 2 || ret->count > LABELS_MAX)
                return import_fails(m, 0, "no labels and data as of Netdata's /api/v1/data");
        for (size_t k = 1; k < ret->count; k++) {
                const char *name = json_string_value(json_array_get(list, k));
                ret->fields[k] = name ? import_netdata_field(name, &ret->factors[k]) : -1;
                known += ret->fields[k] >= 0;
                ram += name && import_netdata_is_ram(name);
        }
        ret->all_ram = ram == IMPORT_RAM_PARTS && ret->count == IMPORT_RAM_PARTS + 1;
        return known > 0 ? 0
                         : import_fails(m, 0,
                                        "nothing in it that is watched: charts mem.kernel, "
                                        "mem.slab, mem.available, system.ram");
}

static void netdata_row(struct import_row *row, const json_t *cells, const struct labels *l)
{
        double sum = 0;
        for (size_t k = 1; k < l->count; k++) {
                const json_t *cell = json_array_get(cells, k);
                double value = json_is_number(cell) ? json_number_value(cell) : NAN;
                sum += value;
                if (l->fields[k] >= 0 && isfinite(value))
                        row->values[l->fields[k]] = value * l->factors[k];
        }
        if (l->all_ram)
                row->values[FIELD_MEM_TOTAL] = sum * MIB;
}

int import_netdata_json(struct import *m, const json_t *root)
{
        struct labels l = { .count = 0 };
        const json_t *rows = json_object_get(root, "data"), *cells;
        size_t i;
        int r = netdata_labels(m, json_object_get(root, "labels"), &l);
        if (r < 0)
                return r;
        if (!json_is_array(rows))
                return import_fails(m, 0, "no labels and data as of Netdata's /api/v1/data");
        json_array_foreach(rows, i, cells)
        {
                const json_t *time = json_array_get(cells, 0);
                if (!json_is_number(time) || json_array_size(cells) != l.count)
                        return import_fails(
                                m, 0, "row %zu of its data has no time, or not all cells", i + 1);
                struct import_row *row =
                        import_row(m, import_netdata_time(json_number_value(time)));
                if (!row)
                        return -EBADMSG;
                netdata_row(row, cells, &l);
        }
        return 0;
}

/* --- Netdata: /api/v1/info --- */

static bool is_named(const json_t *root, const char *name)
{
        const char *word = label(root, name);
        return *word && strcmp(word, "none") != 0 && strcmp(word, "unknown") != 0;
}

int import_netdata_info(struct import *m, const json_t *root)
{
        if (is_named(root, "container"))
                m->kind = HOST_CONTAINER;
        else if (is_named(root, "virtualization"))
                m->kind = HOST_VM;
        else if (strcmp(label(root, "virtualization"), "none") == 0)
                m->kind = HOST_PHYSICAL;
        else
                return 0; /* it does not know either */
        m->kind_known = true;
        return 0;
}
