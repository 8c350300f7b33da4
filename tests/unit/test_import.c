/* SPDX-License-Identifier: MIT */
/* view/import: what the real tools wrote (tests/import/, recorded with Debian 12's sysstat 12.6,
 * PCP 6.0, Prometheus 2.42 with node_exporter 1.5, Netdata 1.37), and what is not quite that. */
#include "view/import.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/files.h"
#include "base/macros.h"

#define KIB 1024.0

static int read_data(struct import *m, const char *name, const char *text)
{
        char *data = strdup(text);
        int r = import_read(m, name, data, strlen(data));
        free(data);
        return r;
}

static void read_recorded(struct import *m, const char *name)
{
        char path[128];
        _cleanup_free_ char *data = NULL;
        size_t size;
        snprintf(path, sizeof(path), "tests/import/%s", name);
        assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &data, &size), 0);
        if (import_read(m, path, data, size) < 0)
                fail_msg("%s", m->error);
}

static double first(const struct import *m, enum field field)
{
        assert_true(m->count > 0);
        return m->rows[0].values[field];
}

static void test_recorded(void **state)
{
        (void)state;
        static const struct {
                const char *files[3];
                size_t rows;
                double time;
                struct {
                        enum field field;
                        double value;
                } has[4];
                enum field lacks;
        } cases[] = {
                { { "sar.json" },
                  7,
                  0,
                  { { FIELD_SLAB, 931612 * KIB },
                    { FIELD_MEM_TOTAL, 24684092 * KIB },
                    { FIELD_THREADS, 147 },
                    { FIELD_CPUS, 2 } },
                  FIELD_SUNRECLAIM },
                { { "pcp.csv" },
                  6,
                  1795166127,
                  { { FIELD_SUNRECLAIM, 81080 * KIB },
                    { FIELD_MEM_TOTAL, 24684092 * KIB },
                    { FIELD_THREADS, 221 },
                    { FIELD_CPUS, 2 } },
                  FIELD_PERCPU },
                { { "prometheus.json" },
                  6,
                  1795166096,
                  { { FIELD_KERNEL_STACK, 3825664 },
                    { FIELD_MEM_TOTAL, 24684092 * KIB },
                    { FIELD_PERCPU, 1176 * KIB },
                    { FIELD_MEM_AVAILABLE, 23898820608.0 } },
                  FIELD_THREADS },
                { { "netdata-kernel.csv", "netdata-ram.csv", "netdata-slab.json" },
                  6,
                  0,
                  { { FIELD_PERCPU, 1176 * KIB },
                    { FIELD_PERCPU, 1176 * KIB },
                    { FIELD_PERCPU, 1176 * KIB },
                    { FIELD_PERCPU, 1176 * KIB } },
                  FIELD_THREADS },
        };
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct import m = { 0 };
                for (size_t k = 0; k < 3 && cases[i].files[k]; k++)
                        read_recorded(&m, cases[i].files[k]);
                import_sort(&m);
                assert_int_equal(m.count, cases[i].rows);
                for (size_t k = 1; k < m.count; k++)
                        assert_true(m.rows[k].time > m.rows[k - 1].time);
                if (cases[i].time > 0)
                        assert_true(m.rows[0].time == cases[i].time);
                for (size_t k = 0; k < ELEMENTS_OF(cases[i].has); k++)
                        if (first(&m, cases[i].has[k].field) != cases[i].has[k].value)
                                fail_msg("%s: %s is %.17g", cases[i].files[0],
                                         field_name(cases[i].has[k].field),
                                         first(&m, cases[i].has[k].field));
                assert_true(isnan(first(&m, cases[i].lacks)));
                import_done(&m);
        }
}

/* Charts of the same seconds become one sample, with all of memory as the sum of system.ram. */
static void test_joined(void **state)
{
        (void)state;
        struct import m = { 0 };
        assert_int_equal(read_data(&m, "a", "time,Slab,KernelStack\n1000,100,1\n999,99,1\n"), 0);
        assert_int_equal(read_data(&m, "b", "time,free,used,cached,buffers\n1000,1,2,3,4\n"), 0);
        import_sort(&m);
        assert_int_equal(m.count, 2);
        assert_true(m.rows[0].time == 999 && isnan(m.rows[0].values[FIELD_MEM_TOTAL]));
        assert_true(m.rows[1].values[FIELD_SLAB] == 100 * 1048576.0);
        assert_true(m.rows[1].values[FIELD_MEM_TOTAL] == 10 * 1048576.0);
        import_done(&m);
        /* The same as JSON, with milliseconds; a part that is missing leaves the sum unknown. */
        assert_int_equal(
                read_data(&m, "c",
                          "{\"labels\":[\"time\",\"free\",\"used\",\"cached\",\"buffers\"],"
                          "\"data\":[[1795166183000,1,2,3,4],[1795166184000,1,null,3,4]]}"),
                0);
        import_sort(&m);
        assert_true(m.rows[0].time == 1795166183);
        assert_true(m.rows[0].values[FIELD_MEM_TOTAL] == 10 * 1048576.0);
        assert_true(isnan(m.rows[1].values[FIELD_MEM_TOTAL]));
        import_done(&m);
}

