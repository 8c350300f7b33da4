/* SPDX-License-Identifier: MIT */
/* The machine of a rule test: what it is, what its counters show at the start, how they tremble. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "engine/rule_test_internal.h"
#include "engine/rule_test_words.h"
#include "judge/rule_load.h"
#include "sample/member.h"

/* 1 EiB: what adds up in a test stays a number. */
static const double AMOUNT_MAX = 0x1p60;

/* What the machine works out from the others, or what cannot change. */
static const char *why_fixed(int field)
{
        switch (field) {
        case FIELD_SLAB:
                return "is the sum of SReclaimable and SUnreclaim; give one of these";
        case FIELD_KRECLAIMABLE:
                return "goes with SReclaimable; give that";
        case FIELD_MEM_FREE:
                return "is what the others leave; give one of these";
        case FIELD_STACK_SIZE:
                return "does not change; give the size of a stack as host = stack 16K";
        default:
                return NULL;
        }
}

static int find_member(const struct rule_test *t, const char *name)
{
        for (unsigned i = 0; i < t->member_count; i++)
                if (strcmp(t->members[i], name) == 0)
                        return RULE_TEST_MEMBERS + (int)i;
        return -1;
}

static const char *name_of(const struct rule_test *t, int field)
{
        return field < RULE_TEST_MEMBERS ? field_name((enum field)field)
                                         : t->members[field - RULE_TEST_MEMBERS];
}

/* A slab cache or cgroup that a test begins with. */
static int add_member(struct words *w, struct rule_test *t)
{
        const char *name = words_peek(w), *field;

        if (!name || family_of(name) < 0 || find_member(t, name) >= 0)
                return 0;
        if (member_pattern_check(name, &field) != MEMBER_GOOD || member_is_pattern(name) ||
            strlen(name) > FIELD_NAME_MAX)
                return words_refuse(w, "\"%.80s\" is not the name of a slab cache or cgroup", name);
        if (t->member_count == RULE_TEST_MEMBERS_MAX)
                return words_refuse(w, "more than %d slab caches and cgroups",
                                    RULE_TEST_MEMBERS_MAX);
        strcpy(t->members[t->member_count++], name);
        return 0;
}

int rule_test_take_field(struct words *w, const struct rule_test *t, bool clock, int *ret)
{
        const char *name = words_take(w);

        if (!name)
                return words_refuse(w, "a field is missing");
        if (clock && strcmp(name, "clock") == 0) {
                *ret = RULE_TEST_CLOCK;
                return 0;
        }
        if (family_of(name) >= 0) {
                *ret = find_member(t, name);
                return *ret >= 0 ? 0 : words_refuse(w, "%.80s does not stand in start", name);
        }
        int field = rule_field_find(name, NULL, w->error);
        if (field < 0)
                return -EINVAL;
        const char *why = why_fixed(field);
        if (why)
                return words_refuse(w, "%s %s", name, why);
        *ret = field;
        return 0;
}

int rule_test_take_amount(struct words *w, const struct rule_test *t, int field, double *ret)
{
        const char *word = words_take(w);
        double value;

        if (!word)
                return words_refuse(w, "an amount is missing at the end");
        if (field == RULE_TEST_CLOCK) {
                if (parse_duration(word, &value) < 0)
                        return words_refuse(w, "\"%.40s\" is not a time (write 30s or 1h)", word);
        } else if (field_unit((size_t)field) == FIELD_COUNT) {
                if (parse_number(word, &value) < 0 || value < 0 || value > 1e9)
                        return words_refuse(w, "\"%.40s\" is not a number of %s", word,
                                            field_name((enum field)field));
        } else if (parse_percent(word, &value) == 0) {
                value *= t->start[FIELD_MEM_TOTAL];
        } else if (parse_bytes(word, &value) < 0) {
                return words_refuse(w,
                                    "\"%.40s\" is neither a size (400M) nor a share of MemTotal "
                                    "(2%%)",
                                    word);
        }
        if (value > AMOUNT_MAX)
                return words_refuse(w, "%.40s is more than any machine has", word);
        *ret = value;
        return 0;
}

/* --- host --- */

static const struct {
        const char *word;
        enum field field;
        double min, max;
} COUNTS[] = {
        { "cpus", FIELD_CPUS, 1, 8192 }, /* NR_CPUS of distributions is at most 8192 */
        { "cpu", FIELD_CPUS, 1, 8192 },
        { "possible", FIELD_POSSIBLE_CPUS, 1, 8192 },
        { "cgroups", FIELD_CGROUPS, 0, 1e6 },
};

