/* SPDX-License-Identifier: MIT */
/* Applies sections to structs by key tables, in one pass with all that is wrong. */
#include "config/keys.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "config/document.h"
#include "config/problems.h"
#include "config/suggest.h"

/* A value is repeated in messages so far that one sees which it is. */
enum { SHOWN_MAX = 40 };

static const char *const WANTED[KEY_TYPE_COUNT] = {
        [KEY_BYTES] = "a size (write 4096, 64K, 1.5M or 2G)",
        [KEY_PERCENT] = "a percentage (write 0.5% or 80%)",
        [KEY_DURATION] = "a duration (write 90s, 10min, 1h 30min or 2d)",
        [KEY_NUMBER] = "a number (write 8 or 2.5)",
        [KEY_COUNT] = "a whole number",
        [KEY_BOOLEAN] = "yes or no",
};

static void *place_of(const struct key *key, void *target)
{
        return (char *)target + key->offset;
}

static const char *format_number(double value, char buffer[FORMAT_MAX])
{
        snprintf(buffer, FORMAT_MAX, "%.6g", value);
        return buffer;
}

const char *key_format_value(enum key_type type, double value, char buffer[FORMAT_MAX])
{
        switch (type) {
        case KEY_BYTES:
                return format_bytes(value, buffer);
        case KEY_PERCENT:
                return format_percent(value, buffer);
        case KEY_DURATION:
                return format_duration(value, buffer);
        default:
                return format_number(value, buffer);
        }
}

static int refuse(const struct key *key, const char *value, char error[KEY_ERROR_MAX])
{
        snprintf(error, KEY_ERROR_MAX, "\"%.*s%s\" is not %s", (int)utf8_cut(value, SHOWN_MAX),
                 value, strlen(value) > SHOWN_MAX ? "..." : "", WANTED[key->type]);
        return -EINVAL;
}

static int parse_double(const struct key *key, const char *value, double *ret,
                        char error[KEY_ERROR_MAX])
{
        int (*parse)(const char *, double *) = key->type == KEY_BYTES      ? parse_bytes
                                               : key->type == KEY_PERCENT  ? parse_percent
                                               : key->type == KEY_DURATION ? parse_duration
                                                                           : parse_number;
        char low[FORMAT_MAX], high[FORMAT_MAX];
        double number;

        if (parse(value, &number) < 0)
                return refuse(key, value, error);
        if (key->max > key->min && (number < key->min || number > key->max)) {
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not between %s and %s",
                         (int)utf8_cut(value, SHOWN_MAX), value,
                         key_format_value(key->type, key->min, low),
                         key_format_value(key->type, key->max, high));
                return -EINVAL;
        }
        *ret = number;
        return 0;
}

static int parse_count(const struct key *key, const char *value, unsigned *ret,
                       char error[KEY_ERROR_MAX])
{
        bool ranged = key->max > key->min;
        uint64_t number;

        if (parse_u64(value, &number) == -EINVAL)
                return refuse(key, value, error);
        if (parse_u64(value, &number) < 0 || number > UINT_MAX ||
            (ranged && ((double)number < key->min || (double)number > key->max))) {
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not between %.0f and %.0f",
                         (int)utf8_cut(value, SHOWN_MAX), value, ranged ? key->min : 0.0,
                         ranged ? key->max : (double)UINT_MAX);
                return -EINVAL;
        }
        *ret = (unsigned)number;
        return 0;
}

static int parse_choice(const struct key *key, const char *value, int *ret,
                        char error[KEY_ERROR_MAX])
{
        char near[SUGGEST_TEXT_MAX];
        struct suggestion s;
        struct text t;

        suggestion_init(&s, value);
        for (int i = 0; key->choices[i]; i++) {
                if (strcmp(key->choices[i], value) == 0) {
                        *ret = i;
                        return 0;
                }
                suggestion_offer(&s, key->choices[i]);
        }
        text_init(&t, error, KEY_ERROR_MAX);
        text_add(&t, "\"%.*s\" is not one of", (int)utf8_cut(value, SHOWN_MAX), value);
        for (int i = 0; key->choices[i]; i++)
                text_add(&t, "%s %s", i > 0 ? "," : "", key->choices[i]);
        text_add(&t, "%s", suggestion_text(&s, near));
        return -EINVAL;
}

