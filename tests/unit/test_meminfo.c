/* SPDX-License-Identifier: MIT */
/* The pure parsers of sample/: meminfo, loadavg, CPU lists, field names. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "sample/cpulist.h"
#include "sample/field.h"
#include "sample/loadavg.h"
#include "sample/meminfo.h"
#include "sample/sample.h"

/* The text in memory of just its size, so that a sanitizer sees a read behind it. */
static size_t parse(const char *text, size_t size, double values[FIELD_MEMINFO_COUNT])
{
        _cleanup_free_ char *exact = malloc(size ? size : 1);

        assert_non_null(exact);
        memcpy(exact, text, size);
        return meminfo_parse(exact, size, values);
}

static void test_meminfo_all_keys(void **state)
{
        (void)state;
        static const char text[] = "MemTotal:       24684092 kB\nMemFree:        24243132 kB\n"
                                   "MemAvailable:   24311872 kB\nBuffers:            5104 kB\n"
                                   "Cached:           244200 kB\nSwapCached:            7 kB\n"
                                   "Active(anon):       1572 kB\nAnonPages:         21760 kB\n"
                                   "Mapped:            11004 kB\nShmem:              8856 kB\n"
                                   "KReclaimable:      72924 kB\nSlab:              95968 kB\n"
                                   "SReclaimable:      72925 kB\nSUnreclaim:        23044 kB\n"
                                   "KernelStack:        1620 kB\nPageTables:         3556 kB\n"
                                   "SecPageTables:        12 kB\nVmallocTotal:   34359738367 kB\n"
                                   "VmallocUsed:       14428 kB\nVmallocChunk:          9 kB\n"
                                   "Percpu:              688 kB\nAnonHugePages:         4 kB\n"
                                   "ShmemHugePages:        5 kB\nHugePages_Total:       6\n";
        static const double expected[FIELD_MEMINFO_COUNT] = {
                [FIELD_SLAB] = 95968,         [FIELD_SRECLAIMABLE] = 72925,
                [FIELD_SUNRECLAIM] = 23044,   [FIELD_KRECLAIMABLE] = 72924,
                [FIELD_VMALLOC_USED] = 14428, [FIELD_KERNEL_STACK] = 1620,
                [FIELD_PAGE_TABLES] = 3556,   [FIELD_SEC_PAGE_TABLES] = 12,
                [FIELD_PERCPU] = 688,         [FIELD_MEM_TOTAL] = 24684092,
                [FIELD_MEM_FREE] = 24243132,  [FIELD_MEM_AVAILABLE] = 24311872,
                [FIELD_ANON_PAGES] = 21760,   [FIELD_MAPPED] = 11004,
                [FIELD_SHMEM] = 8856,         [FIELD_CACHED] = 244200,
                [FIELD_BUFFERS] = 5104,
        };
        double values[FIELD_MEMINFO_COUNT];

        assert_int_equal(parse(text, strlen(text), values), FIELD_MEMINFO_COUNT);
        for (size_t i = 0; i < FIELD_MEMINFO_COUNT; i++)
                if (values[i] != expected[i] * 1024)
                        fail_msg("%s: %.0f", field_name((enum field)i), values[i]);
}

#define NONE (-1.0)

