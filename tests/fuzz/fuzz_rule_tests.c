/* SPDX-License-Identifier: MIT */
/* Rule tests: their key table and the grammar of hosts, starts, noise, steps and expectations.
 * Whatever comes in, the machine of a test without problems makes samples that can be. */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/problems.h"
#include "engine/rule_test_internal.h"
#include "engine/rule_test_machine.h"
#include "fuzz.h"

/* Of each test: enough to come into the first steps, few enough to be fast. */
enum { SAMPLES_MAX = 200 };

static void check_machine(const struct rule_test *t)
{
        struct machine m;
        struct sample s;

        require(t->step_count > 0 && t->seconds > 0);
        machine_init(&m, t);
        for (int i = 0; i < SAMPLES_MAX && machine_next(&m, &s); i++) {
                require(isfinite(s.time) && s.count == FIELD_KNOWN_COUNT);
                for (size_t f = 0; f < s.count; f++)
                        require(isnan(s.values[f]) || (isfinite(s.values[f]) && s.values[f] >= 0));
        }
        for (unsigned i = 0; i < t->expectation_count; i++)
                require(t->expectations[i].text && isfinite(t->expectations[i].from));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char name[] = "some-growth";
        struct rule rule = { .name = name };
        const struct rule_set rules = { .rules = &rule, .count = 1 };
        struct problems p = { 0 };
        _cleanup_(ini_document_done) struct ini_document d = { 0 };
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);

        require(out);
        require(ini_document_parse("f", (const char *)data, size, &p, &d) == 0);
        for (size_t i = 0; i < d.count; i++) {
                _cleanup_(rule_test_done) struct rule_test t;
                size_t before = p.count + p.dropped;
                require(rule_test_load(&d.sections[i], &rules, &p, &t) == 0);
                if (p.count + p.dropped == before)
                        check_machine(&t);
        }
        problems_print(&p, out);
        fclose(out);
        require(utf8_valid(text));
        free(text);
        problems_done(&p);
        return 0;
}
