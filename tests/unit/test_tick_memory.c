/* SPDX-License-Identifier: MIT */
/* A tick without an event allocates nothing: sampler and engine with the shipped rules, on this
 * machine's own /proc and on a made-up day, a day in which alerts come and go included. */
#include "../members.h"
#include "base/procfs.h"
#include "engine/learned.h"
#include "sample/sampler.h"

/* Counted in the C library's stead; under a sanitizer its own allocator stays and nothing is
 * counted. */
#if defined(__SANITIZE_ADDRESS__)
#define COUNTED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTED false
#endif
#endif
#ifndef COUNTED
#define COUNTED true
#endif

static unsigned long allocations;

#if COUNTED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
        allocations++;
        return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
        allocations++;
        return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
        allocations++;
        return __libc_realloc(old, size);
}
#endif

static void test_counter(void **state)
{
        (void)state;
        unsigned long before = allocations;
        void *volatile some = malloc(10);
        free(some);
        assert_int_equal(allocations - before, COUNTED ? 1 : 0);
}

static void load_shipped(struct rule_set *ret)
{
        static const char *const folders[] = { "rules", NULL };
        struct problems problems = { 0 };
        assert_int_equal(rule_set_load(folders, NULL, &problems, ret), 0);
        assert_int_equal(problems.count, 0);
        assert_true(ret->count > 20);
}

static int take(const struct event *e, void *userdata)
{
        unsigned *events = userdata;
        (void)e;
        (*events)++;
        return 0;
}

static void test_live(void **state)
{
        (void)state;
        struct procfs procfs;
        struct sampler *sampler;
        struct engine *engine;
        struct rule_set rules = { 0 };
        const struct sample *sample;
        unsigned events = 0;
        load_shipped(&rules);
        assert_int_equal(procfs_init(&procfs, NULL), 0);
        assert_int_equal(sampler_new(&procfs, &sampler), 0);
        assert_int_equal(engine_new(&rules, sampler_host(sampler), take, &events, &engine), 0);
        /* It grows with what is learned; the writer has room for all of it from the start. */
        size_t size = learned_size(engine) + 1048576;
        char *learned = malloc(size);
        unsigned long before = allocations;
        for (int i = 0; i < 200; i++) { /* the facts are read again every minute */
                assert_int_equal(sampler_take(sampler, 1700000000 + i, &sample), 0);
                engine_feed(engine, sample);
        }
        assert_true(learned_size(engine) <= size);
        learned_encode(engine, learned);
        struct engine_summary sum;
        engine_summary(engine, &sum);
        assert_int_equal(allocations, before);
        assert_int_equal(sum.samples, 200);
        free(learned);
        engine_free(engine);
        sampler_free(sampler);
        procfs_done(&procfs);
        rule_set_done(&rules);
}

/* Events are made in place: what allocates is who takes them. */
static void test_made_up_day(void **state)
{
        (void)state;
        struct world w;
        struct rule_set shipped = { 0 };
        world_init(&w, "");
        load_shipped(&shipped);
        assert_int_equal(engine_set_rules(w.engine, &shipped), 0);
        w.interval = 10;
        unsigned long before = allocations;
        world_run(&w, 12 * 3600, 0);
        w.values[FIELD_SUNRECLAIM] += GIB;
        world_run(&w, 600, 0);
        w.values[FIELD_SUNRECLAIM] -= GIB;
        world_run(&w, 12 * 3600, 0);
        assert_int_equal(allocations, before);
        assert_true(w.count > 1);
        engine_free(w.engine);
        w.engine = NULL;
        world_done(&w);
        rule_set_done(&shipped);
}

/* Members that come and go, get slots and lose them, and one that leaks. */
static void test_members(void **state)
{
        (void)state;
        struct world w;
        struct crowd *c = malloc(sizeof(*c));
        char name[64];
        assert_non_null(c);
        world_init(&w, "[grows]\ndimension = slab:*\nfollow = 8\ndetect = growth\nwarning = 20M/h\n"
                       "for = 5min\n" WORLD_WORDS);
        crowd_init(c, &w);
        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "slab:c%d", i);
                crowd_add(c, name, i);
        }
        crowd_run(c, &w, 1800);
        unsigned long before = allocations;
        for (int i = 0; i < 30; i++) {
                c->list[i].mib = 200 + i;
                c->list[(i + 7) % 100].mib = NAN;
                c->list[99].per_hour = 100;
                crowd_run(c, &w, 200);
        }
        assert_int_equal(allocations, before);
        assert_true(w.count > 0);
        world_done(&w);
        crowd_done(c, &w);
        free(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counter),
                cmocka_unit_test(test_live),
                cmocka_unit_test(test_made_up_day),
                cmocka_unit_test(test_members),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
