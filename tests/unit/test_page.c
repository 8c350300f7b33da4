/* SPDX-License-Identifier: MIT */
/* view/page and chart: the words at the top, and pictures of as many points as there may be. */
#include "view/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "../sample_event.h"
#include "../test.h"
#include "announce/entry.h"
#include "base/macros.h"
#include "culprit/culprit.h"

#define END 1795152600.0

/* However many points: few are kept, in order, none of the extremes is lost. */
static void test_thin(void **state)
{
        (void)state;
        struct random random = random_seeded("test_thin");
        static const size_t counts[] = { 1, 2, THIN_MAX, THIN_MAX + 1, 12345, 300000 };
        struct thin *t = malloc(sizeof(*t));
        for (size_t c = 0; c < ELEMENTS_OF(counts); c++) {
                *t = (struct thin){ 0 };
                float least = INFINITY, most = -INFINITY;
                double sum = 0;
                for (size_t i = 0; i < counts[c]; i++) {
                        float v = (float)random_uniform(&random);
                        least = fminf(least, v);
                        most = fmaxf(most, v);
                        sum += (double)v;
                        thin_add(t, &(struct past_point){ END + (double)i, v, v, v });
                }
                assert_true(t->count > 0 && t->count <= THIN_MAX);
                assert_true(t->count >= MIN_OF(counts[c], (size_t)THIN_MAX / 2));
                float kept_least = INFINITY, kept_most = -INFINITY;
                double weighted = 0, weight = 0;
                for (size_t i = 0; i < t->count; i++) {
                        assert_true(i == 0 || t->points[i].time > t->points[i - 1].time);
                        kept_least = fminf(kept_least, t->points[i].least);
                        kept_most = fmaxf(kept_most, t->points[i].most);
                        weighted += (double)t->points[i].mean * t->weight[i];
                        weight += t->weight[i];
                }
                assert_true(kept_least == least && kept_most == most);
                assert_true(weight == (double)counts[c]);
                assert_true(fabs(weighted - sum) < 1e-3 * sum + 1e-6);
        }
        free(t);
}

/* What steps back or is no number is left out; a gap stays a gap. */
static void test_thin_gaps(void **state)
{
        (void)state;
        struct thin *t = calloc(1, sizeof(*t));
        static const double times[] = { 0, 1, 1, 0.5, 2, 3, 1000, 1001, 1002 };
        for (size_t i = 0; i < ELEMENTS_OF(times); i++)
                thin_add(t, &(struct past_point){ END + times[i], 1, i == 4 ? NAN : 1, 1 });
        assert_int_equal(t->count, 6);
        for (int i = 0; i < 5000; i++)
                thin_add(t, &(struct past_point){ END + 2000 + i, 1, 1, 1 });
        double widest = 0;
        for (size_t i = 1; i < t->count; i++)
                widest = fmax(widest, t->points[i].time - t->points[i - 1].time);
        assert_true(widest > 900);
        free(t);
}

static struct told event(double time, enum event_type type, enum severity s, const char *id,
                         const char *rule)
{
        return (struct told){
                .time = time,
                .type = type,
                .severity = s,
                .previous = SEVERITY_WARNING,
                .rule = rule,
                .dimension = "SUnreclaim",
                .text = "t",
                .summary = "Slab grows",
                .alert_id = id,
                .id = id,
                .host = "db1",
                .culprit = "",
                .culprits = "",
                .explain = "",
                .action = "",
                .runbook = "",
                .why = "",
                .incident = "",
                .unexplained = "",
                .started = type == EVENT_FIRING ? time : NAN,
                .exhausts_at = s == SEVERITY_CRITICAL ? END + 7200 : NAN,
        };
}

