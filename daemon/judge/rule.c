/* SPDX-License-Identifier: MIT */
/* The words of rules, and what a rule owns. */
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

const struct limit *rule_limit(const struct rule *r, enum host_kind kind, enum severity severity)
{
        static const struct limit none = { 0 };
        const struct limit *l = r->limits[kind][severity];
        return l ? l : &none;
}

const char *rule_action(const struct rule *r, enum host_kind kind)
{
        if (r->action[kind])
                return r->action[kind];
        for (size_t k = 0; k < HOST_KIND_COUNT; k++)
                if (r->action[k])
                        return r->action[k];
        return NULL;
}

void rule_texts(struct rule *r, char **ret[RULE_TEXTS])
{
        char **const texts[] = { &r->name,          &r->file,    &r->dimension, &r->pattern,
                                 &r->workload_name, &r->summary, &r->explain,   &r->runbook };
        static_assert(ELEMENTS_OF(texts) + HOST_KIND_COUNT == RULE_TEXTS, "a text is missing");
        memcpy(ret, texts, sizeof(texts));
        for (size_t k = 0; k < HOST_KIND_COUNT; k++)
                ret[ELEMENTS_OF(texts) + k] = &r->action[k];
}

void rule_done(struct rule *r)
{
        char **texts[RULE_TEXTS];
        rule_texts(r, texts);
        for (size_t i = 0; i < RULE_TEXTS; i++)
                free(*texts[i]);
        free(r->own_limits);
        *r = (struct rule){ 0 };
}

const char *rule_suffix(const struct rule *r)
{
        return r->pattern ? r->dimension + strlen(r->pattern) : "";
}

unsigned rule_members(const struct rule *r)
{
        return r->pattern ? r->follow : 0;
}

/* "slab:dentry" is meant by that where "slab:dentry/MemTotal" is measured. */
static bool is_member(const struct rule *r, const char *dimension, const char *name)
{
        size_t length = strlen(name);
        return r->pattern && dimension && strncmp(name, dimension, length) == 0 &&
               strcmp(dimension + length, rule_suffix(r)) == 0;
}

bool rule_is_meant(const struct rule *r, const char *dimension, const char *name)
{
        return glob_match(name, r->name) || strcmp(name, r->dimension) == 0 ||
               (dimension && strcmp(name, dimension) == 0) || is_member(r, dimension, name) ||
               (r->pattern && strcmp(name, r->pattern) == 0) ||
               (r->field >= 0 && r->field < FIELD_KNOWN_COUNT &&
                strcmp(name, field_name((enum field)r->field)) == 0);
}
