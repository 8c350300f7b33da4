/* SPDX-License-Identifier: MIT */
/* The same stream gives the same events, whether it is sampled from /proc or replayed from a trace:
 * a recorded machine is made to live through a bad day, read by the sampler, recorded as it goes,
 * and the recording replayed. Whole lines of events are compared. */
#include <fcntl.h>

#include "../world.h"
#include "announce/event_json.h"
#include "base/procfs.h"
#include "engine/replay.h"
#include "sample/sampler.h"
#include "sample/trace.h"

static const char *const SHIPPED[] = { "rules", NULL };

struct machine {
        char root[128];
        char meminfo[8192]; /* as recorded */
        int meminfo_fd, loadavg_fd;
        struct random random;
        /* what is added to what was recorded, in KiB */
        double total, available, unreclaimable, reclaimable, stacks, tables, percpu, vmalloc;
        double threads;
        bool no_percpu;
};

static void machine_init(struct machine *m, const struct folder *f, const char *name)
{
        char command[512], path[256];
        *m = (struct machine){ .random = { 7 } };
        snprintf(command, sizeof(command), "cp -a tests/roots/%s %s/%s", name, f->path, name);
        assert_int_equal(system(command), 0);
        snprintf(m->root, sizeof(m->root), "%s/%s", f->path, name);
        snprintf(path, sizeof(path), "%s/proc/meminfo", m->root);
        m->meminfo_fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(m->meminfo_fd >= 0);
        ssize_t n = pread(m->meminfo_fd, m->meminfo, sizeof(m->meminfo) - 1, 0);
        assert_true(n > 0);
        m->meminfo[n] = '\0';
        snprintf(path, sizeof(path), "%s/proc/loadavg", m->root);
        m->loadavg_fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_true(m->loadavg_fd >= 0);
}

static void machine_done(struct machine *m)
{
        close(m->meminfo_fd);
        close(m->loadavg_fd);
}

static double noise(struct machine *m, double kib)
{
        return kib * random_normal(&m->random);
}

static void put(int fd, const char *text)
{
        size_t length = strlen(text);
        assert_int_equal(pwrite(fd, text, length, 0), (ssize_t)length);
        assert_int_equal(ftruncate(fd, (off_t)length), 0);
}

/* Writes the files as the machine has them now. */
static void machine_write(struct machine *m)
{
        const struct {
                const char *name;
                double add;
        } changes[] = {
                { "MemTotal", m->total },
                { "MemAvailable", m->available + m->total + noise(m, 300) },
                { "Slab", m->unreclaimable + m->reclaimable },
                { "SUnreclaim", m->unreclaimable + noise(m, 40) },
                { "SReclaimable", m->reclaimable + noise(m, 40) },
                { "KernelStack", m->stacks },
                { "PageTables", m->tables + noise(m, 10) },
                { "Percpu", m->percpu },
                { "VmallocUsed", m->vmalloc + m->stacks },
        };
        char text[sizeof(m->meminfo) + 512];
        struct text t;
        text_init(&t, text, sizeof(text));
        for (const char *line = m->meminfo; *line; line = strchr(line, '\n') + 1) {
                size_t length = strcspn(line, ":");
                double value = strtod(line + length + 1, NULL), add = 0;
                if (m->no_percpu && strncmp(line, "Percpu:", 7) == 0)
                        continue;
                for (size_t i = 0; i < ELEMENTS_OF(changes); i++)
                        if (strlen(changes[i].name) == length &&
                            memcmp(changes[i].name, line, length) == 0)
                                add = changes[i].add;
                /* A kernel that always says 0 goes on to do so. */
                if (value == 0)
                        add = 0;
                text_add(&t, "%.*s: %15.0f kB\n", (int)length, line, fmax(0, value + add));
        }
        assert_false(t.cut);
        put(m->meminfo_fd, text);
        text_init(&t, text, sizeof(text));
        text_add(&t, "0.37 0.22 0.12 2/%.0f 8689\n", 400 + m->threads);
        put(m->loadavg_fd, text);
}

/* The day, at `now` seconds after its beginning; returns by how much the clock is off. */
static double machine_live(struct machine *m, double now, double step)
{
        const double mib = 1024;
        double off = 0;
        m->unreclaimable = m->tables = m->threads = m->percpu = m->vmalloc = 0;
        if (now > 1800 && now < 2400) /* a burst */
                m->unreclaimable += 900 * mib;
        if (now > 3000 && now < 12000) /* a leak that is undone */
                m->unreclaimable += (now - 3000) * 0.3 * mib;
        if (now > 5000 && now < 6000)
                m->tables += 3000 * mib;
        if (now > 7000 && now < 8000)
                m->threads += 3000;
        if (now > 9000 && now < 10000) /* stacks without threads */
                m->stacks = 400 * mib;
        else
                m->stacks = m->threads * 16;
        m->no_percpu = now > 9500 && now < 11000;
        if (now > 13000 && now < 14000)
                m->percpu += 700 * mib;
        if (now > 13500)
                m->vmalloc += fmin(now - 13500, 2000) * mib;
        if (now > 16000) /* a balloon */
                m->total = -1024 * mib;
        if (now > 17000) /* the machine slept */
                off += 4 * 3600;
        if (now > 18000) /* and its clock was set right */
                off -= 1800;
        m->reclaimable += step * 0.02 * mib * random_uniform(&m->random);
        m->available = -m->unreclaimable - m->tables - m->stacks - m->percpu - m->vmalloc;
        return off;
}

