/* SPDX-License-Identifier: MIT */
/* What is usual is learned again from the history, when the state that knew it is gone. */
#include "engine/relearn.h"

#include <fcntl.h>

#include "../world.h"
#include "store/past.h"

#define RULES                                                                   \
        "[slab-spike]\ndimension = SUnreclaim\ndetect = spike\nwarning = 30M\n" \
        "for = 3s\nclear-for = 15s\n" WORLD_WORDS                               \
        "[stacks]\ndimension = KernelStack\nper = threads\ndetect = ratio\n"    \
        "warning = 20K\n" WORLD_WORDS

enum { QUARTER = 900, DAY = 86400, DAYS = 5 };

static const double NOW = 1700006400; /* midnight */

/* 200 MiB more from two o'clock to half past. */
static double usual(double time)
{
        double of_day = fmod(time, DAY);
        return of_day >= 7200 && of_day < 9000 ? 300 * MIB : 100 * MIB;
}

static struct past *history(char folder[64])
{
        char aside[PAST_ASIDE_MAX];
        struct past *h;
        strcpy(folder, "/tmp/kmw-relearn-XXXXXX");
        assert_non_null(mkdtemp(folder));
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct past_minute *m = calloc(1, past_minute_size(2));
        assert_non_null(m);
        m->columns = 2;
        strcpy(past_minute_columns(m)[0].name, "SUnreclaim");
        past_minute_columns(m)[0].unit = UNIT_BYTES;
        strcpy(past_minute_columns(m)[1].name, "KernelStack/threads");
        past_minute_columns(m)[1].unit = UNIT_COUNT; /* of another build: left out */
        for (double t = NOW - DAYS * DAY; t < NOW + DAY; t += QUARTER) {
                m->start = t;
                for (size_t i = 0; i < PAST_CELLS; i++) {
                        past_minute_cells(m)[i] = (float)usual(t);
                        past_minute_cells(m)[PAST_CELLS + i] = 1;
                }
                assert_int_equal(past_write(fd, "h", m, aside), 0);
        }
        free(m);
        assert_int_equal(past_open(fd, "h", &h), 0);
        close(fd);
        return h;
}

static void test_nights_and_levels(void **state)
{
        (void)state;
        struct world w;
        char folder[64], command[80];
        struct past *h = history(folder);
        unsigned count;
        double seconds;
        world_init(&w, RULES);
        assert_int_equal(engine_relearn(w.engine, h, NOW, &count, &seconds), 0);
        past_close(h);
        assert_int_equal(count, 1);
        /* What the clock says is yet to come is left out. */
        assert_true(fabs(seconds - DAYS * DAY) < 1000);

        const struct series *s = &w.engine->series[w.engine->field_series[FIELD_SUNRECLAIM]];
        assert_int_equal(season_days(&s->season), DAYS);
        assert_true(isnan(s->value));
        w.sample.time = NOW + 7300;
        engine_feed(w.engine, &w.sample);
        assert_true(fabs(season_expected(&s->season) - 200 * MIB) < MIB);
        struct series_numbers n;
        series_numbers(s, &n);
        assert_true(fabs(n.days_level - 100 * MIB) < 10 * MIB);
        w.sample.time = NOW + 43200;
        engine_feed(w.engine, &w.sample);
        assert_true(season_expected(&s->season) == 0);
        world_done(&w);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        assert_int_equal(system(command), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_nights_and_levels) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
