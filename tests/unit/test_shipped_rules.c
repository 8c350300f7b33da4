/* SPDX-License-Identifier: MIT */
/* The shipped rules: free of errors, complete for each dimension, and with words for a person on
 * every kind of machine. Run in the root of the tree, as `make check-unit` does. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/places.h"
#include "config/problems.h"
#include "judge/rule_file.h"

/* What Slack shows of a text (deliver/slack.c), less a reserve for escaped characters. */
enum { EXPLAIN_MAX = 1400, ACTION_MAX = 2300, SUMMARY_MAX = 90 };

static struct rule_set rules;

static int load(void **state)
{
        static const char *const folders[] = { "rules", NULL };
        struct problems problems = { 0 };
        (void)state;
        int r = rule_set_load(folders, NULL, &problems, &rules);
        problems_print(&problems, stderr);
        r = r < 0 || problems.count > 0 ? -1 : 0;
        problems_done(&problems);
        return r;
}

static int unload(void **state)
{
        (void)state;
        rule_set_done(&rules);
        return 0;
}

/* Each of the five dimensions has a rule for each pattern. */
static void test_each_dimension_has_its_rules(void **state)
{
        static const struct {
                const char *name;
                enum field field;
                enum kind kind;
        } wanted[] = {
                { "slab-unreclaimable-spike", FIELD_SUNRECLAIM, KIND_SPIKE },
                { "slab-unreclaimable-drop", FIELD_SUNRECLAIM, KIND_DROP },
                { "slab-unreclaimable-growth", FIELD_SUNRECLAIM, KIND_GROWTH },
                { "slab-unreclaimable-ratio", FIELD_SUNRECLAIM, KIND_RATIO },
                { "slab-reclaimable-spike", FIELD_SRECLAIMABLE, KIND_SPIKE },
                { "slab-reclaimable-drop", FIELD_SRECLAIMABLE, KIND_DROP },
                { "slab-reclaimable-growth", FIELD_SRECLAIMABLE, KIND_GROWTH },
                { "slab-reclaimable-ratio", FIELD_SRECLAIMABLE, KIND_RATIO },
                { "slab-ratio", FIELD_SLAB, KIND_RATIO },
                { "vmalloc-spike", FIELD_VMALLOC_USED, KIND_SPIKE },
                { "vmalloc-drop", FIELD_VMALLOC_USED, KIND_DROP },
                { "vmalloc-growth", FIELD_VMALLOC_USED, KIND_GROWTH },
                { "vmalloc-ratio", FIELD_VMALLOC_USED, KIND_RATIO },
                { "kernel-stack-spike", FIELD_KERNEL_STACK, KIND_SPIKE },
                { "kernel-stack-drop", FIELD_KERNEL_STACK, KIND_DROP },
                { "kernel-stack-growth", FIELD_KERNEL_STACK, KIND_GROWTH },
                { "kernel-stack-ratio", FIELD_KERNEL_STACK, KIND_RATIO },
                { "kernel-stack-per-thread", FIELD_KERNEL_STACK, KIND_RATIO },
                { "page-tables-spike", FIELD_PAGE_TABLES, KIND_SPIKE },
                { "page-tables-drop", FIELD_PAGE_TABLES, KIND_DROP },
                { "page-tables-growth", FIELD_PAGE_TABLES, KIND_GROWTH },
                { "page-tables-ratio", FIELD_PAGE_TABLES, KIND_RATIO },
                { "page-tables-per-mapped", FIELD_PAGE_TABLES, KIND_RATIO },
                { "percpu-spike", FIELD_PERCPU, KIND_SPIKE },
                { "percpu-drop", FIELD_PERCPU, KIND_DROP },
                { "percpu-growth", FIELD_PERCPU, KIND_GROWTH },
                { "percpu-ratio", FIELD_PERCPU, KIND_RATIO },
                { "percpu-per-cpu", FIELD_PERCPU, KIND_RATIO },
                { "unaccounted-spike", FIELD_UNACCOUNTED, KIND_SPIKE },
                { "unaccounted-growth", FIELD_UNACCOUNTED, KIND_GROWTH },
                { "unaccounted-ratio", FIELD_UNACCOUNTED, KIND_RATIO },
                { "sec-page-tables-growth", FIELD_SEC_PAGE_TABLES, KIND_GROWTH },
                { "sec-page-tables-ratio", FIELD_SEC_PAGE_TABLES, KIND_RATIO },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(wanted); i++) {
                const struct rule *r = rule_set_find(&rules, wanted[i].name);
                if (!r)
                        fail_msg("no rule %s", wanted[i].name);
                if (r->field != (int)wanted[i].field || r->kind != wanted[i].kind)
                        fail_msg("%s measures something else", wanted[i].name);
        }
}