static int print_line(const struct event *e, void *userdata)
{
        _cleanup_free_ char *line = NULL;
        assert_int_equal(event_json_line(e, &line), 0);
        fprintf(userdata, "%s\n", line);
        return 0;
}

static void compare(const char *name, const char *live, const char *replayed)
{
        for (unsigned number = 1; *live || *replayed; number++) {
                size_t a = strcspn(live, "\n"), b = strcspn(replayed, "\n");
                if (a != b || memcmp(live, replayed, a) != 0)
                        fail_msg("%s: event %u\nlive:   %.*s\nreplay: %.*s", name, number, (int)a,
                                 live, (int)b, replayed);
                live += a + (live[a] == '\n');
                replayed += b + (replayed[b] == '\n');
        }
}

static unsigned count(const char *lines, const char *word)
{
        unsigned found = 0;
        for (const char *at = lines; (at = strstr(at, word)); at++)
                found++;
        return found;
}

static void test_same_events(void **state)
{
        struct folder *f = *state;
        static const struct {
                const char *root;
                double step;
                unsigned events; /* at least */
        } cases[] = {
                { "vm-6.18", 1, 10 },  { "vm-6.18", 10, 10 },        { "nspawn-on-vm", 2.5, 10 },
                { "epyc-128", 5, 2 },  { "debian9-physical", 5, 5 }, { "debian12-qemu", 1, 10 },
                { "lxc-lxcfs", 7, 5 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct folder own = { "" };
                struct machine m;
                struct procfs procfs;
                struct sampler *sampler;
                struct engine *engine;
                struct rule_set rules = { 0 };
                struct problems problems = { 0 };
                const struct sample *sample;
                char trace[256], *lines = NULL;
                size_t size = 0;
                snprintf(own.path, sizeof(own.path), "%.50s/%u", f->path, (unsigned)i % 100);
                assert_int_equal(mkdir(own.path, 0755), 0);
                machine_init(&m, &own, cases[i].root);
                snprintf(trace, sizeof(trace), "%s/trace.csv", own.path);
                FILE *recorded = fopen(trace, "we"), *events = open_memstream(&lines, &size);
                assert_non_null(recorded);
                assert_non_null(events);
                assert_int_equal(rule_set_load(SHIPPED, NULL, &problems, &rules), 0);
                machine_write(&m);
                assert_int_equal(procfs_init(&procfs, m.root), 0);
                assert_int_equal(sampler_new(&procfs, &sampler), 0);
                assert_int_equal(
                        engine_new(&rules, sampler_host(sampler), print_line, events, &engine), 0);
                assert_int_equal(trace_write_header(recorded), 0);
                for (double now = 0; now < 20000; now += cases[i].step) {
                        /* Real ticks are never quite on time. */
                        double late = 0.01 * random_uniform(&m.random);
                        double off = machine_live(&m, now, cases[i].step);
                        machine_write(&m);
                        assert_int_equal(
                                sampler_take(sampler, 1700000000 + now + late + off, &sample), 0);
                        engine_feed(engine, sample);
                        assert_int_equal(trace_write_row(recorded, sample), 0);
                }
                fclose(events);
                assert_int_equal(fclose(recorded), 0);

                const struct replay_options o = { .trace = trace, .rules = SHIPPED };
                char *replayed = PRINTED(assert_int_equal(replay_run(&o, out, stderr), 0));
                compare(cases[i].root, lines, replayed);
                unsigned all = count(lines, "\n");
                if (all < cases[i].events)
                        fail_msg("%s, every %g s: %u events are too few to compare:\n%s",
                                 cases[i].root, cases[i].step, all, lines);
                if (i == 0)
                        for (enum kind kind = KIND_SPIKE; kind < KIND_COUNT; kind++) {
                                char word[32];
                                snprintf(word, sizeof(word), "\"kind\":\"%s\"", kind_name(kind));
                                if (count(lines, word) == 0)
                                        fail_msg("no %s in\n%s", kind_name(kind), lines);
                        }
                free(replayed);
                free(lines);
                engine_free(engine);
                sampler_free(sampler);
                procfs_done(&procfs);
                rule_set_done(&rules);
                machine_done(&m);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_same_events, folder_setup, folder_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
