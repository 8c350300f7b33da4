/* SPDX-License-Identifier: MIT */
/* One rule test from a text, for the tests of its language and of what it does. */
#pragma once

#include "config/document.h"
#include "config/ini_file.h"
#include "engine/rule_test_internal.h"
#include "support.h"

/* Names are all that expectations look at. */
static char name_growth[] = "slab-growth", name_spike[] = "slab-spike", name_other[] = "other";
static struct rule three_rules[] = { { .name = name_growth },
                                     { .name = name_spike },
                                     { .name = name_other } };
static const struct rule_set names = { .rules = three_rules, .count = 3 };

/* One section, "[t]" before it; what is wrong with it as text, "" when nothing is. */
static char *load(const char *body, struct rule_test *ret)
{
        _cleanup_free_ char *text = NULL;
        struct problems p = { 0 };
        _cleanup_(ini_document_done) struct ini_document d = { 0 };
        assert_true(asprintf(&text, "[t]\n%s", body) > 0);
        assert_int_equal(ini_document_parse("f", text, strlen(text), &p, &d), 0);
        assert_int_equal(d.count, 1);
        assert_int_equal(rule_test_load(&d.sections[0], &names, &p, ret), 0);
        char *problems = problems_text(&p);
        problems_done(&p);
        return problems;
}

static void load_good(const char *body, struct rule_test *ret)
{
        _cleanup_free_ char *problems = load(body, ret);
        if (*problems)
                fail_msg("%s\n%s", body, problems);
}

#define STEPS \
        "steps = hold for 1h, leak: SUnreclaim grow 2%/h for 6h, gap for 10min, well: hold for 1h\n"
#define EXPECT "expect = nothing\n"
