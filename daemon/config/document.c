/* SPDX-License-Identifier: MIT */
/* Holds, copies and overlays what was read from INI files. */
#include "config/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/problems.h"

static void entry_done(struct ini_entry *e)
{
        free(e->key);
        free(e->value);
        free(e->file);
}

void ini_document_done(struct ini_document *d)
{
        for (size_t i = 0; i < d->count; i++) {
                struct ini_section *s = &d->sections[i];

                for (size_t k = 0; k < s->count; k++)
                        entry_done(&s->entries[k]);
                free(s->entries);
                free(s->name);
                free(s->file);
        }
        free(d->sections);
        *d = (struct ini_document){ 0 };
}

const struct ini_section *ini_section_find(const struct ini_document *d, const char *name)
{
        for (size_t i = 0; i < d->count; i++)
                if (strcmp(d->sections[i].name, name) == 0)
                        return &d->sections[i];
        return NULL;
}

const struct ini_entry *ini_entry_find(const struct ini_section *s, const char *key)
{
        for (size_t i = 0; i < s->count; i++)
                if (strcmp(s->entries[i].key, key) == 0)
                        return &s->entries[i];
        return NULL;
}

struct ini_section *ini_document_add(struct ini_document *d, const char *name, const char *file,
                                     unsigned line)
{
        struct ini_section *grown, *s;

        grown = reallocarray(d->sections, d->count + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        d->sections = grown;
        s = &grown[d->count];
        *s = (struct ini_section){ .name = strdup(name), .file = strdup(file), .line = line };
        if (!s->name || !s->file) {
                free(s->name);
                free(s->file);
                return NULL;
        }
        d->count++;
        return s;
}

struct ini_entry *ini_section_add(struct ini_section *s, const char *key, const char *value,
                                  const char *file, unsigned line)
{
        struct ini_entry *grown, *e;

        grown = reallocarray(s->entries, s->count + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        s->entries = grown;
        e = &grown[s->count];
        *e = (struct ini_entry){
                .key = strdup(key), .value = strdup(value), .file = strdup(file), .line = line
        };
        if (!e->key || !e->value || !e->file) {
                entry_done(e);
                return NULL;
        }
        s->count++;
        return e;
}

static void section_remove(struct ini_section *s, const char *key)
{
        for (size_t i = 0; i < s->count; i++)
                if (strcmp(s->entries[i].key, key) == 0) {
                        entry_done(&s->entries[i]);
                        memmove(&s->entries[i], &s->entries[i + 1],
                                (s->count - i - 1) * sizeof(s->entries[0]));
                        s->count--;
                        return;
                }
}

static int section_copy_into(struct ini_document *d, const struct ini_section *from)
{
        struct ini_section *s = ini_document_add(d, from->name, from->file, from->line);

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < from->count; i++) {
                const struct ini_entry *e = &from->entries[i];

                if (!ini_section_add(s, e->key, e->value, e->file, e->line))
                        return -ENOMEM;
        }
        return 0;
}

int ini_document_copy(const struct ini_document *d, struct ini_document *ret)
{
        struct ini_document copy = { 0 };

        for (size_t i = 0; i < d->count; i++)
                if (section_copy_into(&copy, &d->sections[i]) < 0) {
                        ini_document_done(&copy);
                        return -ENOMEM;
                }
        *ret = copy;
        return 0;
}

int ini_document_override(struct ini_document *base, const struct ini_document *drop_in,
                          struct problems *problems)
{
        for (size_t i = 0; i < drop_in->count; i++) {
                const struct ini_section *from = &drop_in->sections[i];
                struct ini_section *to = NULL;

                for (size_t k = 0; k < base->count && !to; k++)
                        if (strcmp(base->sections[k].name, from->name) == 0)
                                to = &base->sections[k];
                if (!to) {
                        problems_add(problems, from->file, from->line,
                                     "there is no [%s] that this could override", from->name);
                        continue;
                }
                for (size_t k = 0; k < from->count; k++) {
                        const struct ini_entry *e = &from->entries[k];

                        section_remove(to, e->key);
                        if (*e->value && !ini_section_add(to, e->key, e->value, e->file, e->line))
                                return -ENOMEM;
                }
        }
        return 0;
}
