/* SPDX-License-Identifier: MIT */
/* From a section to a rule test; its keys are also what kmemwatch.tests(5) lists. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/document.h"
#include "config/problems.h"
#include "engine/rule_test.h"
#include "engine/rule_test_internal.h"
#include "engine/rule_test_words.h"

#define TEST(member) .offset = offsetof(struct rule_test, member)

static const struct key keys[] = {
        { .name = "host",
          .type = KEY_TEXT,
          TEST(host_text),
          .placeholder = "FACTS",
          .help = "The machine, in any order: its memory, its CPUs (8 cpus), CPUs that it could "
                  "have (16 possible), memory control groups (60 cgroups), the size of a kernel "
                  "stack (stack 16K), and what it is: physical, vm or container. What is left "
                  "out is: 16G, 8 cpus, as many possible, 60 cgroups, stack 16K, physical." },
        { .name = "interval",
          .type = KEY_DURATION,
          TEST(interval),
          .initial = "1s",
          .min = 0.1,
          .max = 3600,
          .help = "Time between samples." },
        { .name = "start",
          .type = KEY_TEXT,
          TEST(start_text),
          .placeholder = "FIELD AMOUNT, ...",
          .example = "SUnreclaim 400M, threads 300",
          .help = "What the counters show at first. A field that is left out has a value as a "
                  "healthy machine of this size has it; absent as amount means that the kernel "
                  "does not report it. Slab caches and cgroups, as slab:dentry 200M, are those "
                  "that stand here, up to 16: nothing else moves with them." },
        { .name = "noise",
          .type = KEY_TEXT,
          TEST(noise_text),
          .placeholder = "FIELD AMOUNT [over DURATION], ...",
          .example = "SUnreclaim 0.2% over 10s",
          .help = "How much a field trembles: the standard deviation, as a size or a share of "
                  "what the field showed at first, and over which time it is alike (each sample "
                  "for itself when that is left out). Every field has a little noise unless it "
                  "is named here; the word none takes it from all of them." },
        { .name = "seed",
          .type = KEY_COUNT,
          TEST(seed),
          .initial = "1",
          .help = "Another number gives other noise; the same number always the same." },
        { .name = "steps",
          .type = KEY_TEXT,
          TEST(steps_text),
          .required = true,
          .placeholder = "STEP, ...",
          .example = "hold for 2h, leak: SUnreclaim grow 2%/h for 6h",
          .help = "What the machine does, one step after another." },
        { .name = "expect",
          .type = KEY_TEXT,
          TEST(expect_text),
          .required = true,
          .placeholder = "EXPECTATION, ...",
          .example = "firing warning slab-unreclaimable-growth within 90min of leak",
          .help = "What the rules must say to it. An alert at warning or critical that no "
                  "expectation names lets the test fail." },
};

const struct key_table RULE_TEST_KEYS = {
        .keys = keys,
        .count = ELEMENTS_OF(keys),
        .example_section = "slab-unreclaimable-growth finds a leak",
};

const struct key_table *rule_test_key_table(void)
{
        return &RULE_TEST_KEYS;
}

/* What a machine without a fault trembles by, as shares of the field itself: enough that a rule
 * that takes noise for a signal shows it. */
static const struct {
        enum field field;
        double share, seconds;
} USUAL_NOISE[] = {
        { FIELD_SUNRECLAIM, 0.0005, 10 }, { FIELD_SRECLAIMABLE, 0.001, 30 },
        { FIELD_THREADS, 0.005, 10 },     { FIELD_PAGE_TABLES, 0.003, 10 },
        { FIELD_ANON_PAGES, 0.003, 30 },  { FIELD_MAPPED, 0.003, 30 },
        { FIELD_CACHED, 0.002, 60 },      { FIELD_UNACCOUNTED, 0.005, 120 },
};

static void set_usual_noise(struct rule_test *t)
{
        for (size_t i = 0; i < ELEMENTS_OF(USUAL_NOISE); i++) {
                enum field f = USUAL_NOISE[i].field;
                if (isfinite(t->start[f]))
                        t->deviation[f] = USUAL_NOISE[i].share * t->start[f];
                t->correlation[f] = USUAL_NOISE[i].seconds;
        }
}