/* What kind of machine it was, where the data says so. */
static void test_kind(void **state)
{
        (void)state;
#define DMI(labels)                                                                        \
        "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["         \
        "{\"metric\":{\"__name__\":\"node_dmi_info\"," labels "},\"values\":[[1,\"1\"]]}," \
        "{\"metric\":{\"__name__\":\"node_memory_Slab_bytes\"},\"values\":[[1,\"5120\"]]}]}}"
        static const struct {
                const char *text;
                bool known;
                enum host_kind kind;
        } cases[] = {
                { DMI("\"system_vendor\":\"QEMU\",\"product_name\":\"Standard PC\""), true,
                  HOST_VM },
                { DMI("\"system_vendor\":\"Dell Inc.\",\"product_name\":\"PowerEdge R650\""), true,
                  HOST_PHYSICAL },
                { DMI("\"system_vendor\":\"Amazon EC2\",\"product_name\":\"m5.large\""), true,
                  HOST_VM },
                { DMI("\"system_vendor\":\"Amazon EC2\",\"product_name\":\"m5.metal\""), true,
                  HOST_PHYSICAL },
                { "time,Slab\n1,2\n", false, HOST_PHYSICAL },
                { "{\"virtualization\":\"kvm\",\"container\":\"none\"}", true, HOST_VM },
                { "{\"virtualization\":\"kvm\",\"container\":\"lxc\"}", true, HOST_CONTAINER },
                { "{\"virtualization\":\"none\",\"container\":\"none\"}", true, HOST_PHYSICAL },
                { "{\"virtualization\":\"unknown\",\"container\":\"unknown\"}", false,
                  HOST_PHYSICAL },
                { "{\"virtualization\":7}", false, HOST_PHYSICAL },
        };
#undef DMI
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct import m = { 0 };
                if (read_data(&m, "f", cases[i].text) < 0)
                        fail_msg("%s: %s", cases[i].text, m.error);
                if (m.kind_known != cases[i].known || m.kind != cases[i].kind)
                        fail_msg("%s: kind %d", cases[i].text, m.kind);
                import_done(&m);
        }
}

static void test_refused(void **state)
{
        (void)state;
        static const struct {
                const char *text, *error;
        } cases[] = {
                { "", "f:1: does not begin with a column of the time" },
                { "hello\n", "f:1: does not begin" },
                { "time,swap\n1,2\n", "nothing in it that is watched" },
                { "time,Slab\n1,2\nnever,3\n", "f:3: no time" },
                { "time,Slab\n1\n", "f:2: 1 cells are missing" },
                { "time,Slab\n1,2,3\n", "f:2: more cells" },
                { "time,Slab\n1,much\n", "f:2: \"much\" is no number" },
                { "Time,\"mem.util.slab\"\n2026-11-20 09:15,1\n", "f:2: no time" },
                { "{", "f:1: " },
                { "{}", "this JSON is neither" },
                { "[1]", "this JSON is neither" },
                { "{\"sysstat\":{}}", "not the samples of one host" },
                { "{\"sysstat\":{\"hosts\":[{\"statistics\":[{\"queue\":{}}]}]}}",
                  "no statistics of memory" },
                { "{\"sysstat\":{\"hosts\":[{\"statistics\":[{\"memory\":{}}]}]}}",
                  "a sample without date" },
                { "{\"status\":\"error\",\"error\":\"bad query\"}", "Prometheus says: bad query" },
                { "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\"}}", "query_range" },
                { "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
                  "no metric" },
                { "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
                  "{\"metric\":{\"__name__\":\"node_memory_Slab_bytes\",\"instance\":\"a\"}},"
                  "{\"metric\":{\"__name__\":\"node_memory_Slab_bytes\",\"instance\":\"b\"}}]}}",
                  "of several hosts (a, b)" },
                { "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
                  "{\"metric\":{\"__name__\":\"node_memory_Slab_bytes\"},\"values\":[[1]]}]}}",
                  "a value that is no" },
                { "{\"labels\":[\"time\",\"Slab\"],\"data\":[[1]]}", "row 1 of its data" },
                { "{\"labels\":[\"time\",\"swap\"],\"data\":[]}", "nothing in it" },
                { "{\"labels\":[\"time\"],\"data\":[]}", "no labels and data" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct import m = { 0 };
                if (read_data(&m, "f", cases[i].text) >= 0 || !strstr(m.error, cases[i].error))
                        fail_msg("%s: %s", cases[i].text, m.error);
                import_done(&m);
        }
}

/* Absent in the words of each tool. */
static void test_absent(void **state)
{
        (void)state;
        struct import m = { 0 };
        assert_int_equal(read_data(&m, "f",
                                   "Time,\"mem.util.slab\",\"mem.physmem\"\r\n"
                                   "2026-11-20 09:15:27,,4\r\n"
                                   "2026-11-20 09:15:28,N/A,4\r\n"),
                         0);
        import_sort(&m);
        assert_int_equal(m.count, 2);
        assert_true(isnan(m.rows[1].values[FIELD_SLAB]));
        assert_true(m.rows[1].values[FIELD_MEM_TOTAL] == 4 * KIB);
        import_done(&m);
        assert_int_equal(
                read_data(&m, "f",
                          "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
                          "{\"metric\":{\"__name__\":\"node_memory_Slab_bytes\"},\"values\":"
                          "[[1,\"NaN\"],[2,\"5120\"]]}]}}"),
                0);
        assert_int_equal(m.count, 1);
        import_done(&m);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_recorded), cmocka_unit_test(test_joined),
                cmocka_unit_test(test_kind),     cmocka_unit_test(test_refused),
                cmocka_unit_test(test_absent),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
