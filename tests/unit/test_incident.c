/* SPDX-License-Identifier: MIT */
/* One cause, one message: which alerts belong together, what of an incident its receivers hear, and
 * a thread explosion through the whole engine. */
#include "alert/incident.h"

#include "../world.h"
#include "culprit/culprit.h"
#include "engine/open_alert.h"

static void test_joins(void **state)
{
        (void)state;
        enum { K = DIMENSION_KERNEL_STACK, V = DIMENSION_VMALLOC_USED, S = DIMENSION_SUNRECLAIM };
        static const struct {
                const char *name;
                struct incident_alert candidate, member; /* in the order of its members */
                bool joins;
        } cases[] = {
                { "vmalloc jumps with the stacks in it",
                  { KIND_SPIKE, V, K, 1000, 1000, false, 0 },
                  { KIND_SPIKE, K, K, 1003, 1003, false, 0 },
                  true },
                { "the stacks after vmalloc",
                  { KIND_SPIKE, K, K, 1003, 1003, false, 0 },
                  { KIND_SPIKE, V, K, 1000, 1000, false, 0 },
                  true },
                { "vmalloc alone",
                  { KIND_SPIKE, V, V, 1000, 1000, false, 0 },
                  { KIND_SPIKE, K, K, 1003, 1003, false, 0 },
                  false },
                { "what has gone already",
                  { KIND_SPIKE, V, K, 1060, 1060, false, 0 },
                  { KIND_SPIKE, K, K, 1000, 1000, true, 0 },
                  false },
                { "another jump of the same, an hour later",
                  { KIND_SPIKE, S, S, 4600, 4600, false, 0 },
                  { KIND_SPIKE, S, S, 1000, 1000, false, 0 },
                  false },
                { "a jump on top of an old size",
                  { KIND_SPIKE, S, S, 90000, 90000, false, 0 },
                  { KIND_RATIO, S, S, 1000, 1000, false, 0 },
                  false },
                { "the size that a jump brings with it",
                  { KIND_RATIO, S, S, 1000, 1900, false, 0 },
                  { KIND_SPIKE, S, S, 1000, 1000, false, 0 },
                  true },
                { "the size that a growth comes to after a day",
                  { KIND_RATIO, S, S, 1000, 90000, false, 0 },
                  { KIND_GROWTH, S, S, 1000, 1000, false, 0 },
                  true },
                { "growth seen after the jump that it began with",
                  { KIND_GROWTH, S, S, 900, 1200, false, 0 },
                  { KIND_SPIKE, S, S, 1000, 1000, false, 0 },
                  true },
                { "growth that began long after the size was out of proportion",
                  { KIND_GROWTH, S, S, 90000, 93000, false, 0 },
                  { KIND_RATIO, S, S, 1000, 1000, false, 0 },
                  false },
                { "growth of a longer horizon",
                  { KIND_GROWTH, S, S, 90000, 93000, false, 0 },
                  { KIND_GROWTH, S, S, 1000, 1000, false, 0 },
                  true },
                { "a drop and a growth",
                  { KIND_DROP, S, S, 1000, 1000, false, 0 },
                  { KIND_GROWTH, S, S, 1000, 1000, false, 0 },
                  false },
                { "two that drop together",
                  { KIND_DROP, V, K, 1000, 1000, false, 0 },
                  { KIND_DROP, K, K, 1000, 1000, false, 0 },
                  true },
                { "two caches that begin to grow within the hour",
                  { KIND_GROWTH, S, S, 900, 4000, false, 7 },
                  { KIND_GROWTH, S, S, 900, 1000, false, 8 },
                  true },
                { "a cache that begins to grow a day after another",
                  { KIND_GROWTH, S, S, 900, 90000, false, 7 },
                  { KIND_GROWTH, S, S, 900, 1000, false, 8 },
                  false },
                { "a cache that begins to grow a day after all of them",
                  { KIND_GROWTH, S, S, 900, 90000, false, 7 },
                  { KIND_GROWTH, S, S, 900, 1000, false, 0 },
                  false },
                { "one cache over a longer horizon",
                  { KIND_GROWTH, S, S, 900, 90000, false, 7 },
                  { KIND_GROWTH, S, S, 900, 1000, false, 7 },
                  true },
                { "dimensions of their own",
                  { KIND_RATIO, -1, -1, 1000, 1000, false, 0 },
                  { KIND_RATIO, -1, -1, 1000, 1000, false, 0 },
                  false },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                if (incident_joins(&cases[i].candidate, &cases[i].member) != cases[i].joins)
                        fail_msg("%s", cases[i].name);
}

static void test_steps(void **state)
{
        (void)state;
        enum { OK, N, W, C };
        static const struct {
                enum event_type type;
                bool leads, quiet;
                int severity;         /* the highest of all members then */
                const char *expected; /* t: told, T: trigger, R: resolve */
        } steps[] = {
                { EVENT_FIRING, false, true, N, "" },    /* silenced */
                { EVENT_FIRING, true, false, N, "" },    /* pages nobody */
                { EVENT_FIRING, false, false, W, "tT" }, /* whoever it is that is worse */
                { EVENT_FIRING, false, false, W, "" },   /* joins: known already */
                { EVENT_ESCALATED, true, false, W,
                  "" }, /* the lead comes to where the others are */
                { EVENT_ESCALATED, false, false, C, "t" }, /* of a member: of the incident */
                { EVENT_REMINDER, false, false, C, "" },   /* one reminds for all */
                { EVENT_REMINDER, true, false, C, "t" },
                { EVENT_REMINDER, true, true, C, "" },   /* a person knows */
                { EVENT_RESOLVED, false, false, W, "" }, /* others still fire */
                { EVENT_FIRING, false, false, C, "" },   /* as bad as it is known to be */
                { EVENT_EASED, false, false, W, "t" },
                { EVENT_ESCALATED, false, false, C, "t" },
                { EVENT_RESOLVED, true, false, W, "" },
                { EVENT_EASED, false, false, N, "tR" },
                { EVENT_RESOLVED, false, false, N, "" },
                { EVENT_ESCALATED, false, false, W, "tT" }, /* again, under the same key */
                { EVENT_RESOLVED, false, false, OK, "tR" },
        };
        struct incident i = { .id = "x" };

        for (size_t k = 0; k < ELEMENTS_OF(steps); k++) {
                enum severity told = i.told;
                struct incident_change c =
                        incident_step(&i, steps[k].type, steps[k].leads, steps[k].quiet,
                                      (enum severity)steps[k].severity);
                char is[4];
                snprintf(is, sizeof(is), "%s%s%s", c.tells ? "t" : "", c.trigger ? "T" : "",
                         c.resolve ? "R" : "");
                if (strcmp(is, steps[k].expected) != 0)
                        fail_msg("step %zu: '%s', not '%s'", k, is, steps[k].expected);
                assert_int_equal(c.previous, told);
                assert_int_equal(i.severity, steps[k].severity);
        }
        assert_int_equal(i.highest, SEVERITY_CRITICAL);
}

/* --- through the engine --- */

#define SPIKE_OF(name, field)                                                         \
        "[" name "]\ndimension = " field "\ndetect = spike\nwarning = 4M\nfor = 5s\n" \
        "clear-for = 10s\n" WORLD_WORDS
#define RULES                                   \
        SPIKE_OF("stacks", "KernelStack")       \
        SPIKE_OF("vmalloc", "VmallocUsed")      \
        SPIKE_OF("unreclaimable", "SUnreclaim") \
        SPIKE_OF("tables", "PageTables")        \
        SPIKE_OF("percpu", "Percpu")

static void add_threads(struct world *w, double count)
{
        w->values[FIELD_THREADS] += count;
        w->values[FIELD_KERNEL_STACK] += count * 16384;
        w->values[FIELD_VMALLOC_USED] += count * 16384;
        w->values[FIELD_SUNRECLAIM] += count * 6860;
        w->values[FIELD_SLAB] += count * 6860;
        w->values[FIELD_PAGE_TABLES] += count * 8192;
}

static const struct seen *find(const struct world *w, unsigned from, const char *rule)
{
        for (unsigned i = from; i < w->count; i++)
                if (strcmp(w->seen[i].rule, rule) == 0)
                        return &w->seen[i];
        fail_msg("no event of %s", rule);
        return NULL;
}

static unsigned count_told(const struct world *w, unsigned from)
{
        unsigned told = 0;
        for (unsigned i = from; i < w->count; i++)
                told += w->seen[i].incident.tells;
        return told;
}

/* Messages that are taken and given back, and then threads: two causes, though both raise
 * SUnreclaim, and though the alert of the first is still there when the second begins. */
static void test_one_after_the_other(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, RULES);
        world_run(&w, 900, 0);
        w.values[FIELD_SUNRECLAIM] += 64 * MIB;
        world_run(&w, 10, 0);
        w.values[FIELD_SUNRECLAIM] -= 64 * MIB;
        world_run(&w, 5, 0);
        assert_int_equal(w.count, 1);
        add_threads(&w, 3000);
        world_run(&w, 10, 0);
        assert_int_equal(count_told(&w, 0), 2);
        const struct seen *stacks = find(&w, 1, "stacks");
        assert_string_equal(stacks->incident.id, find(&w, 1, "vmalloc")->incident.id);
        assert_string_not_equal(stacks->incident.id, w.seen[0].incident.id);
        world_done(&w);
}

