/* SPDX-License-Identifier: MIT */
/* The bounded tables, and what is remembered of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "culprit/history.h"
#include "culprit/names.h"
#include "culprit/tally.h"

/* In a piece of memory of just its size, so that a sanitizer sees a write behind it. */
static void *make(struct tally *t, unsigned capacity, unsigned columns)
{
        void *memory = calloc(1, tally_bytes(capacity, columns));

        assert_non_null(memory);
        tally_init(t, capacity, columns, 0, memory);
        return memory;
}

static unsigned add(struct tally *t, const char *name, double value)
{
        size_t length = strlen(name);
        unsigned row = tally_get(t, tally_key(0, name, length), 0, name, length);

        tally_now(t, row)[0] += value;
        return row;
}

static double now_of(const struct tally *t, const char *name)
{
        int row = tally_find(t, tally_key(0, name, strlen(name)));

        return row < 0 ? NAN : tally_now(t, (unsigned)row)[0];
}

static void test_adds_up(void **state)
{
        (void)state;
        struct tally t;
        struct tally empty = { 0 };

        _cleanup_free_ _unused_ void *memory = make(&t, 8, 2);
        add(&t, "a", 1);
        add(&t, "b", 2);
        add(&t, "a", 10);
        assert_int_equal(t.count, 2);
        assert_true(now_of(&t, "a") == 11);
        assert_true(now_of(&t, "b") == 2);
        assert_true(isnan(now_of(&t, "c")));
        assert_true(isnan(tally_then(&t, 0)[1]));
        tally_clear(&t);
        assert_true(isnan(now_of(&t, "a")));
        assert_int_equal(tally_find(&empty, 1), -1);
}

/* 3,000 names of one thread each and one of 500 in a table of 64: the one stays, nothing is lost
 * from the sum. */
static void test_the_large_stay(void **state)
{
        (void)state;
        struct random r = random_seeded("tally");
        struct tally t;
        double sum = 0;

        _cleanup_free_ _unused_ void *memory = make(&t, 64, 1);
        for (unsigned i = 0; i < 3000; i++) {
                char name[32];
                double value = 1 + floor(random_uniform(&r) * 3);

                (void)snprintf(name, sizeof(name), "small-%u", i);
                add(&t, name, value);
                sum += value;
                if (i % 6 == 0) {
                        add(&t, "large", 10);
                        sum += 10;
                }
                assert_true(t.count <= 64);
        }
        assert_true(now_of(&t, "large") >= 4900);
        double left = t.given_up[0];
        for (unsigned i = 0; i < t.count; i++)
                left += tally_now(&t, i)[0];
        assert_true(fabs(left - sum) < 1e-6);
        assert_true(t.given_up_rows > 0);
}

static void test_all_alike(void **state)
{
        (void)state;
        struct tally t;

        _cleanup_free_ _unused_ void *memory = make(&t, 4, 1);
        for (unsigned i = 0; i < 100; i++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "%u", i);
                add(&t, name, 1);
                assert_true(now_of(&t, name) == 1);
        }
        for (unsigned i = 0; i < 100; i++)
                tally_now(&t, add(&t, "nan", 0))[0] = NAN;
        add(&t, "x", 1);
        add(&t, "y", 1);
        add(&t, "z", 1);
        assert_true(now_of(&t, "z") == 1);
}

static void test_names_lose_their_beginning(void **state)
{
        (void)state;
        char path[4096] = "", name[TALLY_NAME_MAX];

        for (unsigned i = 0; i < 60; i++)
                strcat(path, "/folder-\xC3\xA4");
        strcat(path, "/nginx.service");
        tally_name(path, strlen(path), name);
        assert_true(utf8_valid(name));
        assert_true(has_suffix(name, "/nginx.service"));
        assert_true(has_prefix(name, "…/"));

        memset(path, 0xA4, 500); /* nothing but ends of characters */
        tally_name(path, 500, name);
        assert_true(utf8_valid(name));
        tally_name("short", 5, name);
        assert_string_equal(name, "short");
}

static void test_forget(void **state)
{
        (void)state;
        struct tally t;

        _cleanup_free_ _unused_ void *memory = make(&t, 8, 1);
        add(&t, "gone", 0);
        tally_then(&t, add(&t, "here", 5))[0] = 3;
        tally_forget_then(&t);
        assert_int_equal(t.count, 1);
        assert_true(now_of(&t, "here") == 5);
        assert_true(isnan(tally_then(&t, 0)[0]));
}

