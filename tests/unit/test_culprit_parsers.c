/* SPDX-License-Identifier: MIT */
/* Lines of slabinfo, vmallocinfo and allocinfo, as kernels of 4.19 to 6.18 write them, and as none
 * should. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "culprit/allocinfo.h"
#include "culprit/vmallocinfo.h"
#include "sample/scan.h"
#include "sample/slabinfo.h"

static void test_scan_number(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                uint64_t max;
                bool found;
                uint64_t value;
        } cases[] = {
                { "12", 100, true, 12 },
                { "  \t12 x", 100, true, 12 },
                { "100", 100, true, 100 },
                { "101", 100, false, 0 },
                { "5", 4, false, 0 },
                { "0", 0, true, 0 },
                { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
                { "18446744073709551616", UINT64_MAX, false, 0 },
                { "99999999999999999999999", UINT64_MAX, false, 0 },
                { "", 100, false, 0 },
                { "   ", 100, false, 0 },
                { "-1", 100, false, 0 },
                { "1x", 100, false, 0 },
                { "0x10", 100, false, 0 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const char *at = cases[i].text;
                uint64_t value = 0;
                bool found = scan_number(&at, cases[i].max, &value);

                if (found != cases[i].found || value != cases[i].value)
                        fail_msg("'%s': %d, %llu", cases[i].text, found, (unsigned long long)value);
                if (!found && at != cases[i].text)
                        fail_msg("'%s': moved on", cases[i].text);
        }
}

#define SLABS(slabs) " : tunables    0    0    0 : slabdata " #slabs " " #slabs " 0"

static void test_slabinfo(void **state)
{
        (void)state;
        static const struct {
                const char *name, *line, *cache; /* NULL: refused */
                double active, objects, size, pages;
                bool tunable;
        } cases[] = {
                { "6.18",
                  "task_struct         3151   3170   5888    5    8 : tunables    0    0    0 : "
                  "slabdata    634    634      0",
                  "task_struct", 3151, 3170, 5888, 634 * 8, false },
                { "4.19 with SLAB",
                  "dentry            192801 192801    192   21    1 : tunables  120   60    8 : "
                  "slabdata   9181   9181    480",
                  "dentry", 192801, 192801, 192, 9181, true },
                { "a kernel that debugs",
                  "kmalloc-64          3878   4352     64   64    1 : tunables  120   60    8 : "
                  "slabdata 68 68 0 : globalstat 4352 4352 1 0 0 0 0 0 0 : cpustat 1 2 3 4",
                  "kmalloc-64", 3878, 4352, 64, 68, true },
                { "nothing in it", "io_kiocb 0 0 256 16 1" SLABS(0), "io_kiocb", 0, 0, 256, 0,
                  false },
                { "a name with blanks", "my leaky cache 10 20 64 64 2" SLABS(7), "my leaky cache",
                  10, 20, 64, 14, false },
                { "a name that ends in numbers", "odd 1 2 3 10 20 64 64 2" SLABS(7), "odd 1 2 3",
                  10, 20, 64, 14, false },
                { "a name of control characters", "a\x01\xff 10 20 64 64 2" SLABS(7),
                  "a \xEF\xBF\xBD", 10, 20, 64, 14, false },
                { "more active than there are", "x 30 20 64 64 2" SLABS(7), "x", 20, 20, 64, 14,
                  false },
                { "version", "slabinfo - version: 2.1", NULL, 0, 0, 0, 0, false },
                { "header",
                  "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                  "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
                  "<active_slabs> <num_slabs> <sharedavail>",
                  NULL, 0, 0, 0, 0, false },
                { "empty", "", NULL, 0, 0, 0, 0, false },
                { "only a name", "dentry", NULL, 0, 0, 0, 0, false },
                { "no name", " 10 20 64 64 2" SLABS(7), NULL, 0, 0, 0, 0, false },
                { "cut", "dentry 10 20 64 64 2 : tunables 0 0 0 : slabdata 7", NULL, 0, 0, 0, 0,
                  false },
                { "below zero as unsigned", "dentry 18446744073709551615 20 64 64 2" SLABS(7), NULL,
                  0, 0, 0, 0, false },
                { "slabs below zero",
                  "dentry 10 20 64 64 2 : tunables 0 0 0 : slabdata 0 18446744073709551615 0", NULL,
                  0, 0, 0, 0, false },
                { "no pages in a slab", "dentry 10 20 64 64 0" SLABS(7), NULL, 0, 0, 0, 0, false },
                { "letters", "dentry a b c d e" SLABS(7), NULL, 0, 0, 0, 0, false },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct slab slab = { .pages = -1 };
                int r = slabinfo_parse(cases[i].line, &slab);

                if (!cases[i].cache) {
                        if (r != -EBADMSG || slab.pages != -1)
                                fail_msg("%s: %d", cases[i].name, r);
                        continue;
                }
                if (r != 0 || strcmp(slab.name, cases[i].cache) != 0 ||
                    slab.active != cases[i].active || slab.objects != cases[i].objects ||
                    slab.object_size != cases[i].size || slab.pages != cases[i].pages ||
                    slab.tunable != cases[i].tunable)
                        fail_msg("%s: %d '%s' %f %f %f %f", cases[i].name, r, slab.name,
                                 slab.active, slab.objects, slab.object_size, slab.pages);
        }
}