static void test_threads(void **state)
{
        (void)state;
        struct world w;
        world_init(&w, RULES);
        world_run(&w, 900, 0);
        assert_int_equal(w.count, 0);
        add_threads(&w, 4000);
        world_run(&w, 30, 0);

        assert_int_equal(w.count, 4); /* all of them in the journal */
        assert_int_equal(count_told(&w, 0), 1);
        const struct seen *first = &w.seen[0];
        assert_true(first->incident.trigger);
        for (unsigned i = 0; i < 4; i++) {
                assert_string_equal(w.seen[i].incident.id, first->alert_id);
                assert_string_equal(w.seen[i].incident.dedup_key, first->dedup_key);
                assert_true(w.seen[i].trigger); /* each rule's own events are what they were */
        }
        assert_string_equal(first->incident.cause, "KernelStack");
        assert_int_equal(first->incident.alert_count, 4); /* they fired in one tick */
        assert_int_equal(first->incident.moved_count, 4);
        assert_string_equal(first->incident.moved[3].dimension, "SUnreclaim");
        assert_true(fabs(first->incident.moved[3].change - 4000 * 6860.0) < MIB);

        /* Another cause in between is an incident of its own. */
        w.values[FIELD_PERCPU] += 64 * MIB;
        world_run(&w, 30, 0);
        const struct seen *percpu = find(&w, 4, "percpu");
        assert_true(percpu->incident.trigger && percpu->incident.leads);
        assert_string_equal(percpu->incident.id, percpu->alert_id);

        /* The daemon is restarted; the incident ends with the last of its alerts, once. */
        _cleanup_free_ char *json = NULL;
        struct open_alerts_result r;
        unsigned before = w.count;
        assert_int_equal(open_alerts_encode(w.engine, &json), 0);
        world_restart(&w, RULES);
        assert_int_equal(open_alerts_decode(w.engine, json, strlen(json), w.sample.time, 0, &r), 0);
        assert_int_equal(r.open, 5);
        world_run(&w, 30, 0);
        assert_int_equal(count_told(&w, before), 0);
        add_threads(&w, -4000);
        world_run(&w, 900, 0);
        unsigned resolves = 0;
        for (unsigned i = before; i < w.count; i++) {
                const struct seen *s = &w.seen[i];
                assert_int_equal(s->incident.tells, s->incident.resolve);
                if (s->incident.resolve && strcmp(s->rule, "percpu") != 0) {
                        assert_string_equal(s->incident.dedup_key, first->dedup_key);
                        resolves++;
                }
        }
        assert_int_equal(resolves, 1);
        world_done(&w);
}