static void test_names(void **state)
{
        (void)state;
        struct names n;

        assert_int_equal(names_init(&n, 3), 0);
        int a = names_get(&n, 100, "a"), b = names_get(&n, 200, "b");
        assert_int_equal(names_get(&n, 300, "c"), 2);
        assert_int_equal(names_get(&n, 100, "other"), a);
        assert_string_equal(n.all[a].text, "a");
        assert_int_equal(names_get(&n, 400, "d"), -1);
        names_mark(&n, (unsigned)b);
        names_sweep(&n);
        assert_int_equal(names_get(&n, 200, ""), b);
        assert_true(names_get(&n, 400, "d") >= 0);
        assert_true(names_get(&n, 500, "e") >= 0);
        assert_int_equal(names_get(&n, 600, "f"), -1);
        names_done(&n);
}

/* --- history --- */

static void set(struct findings *f, const char *cache, double bytes)
{
        struct tally *t = &f->tables[TABLE_CACHES];
        size_t length = strlen(cache);

        tally_now(t, tally_get(t, tally_key(0, cache, length), 0, cache, length))[CACHE_BYTES] =
                bytes;
}

static void begin(struct findings *f, double time)
{
        findings_clear(f);
        f->time = time;
        f->state[SOURCE_SLABINFO] = SOURCE_DONE;
}

static double then_of(const struct findings *f, const char *cache)
{
        const struct tally *t = &f->tables[TABLE_CACHES];
        int row = tally_find(t, tally_key(0, cache, strlen(cache)));

        assert_true(row >= 0);
        return tally_then(t, (unsigned)row)[CACHE_BYTES];
}

static void test_compare(void **state)
{
        (void)state;
        struct history *h;
        struct findings f;
        double fields[FIELD_MEMINFO_COUNT], counts[COUNT_COUNT];

        assert_int_equal(findings_init(&f, false), 0);
        assert_int_equal(history_new(65536, 64, 60, ~0U, &h), 0);
        assert_null(history_find(h, 1e9, TABLE_CACHES));

        begin(&f, 1000);
        f.fields[FIELD_SLAB] = 7e6;
        f.fields_at[TABLE_CACHES][FIELD_SLAB] = 8e6;
        f.counts[COUNT_FILES] = 55;
        set(&f, "dentry", 4 << 20);
        set(&f, "gone", 1 << 20);
        set(&f, "tiny", 4096);
        history_add(h, &f);

        begin(&f, 1060);
        set(&f, "dentry", 6 << 20);
        set(&f, "fresh", 1 << 20);
        set(&f, "tiny", 1 << 20);

        const struct record *r = history_find(h, 1059, TABLE_CACHES);
        assert_non_null(r);
        assert_true(record_time(r) == 1000);
        assert_true(history_compare(h, r, TABLE_CACHES, &f.tables[TABLE_CACHES]));
        assert_true(then_of(&f, "dentry") == 4 << 20);
        assert_true(then_of(&f, "gone") == 1 << 20);
        assert_true(then_of(&f, "fresh") == 0);
        assert_true(then_of(&f, "tiny") == 0); /* too small to be kept */
        record_fields(r, TABLE_COUNT, fields);
        assert_true(fields[FIELD_SLAB] == 7e6 && isnan(fields[FIELD_PERCPU]));
        record_fields(r, TABLE_CACHES, fields);
        assert_true(fields[FIELD_SLAB] == 8e6);
        record_counts(r, counts);
        assert_true(counts[COUNT_FILES] == 55 && isnan(counts[COUNT_SOCKETS]));

        /* Not read, not compared; read too late, not kept. */
        assert_null(history_find(h, 1059, TABLE_CGROUPS));
        assert_false(history_compare(h, r, TABLE_CGROUPS, &f.tables[TABLE_CGROUPS]));
        f.state[SOURCE_SLABINFO] = SOURCE_LATE;
        history_add(h, &f);
        assert_true(record_time(history_find(h, 2000, TABLE_CACHES)) == 1000);
        assert_true(record_time(history_find(h, 2000, TABLE_COUNT)) == 1060);
        /* Nothing is older: the oldest. */
        assert_true(record_time(history_find(h, 5, TABLE_CACHES)) == 1000);

        /* What was added for the comparison is not there any more. */
        tally_forget_then(&f.tables[TABLE_CACHES]);
        assert_int_equal(tally_find(&f.tables[TABLE_CACHES], tally_key(0, "gone", 4)), -1);
        history_free(h);
        findings_done(&f);
}

