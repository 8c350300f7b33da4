/* SPDX-License-Identifier: MIT */
/* Receivers under silences, acknowledgements, observation, reloads and restarts at any moment: what
 * is opened is closed, nothing is opened in a silence, and what is still wrong after it is open. */
#include <stdlib.h>

#include "../random.h"
#include "../world.h"
#include "alert/silence.h"
#include "engine/open_alert.h"

enum { ROUNDS = 60, STEPS = 60, OPEN_MAX = 32 };

/* Three of one cause, and one of another. */
#define RULES                                                                                  \
        "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\nnotice = 200M\nwarning = 300M\n" \
        "critical = 600M\nfor = 2s\nclear-for = 5s\n" WORLD_WORDS                              \
        "[slab-share]\ndimension = SUnreclaim\nper = MemTotal\ndetect = ratio\nwarning = 5%\n" \
        "for = 0s\nclear-for = 3s\n" WORLD_WORDS                                               \
        "[slab-jump]\ndimension = SUnreclaim\ndetect = spike\nwarning = 100M\nfor = 2s\n"      \
        "clear-for = 5s\n" WORLD_WORDS
#define OTHER                                                                          \
        "[tables]\ndimension = PageTables\ndetect = ratio\nwarning = 500M\nfor = 0s\n" \
        "clear-for = 2s\n" WORLD_WORDS
#define TRIED                                                                          \
        "[tables]\ndimension = PageTables\ndetect = ratio\nwarning = 500M\nfor = 0s\n" \
        "clear-for = 2s\nmode = observe\n" WORLD_WORDS

/* A receiver that knows trigger and resolve. */
struct receiver {
        char open[OPEN_MAX][EVENT_DEDUP_MAX];
        unsigned count;
        bool all_silent; /* then nothing but ends may come */
        const char *fault;
};

static int find(const struct receiver *r, const char *key)
{
        for (unsigned i = 0; i < r->count; i++)
                if (strcmp(r->open[i], key) == 0)
                        return (int)i;
        return -1;
}

static int receive(const struct event *e, void *userdata)
{
        struct receiver *r = userdata;
        const char *key = event_dedup_key(e);
        int at = find(r, key);
        if (!event_is_told(e))
                return 0;
        if (event_resolves(e)) {
                if (at < 0)
                        r->fault = "closes what is not open";
                else
                        memmove(r->open[at], r->open[--r->count], EVENT_DEDUP_MAX);
                return 0;
        }
        if (r->all_silent)
                r->fault = "tells in a silence";
        if (event_triggers(e)) {
                if (at >= 0)
                        r->fault = "opens what is open";
                else if (r->count < OPEN_MAX)
                        strcpy(r->open[r->count++], key);
                else
                        r->fault = "too many are open";
        } else if (at < 0) {
                r->fault = "speaks of what is not open";
        }
        return 0;
}

static enum event_quiet ask(const struct rule *rule, const char *dimension, void *userdata)
{
        return silences_of_rule(userdata, rule, dimension) ? QUIET_SILENCED : QUIET_NOT;
}

struct scenario {
        struct world w;
        struct receiver receiver;
        struct silences silences;
        bool tried;
};

static const char *rules_of(const struct scenario *x)
{
        return x->tried ? RULES TRIED : RULES OTHER;
}

static void engine_begin(struct scenario *x)
{
        assert_int_equal(engine_new(&x->w.rules, &x->w.host, receive, &x->receiver, &x->w.engine),
                         0);
        engine_set_quiet(x->w.engine, ask, &x->silences);
}

static void restart(struct scenario *x)
{
        _cleanup_free_ char *json = NULL;
        struct open_alerts_result result;
        assert_int_equal(open_alerts_encode(x->w.engine, &json), 0);
        world_done(&x->w);
        x->w.rules = (struct rule_set){ 0 };
        world_rules(rules_of(x), &x->w.rules);
        engine_begin(x);
        assert_int_equal(
                open_alerts_decode(x->w.engine, json, strlen(json), x->w.sample.time, 0, &result),
                0);
        assert_int_equal(result.bad, 0);
}