static void test_words(void **state)
{
        (void)state;
        struct daemon_reply daemon = {
                .host = { .name = "db1",
                          .kernel = "",
                          .kind = "vm",
                          .kind_name = "kvm",
                          .mem_total = 8589934592.0,
                          .mem_available = 4294967296.0 },
        };
        const struct {
                struct told list[3];
                size_t count;
                const char *has[3];
        } cases[] = {
                { { { 0 } },
                  0,
                  { "In the 24 hours to", "went wrong",
                    "on db1. At the end of it 4 GiB of 8 GiB" } },
                { { event(END - 60, EVENT_FIRING, SEVERITY_NOTICE, "a", "r") },
                  1,
                  { "nothing went wrong", "(1 notice in the journal)", "." } },
                { { event(END - 600, EVENT_FIRING, SEVERITY_CRITICAL, "a", "r") },
                  1,
                  { "there was one alert, critical: Slab grows (SUnreclaim)", "It goes on; ",
                    "it is gone at" } },
                { { event(END - 600, EVENT_FIRING, SEVERITY_WARNING, "a", "r"),
                    event(END - 300, EVENT_RESOLVED, SEVERITY_OK, "a", "r") },
                  2,
                  { "for 5 min", "It is over; ", "." } },
                { { event(END - 600, EVENT_FIRING, SEVERITY_WARNING, "a", "r"),
                    event(END - 500, EVENT_FIRING, SEVERITY_WARNING, "b", "s") },
                  2,
                  { "2 alerts spoke", "All of them go on; ", "." } },
                { { event(END - 600, EVENT_FIRING, SEVERITY_WARNING, "a", "r"),
                    event(END - 500, EVENT_FIRING, SEVERITY_CRITICAL, "b", "s"),
                    event(END - 300, EVENT_RESOLVED, SEVERITY_OK, "a", "r") },
                  3,
                  { "2 alerts spoke, the worst of them critical", "1 of them goes on", "." } },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct told_list told = { .list = (struct told *)cases[i].list,
                                          .count = cases[i].count };
                struct page p = { .daemon = &daemon,
                                  .told = &told,
                                  .from = END - 86400,
                                  .numbers_from = END - 86400,
                                  .to = END,
                                  .host = "db1" };
                char words[1024];
                page_words(&p, words, sizeof(words));
                for (size_t k = 0; k < ELEMENTS_OF(cases[i].has); k++)
                        if (!strstr(words, cases[i].has[k]))
                                fail_msg("%zu: no \"%s\" in: %s", i, cases[i].has[k], words);
        }
}

/* The present joins the past when it is near; what is far stays apart. */
static void test_present(void **state)
{
        (void)state;
        struct thin *t = calloc(1, sizeof(*t));
        thin_add_present(t, END, 7);
        assert_int_equal(t->count, 0); /* of what there is no past there is no picture */
        for (int i = 0; i < 60; i++)
                thin_add(t, &(struct past_point){ END + i, 1, 1, 1 });
        thin_add_present(t, END + 10, 7);
        thin_add_present(t, END + 130, NAN);
        assert_int_equal(t->count, 60);
        assert_false(t->present);
        thin_add_present(t, END + 130, 7);
        assert_int_equal(t->count, 61);
        assert_true(t->present && t->points[60].mean == 7);
        t->count = 60;
        thin_add_present(t, END + 1000, 7);
        assert_true(t->count == 61 && !t->present);
        free(t);
}

static void draw(struct chart *c, char **ret_text)
{
        size_t size;
        FILE *out = open_memstream(ret_text, &size);
        assert_non_null(out);
        chart_print(out, c, 1);
        fclose(out);
}

/* The numbers of the first path or polygon of a class. */
static unsigned numbers_of(const char *svg, const char *class, double ret[static 6])
{
        char begin[64];
        unsigned count = 0;
        snprintf(begin, sizeof(begin), "class=\"%s\"", class);
        const char *s = strstr(svg, begin);
        if (!s)
                return 0;
        for (s += strlen(begin), s = strchr(s, '"') + 1; *s != '"' && count < 6;) {
                char *end;
                double value = strtod(s, &end);
                if (end > s)
                        ret[count++] = value;
                s = end > s ? end : s + 1;
        }
        return count;
}

/* A line is where the numbers were; the forecast goes on from the last and no further than twice
 * what was looked back. */