static void test_meminfo_lines(void **state)
{
        (void)state;
        static const struct {
                const char *name, *text;
                double slab; /* bytes, or NONE */
        } cases[] = {
                { "plain", "Slab: 5 kB\n", 5120 },
                { "last line without newline", "Slab: 5 kB", 5120 },
                { "no space", "Slab:5 kB\n", 5120 },
                { "zero is a value", "Slab: 0 kB\n", 0 },
                { "leading zeros", "Slab: 0005 kB\n", 5120 },
                { "first of two wins", "Slab: 5 kB\nSlab: 6 kB\n", 5120 },
                { "a broken first one is not replaced", "Slab: x kB\nSlab: 6 kB\n", NONE },
                { "2^53 KiB", "Slab: 9007199254740992 kB\n", 0x1p63 },
                { "above", "Slab: 9007199254740993 kB\n", NONE },
                { "below zero as unsigned", "Slab: 18446744073709551612 kB\n", NONE },
                { "would wrap", "Slab: 18446744073709551621 kB\n", NONE },
                { "very long", "Slab: 99999999999999999999999999999999999999999 kB\n", NONE },
                { "negative", "Slab: -5 kB\n", NONE },
                { "no number", "Slab: kB\n", NONE },
                { "nothing", "Slab:\n", NONE },
                { "no colon", "Slab 5 kB\n", NONE },
                { "no unit", "Slab: 5\n", NONE },
                { "another unit", "Slab: 5 MB\n", NONE },
                { "cut in the unit", "Slab: 5 k", NONE },
                { "cut in the number", "Slab: 12", NONE },
                { "something behind", "Slab: 5 kB x\n", NONE },
                { "carriage return", "Slab: 5 kB\r\n", NONE },
                { "tab", "Slab:\t5 kB\n", NONE },
                { "fraction", "Slab: 5.5 kB\n", NONE },
                { "hex", "Slab: 0x5 kB\n", NONE },
                { "another case", "slab: 5 kB\n", NONE },
                { "inside a line", "XSlab: 5 kB\n", NONE },
                { "indented", " Slab: 5 kB\n", NONE },
                { "a longer key", "SlabX: 5 kB\n", NONE },
                { "number on the next line", "Slab:\n5 kB\n", NONE },
                { "after empty lines", "\n\n\nSlab: 5 kB\n", 5120 },
                { "after a long line",
                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: 9 kB\nSlab: 5 kB\n", 5120 },
                { "empty", "", NONE },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double values[FIELD_MEMINFO_COUNT];
                size_t found = parse(cases[i].text, strlen(cases[i].text), values);
                bool absent = cases[i].slab == NONE;

                if (absent ? !isnan(values[FIELD_SLAB]) : values[FIELD_SLAB] != cases[i].slab)
                        fail_msg("%s: %f", cases[i].name, values[FIELD_SLAB]);
                if (found != (absent ? 0 : 1))
                        fail_msg("%s: %zu found", cases[i].name, found);
                assert_true(isnan(values[FIELD_PERCPU]));
        }
}

static void test_meminfo_zero_bytes(void **state)
{
        (void)state;
        static const char text[] = "Slab:\0 5 kB\nPercpu: 1\0 kB\nMapped: 3 kB\n";
        double values[FIELD_MEMINFO_COUNT];

        assert_int_equal(parse(text, sizeof(text) - 1, values), 1);
        assert_true(values[FIELD_MAPPED] == 3072);
}

static void test_loadavg(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                double threads; /* or NONE */
        } cases[] = {
                { "0.20 0.18 0.12 1/80 11206\n", 80 },
                { "0.00 0.03 0.02 4/70101 9097\n", 70101 }, /* sysinfo(2) would say 4565 */
                { "0.20 0.18 0.12 1/80", 80 },
                { "123.45 99.00 7.00 200/4194304 4194303\n", 4194304 },
                { "0.20 0.18 0.12 1/99999999999 11206\n", NONE },
                { "0.20 0.18 0.12 80 11206\n", NONE },
                { "0.20 0.18 0.12 1/ 11206\n", NONE },
                { "0.20 0.18 0.12 /80 11206\n", NONE },
                { "0.20 0.18 0.12 1/80x 11206\n", NONE },
                { "0.20 0.18 0.12 1/-80 11206\n", NONE },
                { "0.20 0.18 0.12", NONE },
                { "0.20 0.18 0.12 ", NONE },
                { "1/80", NONE },
                { "", NONE },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double threads = NONE;
                size_t size = strlen(cases[i].text);
                _cleanup_free_ char *exact = malloc(size + 1);

                assert_non_null(exact);
                memcpy(exact, cases[i].text, size);
                int r = loadavg_parse_threads(exact, size, &threads);
                if (r != (cases[i].threads == NONE ? -EBADMSG : 0) || threads != cases[i].threads)
                        fail_msg("'%s': %d, %f", cases[i].text, r, threads);
        }
}

static void test_cpulist(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int result;
                unsigned count;
        } cases[] = {
                { "0", 0, 1 },
                { "0-1\n", 0, 2 },
                { "0-127", 0, 128 },
                { "0,2,4-7 \n", 0, 6 },
                { "0-65535", 0, 65536 },
                { "0-65536", -ERANGE, 0 },
                { "0-40000,0-40000", -ERANGE, 0 },
                { "99999999999999999999", -ERANGE, 0 },
                { "", -EBADMSG, 0 },
                { "\n", -EBADMSG, 0 },
                { "0-", -EBADMSG, 0 },
                { "3-1", -EBADMSG, 0 },
                { "0,", -EBADMSG, 0 },
                { ",0", -EBADMSG, 0 },
                { "-1", -EBADMSG, 0 },
                { "0 1", -EBADMSG, 0 },
                { "ff", -EBADMSG, 0 },
                { "0x3", -EBADMSG, 0 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                unsigned count = 0;
                int r = cpulist_count(cases[i].text, &count);

                if (r != cases[i].result || count != cases[i].count)
                        fail_msg("'%s': %d, %u", cases[i].text, r, count);
        }
}

static void test_field_names(void **state)
{
        (void)state;
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++) {
                assert_int_equal(field_by_name(field_name((enum field)i)), i);
                assert_int_equal(field_unit(i), i >= FIELD_THREADS && i < FIELD_STACK_SIZE
                                                        ? FIELD_COUNT
                                                        : FIELD_BYTES);
                assert_true(strlen(field_name((enum field)i)) <= FIELD_NAME_MAX);
        }
        assert_int_equal(field_unit(FIELD_KNOWN_COUNT), FIELD_BYTES);
        assert_int_equal(field_by_name("slab"), -1);
        assert_int_equal(field_by_name(""), -1);
        assert_int_equal(field_by_name("time"), -1);
        for (size_t i = 0; i < HOST_KIND_COUNT; i++)
                assert_int_equal(host_kind_by_name(host_kind_name((enum host_kind)i)), i);
        assert_int_equal(host_kind_by_name("VM"), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_meminfo_all_keys),
                cmocka_unit_test(test_meminfo_lines),
                cmocka_unit_test(test_meminfo_zero_bytes),
                cmocka_unit_test(test_loadavg),
                cmocka_unit_test(test_cpulist),
                cmocka_unit_test(test_field_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