/* --- lists --- */

enum list { LIST_HOST, LIST_START, LIST_NOISE, LIST_STEPS, LIST_EXPECT };

struct loading {
        const struct ini_section *section;
        const struct rule_set *rules;
        struct problems *problems;
        struct rule_test *test;
        bool given[RULE_TEST_FIELDS];
};

static void complain(struct loading *l, const char *key, const char *text)
{
        const struct ini_entry *e = ini_entry_find(l->section, key);

        problems_add(l->problems, l->section->file, e ? e->line : l->section->line, "%s: %s", key,
                     text);
}

/* Reads each item of a list; false when there was a fault in one. 0 or -ENOMEM. */
static int load_list(struct loading *l, enum list list, const char *key, const char *value,
                     bool *ret_good)
{
        _cleanup_free_ char *copy = value ? strdup(value) : NULL;
        char *rest = copy, error[KEY_ERROR_MAX] = "";

        if (value && !copy)
                return -ENOMEM;
        for (char *item; (item = words_item(&rest));) {
                int r = list == LIST_HOST    ? rule_test_parse_host(l->test, item, error)
                        : list == LIST_START ? rule_test_parse_start(l->test, item, l->given, error)
                        : list == LIST_NOISE ? rule_test_parse_noise(l->test, item, error)
                        : list == LIST_STEPS
                                ? rule_test_parse_step(l->test, item, error)
                                : rule_test_parse_expectation(l->test, l->rules, item, error);
                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        complain(l, key, error);
                        *ret_good = false;
                }
        }
        return 0;
}

static int load_machine(struct loading *l, bool *ret_good)
{
        struct rule_test *t = l->test;
        char error[KEY_ERROR_MAX];

        t->start[FIELD_MEM_TOTAL] = 16 * 0x1p30;
        t->start[FIELD_CPUS] = 8;
        t->start[FIELD_POSSIBLE_CPUS] = NAN;
        t->start[FIELD_CGROUPS] = 60;
        t->start[FIELD_STACK_SIZE] = 16384;
        if (load_list(l, LIST_HOST, "host", t->host_text, ret_good) < 0)
                return -ENOMEM;
        t->start[FIELD_POSSIBLE_CPUS] = fmax(t->start[FIELD_POSSIBLE_CPUS], t->start[FIELD_CPUS]);
        if (load_list(l, LIST_START, "start", t->start_text, ret_good) < 0)
                return -ENOMEM;
        if (!*ret_good)
                return 0;
        if (rule_test_complete_start(t, l->given, error) < 0) {
                complain(l, "start", error);
                *ret_good = false;
                return 0;
        }
        set_usual_noise(t);
        return load_list(l, LIST_NOISE, "noise", t->noise_text, ret_good);
}

int rule_test_load(const struct ini_section *section, const struct rule_set *rules,
                   struct problems *problems, struct rule_test *ret)
{
        struct loading l = {
                .section = section, .rules = rules, .problems = problems, .test = ret
        };
        size_t before = problems->count + problems->dropped;
        bool good = true;

        *ret = (struct rule_test){ .line = section->line };
        ret->name = strdup(section->name);
        ret->file = strdup(section->file);
        if (!ret->name || !ret->file || keys_set_defaults(&RULE_TEST_KEYS, ret, NULL) < 0 ||
            keys_apply(&RULE_TEST_KEYS, section, ret, NULL, problems) < 0 ||
            load_machine(&l, &good) < 0 ||
            load_list(&l, LIST_STEPS, "steps", ret->steps_text, &good) < 0)
                return -ENOMEM;
        /* What is expected names steps: with faults in these it would be full of faults too. */
        if (problems->count + problems->dropped > before || ret->step_count == 0)
                return 0;
        return load_list(&l, LIST_EXPECT, "expect", ret->expect_text, &good);
}

void rule_test_done(struct rule_test *t)
{
        for (unsigned i = 0; i < t->expectation_count; i++)
                free(t->expectations[i].text);
        keys_done(&RULE_TEST_KEYS, t);
        free(t->name);
        free(t->file);
        *t = (struct rule_test){ 0 };
}
