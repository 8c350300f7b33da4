/* SPDX-License-Identifier: MIT */
/* Holds the keys of a section against each other: which limits the detector and the denominator
 * allow, whether severities rise, whether anything can ever be said. */
#include "judge/rule_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "config/document.h"
#include "config/problems.h"
#include "judge/rule_file.h"
#include "sample/member.h"

struct loader {
        const struct ini_section *section;
        const struct extra_fields *extra;
        struct problems *problems;
        struct rule_draft *draft;
};

/* Adds a problem at the key's line, or at the section's when the key is a default. */
#define problem_at(l, key, ...)                                                   \
        do {                                                                      \
                const struct ini_entry *at_ = ini_entry_find((l)->section, key);  \
                problems_add((l)->problems, at_ ? at_->file : (l)->section->file, \
                             at_ ? at_->line : (l)->section->line, __VA_ARGS__);  \
        } while (0)

static const char *const LIMIT_KEYS[HOST_KIND_COUNT + 1][SEVERITY_COUNT] = {
        [HOST_PHYSICAL] = { NULL, "notice-physical", "warning-physical", "critical-physical" },
        [HOST_VM] = { NULL, "notice-vm", "warning-vm", "critical-vm" },
        [HOST_CONTAINER] = { NULL, "notice-container", "warning-container", "critical-container" },
        [HOST_KIND_COUNT] = { NULL, "notice", "warning", "critical" },
};

const char *rule_limit_key(enum severity severity, int kind)
{
        return LIMIT_KEYS[kind < 0 ? HOST_KIND_COUNT : kind][severity];
}

static bool is_memory(const struct rule *r)
{
        return field_unit((size_t)r->field) == FIELD_BYTES;
}

static const char *dimension_word(const struct loader *l)
{
        const struct rule *r = &l->draft->rule;
        return r->pattern ? r->pattern : rule_field_name(r->field, l->extra);
}

/* --- less and per --- */

static void check_expressions(struct loader *l)
{
        struct rule *r = &l->draft->rule;
        char error[KEY_ERROR_MAX];

        if (r->less.count > 0 && rule_expression_unit(&r->less, error) != (is_memory(r) ? 1 : 0))
                problem_at(l, "less",
                           is_memory(r) ? "less: it must be memory, as %s is (a size needs a "
                                          "unit: 4096B, 64M)"
                                        : "less: it must be a count, as %s is",
                           dimension_word(l));
        for (unsigned i = 0; i < r->per.count; i++)
                if (r->per.parts[i].field < 0) {
                        problem_at(l, "per", "per: only fields and counts can divide");
                        return;
                }
        if (r->per.count > 0 && rule_expression_unit(&r->per, error) == 1 && !is_memory(r))
                problem_at(l, "per", "per: a count over memory has no meaning");
        if (r->per.count > 0 && l->draft->detect == KIND_GROWTH)
                problem_at(l, "per",
                           "per: growth is measured on the dimension itself, leave it out");
}

static void check_workload(struct loader *l)
{
        const struct rule *r = &l->draft->rule;
        char error[KEY_ERROR_MAX];
        bool sized = false;
        for (unsigned i = 0; i < r->workload.count; i++)
                sized |= r->workload.parts[i].field < 0;
        if (r->workload.count == 0)
                return;
        if (l->draft->detect != KIND_SPIKE && l->draft->detect != KIND_GROWTH)
                problem_at(l, "workload", "workload: only for spike and growth");
        else if (sized && (rule_expression_unit(&r->workload, error) == 1) != is_memory(r))
                problem_at(l, "workload", "workload: a sum with sizes must be memory, as %s is",
                           dimension_word(l));
}

/* "threads", "AnonPages+Mapped" */
static int make_workload_name(struct loader *l)
{
        struct rule *r = &l->draft->rule;
        char buffer[RULE_DIMENSION_MAX + 1];
        struct text t;

        if (r->workload.count == 0)
                return 0;
        text_init(&t, buffer, sizeof(buffer));
        for (unsigned i = 0; i < r->workload.count; i++)
                if (r->workload.parts[i].field >= 0)
                        text_add(&t, "%s%s", t.length == 0 ? "" : "+",
                                 rule_field_name(r->workload.parts[i].field, l->extra));
        if (t.length == 0)
                problem_at(l, "workload", "workload: names no field");
        r->workload_name = strdup(buffer);
        return r->workload_name ? 0 : -ENOMEM;
}

