/* SPDX-License-Identifier: MIT */
/* From folders of rule files to one set of rules. A file counts whole or not at all; a drop-in
 * likewise; what is left out is said, and what is used instead. */
#include "judge/rule_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/places.h"
#include "base/text.h"
#include "config/dirs.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/problems.h"
#include "judge/rule_load.h"

static int set_append(struct rule_set *set, struct rule *rule)
{
        struct rule *grown = reallocarray(set->rules, set->count + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        set->rules = grown;
        grown[set->count++] = *rule;
        *rule = (struct rule){ 0 };
        return 0;
}

static void add_members(const struct rule_set *set, unsigned *rules, unsigned *members)
{
        for (size_t i = 0; i < set->count; i++) {
                *rules += rule_members(&set->rules[i]) > 0;
                *members += rule_members(&set->rules[i]);
        }
}

/* The last rule of `set` is told what is too much. */
static void check_members(const struct ini_section *s, const struct rule_set *others,
                          const struct rule_set *set, struct problems *problems)
{
        unsigned rules = 0, members = 0;

        if (rule_members(&set->rules[set->count - 1]) == 0)
                return;
        add_members(others, &rules, &members);
        add_members(set, &rules, &members);
        if (rules > MEMBER_RULES_MAX)
                problems_add(problems, s->file, s->line,
                             "[%s]: more than %d rules measure slab caches and cgroups", s->name,
                             MEMBER_RULES_MAX);
        else if (members > FOLLOW_ALL_MAX)
                problems_add(problems, s->file, s->line,
                             "[%s]: all rules together would follow %u members, at most %d are: "
                             "give it a smaller follow",
                             s->name, members, FOLLOW_ALL_MAX);
}

/* All rules of a document, held against those of other files. */
static int load_document(const struct ini_document *d, const struct extra_fields *extra,
                         const struct rule_set *others, struct problems *problems,
                         struct rule_set *ret)
{
        struct rule_set set = { 0 };
        int r = 0;

        for (size_t i = 0; i < d->count && r == 0; i++) {
                const struct ini_section *s = &d->sections[i];
                const struct rule *twin = rule_set_find(others, s->name);
                struct rule rule = { 0 };

                if (twin)
                        problems_add(problems, s->file, s->line, "[%s] is already in %s:%u",
                                     s->name, twin->file, twin->line);
                if (others->count + set.count >= RULES_MAX) {
                        problems_add(problems, s->file, s->line, "more than %d rules in all",
                                     RULES_MAX);
                        break;
                }
                r = rule_load(s, extra, problems, &rule);
                if (r == 0)
                        r = set_append(&set, &rule);
                if (r == 0)
                        check_members(s, others, &set, problems);
                rule_done(&rule);
        }
        if (r < 0) {
                rule_set_done(&set);
                return r;
        }
        *ret = set;
        return 0;
}

int rule_file_parse(const char *file, const char *data, size_t size,
                    const struct extra_fields *extra, struct problems *problems,
                    struct rule_set *ret)
{
        const struct rule_set none = { 0 };
        struct ini_document d = { 0 };
        int r = ini_document_parse(file, data, size, problems, &d);

        if (r == 0)
                r = load_document(&d, extra, &none, problems, ret);
        ini_document_done(&d);
        return r;
}

struct loading {
        const struct extra_fields *extra;
        struct problems *problems;
        struct rule_set set;
};

/* Puts one drop-in over the document that is good so far; when anything is wrong with the outcome
 * the drop-in alone is left out. */
static int try_drop_in(struct loading *l, const char *path, struct ini_document *document,
                       struct rule_set *rules)
{
        struct ini_document drop_in = { 0 }, merged = { 0 };
        struct problems found = { 0 };
        struct rule_set set = { 0 };
        int r = ini_document_read(path, &found, &drop_in);

        if (r < 0 && r != -ENOMEM) {
                ini_problem_unreadable(path, r, &found);
                r = 0;
        }
        if (r == 0)
                r = ini_document_copy(document, &merged);
        if (r == 0)
                r = ini_document_override(&merged, &drop_in, &found);
        if (r == 0)
                r = load_document(&merged, l->extra, &l->set, &found, &set);
        if (r == 0 && problems_any(&found)) {
                problems_add(&found, path, 0, "this drop-in is left out");
                problems_move(l->problems, &found);
        } else if (r == 0) {
                /* What is good changes hands; the old ones are released below. */
                struct ini_document old = *document;
                struct rule_set old_rules = *rules;

                *document = merged;
                *rules = set;
                merged = old;
                set = old_rules;
        }
        rule_set_done(&set);
        ini_document_done(&merged);
        ini_document_done(&drop_in);
        problems_done(&found);
        return r;
}

/* One version of a file with its drop-ins. 1: its rules are in the set; 0: left out. */
static int try_file(struct loading *l, const struct config_file_source *source, const char *path)
{
        struct ini_document document = { 0 };
        struct problems found = { 0 };
        struct rule_set rules = { 0 };
        int r = ini_document_read(path, &found, &document);
        bool good;

        if (r < 0 && r != -ENOMEM) {
                ini_problem_unreadable(path, r, &found);
                r = 0;
        }
        if (r == 0)
                r = load_document(&document, l->extra, &l->set, &found, &rules);
        good = r == 0 && !problems_any(&found);
        problems_move(l->problems, &found);
        for (size_t i = 0; i < source->drop_in_count && good && r == 0; i++)
                r = try_drop_in(l, source->drop_ins[i], &document, &rules);
        for (size_t i = 0; i < rules.count && good && r == 0; i++)
                r = set_append(&l->set, &rules.rules[i]);
        rule_set_done(&rules);
        ini_document_done(&document);
        return r < 0 ? r : good;
}

static int load_source(struct loading *l, const struct config_file_source *source)
{
        for (size_t i = 0; i < source->path_count; i++) {
                int r = try_file(l, source, source->paths[i]);

                if (r < 0)
                        return r;
                for (size_t k = 0; k < i && r > 0; k++)
                        problems_add(l->problems, source->paths[k], 0,
                                     "this file is left out, %s is used instead", source->paths[i]);
                if (r > 0)
                        return 0;
        }
        for (size_t i = 0; i < source->path_count; i++)
                problems_add(l->problems, source->paths[i], 0, "this file is left out");
        return 0;
}

int rule_set_load(const char *const *folders, const struct extra_fields *extra,
                  struct problems *problems, struct rule_set *ret)
{
        struct loading l = { .extra = extra, .problems = problems };
        struct config_files files = { 0 };
        int found = config_files_find(folders, ".ini", problems, &files);
        int r = found == -ENOMEM ? found : 0;

        for (size_t i = 0; i < files.count && r == 0; i++)
                r = load_source(&l, &files.list[i]);
        config_files_done(&files);
        if (r < 0) {
                rule_set_done(&l.set);
                return r;
        }
        *ret = l.set;
        return found;
}

int rule_set_move_runbooks(struct rule_set *set, const char *url)
{
        const char *installed = places_runbooks();
        for (size_t i = 0; i < set->count; i++) {
                struct rule *rule = &set->rules[i];
                char *moved;
                if (!rule->runbook || !has_prefix(rule->runbook, installed))
                        continue;
                if (asprintf(&moved, "%s%s", url, rule->runbook + strlen(installed)) < 0)
                        return -ENOMEM;
                free(rule->runbook);
                rule->runbook = moved;
        }
        return 0;
}
