/* SPDX-License-Identifier: MIT */
/* judge/rule_*: what a rule file may say, and the words for what it may not. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "../test.h"
#include "base/macros.h"
#include "judge/rule.h"
#include "judge/rule_file.h"

static const char *const EXTRA_NAMES[] = { "Unaccounted", "zram" };
static const struct extra_fields EXTRA = { EXTRA_NAMES, ELEMENTS_OF(EXTRA_NAMES) };

#define WORDS "summary = S\nexplain = E\naction = A\n"
#define SPIKE "[r]\ndimension = Slab\ndetect = spike\n" WORDS
#define DROP "[r]\ndimension = Slab\ndetect = drop\n" WORDS
#define GROWTH "[r]\ndimension = Slab\ndetect = growth\n" WORDS
#define RATIO "[r]\ndimension = Slab\ndetect = ratio\n" WORDS
#define NOT_A_LIMIT                                                                           \
        "is not a limit (write 64M, 0.5%, 8 sigma, 50% of level, 64M/h, 0.5%/h, exhausts in " \
        "12h, 1.05 stack or 3x baseline)\n"

/* A rule's text and all that must be said of it. */
static const struct {
        const char *input, *problems;
} CASES[] = {
        { "", "" },
        { SPIKE "warning = 8 sigma and 50% of level and 4M and 1%\n", "" },
        { GROWTH "critical = exhausts in 12h\n", "" },
        { RATIO "per = threads\nwarning = 1.05 stack\n", "" },
        { RATIO "per = cpus + possible_cpus*cgroups\nwarning = 20K and 3 x baseline\n", "" },
        { RATIO "less = 64M + KernelStack + 4K*cgroups*possible_cpus\nwarning = 1M\n", "" },
        { RATIO "per=Unaccounted+zram\nnotice=3x baseline\nonly-if=zram > 1G and threads>5\n", "" },
        { RATIO "warning = 5%\nwhen = vm, container\nonly-if = MemAvailable falling\n", "" },
        { "[r]\ndimension = threads\ndetect = spike\n" WORDS "less = 100\nwarning = 1000\n", "" },
        { "[r]\ndimension = threads\ndetect = growth\n" WORDS "warning = 1000/h\n", "" },
        { "[r]\ndimension = threads\nper = cpus\ndetect = ratio\n" WORDS "warning = 1000\n", "" },

        /* required keys, names */
        { "[r]\n", "f:1: [r] has no dimension\nf:1: [r] has no detect\nf:1: [r] has no summary\n"
                   "f:1: [r] has no explain\nf:1: [r] has no action\n" },
        { "[Bad Name]\ndimension = Slab\ndetect = spike\n" WORDS "warning = 1M\n",
          "f:1: [Bad Name]: a rule's name has a-z, 0-9 and -, and begins with one of the first "
          "two\n" },
        { "[-r]\ndimension = Slab\ndetect = spike\n" WORDS "warning = 1M\n",
          "f:1: [-r]: a rule's name has a-z, 0-9 and -, and begins with one of the first two\n" },
        { SPIKE, "f:1: [r] has no limit: give it notice, warning or critical\n" },
        { SPIKE "when = vm\nwarning-physical = 1M\n",
          "f:1: [r] has no limit: give it notice, warning or critical\n" },
        { SPIKE "warning = 1M\nwarnig = 2M\n", "f:8: unknown key warnig; did you mean warning?\n" },
        { SPIKE "warning = 1M\nxyzzy = 2M\n", "f:8: unknown key xyzzy\n" },
        { SPIKE "warning = 1M\nsummary = again\n",
          "f:8: summary is given again, first in line 4\n" },

        /* fields */
        { "[r]\ndimension = SUnreclam\ndetect = spike\n" WORDS "warning = 1M\n",
          "f:2: dimension: unknown field \"SUnreclam\"; did you mean SUnreclaim?\n" },
        /* members */
        { "[r]\ndimension = slab:*\ndetect = growth\n" WORDS "follow = 8\nwarning = 20M/h\n", "" },
        { "[r]\ndimension = slab:kmalloc-*\ndetect = ratio\nper = MemTotal\n" WORDS
          "warning = 5%\n",
          "" },
        { "[r]\ndimension = cgroup:/system.slice/*/kernel_stack\ndetect = spike\n" WORDS
          "warning = 8 sigma and 4M\n",
          "" },
        { "[r]\ndimension = cgroup:*/slab\ndetect = drop\n" WORDS "warning = 4M\n", "" },
        { "[r]\ndimension = slabs:*\ndetect = drop\n" WORDS "warning = 4M\n",
          "f:2: dimension: unknown family \"slabs\" (there are slab: and cgroup:); did you mean slab?\n" },
        { "[r]\ndimension = slab:\ndetect = drop\n" WORDS "warning = 4M\n",
          "f:2: dimension: \"slab:\": no name behind the colon (write slab:dentry or slab:*)\n" },
        { "[r]\ndimension = cgroup:*\ndetect = drop\n" WORDS "warning = 4M\n",
          "f:2: dimension: \"cgroup:*\": what of the cgroup is missing at the end (write "
          "cgroup:*/slab)\n" },
        { "[r]\ndimension = cgroup:system.slice/slab\ndetect = drop\n" WORDS "warning = 4M\n",
          "f:2: dimension: \"cgroup:system.slice/slab\": the path of a cgroup begins with / (write "
          "cgroup:/system.slice/*/slab)\n" },
        { "[r]\ndimension = cgroup:*/slabs\ndetect = drop\n" WORDS "warning = 4M\n",
          "f:2: dimension: \"slabs\" is not told of cgroups; did you mean slab?\n" },
        { "[r]\ndimension = slab:dentry\ndetect = drop\nfollow = 3\n" WORDS "warning = 4M\n",
          "f:4: follow: only where the dimension is a pattern, as slab:*\n" },
        { RATIO "follow = 3\nwarning = 4M\n",
          "f:7: follow: only where the dimension is a pattern, as slab:*\n" },
        { "[r]\ndimension = slab:*\ndetect = growth\nfollow = 257\n" WORDS "warning = 1M/h\n",
          "f:4: follow: \"257\" is not between 1 and 256\n" },
        { "[r]\ndimension = slab:*\ndetect = ratio\nper = threads\n" WORDS "warning = 1.05 stack\n",
          "" },
        { "[r]\ndimension = threads\ndetect = ratio\nless = slab:dentry\n" WORDS "warning = 100\n",
          "f:4: less: \"slab:dentry\" can only be a dimension: it cannot be reckoned with\n" },
        { "[a]\ndimension = slab:*\ndetect = growth\nfollow = 256\n" WORDS "warning = 1M/h\n"
          "[b]\ndimension = slab:*\ndetect = growth\nfollow = 256\n" WORDS "warning = 1M/h\n"
          "[c]\ndimension = slab:*\ndetect = growth\nfollow = 1\n" WORDS "warning = 1M/h\n",
          "f:17: [c]: all rules together would follow 513 members, at most 512 are: give it a smaller "
          "follow\n" },
        { "[r]\ndimension = slab\ndetect = jump\n" WORDS "warning = 1M\n",
          "f:2: dimension: unknown field \"slab\"; did you mean Slab?\n"
          "f:3: detect: \"jump\" is not one of spike, drop, growth, ratio\n" },
        { RATIO "per = MemTotl\nwarning = 1%\n",
          "f:7: per: unknown field \"MemTotl\"; did you mean MemTotal?\n" },
        { RATIO "per = threds\nwarning = 1.05 stack\n",
          "f:7: per: unknown field \"threds\"; did you mean threads?\n" },
        { RATIO "less = 64M+\nwarning = 1%\n",
          "f:7: less: a name or number is missing beside + or *\n" },
        { RATIO "less = 64X\nwarning = 1%\n",
          "f:7: less: \"64X\" is not a size (write 64M or 4K)\n" },
        { RATIO "less = 4096\nwarning = 1%\n",
          "f:7: less: it must be memory, as Slab is (a size needs a unit: 4096B, 64M)\n" },
        { RATIO "less = Slab*Cached\nwarning = 1%\n",
          "f:7: less: memory times memory has no meaning\n" },
        { RATIO "per = MemTotal+threads\nwarning = 1%\n",
          "f:7: per: memory and counts cannot be added (a size needs a unit: 4096B, 64M)\n" },
        { RATIO "less = Slab+Slab+Slab+Slab+Slab+Slab+Slab\nwarning = 1%\n",
          "f:7: less: more than 6 names and numbers\n" },
        { RATIO "per = 64M\nwarning = 1%\n", "f:7: per: only fields and counts can divide\n" },
        { GROWTH "per = MemTotal\nwarning = 1%/h\n",
          "f:7: per: growth is measured on the dimension itself, leave it out\n" },
        { "[r]\ndimension = threads\ndetect = ratio\n" WORDS "per = MemTotal\nwarning = 5%\n",
          "f:7: per: a count over memory has no meaning\n" },
        { "[r]\ndimension = threads\ndetect = spike\n" WORDS "less = Slab\nwarning = 5\n",
          "f:7: less: it must be a count, as threads is\n" },

        /* limits */
        { SPIKE "warning = lots\n", "f:7: warning: \"lots\" " NOT_A_LIMIT },
        { SPIKE "warning = 8 sigma and\n", "f:7: warning: nothing before or after \"and\"\n" },
        { SPIKE "warning = and 8 sigma\n", "f:7: warning: nothing before or after \"and\"\n" },
        { SPIKE "warning = 8 sigmaand 4M\n", "f:7: warning: \"8 sigmaand 4M\" " NOT_A_LIMIT },
        { SPIKE "warning = 1M and 1% and 8 sigma and 5% of level and 2M\n",
          "f:7: warning: more than 4 parts joined by \"and\"\n" },
        { SPIKE "warning = 1M and 2M\n",
          "f:7: warning: \"2M\": the same kind of limit is there already\n" },
        { SPIKE "warning = 0%\n", "f:7: warning: \"0%\" is not above zero\n" },
        { SPIKE "warning = -1M\n", "f:7: warning: \"-1M\" " NOT_A_LIMIT },
        { GROWTH "warning = 64M/fortnight\n", "f:7: warning: \"64M/fortnight\" " NOT_A_LIMIT },
        { SPIKE "warning = 64M/h\n", "f:7: warning: \"64 MiB/h\" is no limit for spike (write "
                                     "64M, 0.5%, 8 sigma or 50% of level)\n" },
        { GROWTH "warning = 8 sigma\n", "f:7: warning: \"8 sigma\" is no limit for growth (write "
                                        "64M, 0.5%, 64M/h, 0.5%/h or exhausts in 12h)\n" },
        { GROWTH "warning = 64M\nworkload = 64M\n", "f:8: workload: names no field\n" },
        { GROWTH "warning = 64M\nworkload = 7*threads\n",
          "f:8: workload: a sum with sizes must be memory, as Slab is\n" },
        { RATIO "per = MemTotal\nwarning = 5%\nworkload = threads\n",
          "f:9: workload: only for spike and growth\n" },
        { RATIO "per = MemTotal\nwarning-vm = 64M\n",
          "f:8: warning-vm: \"64 MiB\" is no limit for ratio of Slab/MemTotal (write 5% or 3x "
          "baseline)\n" },
        { RATIO "per = cgroups\nwarning = 1.05 stack\n",
          "f:8: warning: \"1.05 stack\" is no limit for ratio of Slab/cgroups (write 20M or 3x "
          "baseline)\n" },
        { DROP "warning = 120% of level\n",
          "f:7: warning: nothing can drop by more than 100% of level\n" },

        /* severities */
        { SPIKE "notice = 4M\nwarning = 2M\ncritical = 1M\n",
          "f:8: warning (2 MiB) would be reached before notice (4 MiB)\n"
          "f:9: critical (1 MiB) would be reached before notice (4 MiB)\n"
          "f:9: critical (1 MiB) would be reached before warning (2 MiB)\n" },
        { GROWTH "warning = exhausts in 6h\ncritical = exhausts in 12h\n",
          "f:8: critical (exhausts in 12 h) would be reached before warning (exhausts in 6 h)\n" },
        { RATIO "warning = 5%\nwarning-vm = 20%\ncritical = 10%\n",
          "f:9: critical (10 %) would be reached before warning-vm (20 %)\n" },
        { RATIO "warning = 5%\nwarning-vm = 20%\ncritical = 10%\nwhen = physical\n", "" },
        { SPIKE "notice = 8 sigma\nwarning = 4M\n", "" }, /* cannot be compared */

        /* the rest */
        { SPIKE "warning = 1M\nonly-if = MemAvailable sinking\n",
          "f:8: only-if: \"MemAvailable sinking\" is not a condition (write MemAvailable falling, "
          "MemAvailable < 10% or PageTables > 64M)\n" },
        { SPIKE "warning = 1M\nonly-if = MemAvailabel < 10%\n",
          "f:8: only-if: unknown field \"MemAvailabel\"; did you mean MemAvailable?\n" },
        { SPIKE "warning = 1M\nonly-if = threads < 10%\n",
          "f:8: only-if: threads is a count, it cannot be a share of MemTotal\n" },
        { SPIKE "warning = 1M\nonly-if = Slab < few\n",
          "f:8: only-if: \"few\" is not a size or percentage (write 64M or 10%)\n" },
        { SPIKE "warning = 1M\nonly-if = Slab rising and Slab rising and Slab rising and Slab "
                "rising\n",
          "f:8: only-if: more than 3 parts joined by \"and\"\n" },
        { SPIKE "warning = 1M\nwhen = vm, mainframe\n",
          "f:8: when: \"mainframe\" is not one of any, physical, vm, container\n" },
        { SPIKE "warning = 1M\nwhen = ,\n", "f:8: when: names no kind of machine\n" },
        { SPIKE "warning = 1M\nrunbook = wiki\n",
          "f:8: runbook: not a link: it must begin with https://, or be NAME.html of a shipped "
          "page\n" },
        { SPIKE "warning = 1M\nrunbook = ../x.html\n",
          "f:8: runbook: not a link: it must begin with https://, or be NAME.html of a shipped "
          "page\n" },
        { SPIKE "warning = 1M\nrunbook = https://a b\n",
          "f:8: runbook: not a link: white space, quotes, <, > or |, or longer than 1000 bytes\n" },
        { SPIKE "warning = 1M\nfor = 2d\nclear = 80\n",
          "f:8: for: \"2d\" is not between 0 s and 1 d\n"
          "f:9: clear: \"80\" is not a percentage (write 0.5% or 80%)\n" },
        { SPIKE "warning = 1M\nfor = 3h\n",
          "f:8: adopt must be longer than for: the new level would be taken as normal before "
          "anything is said\n" },
        { GROWTH "warning = 1M/h\nadopt = 3h\n", "f:8: adopt: only for spike and drop\n" },
        { SPIKE "warning =\n", "f:7: warning: no value\n" },
};