static void test_clock(void **state)
{
        (void)state;
        struct history *h;
        struct findings f;

        assert_int_equal(findings_init(&f, false), 0);
        assert_int_equal(history_new(65536, 64, 60, ~0U, &h), 0);
        for (unsigned i = 0; i < 5; i++) {
                begin(&f, 1000 + 60 * i);
                history_add(h, &f);
        }
        history_shift(h, 3600);
        assert_true(record_time(history_at(h, 0)) == 4600);
        assert_true(record_time(history_find(h, 4700, TABLE_COUNT)) == 4660);

        begin(&f, 500); /* set back, and nobody said so */
        history_add(h, &f);
        unsigned count = history_count(h);
        assert_int_equal(count, 5); /* the one a second before was taken out */
        for (unsigned i = 1; i < count; i++)
                assert_true(record_time(history_at(h, i)) > record_time(history_at(h, i - 1)));
        assert_true(record_time(history_at(h, count - 1)) == 500);
        assert_true(record_time(history_at(h, 0)) == 500 - 1 - 240);
        begin(&f, NAN);
        history_add(h, &f);
        assert_int_equal(history_count(h), count);
        history_free(h);
        findings_done(&f);
}

/* Containers come and go, each with its own name, in a history of few names and little memory. */
static void test_names_come_and_go(void **state)
{
        (void)state;
        struct history *h;
        struct findings f;

        assert_int_equal(findings_init(&f, false), 0);
        assert_int_equal(history_new(48 * 1024, 40, 60, ~0U, &h), 0);
        for (unsigned i = 0; i < 400; i++) {
                begin(&f, 1e6 + 60 * i);
                set(&f, "steady", (1 + i) << 20);
                for (unsigned j = 0; j < 5; j++) {
                        char name[32];

                        (void)snprintf(name, sizeof(name), "name-%u", i + j);
                        set(&f, name, 5 << 20);
                }
                history_add(h, &f);
                assert_true(record_time(history_at(h, history_count(h) - 1)) == f.time);
        }
        assert_true(history_count(h) >= 5);

        const struct record *r = history_find(h, 1e6 + 60 * 390, TABLE_CACHES);
        assert_true(history_compare(h, r, TABLE_CACHES, &f.tables[TABLE_CACHES]));
        double age = (f.time - record_time(r)) / 60;
        assert_true(then_of(&f, "steady") == (400 - age) * (1 << 20));
        history_free(h);

        /* A record that is larger than all there is. */
        assert_int_equal(history_new(64, 40, 60, ~0U, &h), 0);
        history_add(h, &f);
        assert_int_equal(history_count(h), 0);
        history_free(h);
        /* More names than can be told. */
        assert_int_equal(history_new(48 * 1024, 3, 60, ~0U, &h), 0);
        history_add(h, &f);
        assert_int_equal(history_count(h), 0);
        history_free(h);
        findings_done(&f);
}

/* Only so many rows of a table are kept: the largest. */
static void test_largest_are_kept(void **state)
{
        (void)state;
        const unsigned kept = table_infos[TABLE_CACHES].kept;
        struct history *h;
        struct findings f;

        assert_int_equal(findings_init(&f, false), 0);
        assert_int_equal(history_new(65536, 1024, 60, ~0U, &h), 0);
        begin(&f, 1000);
        for (unsigned i = 0; i < 400; i++) {
                char name[32];

                (void)snprintf(name, sizeof(name), "cache-%u", i);
                set(&f, name, (double)(i * 7919 % 400 + 1) * 65536);
        }
        history_add(h, &f);
        f.time = 1060;
        assert_true(history_compare(h, history_at(h, 0), TABLE_CACHES, &f.tables[TABLE_CACHES]));
        unsigned found = 0;
        for (unsigned i = 0; i < 400; i++) {
                double now = tally_now(&f.tables[TABLE_CACHES], i)[CACHE_BYTES];
                double then = tally_then(&f.tables[TABLE_CACHES], i)[CACHE_BYTES];

                assert_true(then == 0 || then == now);
                assert_int_equal(then > 0, now > (400 - kept) * 65536.0);
                found += then > 0;
        }
        assert_int_equal(found, kept);
        history_free(h);
        findings_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_adds_up),
                cmocka_unit_test(test_the_large_stay),
                cmocka_unit_test(test_all_alike),
                cmocka_unit_test(test_names_lose_their_beginning),
                cmocka_unit_test(test_forget),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_compare),
                cmocka_unit_test(test_clock),
                cmocka_unit_test(test_names_come_and_go),
                cmocka_unit_test(test_largest_are_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