static void test_slabinfo_long_name(void **state)
{
        (void)state;
        char line[1024], *end = line;
        struct slab slab;

        for (unsigned i = 0; i < 200; i++)
                end = stpcpy(end, "\xC3\xA4"); /* ä */
        (void)stpcpy(end, " 10 20 64 64 2" SLABS(7));
        assert_int_equal(slabinfo_parse(line, &slab), 0);
        assert_true(utf8_valid(slab.name));
        assert_true(strlen(slab.name) >= SLAB_NAME_MAX - 3);
}

#define AREA "0x00000000f59da289-0x0000000042f77219   "

static void test_vmallocinfo(void **state)
{
        (void)state;
        static const struct {
                const char *name, *line, *caller; /* NULL: refused */
                double size, pages;
                bool counted;
        } cases[] = {
                { "6.18: a map",
                  AREA "2629632 htab_map_alloc+0x2e4/0x5a0 pages=641 vmalloc vpages "
                       "N0=641",
                  "htab_map_alloc", 2629632, 641, true },
                { "a stack", AREA "20480 kernel_clone+0x94/0x3e0 pages=4 vmalloc N0=4 ",
                  "kernel_clone", 20480, 4, true },
                { "4.19: no CPU list",
                  "0x0000000000000000-0x0000000000000000   20480 _do_fork+0xe3/0x3a0 pages=4 "
                  "vmalloc N0=2 N1=2",
                  "_do_fork", 20480, 4, true },
                { "of a module",
                  AREA "69632 nv_alloc_pages+0x1f/0x2a [nvidia] pages=16 vmalloc N0=16",
                  "nv_alloc_pages [nvidia]", 69632, 16, true },
                { "early after boot",
                  "0x(____ptrval____)-0x(____ptrval____)    8192 hpet_enable+0x32/0x2d4 "
                  "phys=0x00000000fed00000 ioremap",
                  "hpet_enable", 8192, 0, false },
                { "what the compiler made of it",
                  AREA "8192 alloc_it.isra.0.constprop.3+0x1/0x2 pages=1 vmalloc", "alloc_it", 8192,
                  1, true },
                { "clang", AREA "8192 alloc_it.llvm.1234567+0x1/0x2 pages=1 vmalloc", "alloc_it",
                  8192, 1, true },
                { "an address of a module that is gone",
                  AREA "69632 0xffffffffc043e073 pages=16 vmalloc N0=16", "", 69632, 16, true },
                { "nobody", AREA "8192 pages=1 vmalloc", "", 8192, 1, true },
                { "mapped, not allocated", AREA "20480 irq_init_percpu_irqstack+0xca/0x100 vmap",
                  "irq_init_percpu_irqstack", 20480, 0, false },
                { "pages that another has", AREA "20480 dma_common_remap+0x1/0x2 pages=4 vmap",
                  "dma_common_remap", 20480, 4, false },
                { "a chunk of per-CPU memory: its pages are in Percpu",
                  AREA "4194304 pcpu_get_vm_areas+0x0/0x1050 vmalloc", "pcpu_get_vm_areas", 4194304,
                  0, false },
                { "not yet given back", AREA "8192 unpurged vm_area", "vm_area", 8192, 0, false },
                { "mapped for a while", AREA "8192 vm_map_ram", "", 8192, 0, false },
                { "for programs", AREA "8192 bpf_map_area_alloc+0x1/0x2 pages=1 vmalloc user N0=1",
                  "bpf_map_area_alloc", 8192, 1, true },
                { "empty", "", NULL, 0, 0, false },
                { "no size", AREA, NULL, 0, 0, false },
                { "size below zero", AREA "-8192 f+0x1/0x2 pages=1 vmalloc", NULL, 0, 0, false },
                { "size is none", AREA "abc f+0x1/0x2 pages=1 vmalloc", NULL, 0, 0, false },
                { "no addresses", "vmalloc 8192 f+0x1/0x2 pages=1", NULL, 0, 0, false },
                { "pages are none", AREA "8192 f+0x1/0x2 pages= vmalloc", "f", 8192, 0, false },
                { "pages too many", AREA "8192 f+0x1/0x2 pages=99999999999999999999 vmalloc", "f",
                  8192, 0, false },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct vmalloc_area area = { .size = -1 };
                int r = vmallocinfo_parse(cases[i].line, &area);

                if (!cases[i].caller) {
                        if (r != -EBADMSG || area.size != -1)
                                fail_msg("%s: %d", cases[i].name, r);
                        continue;
                }
                if (r != 0 || strcmp(area.caller, cases[i].caller) != 0 ||
                    area.size != cases[i].size || area.pages != cases[i].pages ||
                    area.counted != cases[i].counted)
                        fail_msg("%s: %d '%s' %f %f %d", cases[i].name, r, area.caller, area.size,
                                 area.pages, area.counted);
        }
        assert_true(vmalloc_caller_is_stack("kernel_clone"));
        assert_true(vmalloc_caller_is_stack("_do_fork"));
        assert_false(vmalloc_caller_is_stack("kernel_clone [mod]"));
        assert_true(vmalloc_caller_is_percpu("pcpu_create_chunk"));
        assert_false(vmalloc_caller_is_percpu("htab_map_alloc"));
}