static void rules_are_checked(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(CASES); i++) {
                struct problems p = { 0 };
                struct rule_set set = { 0 };
                char *problems;

                assert_int_equal(rule_file_parse("f", CASES[i].input, strlen(CASES[i].input),
                                                 &EXTRA, &p, &set),
                                 0);
                problems = problems_text(&p);
                if (strcmp(problems, CASES[i].problems) != 0)
                        fail_msg("case %zu:\n%s--- says:\n%s--- expected:\n%s", i, CASES[i].input,
                                 problems, CASES[i].problems);
                free(problems);
                rule_set_done(&set);
                problems_done(&p);
        }
}

static struct rule_set parsed(const char *input)
{
        struct problems p = { 0 };
        struct rule_set set = { 0 };
        char *problems;

        assert_int_equal(rule_file_parse("f", input, strlen(input), &EXTRA, &p, &set), 0);
        problems = problems_text(&p);
        assert_string_equal(problems, "");
        free(problems);
        return set;
}

static void rule_is_filled(void **state)
{
        struct rule_set set = parsed("[first]\ndimension = PageTables\nless = 4K*cgroups + 64M\n"
                                     "per = AnonPages + Mapped\ndetect = ratio\n"
                                     "notice = 3x baseline and 1%\nwarning = 10%\n"
                                     "warning-vm = 12%\nwhen = vm container\n"
                                     "only-if = MemAvailable < 10% and PageTables>64M\n"
                                     "for = 90s\nsummary = S\nexplain = E\n"
                                     "action = All.\naction-vm = More.\nrunbook = http://x/\n"
                                     "[second]\ndimension = zram\ndetect = growth\n" WORDS
                                     "warning = 64M/h\ncritical = 0.5%/d and exhausts in 1d\n");
        const struct rule *r = rule_set_find(&set, "first");

        (void)state;
        assert_int_equal(set.count, 2);
        assert_null(rule_set_find(&set, "third"));
        assert_string_equal(r->dimension, "PageTables/AnonPages+Mapped");
        assert_int_equal(r->line, 1);
        assert_int_equal(r->field, FIELD_PAGE_TABLES);
        assert_int_equal(r->kind, KIND_RATIO);
        assert_int_equal(r->less.count, 3);
        assert_true(r->less.parts[0].constant == 4096 && !r->less.parts[0].times);
        assert_true(r->less.parts[1].field == FIELD_CGROUPS && r->less.parts[1].times);
        assert_true(r->less.parts[2].constant == 64 << 20 && !r->less.parts[2].times);
        assert_int_equal(r->per.count, 2);
        assert_int_equal(rule_limit(r, HOST_VM, SEVERITY_NOTICE)->count, 2);
        assert_int_equal(rule_limit(r, HOST_VM, SEVERITY_NOTICE)->terms[0].unit, LIMIT_BASELINE);
        assert_true(rule_limit(r, HOST_VM, SEVERITY_WARNING)->terms[0].value == 0.12);
        assert_true(rule_limit(r, HOST_CONTAINER, SEVERITY_WARNING)->terms[0].value == 0.1);
        assert_int_equal(rule_limit(r, HOST_VM, SEVERITY_CRITICAL)->count, 0);
        assert_int_equal(r->when, 1 << HOST_VM | 1 << HOST_CONTAINER);
        assert_int_equal(r->condition_count, 2);
        assert_true(r->conditions[0].share && r->conditions[0].value == 0.1);
        assert_int_equal(r->conditions[0].test, CONDITION_BELOW);
        assert_true(!r->conditions[1].share && r->conditions[1].value == 64 << 20);
        assert_true(r->for_seconds == 90 && r->clear_for_seconds == 600);
        assert_true(r->clear == 0.8 && r->repeat_seconds == 12 * 3600);
        assert_string_equal(r->action[HOST_PHYSICAL], "All.");
        assert_string_equal(r->action[HOST_VM], "All. More.");
        assert_string_equal(r->runbook, "http://x/");

        r = rule_set_find(&set, "second");
        assert_int_equal(r->field, FIELD_KNOWN_COUNT + 1);
        assert_int_equal(r->when, 7);
        assert_null(r->runbook);
        assert_true(fabs(rule_limit(r, HOST_PHYSICAL, SEVERITY_WARNING)->terms[0].value -
                         (64 << 20) / 3600.0) < 1e-9);
        assert_int_equal(rule_limit(r, HOST_PHYSICAL, SEVERITY_CRITICAL)->terms[0].unit,
                         LIMIT_SHARE_RATE);
        assert_true(fabs(rule_limit(r, HOST_PHYSICAL, SEVERITY_CRITICAL)->terms[0].value -
                         0.005 / 86400) < 1e-15);
        assert_true(rule_limit(r, HOST_PHYSICAL, SEVERITY_CRITICAL)->terms[1].value == 86400);
        rule_set_done(&set);
}