/* What joins an incident later is for those who asked for it only; what was there when it was told
 * stood in the message. */
static void test_joins_later(void **state)
{
        (void)state;
        struct world w;
        world_init(
                &w,
                SPIKE_OF("stacks", "KernelStack") SPIKE_OF(
                        "vmalloc",
                        "VmallocUsed") "[tables]\ndimension = PageTables\ndetect = spike\nwarning = 4M\n"
                                       "for = 20s\nclear-for = 10s\n" WORLD_WORDS);
        world_run(&w, 900, 0);
        add_threads(&w, 4000);
        world_run(&w, 10, 0);
        assert_int_equal(w.count, 2);
        assert_true(w.seen[0].incident.tells && !w.seen[0].joins);
        assert_true(!w.seen[1].incident.tells && !w.seen[1].joins);
        world_run(&w, 30, 0);
        assert_int_equal(w.count, 3);
        assert_string_equal(w.seen[2].rule, "tables");
        assert_string_equal(w.seen[2].incident.id, w.seen[0].incident.id);
        assert_true(!w.seen[2].incident.tells && w.seen[2].joins);
        add_threads(&w, -4000);
        world_run(&w, 60, 0);
        for (unsigned i = 3; i < w.count; i++)
                assert_false(w.seen[i].joins);
        world_done(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_joins),
                cmocka_unit_test(test_steps),
                cmocka_unit_test(test_one_after_the_other),
                cmocka_unit_test(test_threads),
                cmocka_unit_test(test_joins_later),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