/* "KernelStack/threads" */
static int make_dimension(struct loader *l)
{
        struct rule *r = &l->draft->rule;
        char buffer[MEMBER_NAME_MAX + RULE_DIMENSION_MAX + 1]; /* a pattern may be long */
        struct text t;

        text_init(&t, buffer, r->pattern ? sizeof(buffer) : RULE_DIMENSION_MAX + 1);
        text_add(&t, "%s", dimension_word(l));
        for (unsigned i = 0; i < r->per.count && r->per.parts[i].field >= 0; i++)
                text_add(&t, "%s%s",
                         i == 0                  ? "/"
                         : r->per.parts[i].times ? "*"
                                                 : "+",
                         rule_field_name(r->per.parts[i].field, l->extra));
        size_t members = r->pattern ? FIELD_NAME_MAX + t.length - strlen(r->pattern) : 0;
        if (t.cut || members > RULE_DIMENSION_MAX)
                problem_at(l, "per", "per: dimension and per together are longer than %d bytes",
                           RULE_DIMENSION_MAX);
        r->dimension = strdup(buffer);
        return r->dimension ? 0 : -ENOMEM;
}

/* --- limits --- */

#define UNIT(unit) (1U << LIMIT_##unit)

/* What may stand in a limit, and how to say it. */
struct allowance {
        unsigned units;
        const char *forms;
};

static struct allowance allowed(const struct rule_draft *d)
{
        const struct rule *r = &d->rule;
        char error[KEY_ERROR_MAX];
        bool per_memory = r->per.count > 0 && rule_expression_unit(&r->per, error) == 1;
        bool per_threads = r->per.count == 1 && r->per.parts[0].field == FIELD_THREADS;

        switch ((enum kind)d->detect) {
        case KIND_SPIKE:
        case KIND_DROP:
                if (r->per.count > 0)
                        return (struct allowance){ UNIT(SIGMA) | UNIT(LEVEL),
                                                   "8 sigma or 50% of level" };
                if (!is_memory(r))
                        return (struct allowance){ UNIT(BYTES) | UNIT(SIGMA) | UNIT(LEVEL),
                                                   "1000, 8 sigma or 50% of level" };
                return (struct allowance){ UNIT(BYTES) | UNIT(SHARE) | UNIT(SIGMA) | UNIT(LEVEL),
                                           "64M, 0.5%, 8 sigma or 50% of level" };
        case KIND_GROWTH:
                if (!is_memory(r))
                        return (struct allowance){ UNIT(BYTES) | UNIT(BYTES_RATE),
                                                   "1000 or 1000/h" };
                return (struct allowance){ UNIT(BYTES) | UNIT(SHARE) | UNIT(BYTES_RATE) |
                                                   UNIT(SHARE_RATE) | UNIT(EXHAUSTS),
                                           "64M, 0.5%, 64M/h, 0.5%/h or exhausts in 12h" };
        default:
                if (per_memory)
                        return (struct allowance){ UNIT(SHARE) | UNIT(BASELINE),
                                                   "5% or 3x baseline" };
                if (!is_memory(r))
                        return (struct allowance){ UNIT(BYTES) | UNIT(BASELINE),
                                                   "1000 or 3x baseline" };
                if (per_threads)
                        return (struct allowance){ UNIT(BYTES) | UNIT(STACKS) | UNIT(BASELINE),
                                                   "20K, 1.05 stack or 3x baseline" };
                if (r->per.count > 0)
                        return (struct allowance){ UNIT(BYTES) | UNIT(BASELINE),
                                                   "20M or 3x baseline" };
                return (struct allowance){ UNIT(BYTES) | UNIT(SHARE) | UNIT(BASELINE),
                                           "64M, 5% or 3x baseline" };
        }
}

static void check_units(struct loader *l, const struct limit *limit, const char *key)
{
        struct allowance a = allowed(l->draft);
        char text[RULE_TERM_TEXT_MAX];

        /* A `per` that did not parse has been told already. */
        if (l->draft->rule.per.count == 0 && ini_entry_find(l->section, "per"))
                return;
        for (unsigned i = 0; i < limit->count; i++) {
                const struct limit_term *t = &limit->terms[i];

                if (!(a.units & (1U << t->unit)))
                        problem_at(l, key, "%s: \"%s\" is no limit for %s%s%s (write %s)", key,
                                   rule_term_text(t, text), kind_name((enum kind)l->draft->detect),
                                   l->draft->rule.per.count > 0 ? " of " : "",
                                   l->draft->rule.per.count > 0 ? l->draft->rule.dimension : "",
                                   a.forms);
                else if (t->unit == LIMIT_LEVEL && l->draft->detect == KIND_DROP && t->value > 1)
                        problem_at(l, key, "%s: nothing can drop by more than 100%% of level", key);
        }
}