static void words_go_both_ways(void **state)
{
        (void)state;
        for (int i = 0; i < KIND_COUNT; i++)
                assert_int_equal(kind_by_name(kind_name((enum kind)i)), i);
        for (int i = 0; i < SEVERITY_COUNT; i++)
                assert_int_equal(severity_by_name(severity_name((enum severity)i)), i);
        assert_int_equal(kind_by_name("leak"), -1);
        assert_int_equal(severity_by_name("fatal"), -1);
}

/* What we print as an example must be a rule. */
static void example_is_a_rule(void **state)
{
        char *text = NULL;
        struct rule_set set;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        (void)state;
        rule_keys_print_example(out);
        fclose(out);
        set = parsed(text);
        assert_int_equal(set.count, 1);
        rule_set_done(&set);
        free(text);
        out = open_memstream(&text, &size);
        rule_keys_print_man(out);
        fclose(out);
        assert_non_null(strstr(text, ".TQ\n\\fBcritical\\-container\\fR = \\fILIMIT\\fR\nFrom "));
        assert_non_null(strstr(text, "The default is 80%."));
        free(text);
}

/* --- folders --- */

/* Loads etc/ over lib/; the rules are "NAME warning-limit" each. */
static void expect_rules(struct folder *f, const char *rules, const char *expected_problems)
{
        _cleanup_free_ char *etc = path_join(f->path, "etc"), *lib = path_join(f->path, "lib");
        const char *const folders[] = { etc, lib, NULL };
        struct problems p = { 0 };
        struct rule_set set = { 0 };
        char *problems, *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_int_equal(rule_set_load(folders, NULL, &p, &set), 0);
        for (size_t i = 0; i < set.count; i++) {
                const struct limit *limit = rule_limit(&set.rules[i], HOST_VM, SEVERITY_WARNING);

                fprintf(out, "%s %.0f%s%s\n", set.rules[i].name,
                        limit->count > 0 ? limit->terms[0].value : -1,
                        set.rules[i].runbook ? " " : "",
                        set.rules[i].runbook ? set.rules[i].runbook : "");
        }
        fclose(out);
        problems = problems_text(&p);
        folder_forget(f, problems);
        assert_string_equal(problems, expected_problems);
        assert_string_equal(text, rules);
        free(problems);
        free(text);
        rule_set_done(&set);
        problems_done(&p);
}