int rule_test_parse_host(struct rule_test *t, char *item, char error[KEY_ERROR_MAX])
{
        struct words w;
        double value;

        if (words_init(&w, item, error) < 0)
                return -EINVAL;
        const char *word = words_take(&w), *next = words_take(&w);
        if (!word)
                return words_refuse(&w, "nothing between two commas");
        if (strcmp(word, "stack") == 0) {
                if (!next || parse_bytes(next, &value) < 0 || value < 4096 || value > 65536)
                        return words_refuse(&w, "a stack is between 4K and 64K large");
                t->start[FIELD_STACK_SIZE] = value;
                return words_end(&w);
        }
        if (next) {
                for (size_t i = 0; i < ELEMENTS_OF(COUNTS); i++) {
                        if (strcmp(COUNTS[i].word, next) != 0)
                                continue;
                        if (parse_number(word, &value) < 0 || value != floor(value) ||
                            value < COUNTS[i].min || value > COUNTS[i].max)
                                return words_refuse(&w, "%.20s %s: between %.0f and %.0f are meant",
                                                    word, next, COUNTS[i].min, COUNTS[i].max);
                        t->start[COUNTS[i].field] = value;
                        return words_end(&w);
                }
        } else if (host_kind_by_name(word) >= 0) {
                t->kind = (enum host_kind)host_kind_by_name(word);
                return 0;
        } else if (parse_bytes(word, &value) == 0) {
                if (value < 0x1p25 || value > 0x1p50)
                        return words_refuse(&w, "%.20s is no size of memory of a machine", word);
                t->start[FIELD_MEM_TOTAL] = value;
                return 0;
        }
        return words_refuse(&w,
                            "\"%.40s%s%.40s\" is none of: 16G, 8 cpus, 16 possible, 60 cgroups, "
                            "stack 16K, physical, vm, container",
                            word, next ? " " : "", next ? next : "");
}

/* --- start --- */

int rule_test_parse_start(struct rule_test *t, char *item, bool given[RULE_TEST_FIELDS],
                          char error[KEY_ERROR_MAX])
{
        struct words w;
        double value = NAN;
        int field = -1;

        if (words_init(&w, item, error) < 0 || add_member(&w, t) < 0 ||
            rule_test_take_field(&w, t, false, &field) < 0)
                return -EINVAL;
        if (field == FIELD_MEM_TOTAL || field == FIELD_CPUS || field == FIELD_POSSIBLE_CPUS ||
            field == FIELD_CGROUPS)
                return words_refuse(&w, "%s stands in host", field_name((enum field)field));
        if (given[field])
                return words_refuse(&w, "%s is given twice", name_of(t, field));
        if (!words_take_if(&w, "absent") && rule_test_take_amount(&w, t, field, &value) < 0)
                return -EINVAL;
        t->start[field] = value;
        given[field] = true;
        return words_end(&w);
}

/* Shares of MemTotal (and what comes on top) that machines without a fault were seen with; none of
 * them matters much, they only have to be plausible. */
static void fill_plausible(struct rule_test *t, const bool given[RULE_TEST_FIELDS])
{
        double *s = t->start, total = s[FIELD_MEM_TOTAL];
        double stacks = s[FIELD_KERNEL_STACK];
        const struct {
                enum field field;
                double value;
        } plausible[] = {
                { FIELD_SUNRECLAIM, 0x1p25 + 0.01 * total },
                { FIELD_SRECLAIMABLE, 0.025 * total },
                { FIELD_VMALLOC_USED, (isnan(stacks) ? 0 : stacks) + 0x1p24 + 0.001 * total },
                { FIELD_PAGE_TABLES, 0x1p21 + 0.002 * total },
                { FIELD_SEC_PAGE_TABLES, 0 },
                { FIELD_PERCPU, 0x1p20 * s[FIELD_POSSIBLE_CPUS] },
                { FIELD_UNACCOUNTED, 0x1p25 + 0.005 * total },
                { FIELD_ANON_PAGES, 0.2 * total },
                { FIELD_MAPPED, 0.04 * total },
                { FIELD_SHMEM, 0.01 * total },
                { FIELD_CACHED, 0.25 * total },
                { FIELD_BUFFERS, 0.01 * total },
        };
        for (size_t i = 0; i < ELEMENTS_OF(plausible); i++)
                if (!given[plausible[i].field])
                        s[plausible[i].field] = plausible[i].value;
}