/* The key whose limit holds for this kind of machine, with its limit; NULL when there is none. */
static const char *effective(const struct rule_draft *d, enum host_kind kind, enum severity s,
                             const struct limit **ret)
{
        *ret = d->own[kind][s].count > 0 ? &d->own[kind][s] : &d->general[s];
        if ((*ret)->count == 0)
                return NULL;
        return rule_limit_key(s, d->own[kind][s].count > 0 ? (int)kind : -1);
}

/* Terms of the same unit must not fall: a warning that is reached before the notice is a mistake.
 */
static void check_rise(struct loader *l, const char *low_key, const struct limit *low,
                       const char *high_key, const struct limit *high)
{
        const struct ini_entry *e = ini_entry_find(l->section, low_key);
        /* A drop-in is told of its own line, not of the shipped one it does not go with. */
        const char *at = e && strcmp(e->file, l->section->file) != 0 ? low_key : high_key;
        char low_text[RULE_TERM_TEXT_MAX], high_text[RULE_TERM_TEXT_MAX];

        for (unsigned i = 0; i < low->count; i++)
                for (unsigned k = 0; k < high->count; k++) {
                        const struct limit_term *a = &low->terms[i], *b = &high->terms[k];
                        bool falls = a->unit == LIMIT_EXHAUSTS ? b->value > a->value
                                                               : b->value < a->value;

                        if (a->unit == b->unit && falls)
                                problem_at(l, at, "%s (%s) would be reached before %s (%s)",
                                           high_key, rule_term_text(b, high_text), low_key,
                                           rule_term_text(a, low_text));
                }
}

static void check_severities(struct loader *l, enum host_kind kind)
{
        const struct rule_draft *d = l->draft;

        for (enum severity low = SEVERITY_NOTICE; low < SEVERITY_CRITICAL; low++)
                for (enum severity high = low + 1; high < SEVERITY_COUNT; high++) {
                        const struct limit *low_limit, *high_limit, *other;
                        const char *low_key = effective(d, kind, low, &low_limit);
                        const char *high_key = effective(d, kind, high, &high_limit);
                        bool told = false;

                        if (!low_key || !high_key)
                                continue;
                        /* Two kinds of machine that share both limits share the mistake. */
                        for (int k = 0; k < (int)kind && !told; k++)
                                told = effective(d, (enum host_kind)k, low, &other) == low_key &&
                                       effective(d, (enum host_kind)k, high, &other) == high_key;
                        if (!told)
                                check_rise(l, low_key, low_limit, high_key, high_limit);
                }
}

static void check_limits(struct loader *l)
{
        struct rule_draft *d = l->draft;
        bool any = false;

        for (enum severity s = SEVERITY_NOTICE; s < SEVERITY_COUNT; s++) {
                check_units(l, &d->general[s], rule_limit_key(s, -1));
                for (int k = 0; k < HOST_KIND_COUNT; k++) {
                        const struct limit *limit;

                        check_units(l, &d->own[k][s], rule_limit_key(s, k));
                        if (effective(d, (enum host_kind)k, s, &limit))
                                any = any || (d->rule.when & (1U << k));
                }
        }
        for (int k = 0; k < HOST_KIND_COUNT; k++)
                if (d->rule.when & (1U << k))
                        check_severities(l, (enum host_kind)k);
        /* A limit that did not parse has been told already. */
        for (enum severity s = SEVERITY_NOTICE; s < SEVERITY_COUNT && !any; s++)
                for (int k = -1; k < HOST_KIND_COUNT && !any; k++)
                        any = ini_entry_find(l->section, rule_limit_key(s, k)) &&
                              (k < 0 || d->rule.when & (1U << k));
        if (!any)
                problems_add(l->problems, l->section->file, l->section->line,
                             "[%s] has no limit: give it notice, warning or critical",
                             l->section->name);
}

/* --- the whole --- */