static char *rule_text(const char *name, const char *limits)
{
        static char text[1024];

        snprintf(text, sizeof(text), "[%s]\ndimension = Slab\ndetect = spike\n" WORDS "%s\n", name,
                 limits);
        return text;
}

static void broken_override_falls_back(void **state)
{
        struct folder *f = *state;

        folder_put(f, "lib/a.ini", rule_text("a", "warning = 1"));
        folder_put(f, "lib/b.ini", rule_text("b", "warning = 2"));
        expect_rules(f, "a 1\nb 2\n", "");
        folder_put(f, "etc/a.ini", rule_text("a", "warning = 3"));
        expect_rules(f, "a 3\nb 2\n", "");
        folder_put(f, "etc/a.ini", rule_text("a", "warning = x"));
        expect_rules(f, "a 1\nb 2\n",
                     "etc/a.ini: this file is left out, lib/a.ini is used instead\n"
                     "etc/a.ini:7: warning: \"x\" " NOT_A_LIMIT);
        folder_put(f, "lib/a.ini", "nonsense\n");
        expect_rules(f, "b 2\n",
                     "etc/a.ini: this file is left out\n"
                     "etc/a.ini:7: warning: \"x\" " NOT_A_LIMIT "lib/a.ini: this file is left out\n"
                     "lib/a.ini:1: text before the first [section]\n");
        folder_put(f, "etc/a.ini", "");
        expect_rules(f, "b 2\n", "");
}

