/* SPDX-License-Identifier: MIT */
/* An INI file as a list of sections with their keys, each with its place. What the text means is
 * not known here (config/keys.h). */
#pragma once

#include <stddef.h>

struct problems;

struct ini_entry {
        char *key, *value; /* value: continued lines joined by one space; may be empty */
        char *file;
        unsigned line; /* where the key stands */
};

struct ini_section {
        char *name;
        char *file;
        unsigned line;
        struct ini_entry *entries;
        size_t count;
};

struct ini_document {
        struct ini_section *sections;
        size_t count;
};

void ini_document_done(struct ini_document *d);

/* Fresh at the end of the list, everything copied; NULL without memory. The pointer is good until
 * the next one is added. */
struct ini_section *ini_document_add(struct ini_document *d, const char *name, const char *file,
                                     unsigned line);
struct ini_entry *ini_section_add(struct ini_section *s, const char *key, const char *value,
                                  const char *file, unsigned line);

/* NULL when there is none. */
const struct ini_section *ini_section_find(const struct ini_document *d, const char *name);
const struct ini_entry *ini_entry_find(const struct ini_section *s, const char *key);

int ini_document_copy(const struct ini_document *d, struct ini_document *ret); /* 0 or -ENOMEM */

/* Puts the keys of a drop-in over those of base, each with its own place; a key without value takes
 * the key away. A section that base does not have is a problem. 0 or -ENOMEM; then base may have
 * taken some of the keys. */
int ini_document_override(struct ini_document *base, const struct ini_document *drop_in,
                          struct problems *problems);