static void check_times(struct loader *l)
{
        const struct rule *r = &l->draft->rule;
        bool jump = l->draft->detect == KIND_SPIKE || l->draft->detect == KIND_DROP;

        if (!jump && ini_entry_find(l->section, "adopt"))
                problem_at(l, "adopt", "adopt: only for spike and drop");
        else if (jump && r->adopt_seconds <= r->for_seconds)
                problem_at(l, ini_entry_find(l->section, "adopt") ? "adopt" : "for",
                           "adopt must be longer than for: the new level would be taken as normal "
                           "before anything is said");
}

static void check_follow(struct loader *l)
{
        struct rule *r = &l->draft->rule;

        if (r->pattern && member_is_pattern(r->pattern))
                return;
        if (ini_entry_find(l->section, "follow"))
                problem_at(l, "follow", "follow: only where the dimension is a pattern, as slab:*");
        r->follow = 1;
}

static void check_name(struct loader *l)
{
        const char *name = l->section->name;
        size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

        if (name[good] || name[0] == '-')
                problems_add(l->problems, l->section->file, l->section->line,
                             "[%s]: a rule's name has a-z, 0-9 and -, and begins with one of the "
                             "first two",
                             name);
        else if (strlen(name) > RULE_NAME_MAX)
                problems_add(l->problems, l->section->file, l->section->line,
                             "[%s]: a rule's name has at most %d bytes", name, RULE_NAME_MAX);
}

/* `action`, then what is added for that kind of machine. */
static int make_actions(struct rule_draft *d)
{
        for (int k = 0; k < HOST_KIND_COUNT; k++) {
                const char *own = d->own_action[k];

                if (asprintf(&d->rule.action[k], "%s%s%s", d->action ? d->action : "",
                             own ? " " : "", own ? own : "") < 0) {
                        d->rule.action[k] = NULL;
                        return -ENOMEM;
                }
        }
        return 0;
}

/* Member by member onto zeros: equal limits are then equal byte for byte, see rule_set_pack. */
static void copy_limit(const struct limit *from, struct limit *to)
{
        to->count = from->count;
        for (unsigned i = 0; i < from->count; i++) {
                to->terms[i].unit = from->terms[i].unit;
                to->terms[i].value = from->terms[i].value;
        }
}

/* The draft's limits, where they stay. */
static int make_limits(struct rule_draft *d)
{
        struct limit *next = calloc((size_t)HOST_KIND_COUNT * SEVERITY_COUNT, sizeof(*next));

        if (!next)
                return -ENOMEM;
        d->rule.own_limits = next;
        for (int k = 0; k < HOST_KIND_COUNT; k++)
                for (enum severity s = SEVERITY_NOTICE; s < SEVERITY_COUNT; s++) {
                        const struct limit *limit;

                        if (!effective(d, (enum host_kind)k, s, &limit))
                                continue;
                        copy_limit(limit, next);
                        d->rule.limits[k][s] = next++;
                }
        return 0;
}

static int finish(struct loader *l)
{
        struct rule *r = &l->draft->rule;

        r->name = strdup(l->section->name);
        r->file = strdup(l->section->file);
        r->line = l->section->line;
        if (!r->name || !r->file || make_actions(l->draft) < 0 || make_limits(l->draft) < 0)
                return -ENOMEM;
        check_name(l);
        /* Without these two nothing can be said about the others. */
        if (r->field < 0 || l->draft->detect < 0)
                return 0;
        r->kind = (enum kind)l->draft->detect;
        if (make_dimension(l) < 0 || make_workload_name(l) < 0)
                return -ENOMEM;
        check_expressions(l);
        check_workload(l);
        check_limits(l);
        check_times(l);
        check_follow(l);
        return 0;
}

int rule_load(const struct ini_section *section, const struct extra_fields *extra,
              struct problems *problems, struct rule *ret)
{
        struct rule_draft draft = { .detect = -1, .rule.field = -1 };
        struct loader l = { section, extra, problems, &draft };
        int r = keys_set_defaults(&RULE_KEYS, &draft, (void *)extra);

        if (r == 0)
                r = keys_apply(&RULE_KEYS, section, &draft, (void *)extra, problems);
        if (r == 0)
                r = finish(&l);
        free(draft.action);
        for (int k = 0; k < HOST_KIND_COUNT; k++)
                free(draft.own_action[k]);
        if (r < 0) {
                rule_done(&draft.rule);
                return r;
        }
        *ret = draft.rule;
        return 0;
}