static void names_are_unique_over_files(void **state)
{
        struct folder *f = *state;

        folder_put(f, "lib/a.ini", rule_text("a", "warning = 1"));
        folder_put(f, "lib/b.ini", rule_text("a", "warning = 2"));
        expect_rules(f, "a 1\n",
                     "lib/b.ini: this file is left out\n"
                     "lib/b.ini:1: [a] is already in lib/a.ini:1\n");
}

static void drop_ins_override_keys(void **state)
{
        struct folder *f = *state;

        folder_put(f, "lib/a.ini",
                   rule_text("a", "warning = 10\ncritical = 20\nrunbook = http://x/"));
        folder_put(f, "etc/a.ini.d/20.ini", "[a]\nwarning = 12\n");
        folder_put(f, "lib/a.ini.d/10.ini", "[a]\nwarning = 11\n");
        expect_rules(f, "a 12 http://x/\n", "");
        folder_put(f, "etc/a.ini.d/30.ini", "[a]\nwarning = 1y\nrunbook =\n");
        folder_put(f, "etc/a.ini.d/40.ini", "[a]\nrunbook =\n");
        folder_put(f, "etc/a.ini.d/50.ini", "[b]\nwarning = 13\n");
        folder_put(f, "etc/a.ini.d/60.ini", "[a]\nwarning = 30\n");
        expect_rules(f, "a 12\n",
                     "etc/a.ini.d/30.ini: this drop-in is left out\n"
                     "etc/a.ini.d/30.ini:2: warning: \"1y\" " NOT_A_LIMIT
                     "etc/a.ini.d/50.ini: this drop-in is left out\n"
                     "etc/a.ini.d/50.ini:1: there is no [b] that this could override\n"
                     "etc/a.ini.d/60.ini: this drop-in is left out\n"
                     "etc/a.ini.d/60.ini:2: critical (20 B) would be reached before warning (30 "
                     "B)\n");
        folder_put(f, "etc/a.ini.d/60.ini", "[a]\nwarning =\nsummary =\ncritical =\n");
        folder_put(f, "etc/a.ini.d/30.ini", "");
        folder_put(f, "etc/a.ini.d/50.ini", "");
        expect_rules(f, "a 12\n",
                     "etc/a.ini.d/60.ini: this drop-in is left out\n"
                     "lib/a.ini:1: [a] has no summary\n"
                     "lib/a.ini:1: [a] has no limit: give it notice, warning or critical\n");
}