int key_parse_log_level(const struct key *key, const char *value, void *target, void *context,
                        char error[KEY_ERROR_MAX])
{
        int priority = log_priority_by_name(value);

        (void)context;
        if (priority < 0) {
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not one of " LOG_PRIORITY_WORDS,
                         (int)utf8_cut(value, SHOWN_MAX), value);
                return -EINVAL;
        }
        *(int *)place_of(key, target) = priority;
        return 0;
}

static int parse_text(const struct key *key, const char *value, char **ret,
                      char error[KEY_ERROR_MAX])
{
        size_t max = key->max > 0 ? (size_t)key->max : KEY_TEXT_MAX;
        char *copy;

        if (strlen(value) > max) {
                snprintf(error, KEY_ERROR_MAX, "%zu bytes, at most %zu are allowed", strlen(value),
                         max);
                return -EINVAL;
        }
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

static int apply_value(const struct key *key, const char *value, void *target, void *context,
                       char error[KEY_ERROR_MAX])
{
        void *place = place_of(key, target);
        int flag;

        switch (key->type) {
        case KEY_TEXT:
                return parse_text(key, value, place, error);
        case KEY_BYTES:
        case KEY_PERCENT:
        case KEY_DURATION:
        case KEY_NUMBER:
                return parse_double(key, value, place, error);
        case KEY_COUNT:
                return parse_count(key, value, place, error);
        case KEY_BOOLEAN:
                if (parse_boolean(value, &flag) < 0)
                        return refuse(key, value, error);
                *(bool *)place = flag;
                return 0;
        case KEY_CHOICE:
                return parse_choice(key, value, place, error);
        case KEY_CUSTOM:
                return key->parse(key, value, target, context, error);
        case KEY_TYPE_COUNT:
                break;
        }
        assert(false);
        return -EINVAL;
}

int keys_set_defaults(const struct key_table *t, void *target, void *context)
{
        for (size_t i = 0; i < t->count; i++) {
                char error[KEY_ERROR_MAX];
                int r;

                if (!t->keys[i].initial)
                        continue;
                r = apply_value(&t->keys[i], t->keys[i].initial, target, context, error);
                if (r == -ENOMEM)
                        return r;
                assert(r == 0);
        }
        return 0;
}

static bool belongs(const struct key *key, const char *section)
{
        return !key->section || strcmp(key->section, section) == 0;
}

static const struct key *find_key(const struct key_table *t, const char *section, const char *name)
{
        for (size_t i = 0; i < t->count; i++)
                if (belongs(&t->keys[i], section) && strcmp(t->keys[i].name, name) == 0)
                        return &t->keys[i];
        return NULL;
}

static void unknown_key(const struct key_table *t, const char *section, const struct ini_entry *e,
                        struct problems *problems)
{
        char near[SUGGEST_TEXT_MAX];
        struct suggestion s;

        suggestion_init(&s, e->key);
        for (size_t i = 0; i < t->count; i++)
                if (belongs(&t->keys[i], section))
                        suggestion_offer(&s, t->keys[i].name);
        problems_add(problems, e->file, e->line, "unknown key %s%s", e->key,
                     suggestion_text(&s, near));
}

int keys_apply(const struct key_table *t, const struct ini_section *section, void *target,
               void *context, struct problems *problems)
{
        for (size_t i = 0; i < section->count; i++) {
                const struct ini_entry *e = &section->entries[i];
                const struct key *key = find_key(t, section->name, e->key);
                char error[KEY_ERROR_MAX] = "";
                int r;

                if (!key) {
                        unknown_key(t, section->name, e, problems);
                        continue;
                }
                if (!target)
                        continue;
                if (!*e->value) {
                        problems_add(problems, e->file, e->line, "%s: no value", e->key);
                        continue;
                }
                r = apply_value(key, e->value, target, context, error);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        problems_add(problems, e->file, e->line, "%s: %s", e->key, error);
        }
        for (size_t i = 0; i < t->count && target; i++)
                if (t->keys[i].required && belongs(&t->keys[i], section->name) &&
                    !ini_entry_find(section, t->keys[i].name))
                        problems_add(problems, section->file, section->line, "[%s] has no %s",
                                     section->name, t->keys[i].name);
        return 0;
}

void keys_done(const struct key_table *t, void *target)
{
        for (size_t i = 0; i < t->count; i++)
                if (t->keys[i].type == KEY_TEXT) {
                        char **text = place_of(&t->keys[i], target);

                        free(*text);
                        *text = NULL;
                }
}

bool keys_know_section(const struct key_table *t, const char *section)
{
        for (size_t i = 0; i < t->count; i++)
                if (belongs(&t->keys[i], section))
                        return true;
        return false;
}
