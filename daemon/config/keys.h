/* SPDX-License-Identifier: MIT */
/* Key tables: who uses keys exports a const table of them; the parser, the manual page and the
 * example file all come from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/units.h"

struct ini_section;
struct problems;
struct key;

enum key_type {
        KEY_TEXT,     /* char *, in fresh memory, NULL when not given; max: bytes */
        KEY_BYTES,    /* double */
        KEY_PERCENT,  /* double, a share */
        KEY_DURATION, /* double, seconds */
        KEY_NUMBER,   /* double */
        KEY_COUNT,    /* unsigned */
        KEY_BOOLEAN,  /* bool */
        KEY_CHOICE,   /* int, the index in `choices` */
        KEY_CUSTOM,   /* `parse` knows */
        KEY_TYPE_COUNT,
};

enum { KEY_ERROR_MAX = 320, KEY_TEXT_MAX = 4096 };

/* value: trimmed, not empty. target: the struct, the key's own place in it is at key->offset.
 * context: as given to keys_apply. 0, -EINVAL with what is wrong in error (without the key's name,
 * which the caller puts before it), -ENOMEM. target is untouched on failure. */
typedef int (*key_parser)(const struct key *key, const char *value, void *target, void *context,
                          char error[KEY_ERROR_MAX]);

/* For KEY_CUSTOM: a word of LOG_PRIORITY_WORDS as int, the syslog priority. */
int key_parse_log_level(const struct key *key, const char *value, void *target, void *context,
                        char error[KEY_ERROR_MAX]);

struct key {
        const char *section; /* NULL: any section of the file has it */
        const char *name;
        enum key_type type;
        size_t offset;
        const char *initial;        /* the default, as text; NULL: 0, false, no text */
        double min, max;            /* the range when max > min; for KEY_TEXT max bytes */
        const char *const *choices; /* KEY_CHOICE: NULL-terminated */
        key_parser parse;           /* KEY_CUSTOM */
        bool required;
        bool active;             /* not commented out in the example file, as required keys are */
        bool hidden;             /* of the previous key: printed with it under one help text */
        const char *placeholder; /* "DURATION"; NULL: from the type */
        const char *example;     /* a value for the example file; NULL: the default */
        const char *help;        /* whole sentences, plain text; two newlines begin a paragraph */
};

struct key_table {
        const struct key *keys;
        size_t count;
        const char *example_section; /* for keys without a section of their own */
};

/* Sets every key that has a default. The table's own error is an assert. 0 or -ENOMEM. target is
 * zeroed by the caller. */
int keys_set_defaults(const struct key_table *t, void *target, void *context);

/* Applies a section. Every problem is added with its place: unknown keys, values that do not parse
 * or are out of range, required keys that are missing. A key with a problem keeps its value.
 * target NULL: only the names are checked. 0 or -ENOMEM. */
int keys_apply(const struct key_table *t, const struct ini_section *section, void *target,
               void *context, struct problems *problems);

/* Frees the texts (KEY_TEXT only). */
void keys_done(const struct key_table *t, void *target);

/* True when the table has keys for a section of this name. */
bool keys_know_section(const struct key_table *t, const char *section);

/* A range's end in the type's own words: "200 ms". Returns buffer. */
const char *key_format_value(enum key_type type, double value, char buffer[FORMAT_MAX]);

/* The keys as a list in roff (man macros), in the table's order. section NULL: all. */
void keys_print_man(const struct key_table *t, const char *section, FILE *out);

/* A commented example file: every key with its help, commented out as in systemd's own files;
 * required and active keys stand as they are. */
void keys_print_example(const struct key_table *t, FILE *out);