static void ignore(const struct event *e _unused_, void *userdata _unused_)
{
}

static void say(struct scenario *x, struct random *r)
{
        static const char *const names[] = { "*", "slab-*", "slab-size", "SUnreclaim", "tables" };
        const char *name = names[random_next(r) % ELEMENTS_OF(names)];
        struct silence s = { .ends = 1e9 }, out;
        snprintf(s.name, sizeof(s.name), "%s", name);
        switch (random_next(r) % 9) {
        case 0:
        case 1:
                (void)silences_add(&x->silences, &s);
                break;
        case 2:
        case 3:
                (void)silences_remove(&x->silences, name, &out);
                break;
        case 4:
                (void)engine_acknowledge(x->w.engine, name, ignore, NULL);
                break;
        case 5:
                restart(x);
                break;
        case 6:
                x->tried = !x->tried;
                world_reload(&x->w, rules_of(x));
                break;
        default:
                break;
        }
        engine_set_quiet(x->w.engine, ask, &x->silences);
        x->receiver.all_silent = false;
        for (size_t i = 0; i < x->silences.count; i++)
                x->receiver.all_silent |= strcmp(x->silences.list[i].name, "*") == 0;
}

static void test_receivers(void **state)
{
        (void)state;
        struct random r = random_seeded("silences");
        for (unsigned round = 0; round < ROUNDS; round++) {
                static struct scenario x;
                x = (struct scenario){ .receiver = { .count = 0 } };
                world_init(&x.w, rules_of(&x));
                engine_free(x.w.engine);
                engine_begin(&x);
                world_run(&x.w, 30, 0);
                for (unsigned step = 0; step < STEPS; step++) {
                        static const double sizes[] = { 100, 250, 350, 450, 700 };
                        x.w.values[FIELD_SUNRECLAIM] =
                                sizes[random_next(&r) % ELEMENTS_OF(sizes)] * MIB;
                        x.w.values[FIELD_PAGE_TABLES] = (random_next(&r) % 2 ? 100 : 600) * MIB;
                        say(&x, &r);
                        world_run(&x.w, (double)(1 + random_next(&r) % 12), 0);
                        if (x.receiver.fault)
                                fail_msg("round %u, step %u: %s", round, step, x.receiver.fault);
                }
                /* Nothing is quiet any more, and it is worse than it can have been acknowledged. */
                x.tried = false;
                x.silences.count = 0;
                x.receiver.all_silent = false;
                world_reload(&x.w, rules_of(&x));
                engine_set_quiet(x.w.engine, ask, &x.silences);
                x.w.values[FIELD_SUNRECLAIM] = x.w.values[FIELD_PAGE_TABLES] = 100 * MIB;
                /* After a restart the spike knows nothing for minutes, and waits for so long. */
                world_run(&x.w, 900, 0);
                if (x.receiver.count > 0)
                        fail_msg("round %u: %s is open for ever", round, x.receiver.open[0]);
                struct silence all = { .name = "*", .ends = 1e9 };
                (void)silences_add(&x.silences, &all);
                engine_set_quiet(x.w.engine, ask, &x.silences);
                x.receiver.all_silent = true;
                x.w.values[FIELD_SUNRECLAIM] = x.w.values[FIELD_PAGE_TABLES] = 700 * MIB;
                world_run(&x.w, 20, 0);
                x.receiver.all_silent = false;
                x.silences.count = 0;
                engine_set_quiet(x.w.engine, ask, &x.silences);
                world_run(&x.w, 2, 0);
                if (x.receiver.count != 2) /* two causes */
                        fail_msg("round %u: %u open after the silence", round, x.receiver.count);
                x.w.values[FIELD_SUNRECLAIM] = x.w.values[FIELD_PAGE_TABLES] = 100 * MIB;
                world_run(&x.w, 40, 0);
                if (x.receiver.count > 0 || x.receiver.fault)
                        fail_msg("round %u: %u open at the end", round, x.receiver.count);
                world_done(&x.w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_receivers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