static void unreadable_files_are_told(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *path = path_join(f->path, "etc/gone.ini");

        folder_put(f, "etc/a.ini", rule_text("a", "warning = 1"));
        folder_put(f, "etc/dir.ini/x", "x");
        assert_int_equal(symlink("nowhere", path), 0);
        expect_rules(f, "a 1\n",
                     "etc/dir.ini: cannot be read: Is a directory\n"
                     "etc/dir.ini: this file is left out\n"
                     "etc/gone.ini: cannot be read: No such file or directory\n"
                     "etc/gone.ini: this file is left out\n");
}

static void rules_are_bounded(void **state)
{
        struct folder *f = *state;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        for (int i = 0; i < RULES_MAX; i++) {
                char name[16];

                snprintf(name, sizeof(name), "r%d", i);
                fputs(rule_text(name, "warning = 1"), out);
        }
        fclose(out);
        folder_put(f, "lib/a.ini", text);
        folder_put(f, "lib/b.ini", rule_text("one-more", "warning = 1"));
        folder_put(f, "etc/a.ini", rule_text("a", "warning = 1"));
        expect_rules(f, "a 1\none-more 1\n", "");
        folder_put(f, "etc/a.ini", text);
        folder_put(f, "etc/a.ini", "broken");
        free(text);
        {
                _cleanup_free_ char *lib = path_join(f->path, "lib");
                struct problems p = { 0 };
                struct rule_set set = { 0 };

                assert_int_equal(rule_set_load((const char *const[]){ lib, NULL }, NULL, &p, &set),
                                 0);
                assert_int_equal(set.count, RULES_MAX);
                assert_int_equal(p.count, 2);
                rule_set_done(&set);
                problems_done(&p);
        }
}