static void test_trend(void **state)
{
        (void)state;
        struct thin *t = calloc(1, sizeof(*t));
        for (int i = 0; i <= 100; i++) {
                float v = 1000 + (float)i * 10 + (i % 2 ? 40 : 0); /* the last is a low one */
                thin_add(t, &(struct past_point){ END - 1000 + i * 10, v, v, v });
        }
        struct chart c = { .name = "x",
                           .unit = UNIT_BYTES,
                           .from = END - 1000,
                           .to = END,
                           .ends = END + 250,
                           .points = t,
                           .baseline = NAN,
                           .spread = NAN,
                           .rate = 1,
                           .rate_error = 0.25,
                           .horizon = 1000 };
        _cleanup_free_ char *text = NULL, *near = NULL;
        double trend[6], forecast[6], cone[6];
        draw(&c, &text);
        assert_int_equal(numbers_of(text, "trend", trend), 4);
        assert_int_equal(numbers_of(text, "forecast", forecast), 4);
        assert_int_equal(numbers_of(text, "cone", cone), 6);
        assert_float_equal(trend[0], 0, 0.2);
        assert_float_equal(trend[2], 800, 0.2);
        assert_true(trend[1] > trend[3]); /* y points down */
        assert_float_equal(forecast[0], 800, 0.2);
        assert_float_equal(forecast[2], 1000, 0.2);
        /* Half of the points lie 40 higher than the last: the line runs between them. */
        assert_true(forecast[1] > trend[3] + 1);
        /* Two standard errors: half as much again and half as much less. */
        assert_float_equal(forecast[1] - cone[3], 1.5 * (forecast[1] - forecast[3]), 0.5);
        assert_float_equal(forecast[1] - cone[5], 0.5 * (forecast[1] - forecast[3]), 0.5);
        c.horizon = 50;
        draw(&c, &near);
        assert_int_equal(numbers_of(near, "forecast", forecast), 4);
        assert_float_equal(forecast[2], 880, 0.2);
        free(t);
}

/* The culprits of an event go through the journal into the table: what one writes the other takes
 * apart. */
static void test_culprits(void **state)
{
        static const struct culprit_list culprits = {
                .explained = 0.98,
                .count = 2,
                .culprits = { { .kind = CULPRIT_CACHE,
                                .name = "dentry",
                                .bytes = 310 * 1048576.0,
                                .share = 0.98,
                                .note = "12000 more: all new" },
                              { .kind = CULPRIT_CGROUP,
                                .name = "/system.slice/a b.service",
                                .bytes = 1048576,
                                .share = NAN } },
                .unexplained = "the rest",
        };
        static const char *const rows[] = {
                "<tr><td>310\xc2\xa0MiB</td><td>98 %</td><td>slab cache <b>dentry</b>"
                "<span class=\"note\"> 12000 more: all new</span></td></tr>",
                "<tr><td>1\xc2\xa0MiB</td><td></td><td>cgroup "
                "<b>/system.slice/a b.service</b></td></tr>",
        };
        (void)state;
        struct event e = sample_event();
        e.culprits = &culprits;
        struct entry *entry = calloc(1, sizeof(*entry));
        entry_of_event(entry, "kmemwatchd", &e);
        struct told t = event(END - 60, EVENT_FIRING, SEVERITY_WARNING, "a", "r");
        t.culprits = entry_value(entry->data, entry->size, "KMEMWATCH_CULPRITS");
        assert_non_null(t.culprits);
        struct told_list told = { .list = &t, .count = 1 };
        struct page p = { .told = &told, .from = END - 600, .to = END, .host = "" };
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        assert_int_equal(page_print_alerts(out, &p), 0);
        fclose(out);
        for (size_t i = 0; i < ELEMENTS_OF(rows); i++)
                if (!strstr(text, rows[i]))
                        fail_msg("no %s in %s", rows[i], text);
        free(entry);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_thin),    cmocka_unit_test(test_thin_gaps),
                cmocka_unit_test(test_words),   cmocka_unit_test(test_culprits),
                cmocka_unit_test(test_present), cmocka_unit_test(test_trend),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
