/* SPDX-License-Identifier: MIT */
/* The history as bytes: the same after a restart, and nothing worse than empty when damaged. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "../test.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "culprit/history.h"
#include "culprit/witness.h"

enum { BYTES = 40 * 1024, NAMES = 64 };

static void add(struct findings *f, const char *cache, double bytes)
{
        struct tally *t = &f->tables[TABLE_CACHES];
        size_t length = strlen(cache);

        tally_now(t, tally_get(t, tally_key(0, cache, length), 0, cache, length))[CACHE_BYTES] +=
                bytes;
}

static void fill(struct history *h, struct findings *f, struct random *r, unsigned records)
{
        for (unsigned i = 0; i < records; i++) {
                findings_clear(f);
                f->time = 1e6 + 60 * i;
                f->state[SOURCE_SLABINFO] = SOURCE_DONE;
                f->counts[COUNT_FILES] = i;
                for (unsigned j = 0; j < 10; j++) {
                        char name[32];

                        (void)snprintf(name, sizeof(name), "cache-%.0f", random_uniform(r) * 30);
                        add(f, name, 65536 + random_uniform(r) * 1e8);
                }
                history_add(h, f);
        }
}

/* Everything that can be asked. */
static void ask_all(const struct history *h, struct findings *f)
{
        double fields[FIELD_MEMINFO_COUNT], counts[COUNT_COUNT];

        for (unsigned i = 0; i < history_count(h); i++) {
                const struct record *r = history_at(h, i);

                record_fields(r, TABLE_CACHES, fields);
                record_counts(r, counts);
                for (unsigned t = 0; t < TABLE_COUNT; t++)
                        if (f->tables[t].rows)
                                (void)history_compare(h, r, (enum table)t, &f->tables[t]);
        }
        (void)history_find(h, 1e6 + 100, TABLE_CGROUPS);
}

static void test_the_same(void **state)
{
        (void)state;
        struct random r = random_seeded("history, saved");
        struct history *a, *b, *small;
        struct findings f;

        assert_int_equal(findings_init(&f, true), 0);
        assert_int_equal(history_new(BYTES, NAMES, 60, ~0U, &a), 0);
        assert_int_equal(history_new(BYTES, NAMES, 60, ~0U, &b), 0);
        assert_int_equal(history_new(BYTES / 16, NAMES, 60, ~0U, &small), 0);
        fill(a, &f, &r, 200);
        fill(b, &f, &r, 5); /* what is there before goes */

        size_t size = history_saved_size(a);
        _cleanup_free_ char *saved = malloc(size);
        assert_non_null(saved);
        assert_int_equal(history_save(a, saved, size - 1), 0);
        size_t used = history_save(a, saved, size);
        assert_int_equal(used, size);
        assert_int_equal(history_load(b, saved, used), 0);
        assert_int_equal(history_count(b), history_count(a));
        for (unsigned i = 0; i < history_count(a); i++) {
                const struct record *x = history_at(a, i), *y = history_at(b, i);
                struct findings g;

                assert_true(record_time(x) == record_time(y));
                assert_int_equal(findings_init(&g, true), 0);
                findings_clear(&f);
                assert_true(history_compare(a, x, TABLE_CACHES, &f.tables[TABLE_CACHES]));
                assert_true(history_compare(b, y, TABLE_CACHES, &g.tables[TABLE_CACHES]));
                assert_int_equal(f.tables[TABLE_CACHES].count, g.tables[TABLE_CACHES].count);
                assert_true(f.tables[TABLE_CACHES].count > 0);
                for (unsigned j = 0; j < f.tables[TABLE_CACHES].count; j++)
                        assert_true(tally_then(&f.tables[TABLE_CACHES], j)[CACHE_BYTES] ==
                                    tally_then(&g.tables[TABLE_CACHES], j)[CACHE_BYTES]);
                findings_done(&g);
        }
        fill(b, &f, &r, 300); /* and it goes on */
        assert_int_equal(history_load(small, saved, used), -ENOSPC);
        assert_int_equal(history_count(small), 0);
        history_free(a);
        history_free(b);
        history_free(small);
        findings_done(&f);
}

static void test_damaged(void **state)
{
        (void)state;
        struct random r = random_seeded("history, damaged");
        struct history *h;
        struct findings f;
        unsigned refused = 0;

        assert_int_equal(findings_init(&f, true), 0);
        assert_int_equal(history_new(BYTES, NAMES, 60, ~0U, &h), 0);
        fill(h, &f, &r, 30);
        size_t size = history_saved_size(h);
        _cleanup_free_ char *saved = malloc(size), *copy = NULL;
        assert_non_null(saved);
        size = history_save(h, saved, size);

        for (unsigned i = 0; i < 2000; i++) {
                /* of just its size, for the sanitizer */
                size_t cut = i % 3 == 0 ? (size_t)(random_uniform(&r) * (double)size) : size;

                free(TAKE_PTR(copy));
                copy = malloc(cut ? cut : 1);
                assert_non_null(copy);
                memcpy(copy, saved, cut);
                /* the head of the file, of a record, or anywhere */
                size_t range = i % 3 == 1 ? MIN_OF(cut, (size_t)2048) : cut;
                for (unsigned j = 0; j < 1 + i % 4 && range > 0; j++)
                        copy[(size_t)(random_uniform(&r) * (double)range)] = (char)random_next(&r);
                int result = history_load(h, copy, cut);
                if (result < 0) {
                        refused++;
                        assert_true(result == -EBADMSG || result == -ENOSPC);
                        assert_int_equal(history_count(h), 0);
                }
                ask_all(h, &f);
                if (i % 100 == 0)
                        fill(h, &f, &r, 10);
        }
        assert_true(refused > 500);
        assert_int_equal(history_load(h, saved, size), 0);
        assert_true(history_count(h) > 10);
        assert_int_equal(history_load(h, saved, 0), -EBADMSG);
        history_free(h);
        findings_done(&f);
}

static void test_witness(void **state)
{
        (void)state;
        struct procfs p;
        struct witness *a, *b;

        assert_int_equal(procfs_init(&p, "tests/roots/debian12-growth/before"), 0);
        assert_int_equal(witness_new(&p, clock_monotonic, &a), 0);
        while (witness_step(a, 1e9, clock_monotonic() + 1))
                ;
        assert_int_equal(witness_ask(a, DIMENSION_SLAB), 0);
        while (witness_step(a, 1e9, clock_monotonic() + 1))
                ;
        size_t size = witness_saved_size(a);
        _cleanup_free_ char *saved = malloc(size);
        assert_non_null(saved);
        size = witness_save(a, saved, size);
        assert_true(size > 1000);
        assert_int_equal(witness_new(&p, clock_monotonic, &b), 0);
        assert_int_equal(witness_load(b, saved, size), 0);
        assert_int_equal(witness_load(b, saved, size / 2), -EBADMSG);
        assert_int_equal(witness_load(b, saved, 3), -EBADMSG);
        memset(saved, 0xff, 8);
        assert_int_equal(witness_load(b, saved, size), -EBADMSG);
        witness_free(a);
        witness_free(b);
        procfs_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_same),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_witness),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