/* A drop and the size of Slab as a whole page nobody; everything else can. */
static void test_who_pages(void **state)
{
        (void)state;
        for (size_t i = 0; i < rules.count; i++) {
                const struct rule *r = &rules.rules[i];
                bool quiet = r->kind == KIND_DROP || r->field == FIELD_SLAB;
                for (unsigned k = 0; k < HOST_KIND_COUNT; k++) {
                        bool pages = rule_limit(r, k, SEVERITY_WARNING)->count > 0;
                        if (pages == quiet)
                                fail_msg("%s: %s on %s", r->name, pages ? "pages" : "never pages",
                                         host_kind_name(k));
                        if (quiet && rule_limit(r, k, SEVERITY_NOTICE)->count == 0)
                                fail_msg("%s says nothing", r->name);
                }
        }
}

/* A cache that grows is doing its work: it pages only when memory is short. */
static void test_reclaimable_pages_only_when_memory_is_short(void **state)
{
        unsigned seen = 0;
        (void)state;
        for (size_t i = 0; i < rules.count; i++) {
                const struct rule *r = &rules.rules[i];
                if (r->field != FIELD_SRECLAIMABLE || r->kind == KIND_DROP)
                        continue;
                bool guarded = false;
                for (unsigned c = 0; c < r->condition_count; c++)
                        if (r->conditions[c].field == FIELD_MEM_AVAILABLE)
                                guarded = true;
                if (!guarded)
                        fail_msg("%s pages for a cache", r->name);
                seen++;
        }
        assert_int_equal(seen, 3);
}

static void test_vmalloc_is_net_of_stacks(void **state)
{
        (void)state;
        for (size_t i = 0; i < rules.count; i++) {
                const struct rule *r = &rules.rules[i];
                if (r->field != FIELD_VMALLOC_USED)
                        continue;
                assert_int_equal(r->less.count, 1);
                assert_int_equal(r->less.parts[0].field, FIELD_KERNEL_STACK);
        }
}

static unsigned count_of(const char *s, const char *part)
{
        unsigned count = 0;
        for (; (s = strstr(s, part)); s += strlen(part))
                count++;
        return count;
}

static void check_text(const struct rule *r, const char *what, const char *s, size_t max)
{
        if (!s || strlen(s) < 20 || strlen(s) > max)
                fail_msg("%s: %s is missing, too short or too long", r->name, what);
        if (strstr(s, "\xe2\x80\x94") || strstr(s, "  "))
                fail_msg("%s: %s has a dash or blanks that do not belong there", r->name, what);
        if (count_of(s, "`") % 2)
                fail_msg("%s: %s has a command without an end", r->name, what);
}

