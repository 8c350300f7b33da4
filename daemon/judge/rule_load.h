/* SPDX-License-Identifier: MIT */
/* From a section to a rule; what judge/rule_*.c share with each other. */
#pragma once

#include "config/keys.h"
#include "judge/rule.h"

struct extra_fields;
struct ini_section;
struct problems;

/* A rule as its section wrote it, before the keys are held against each other. The key table points
 * into this. */
struct rule_draft {
        struct rule rule;
        int detect; /* enum kind, -1: not given */
        struct limit general[SEVERITY_COUNT];
        struct limit own[HOST_KIND_COUNT][SEVERITY_COUNT];
        char *action, *own_action[HOST_KIND_COUNT];
};

extern const struct key_table RULE_KEYS;

/* "warning", or "warning-vm" for kind HOST_VM; -1 is no kind. */
const char *rule_limit_key(enum severity severity, int kind);

/* Parsers of the key table; context is a const struct extra_fields. */
int rule_parse_dimension(const struct key *key, const char *value, void *target, void *context,
                         char error[KEY_ERROR_MAX]);
int rule_parse_expression(const struct key *key, const char *value, void *target, void *context,
                          char error[KEY_ERROR_MAX]);
int rule_parse_limit(const struct key *key, const char *value, void *target, void *context,
                     char error[KEY_ERROR_MAX]);
int rule_parse_conditions(const struct key *key, const char *value, void *target, void *context,
                          char error[KEY_ERROR_MAX]);
int rule_parse_when(const struct key *key, const char *value, void *target, void *context,
                    char error[KEY_ERROR_MAX]);
int rule_parse_quiet(const struct key *key, const char *value, void *target, void *context,
                     char error[KEY_ERROR_MAX]);
int rule_parse_runbook(const struct key *key, const char *value, void *target, void *context,
                       char error[KEY_ERROR_MAX]);

enum {
        RULE_SPEC_MAX = 511,      /* bytes of a key that is not text for a person */
        RULE_DIMENSION_MAX = 127, /* two names: with the rule's name it still fits a dedup_key */
};

/* The field's index, or -1 with the reason in error. */
int rule_field_find(const char *name, const struct extra_fields *extra, char error[KEY_ERROR_MAX]);
const char *rule_field_name(int field, const struct extra_fields *extra);

/* Splits at the word "and", in place; the parts are trimmed. Their number, or -EINVAL with error
 * when there are more than max or one is empty. */
int rule_split_and(char *text, char **parts, int max, char error[KEY_ERROR_MAX]);

/* Exponent of bytes in an expression: 1 memory, 0 a count; or -EINVAL with error when its addends
 * do not go together. */
int rule_expression_unit(const struct expression *e, char error[KEY_ERROR_MAX]);

/* "8 sigma", "64 MiB/h": as messages show it. Returns buffer. */
enum { RULE_TERM_TEXT_MAX = 64 };
const char *rule_term_text(const struct limit_term *term, char buffer[RULE_TERM_TEXT_MAX]);

/* Reads a section into *ret, adding everything that is wrong to problems; *ret is only a rule when
 * nothing was. 0 or -ENOMEM. */
int rule_load(const struct ini_section *section, const struct extra_fields *extra,
              struct problems *problems, struct rule *ret);
