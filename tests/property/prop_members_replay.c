/* SPDX-License-Identifier: MIT */
/* Members that are followed live, recorded and replayed: the same are picked, and the same is told.
 * Caches and cgroups of any size walk about, leak, jump, vanish and come back. */
#include "../members.h"
#include "announce/event_json.h"
#include "engine/replay.h"
#include "sample/trace.h"

static const char RULES[] =
        "[cache-grows]\ndimension = slab:*\nfollow = 6\ndetect = growth\nwarning = 20M/h\n"
        "critical = 300M/h\nfor = 5min\nclear-for = 5min\n" WORLD_WORDS
        "[cache-jumps]\ndimension = slab:*\nfollow = 6\ndetect = spike\nwarning = 8 sigma and 20M\n"
        "for = 20s\nclear-for = 1min\n" WORLD_WORDS
        "[cache-large]\ndimension = slab:c*\nfollow = 3\nper = MemTotal\ndetect = ratio\n"
        "notice = 3%\nwarning = 6%\nfor = 0s\nclear-for = 1min\n" WORLD_WORDS
        "[cgroup-grows]\ndimension = cgroup:*/slab\nfollow = 5\ndetect = growth\nwarning = 10M/h\n"
        "for = 5min\n" WORLD_WORDS
        "[one]\ndimension = cgroup:/a.slice/slab\ndetect = drop\nwarning = 50M\nfor = 20s\n"
        "clear-for = 1min\n" WORLD_WORDS;

static int print_line(const struct event *e, void *userdata)
{
        _cleanup_free_ char *line = NULL;
        assert_int_equal(event_json_line(e, &line), 0);
        fprintf(userdata, "%s\n", line);
        return 0;
}

/* What happens to one of them in ten seconds. */
static void live(struct one *o, struct random *r)
{
        double dice = random_uniform(r);
        if (dice < 0.0002)
                o->per_hour = 400 * random_uniform(r);
        else if (dice < 0.0006)
                o->per_hour = 0;
        else if (dice < 0.0008)
                o->mib += 300 * random_uniform(r);
        else if (dice < 0.001)
                o->mib *= random_uniform(r);
        if (isfinite(o->mib))
                o->mib = fmax(0, o->mib + 0.05 * random_normal(r));
        if (dice > 0.9999)
                o->mib = NAN;
        else if (dice > 0.999 && isnan(o->mib))
                o->mib = 50 * random_uniform(r);
}

static void test_same_events(void **state)
{
        struct folder *f = *state;
        for (uint64_t seed = 1; seed <= 12; seed++) {
                struct world w;
                struct crowd c;
                struct trace_members columns;
                struct engine *engine;
                struct random random = { seed };
                char name[64], trace[128], rules[128], *lines = NULL;
                const char *const folders[] = { rules, NULL };
                size_t size = 0;
                world_init(&w, RULES);
                crowd_init(&c, &w);
                w.values[FIELD_STACK_SIZE] = 16384;
                for (int i = 0; i < 30; i++) {
                        snprintf(name, sizeof(name), i % 2 ? "slab:c%d" : "slab:k%d", i);
                        crowd_add(&c, name, 200 * random_uniform(&random));
                }
                for (int i = 0; i < 20; i++) {
                        snprintf(name, sizeof(name), "cgroup:/a.slice/s%d.service/slab", i);
                        crowd_add(&c, name, 40 * random_uniform(&random));
                }
                crowd_add(&c, "cgroup:/a.slice/slab", 800)->inner = true;
                crowd_read(&c);
                assert_int_equal(trace_members_choose(&c.members, &columns), 0);
                snprintf(trace, sizeof(trace), "%s/trace.csv", f->path);
                snprintf(rules, sizeof(rules), "%s/rules", f->path);
                folder_put(f, "rules/test.ini", RULES);
                FILE *recorded = fopen(trace, "we"), *events = open_memstream(&lines, &size);
                assert_non_null(recorded);
                assert_non_null(events);
                /* As replay makes its host of what the trace says. */
                struct host_facts host = { .kind = HOST_VM,
                                           .cpus_online = 4,
                                           .cpus_possible = 4,
                                           .numa_nodes = 1,
                                           .page_size = 4096,
                                           .stack_size = 16384,
                                           .mem_total = 8 * GIB };
                assert_int_equal(engine_new(&w.rules, &host, print_line, events, &engine), 0);
                assert_int_equal(trace_write_members_header(recorded, &c.members, &columns), 0);
                for (int t = 0; t < 30000; t += 5) {
                        w.sample.time = 1700000000 + t;
                        if (t % 10 == 0) {
                                for (unsigned i = 0; i < c.count; i++) {
                                        c.list[i].mib += c.list[i].per_hour / 360;
                                        live(&c.list[i], &random);
                                }
                                crowd_read(&c);
                        }
                        engine_feed(engine, &w.sample);
                        assert_int_equal(trace_write_members_row(recorded, &w.sample, &columns), 0);
                }
                fclose(events);
                assert_int_equal(fclose(recorded), 0);
                const struct replay_options o = { .trace = trace, .rules = folders };
                char *replayed = PRINTED(assert_int_equal(replay_run(&o, out, stderr), 0));
                unsigned count = 0;
                for (const char *at = lines; (at = strchr(at, '\n')); at++)
                        count++;
                if (strcmp(lines, replayed) != 0) {
                        size_t same = 0;
                        while (lines[same] && lines[same] == replayed[same])
                                same++;
                        while (same > 0 && lines[same - 1] != '\n')
                                same--;
                        fail_msg("seed %u:\nlive:   %.400s\nreplay: %.400s", (unsigned)seed,
                                 lines + same, replayed + same);
                }
                if (count < 10)
                        fail_msg("seed %u: %u events are too few to compare", (unsigned)seed,
                                 count);
                free(replayed);
                free(lines);
                engine_free(engine);
                crowd_done(&c, &w);
                world_done(&w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_same_events, folder_setup, folder_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
