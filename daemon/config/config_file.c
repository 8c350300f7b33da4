/* SPDX-License-Identifier: MIT */
/* Loads kmemwatch.conf: the daemon's and the courier's sections in one file, told apart by their
 * key tables. */
#include "config/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "config/dirs.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/keys.h"
#include "config/problems.h"
#include "config/suggest.h"

static void unknown_section(const struct ini_section *s, const struct config_part *parts,
                            size_t count, struct problems *problems)
{
        char near[SUGGEST_TEXT_MAX];
        struct suggestion suggestion;

        suggestion_init(&suggestion, s->name);
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < parts[i].table->count; k++)
                        if (parts[i].table->keys[k].section)
                                suggestion_offer(&suggestion, parts[i].table->keys[k].section);
        problems_add(problems, s->file, s->line, "unknown section [%s]%s", s->name,
                     suggestion_text(&suggestion, near));
}

static int apply_section(const struct ini_section *s, const struct config_part *parts, size_t count,
                         struct problems *problems)
{
        for (size_t i = 0; i < count; i++)
                if (keys_know_section(parts[i].table, s->name))
                        return keys_apply(parts[i].table, s, parts[i].target, NULL, problems);
        unknown_section(s, parts, count, problems);
        return 0;
}

static int apply_file(const char *path, const struct config_part *parts, size_t count,
                      struct problems *problems)
{
        struct ini_document d = { 0 };
        int r = ini_document_read(path, problems, &d);

        if (r == -ENOENT || r == -ENOMEM)
                return r == -ENOMEM ? r : 0;
        if (r < 0)
                ini_problem_unreadable(path, r, problems);
        r = 0;
        for (size_t i = 0; i < d.count && r == 0; i++)
                r = apply_section(&d.sections[i], parts, count, problems);
        ini_document_done(&d);
        return r;
}

int config_file_load(const char *path, const struct config_part *parts, size_t count,
                     struct problems *problems)
{
        _cleanup_free_ char *folder = NULL;
        struct config_files drop_ins = { 0 };
        int r = 0;

        for (size_t i = 0; i < count && r == 0; i++)
                if (parts[i].target)
                        r = keys_set_defaults(parts[i].table, parts[i].target, NULL);
        if (r == 0)
                r = apply_file(path, parts, count, problems);
        if (r == 0 && asprintf(&folder, "%s.d", path) < 0) {
                folder = NULL;
                r = -ENOMEM;
        }
        if (r == 0)
                r = config_files_find((const char *const[]){ folder, NULL }, ".conf", problems,
                                      &drop_ins);
        for (size_t i = 0; i < drop_ins.count && r == 0; i++)
                if (drop_ins.list[i].path_count > 0)
                        r = apply_file(drop_ins.list[i].paths[0], parts, count, problems);
        config_files_done(&drop_ins);
        return r == -ENOMEM ? r : 0;
}
