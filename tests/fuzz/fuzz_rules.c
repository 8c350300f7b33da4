/* SPDX-License-Identifier: MIT */
/* Rule files: the INI form, the key table and the grammar of limits, expressions and conditions.
 * Whatever comes in, each rule of a file without problems can be used as the engine uses it. */
#include <stdio.h>

#include "base/text.h"
#include "config/problems.h"
#include "fuzz.h"
#include "judge/rule.h"
#include "judge/rule_file.h"
#include "sample/member.h"

static void check_rule(const struct rule *r)
{
        unsigned limits = 0;

        require(r->name && strlen(r->name) <= RULE_NAME_MAX && utf8_valid(r->name));
        require(r->dimension && r->summary && r->explain);
        require(r->field == FIELD_MEMBER || (r->field >= 0 && r->field <= FIELD_KNOWN_COUNT));
        require((r->field == FIELD_MEMBER) == (r->pattern != NULL));
        if (r->pattern)
                require(family_of(r->pattern) >= 0 && utf8_valid(r->pattern) && r->follow >= 1 &&
                        r->follow <= FOLLOW_MAX && has_prefix(r->dimension, r->pattern));
        require(r->less.count <= EXPRESSION_PARTS_MAX && r->per.count <= EXPRESSION_PARTS_MAX);
        require(r->condition_count <= CONDITIONS_MAX);
        require(r->clear > 0 && r->clear <= 1 && r->for_seconds >= 0 && r->adopt_seconds > 0);
        for (int k = 0; k < HOST_KIND_COUNT; k++) {
                require(r->action[k]);
                for (int s = SEVERITY_NOTICE; s < SEVERITY_COUNT; s++) {
                        const struct limit *l = rule_limit(r, (enum host_kind)k, (enum severity)s);

                        require(l->count <= LIMIT_TERMS_MAX);
                        limits += r->when & (1U << k) ? l->count : 0;
                        for (unsigned i = 0; i < l->count; i++)
                                require(l->terms[i].value > 0 &&
                                        l->terms[i].value < __builtin_inf());
                }
        }
        require(limits > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const names[] = { "Unaccounted" };
        const struct extra_fields extra = { names, 1 };
        struct problems p = { 0 };
        struct rule_set set = { 0 };
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);

        require(out);
        require(rule_file_parse("f", (const char *)data, size, &extra, &p, &set) == 0);
        problems_print(&p, out);
        fclose(out);
        require(utf8_valid(text));
        if (!problems_any(&p))
                for (size_t i = 0; i < set.count; i++)
                        check_rule(&set.rules[i]);
        free(text);
        rule_set_done(&set);
        problems_done(&p);
        return 0;
}