int rule_test_complete_start(struct rule_test *t, const bool given[RULE_TEST_FIELDS],
                             char error[KEY_ERROR_MAX])
{
        double *s = t->start, total = s[FIELD_MEM_TOTAL], stack = s[FIELD_STACK_SIZE];

        if (!given[FIELD_THREADS])
                s[FIELD_THREADS] = isfinite(s[FIELD_KERNEL_STACK]) && given[FIELD_KERNEL_STACK]
                                           ? floor(s[FIELD_KERNEL_STACK] / stack)
                                           : 150 + 16 * s[FIELD_CPUS];
        if (!given[FIELD_KERNEL_STACK])
                s[FIELD_KERNEL_STACK] =
                        isnan(s[FIELD_THREADS]) ? 300 * stack : s[FIELD_THREADS] * stack;
        fill_plausible(t, given);
        if (s[FIELD_KERNEL_STACK] < s[FIELD_THREADS] * stack) {
                snprintf(error, KEY_ERROR_MAX, "%.0f threads have %.0fK of KernelStack, no less",
                         s[FIELD_THREADS], s[FIELD_THREADS] * stack / 1024);
                return -EINVAL;
        }
        if (s[FIELD_VMALLOC_USED] < s[FIELD_KERNEL_STACK]) {
                snprintf(error, KEY_ERROR_MAX,
                         "KernelStack (%.0fK) is part of VmallocUsed, which must not be less",
                         s[FIELD_KERNEL_STACK] / 1024);
                return -EINVAL;
        }

        double used = 0;
        static const enum field users[] = { FIELD_SUNRECLAIM,  FIELD_VMALLOC_USED,
                                            FIELD_PAGE_TABLES, FIELD_SEC_PAGE_TABLES,
                                            FIELD_PERCPU,      FIELD_ANON_PAGES,
                                            FIELD_SHMEM,       FIELD_UNACCOUNTED };
        for (size_t i = 0; i < ELEMENTS_OF(users); i++)
                used += isnan(s[users[i]]) ? 0 : s[users[i]];
        if (used > total) {
                snprintf(error, KEY_ERROR_MAX, "this needs %.0fM of memory, the machine has %.0fM",
                         used / 0x1p20, total / 0x1p20);
                return -EINVAL;
        }
        double cache = s[FIELD_CACHED] - s[FIELD_SHMEM] + s[FIELD_BUFFERS];
        double reclaimable = isnan(s[FIELD_SRECLAIMABLE]) ? 0 : s[FIELD_SRECLAIMABLE];
        /* 2 % for the kernel's image and its reserves. */
        s[FIELD_MEM_FREE] = fmax(0.01 * total, 0.98 * total - used - cache - reclaimable);
        if (!given[FIELD_MEM_AVAILABLE])
                s[FIELD_MEM_AVAILABLE] =
                        fmin(s[FIELD_MEM_FREE] + 0.9 * (cache + reclaimable), 0.98 * total - used);
        else if (s[FIELD_MEM_AVAILABLE] > total) {
                snprintf(error, KEY_ERROR_MAX, "MemAvailable is more than the machine has");
                return -EINVAL;
        } else {
                s[FIELD_MEM_FREE] = fmin(s[FIELD_MEM_FREE], 0.9 * s[FIELD_MEM_AVAILABLE]);
        }
        return 0;
}

/* --- noise --- */

int rule_test_parse_noise(struct rule_test *t, char *item, char error[KEY_ERROR_MAX])
{
        struct words w;
        double value = 0, over = 0;
        int field = 0;

        if (words_init(&w, item, error) < 0)
                return -EINVAL;
        if (words_take_if(&w, "none")) {
                memset(t->deviation, 0, sizeof(t->deviation));
                return words_end(&w);
        }
        if (rule_test_take_field(&w, t, false, &field) < 0)
                return -EINVAL;
        /* Of the field itself: 0.2 % of the memory would shake every field off its seat. */
        if (words_peek(&w) && parse_percent(words_peek(&w), &value) == 0) {
                (void)words_take(&w);
                value *= isnan(t->start[field]) ? 0 : t->start[field];
        } else if (rule_test_take_amount(&w, t, field, &value) < 0) {
                return -EINVAL;
        }
        if (words_take_if(&w, "over") && words_duration(&w, &over) < 0)
                return -EINVAL;
        t->deviation[field] = value;
        t->correlation[field] = over;
        return words_end(&w);
}