static void test_allocinfo(void **state)
{
        (void)state;
        static const struct {
                const char *name, *line, *site; /* NULL: refused */
                double bytes, calls;
                bool inexact, secondary;
        } cases[] = {
                { "1.0",
                  "       49152       48 arch/x86/kernel/cpu/mce/core.c:2709 "
                  "func:mce_device_create",
                  "mce_device_create arch/x86/kernel/cpu/mce/core.c:2709", 49152, 48, false,
                  false },
                { "a module", "   131072        2 drivers/misc/leak.c:12 [leak] func:leak_init",
                  "leak_init drivers/misc/leak.c:12 [leak]", 131072, 2, false, false },
                { "2.0",
                  "   49152    48 kernel/fork.c:310 func:alloc_thread_stack_node accurate:no",
                  "alloc_thread_stack_node kernel/fork.c:310", 49152, 48, true, false },
                { "slabs themselves", "  4096 1 mm/slub.c:2500 func:alloc_slab_page",
                  "alloc_slab_page mm/slub.c:2500", 4096, 1, false, true },
                { "page cache", "  4096 1 mm/filemap.c:1951 func:__filemap_get_folio",
                  "__filemap_get_folio mm/filemap.c:1951", 4096, 1, false, true },
                { "below zero", "  -4096 1 a.c:1 func:f", "f a.c:1", 0, 1, false, false },
                { "version", "allocinfo - version: 1.0", NULL, 0, 0, false, false },
                { "header", "#     <size>  <calls> <tag info>", NULL, 0, 0, false, false },
                { "no function", "4096 1 a.c:1", NULL, 0, 0, false, false },
                { "empty function", "4096 1 a.c:1 func:", NULL, 0, 0, false, false },
                { "no line", "4096 1 a.c func:f", NULL, 0, 0, false, false },
                { "only numbers", "4096 1", NULL, 0, 0, false, false },
                { "empty", "", NULL, 0, 0, false, false },
                { "too large", "99999999999999999999 1 a.c:1 func:f", NULL, 0, 0, false, false },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct alloc_site site = { .bytes = -1 };
                int r = allocinfo_parse(cases[i].line, &site);

                if (!cases[i].site) {
                        if (r != -EBADMSG || site.bytes != -1)
                                fail_msg("%s: %d", cases[i].name, r);
                        continue;
                }
                if (r != 0 || strcmp(site.name, cases[i].site) != 0 ||
                    site.bytes != cases[i].bytes || site.calls != cases[i].calls ||
                    site.inexact != cases[i].inexact || site.secondary != cases[i].secondary)
                        fail_msg("%s: %d '%s' %f %f", cases[i].name, r, site.name, site.bytes,
                                 site.calls);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scan_number),        cmocka_unit_test(test_slabinfo),
                cmocka_unit_test(test_slabinfo_long_name), cmocka_unit_test(test_vmallocinfo),
                cmocka_unit_test(test_allocinfo),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
