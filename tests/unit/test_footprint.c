/* SPDX-License-Identifier: MIT */
/* What is given back is gone, and what is needed again is there as before. */
#include "base/footprint.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../test.h"
#include "base/pages.h"

/* Constants, and pointers to them that are relocated. Around a page that is touched the kernel maps
 * 64 KiB more, so that only the middle of it is all the test's own. */
enum { PAGE = 4096, PAGES = 96, EDGE = 32 };
static const char table[PAGES * PAGE] = { [0] = 'a', [PAGES * PAGE - 1] = 'z' };
static const char *const relocated[] = { table, table + sizeof(table) - 1 };

static unsigned count_resident(const char *from, size_t pages)
{
        unsigned count = 0;
        FILE *pagemap = fopen("/proc/self/pagemap", "r");
        assert_non_null(pagemap);
        for (size_t i = 0; i < pages; i++) {
                uint64_t entry = 0;
                long at = (long)((uintptr_t)(from + i * PAGE) / PAGE * sizeof(entry));
                assert_int_equal(fseek(pagemap, at, SEEK_SET), 0);
                assert_int_equal(fread(&entry, sizeof(entry), 1, pagemap), 1);
                count += entry >> 63;
        }
        fclose(pagemap);
        return count;
}

static void test_program(void **state)
{
        const char *middle = table + (size_t)EDGE * PAGE;
        volatile const char *first = table;
        unsigned sum = 0;
        (void)state;
        if (sysconf(_SC_PAGESIZE) != PAGE)
                skip();
        for (size_t i = 0; i < sizeof(table); i += PAGE)
                sum += (unsigned char)first[i];
        assert_int_equal(sum, 'a');
        assert_int_equal(count_resident(middle, PAGES - 2 * EDGE), PAGES - 2 * EDGE);
        give_back_program();
        assert_int_equal(count_resident(middle, PAGES - 2 * EDGE), 0);
        assert_int_equal(*relocated[0], 'a');
        assert_int_equal(*relocated[1], 'z');
        assert_int_equal(strtol("17", NULL, 10), 17); /* of a library */
}

static void test_pages(void **state)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 1000 * page + 1;
        char *pages = pages_new(size);
        (void)state;
        assert_non_null(pages);
        assert_int_equal(pages_resident(pages, size), 0);
        pages[0] = pages[700 * page] = pages[1000 * page] = 1;
        assert_int_equal(pages_resident(pages, size), 3 * page);
        assert_int_equal(((volatile char *)pages)[300 * page], 0); /* only read */
        assert_int_equal(pages_resident(pages, size), 3 * page);
        pages_free(pages, size);
        assert_int_equal(pages_resident(NULL, size), 0);
}

struct seen {
        pthread_t thread;
        int calls;
};

static void see(void *userdata)
{
        struct seen *s = userdata;
        char deep[512 * 1024];
        memset(deep, 1, sizeof(deep));
        s->thread = pthread_self();
        s->calls += deep[sizeof(deep) / 2];
}

static void test_apart(void **state)
{
        struct seen s = { .calls = 0 };
        (void)state;
        run_apart(see, &s);
        assert_int_equal(s.calls, 1);
        assert_false(pthread_equal(s.thread, pthread_self()));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_program),
                                            cmocka_unit_test(test_pages),
                                            cmocka_unit_test(test_apart) };
        return cmocka_run_group_tests_name("footprint", tests, NULL, NULL);
}