static void test_words_for_a_person(void **state)
{
        (void)state;
        for (size_t i = 0; i < rules.count; i++) {
                const struct rule *r = &rules.rules[i];
                check_text(r, "summary", r->summary, SUMMARY_MAX);
                check_text(r, "explain", r->explain, EXPLAIN_MAX);
                if (count_of(r->explain, ". ") < 1 || r->explain[strlen(r->explain) - 1] != '.')
                        fail_msg("%s: explain is not some sentences", r->name);
                for (unsigned k = 0; k < HOST_KIND_COUNT; k++) {
                        check_text(r, "action", r->action[k], ACTION_MAX);
                        if (!strchr(r->action[k], '`'))
                                fail_msg("%s: action names no command", r->name);
                        for (unsigned other = 0; other < k; other++)
                                if (strcmp(r->action[k], r->action[other]) == 0)
                                        fail_msg("%s: the same advice on %s and %s", r->name,
                                                 host_kind_name(k), host_kind_name(other));
                }
                /* Each has its own page, which is installed beside the others. */
                char page[256];
                snprintf(page, sizeof(page), "%s%s.html", places_runbooks(), r->name);
                if (!r->runbook || strcmp(r->runbook, page) != 0)
                        fail_msg("%s has no page of its own: %s", r->name, r->runbook);
        }
        assert_int_equal(rule_set_move_runbooks(&rules, "https://wiki/k/"), 0);
        for (size_t i = 0; i < rules.count; i++) {
                const struct rule *r = &rules.rules[i];
                char page[256];
                snprintf(page, sizeof(page), "https://wiki/k/%s.html", r->name);
                assert_string_equal(r->runbook, page);
        }
}

/* Growth: half a day before the end is critical; nothing is reported within the first minutes of a
 * start, when services take up their work. */
static void test_growth_is_critical_before_the_end(void **state)
{
        (void)state;
        for (size_t i = 0; i < rules.count; i++) {
                const struct rule *r = &rules.rules[i];
                if (r->kind != KIND_GROWTH)
                        continue;
                const struct limit *l = rule_limit(r, HOST_PHYSICAL, SEVERITY_CRITICAL);
                if (r->field == FIELD_SRECLAIMABLE) {
                        assert_int_equal(l->count, 0);
                        continue;
                }
                assert_int_equal(l->count, 1);
                assert_int_equal(l->terms[0].unit, LIMIT_EXHAUSTS);
                assert_true(l->terms[0].value >= 3600);
                assert_true(r->for_seconds >= 60);
        }
}

static void assert_same_text(const char *before, const char *now)
{
        assert_int_equal(!before, !now);
        if (before)
                assert_string_equal(before, now);
}

/* What the daemon keeps says the same, in less: the texts of one kind of machine, and each limit
 * once. */
static void test_packed(void **state)
{
        const char *const folders[] = { "rules", NULL };
        struct problems problems = { 0 };
        struct rule_set packed = { 0 };
        (void)state;
        assert_int_equal(rule_set_load(folders, NULL, &problems, &packed), 0);
        const struct rule *before = packed.rules;
        assert_int_equal(rule_set_pack(&packed, HOST_VM), 0);
        assert_true(packed.rules != before);
        assert_in_range(packed.packed, 1, 3 * 512 * packed.count + packed.count * sizeof(*before));
        assert_int_equal(packed.count, rules.count);
        for (size_t i = 0; i < rules.count; i++) {
                struct rule *r = &rules.rules[i], *p = &packed.rules[i];
                assert_string_equal(p->name, r->name);
                assert_string_equal(p->explain, r->explain);
                assert_same_text(r->workload_name, p->workload_name);
                for (unsigned k = 0; k < HOST_KIND_COUNT; k++) {
                        assert_string_equal(rule_action(p, k), r->action[HOST_VM]);
                        for (enum severity s = 0; s < SEVERITY_COUNT; s++)
                                assert_memory_equal(rule_limit(p, k, s), rule_limit(r, k, s),
                                                    sizeof(struct limit));
                }
                if (i > 0 && strcmp(p->file, p[-1].file) == 0)
                        assert_ptr_equal(p->file, p[-1].file);
        }
        rule_set_done(&packed);
        assert_null(packed.rules);
        problems_done(&problems);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_dimension_has_its_rules),
                cmocka_unit_test(test_who_pages),
                cmocka_unit_test(test_packed),
                cmocka_unit_test(test_reclaimable_pages_only_when_memory_is_short),
                cmocka_unit_test(test_vmalloc_is_net_of_stacks),
                cmocka_unit_test(test_words_for_a_person),
                cmocka_unit_test(test_growth_is_critical_before_the_end),
        };
        return cmocka_run_group_tests_name("shipped rules", tests, load, unload);
}