/* The rules we ship have no fault. */
static void shipped_rules_are_good(void **state)
{
        struct problems p = { 0 };
        struct rule_set set = { 0 };
        char *problems;

        (void)state;
        assert_int_equal(rule_set_load((const char *const[]){ "rules", NULL }, NULL, &p, &set), 0);
        problems = problems_text(&p);
        assert_string_equal(problems, "");
        assert_true(set.count >= 20);
        free(problems);
        rule_set_done(&set);
}

/* What the fuzzer once found stays found. */
static void corpus_is_survived(void **state)
{
        static const char FOLDER[] = "tests/fuzz/corpus/rules";
        DIR *dir = opendir(FOLDER);
        struct dirent *e;
        int files = 0;

        (void)state;
        assert_non_null(dir);
        while ((e = readdir(dir))) {
                _cleanup_free_ char *data = NULL;
                struct problems p = { 0 };
                struct rule_set set = { 0 };
                size_t size;

                if (e->d_name[0] == '.')
                        continue;
                assert_int_equal(file_read(dirfd(dir), e->d_name, 1 << 20, &data, &size), 0);
                assert_int_equal(rule_file_parse("f", data, size, NULL, &p, &set), 0);
                rule_set_done(&set);
                problems_done(&p);
                files++;
        }
        closedir(dir);
        assert_true(files >= 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_are_checked),
                cmocka_unit_test(rule_is_filled),
                cmocka_unit_test(words_go_both_ways),
                cmocka_unit_test(example_is_a_rule),
                cmocka_unit_test_setup_teardown(broken_override_falls_back, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(names_are_unique_over_files, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(drop_ins_override_keys, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(unreadable_files_are_told, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(rules_are_bounded, folder_setup, folder_teardown),
                cmocka_unit_test(shipped_rules_are_good),
                cmocka_unit_test(corpus_is_survived),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
