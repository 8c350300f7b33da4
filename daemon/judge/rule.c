/* SPDX-License-Identifier: MIT */
/* The words of rules, and what a set of rules owns. */
#include "judge/rule.h"

#include <assert.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "sample/field.h"

static const char *const kinds[] = {
        [KIND_SPIKE] = "spike",
        [KIND_DROP] = "drop",
        [KIND_GROWTH] = "growth",
        [KIND_RATIO] = "ratio",
};
static_assert(ELEMENTS_OF(kinds) == KIND_COUNT, "a kind has no name");

static const char *const severities[] = {
        [SEVERITY_OK] = "ok",
        [SEVERITY_NOTICE] = "notice",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_CRITICAL] = "critical",
};
static_assert(ELEMENTS_OF(severities) == SEVERITY_COUNT, "a severity has no name");

static int find(const char *const *names, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(names[i], name) == 0)
                        return (int)i;
        return -1;
}

const char *kind_name(enum kind kind)
{
        assert((unsigned)kind < KIND_COUNT);
        return kinds[kind];
}

int kind_by_name(const char *name)
{
        return find(kinds, ELEMENTS_OF(kinds), name);
}

const char *severity_name(enum severity severity)
{
        assert((unsigned)severity < SEVERITY_COUNT);
        return severities[severity];
}

int severity_by_name(const char *name)
{
        return find(severities, ELEMENTS_OF(severities), name);
}

void rule_done(struct rule *r)
{
        free(r->name);
        free(r->file);
        free(r->dimension);
        free(r->workload_name);
        free(r->summary);
        free(r->explain);
        for (size_t k = 0; k < HOST_KIND_COUNT; k++)
                free(r->action[k]);
        free(r->runbook);
        *r = (struct rule){ 0 };
}

void rule_set_done(struct rule_set *set)
{
        for (size_t i = 0; i < set->count; i++)
                rule_done(&set->rules[i]);
        free(set->rules);
        *set = (struct rule_set){ 0 };
}

const struct rule *rule_set_find(const struct rule_set *set, const char *name)
{
        for (size_t i = 0; i < set->count; i++)
                if (strcmp(set->rules[i].name, name) == 0)
                        return &set->rules[i];
        return NULL;
}

bool rule_is_meant(const struct rule *r, const char *name)
{
        return glob_match(name, r->name) || strcmp(name, r->dimension) == 0 ||
               (r->field >= 0 && r->field < FIELD_KNOWN_COUNT &&
                strcmp(name, field_name((enum field)r->field)) == 0);
}
