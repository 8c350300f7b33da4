/* SPDX-License-Identifier: MIT */
/* store/ring: order, wrap, full, and that an empty ring begins at its first page again. */
#include "store/ring.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../test.h"

static void test_order_and_reuse(void **state)
{
        struct ring r;
        void *first;

        (void)state;
        assert_int_equal(ring_init(&r, 4096), 0);
        assert_null(ring_first(&r));
        first = ring_add(&r, 100);
        assert_non_null(first);
        assert_non_null(ring_add(&r, 1));
        assert_ptr_equal(ring_first(&r), first);
        ring_remove(&r);
        assert_ptr_not_equal(ring_first(&r), first);
        ring_remove(&r);
        assert_null(ring_first(&r));
        assert_ptr_equal(ring_add(&r, 200), first);
        ring_done(&r);
        ring_done(&r);
}

static void test_full(void **state)
{
        struct ring r;

        (void)state;
        assert_int_equal(ring_init(&r, 4096), 0);
        assert_null(ring_add(&r, 4096)); /* the head needs room too */
        assert_null(ring_add(&r, SIZE_MAX));
        assert_false(ring_fits(&r, SIZE_MAX - 8));
        assert_non_null(ring_add(&r, 4080));
        assert_false(ring_fits(&r, 0));
        assert_null(ring_add(&r, 0));
        ring_remove(&r);
        assert_non_null(ring_add(&r, 0));
        ring_done(&r);
}

/* Against a plain list: random adds and removes, each block filled with its number. */
static void test_random(void **state)
{
        enum { ROUNDS = 20000, LIST = 4096 };
        static struct {
                size_t size;
                unsigned char byte;
        } list[LIST];
        unsigned seed = (unsigned)time(NULL);
        size_t from = 0, to = 0, refused = 0;
        struct ring r;

        (void)state;
        print_message("seed %u\n", seed);
        assert_int_equal(ring_init(&r, 16384), 0);
        for (unsigned i = 0; i < ROUNDS; i++) {
                if (rand_r(&seed) % 100 < 52) {
                        size_t size = (size_t)rand_r(&seed) % (i % 7 ? 300 : 6000);
                        bool fits = ring_fits(&r, size);
                        unsigned char *p = ring_add(&r, size);

                        assert_int_equal(fits, p != NULL);
                        if (!p) {
                                refused++;
                                assert_true(r.count > 0);
                                continue;
                        }
                        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                        memset(p, (int)(i & 0xFF), size);
                        list[to % LIST].size = size;
                        list[to++ % LIST].byte = (unsigned char)i;
                } else if (from < to) {
                        const unsigned char *p = ring_first(&r);

                        for (size_t k = 0; k < list[from % LIST].size; k++)
                                assert_int_equal(p[k], list[from % LIST].byte);
                        ring_remove(&r);
                        from++;
                }
                assert_int_equal(r.count, to - from);
        }
        assert_true(refused > 10); /* else the wrap was not tried */
        ring_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order_and_reuse),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
