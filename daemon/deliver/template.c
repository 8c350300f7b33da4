/* SPDX-License-Identifier: MIT */
/* Templates: read, checked whole at load, filled in as a tree. */
#include "deliver/template.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "deliver/letter.h"
#include "deliver/placeholder.h"

/* A template is an object with any of these members, or it is itself the body of all messages. */
static const char *const sections[] = {
        [MEANING_NONE] = "body",
        [MEANING_BEGINS] = "begins",
        [MEANING_CHANGES] = "changes",
        [MEANING_ENDS] = "ends",
};

struct part {
        bool silent;        /* nothing is sent */
        const json_t *body; /* of the tree */
        const char *path;   /* NULL: none */
};

struct template
{
        json_t *root;
        struct part parts[ELEMENTS_OF(sections)];
};

DEFINE_CLEANUP(struct template, template_free);

void template_free(struct template *t)
{
        if (!t)
                return;
        json_decref(t->root);
        free(t);
}

/* --- checking --- */

struct check {
        char *error;
        size_t places;
};

_printf_(2, 3) static int complain(struct check *c, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        (void)vsnprintf(c->error, TEMPLATE_ERROR_MAX, format, args);
        va_end(args);
        return -EINVAL;
}

static int check_text(struct check *c, const char *text)
{
        for (const char *p = text; (p = strchr(p, '{')); p++) {
                struct placeholder place;
                char name[PLACEHOLDER_NAME_MAX];
                int n = placeholder_parse(p, &place, name);
                if (n < 0)
                        return complain(c, "{%s...} is no placeholder", name);
                if (n > 0 && ++c->places > TEMPLATE_PLACES_MAX)
                        return complain(c, "more than %d placeholders", TEMPLATE_PLACES_MAX);
        }
        return 0;
}

static int check_name(struct check *c, const char *what, const json_t *name)
{
        struct placeholder place;
        if (!json_is_string(name) || !placeholder_find(json_string_value(name), &place))
                return complain(c, "\"%s\" needs the name of a placeholder", what);
        return 0;
}

static int check_value(struct check *c, const json_t *value)
{
        const char *key;
        const json_t *member;
        size_t i;
        int r = 0;
        if (json_is_string(value))
                return check_text(c, json_string_value(value));
        if (json_is_array(value))
                json_array_foreach(value, i, member) if (r >= 0) r = check_value(c, member);
        if (!json_is_object(value))
                return r;
        bool is_if = json_object_get(value, "$if"), is_switch = json_object_get(value, "$switch");
        if (is_if && (json_object_size(value) != 2 || !json_object_get(value, "then")))
                return complain(c, "\"$if\" goes with \"then\" and nothing else");
        if (is_switch && !json_object_get(value, "else"))
                return complain(c, "\"$switch\" needs \"else\"");
        json_object_foreach((json_t *)value, key, member)
        {
                if (key[0] == '$' && strcmp(key, "$if") != 0 && strcmp(key, "$switch") != 0)
                        return complain(c, "\"%.40s\" is neither \"$if\" nor \"$switch\"", key);
                r = key[0] == '$' ? check_name(c, key, member) : check_value(c, member);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_part(struct check *c, struct template *t, size_t meaning, const json_t *section)
{
        const char *key, *name = sections[meaning];
        const json_t *member;
        struct part *part = &t->parts[meaning];
        if (json_is_null(section)) {
                part->silent = true;
                return 0;
        }
        if (!json_is_object(section))
                return complain(c, "\"%s\" is neither an object nor null", name);
        json_object_foreach((json_t *)section, key, member)
        {
                if (strcmp(key, "path") == 0 && json_is_string(member))
                        part->path = json_string_value(member);
                else if (strcmp(key, "body") == 0)
                        part->body = member;
                else
                        return complain(c,
                                        "\"%s\" has \"%.40s\": only a \"path\" (text) and a "
                                        "\"body\" stand there",
                                        name, key);
        }
        int r = part->path ? check_text(c, part->path) : 0;
        return r >= 0 && part->body ? check_value(c, part->body) : r;
}

static bool has_sections(const json_t *root)
{
        for (size_t i = MEANING_BEGINS; i < ELEMENTS_OF(sections); i++)
                if (json_object_get(root, sections[i]))
                        return true;
        return json_object_size(root) == 1 && json_object_get(root, "body");
}

static int check_sections(struct check *c, struct template *t)
{
        const char *key;
        const json_t *member;
        json_object_foreach(t->root, key, member)
        {
                size_t i = 0;
                while (i < ELEMENTS_OF(sections) && strcmp(key, sections[i]) != 0)
                        i++;
                if (i == ELEMENTS_OF(sections))
                        return complain(c,
                                        "\"%.40s\" beside \"begins\", \"changes\", \"ends\" and "
                                        "\"body\"",
                                        key);
                if (i == MEANING_NONE) {
                        t->parts[i].body = member;
                        int r = check_value(c, member);
                        if (r < 0)
                                return r;
                }
        }
        for (size_t i = MEANING_BEGINS; i < ELEMENTS_OF(sections); i++) {
                const json_t *section = json_object_get(t->root, sections[i]);
                int r = section ? check_part(c, t, i, section) : 0;
                if (r < 0)
                        return r;
                if (!t->parts[i].body)
                        t->parts[i].body = t->parts[MEANING_NONE].body;
                if (!t->parts[i].body && !t->parts[i].silent)
                        return complain(c, "no \"body\" for \"%s\"", sections[i]);
        }
        return 0;
}

int template_parse(const char *data, size_t size, char error[TEMPLATE_ERROR_MAX],
                   struct template **ret)
{
        _cleanup_(template_freep) struct template *t = calloc(1, sizeof(*t));
        struct check c = { .error = error };
        json_error_t where;
        if (!t)
                return -ENOMEM;
        if (size > TEMPLATE_SIZE_MAX)
                return complain(&c, "longer than %d KiB", TEMPLATE_SIZE_MAX / 1024);
        t->root = json_loadb(data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
        if (!t->root)
                return json_error_code(&where) == json_error_out_of_memory
                               ? -ENOMEM
                               : complain(&c, "line %d: %s", where.line, where.text);
        int r;
        if (has_sections(t->root)) {
                r = check_sections(&c, t);
        } else {
                r = check_value(&c, t->root);
                for (size_t i = 0; i < ELEMENTS_OF(sections); i++)
                        t->parts[i].body = t->root;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

int template_load(const char *name, const char *config, char error[TEMPLATE_ERROR_MAX],
                  struct template **ret)
{
        _cleanup_free_ char *folder = path_join(config, "templates"), *path = NULL, *data = NULL;
        char reason[TEMPLATE_ERROR_MAX];
        size_t size;
        if (folder)
                path = name[0] == '/' ? strdup(name) : path_join(folder, name);
        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, TEMPLATE_SIZE_MAX, &data, &size);
        if (r == -ENOMEM)
                return r;
        if (r >= 0)
                r = template_parse(data, size, reason, ret);
        else
                snprintf(reason, sizeof(reason), "%s", strerror(-r));
        if (r >= 0 || r == -ENOMEM)
                return r;
        snprintf(error, TEMPLATE_ERROR_MAX, "%.120s: %.120s", path, reason);
        return -EINVAL;
}

/* --- filling in --- */

static void put_text(FILE *out, const char *text)
{
        fputs(text, out);
}

/* RFC 3986: whatever is not unreserved. */
static void put_encoded(FILE *out, const char *text)
{
        static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-._~";
        for (; *text; text++)
                if (strchr(unreserved, *text))
                        fputc(*text, out);
                else
                        fprintf(out, "%%%02X", (unsigned char)*text);
}

/* The text with its placeholders filled in, in fresh memory, or NULL without memory. */
static char *fill_text(const char *text, const struct letter *m,
                       void (*put)(FILE *out, const char *text))
{
        char *filled = NULL, name[PLACEHOLDER_NAME_MAX], buffer[PLACEHOLDER_TEXT_MAX];
        struct placeholder place;
        size_t size;
        FILE *out = open_memstream(&filled, &size);
        if (!out)
                return NULL;
        while (*text) {
                int n = placeholder_parse(text, &place, name);
                if (n > 0)
                        put(out, placeholder_text(&place, m, buffer));
                else
                        fputc(*text, out);
                text += n > 0 ? n : 1;
        }
        if (fclose(out) != 0)
                free(TAKE_PTR(filled));
        return filled;
}

/* A string that is one number's placeholder and nothing else becomes the number. */
static json_t *fill_string(const char *text, const struct letter *m)
{
        struct placeholder place;
        char name[PLACEHOLDER_NAME_MAX];
        double number;
        int n = placeholder_parse(text, &place, name);
        if (n > 0 && !text[n] && placeholder_number(&place, m, &number)) {
                if (!isfinite(number))
                        return json_null();
                return number == floor(number) && fabs(number) < 9e15
                               ? json_integer((json_int_t)number)
                               : json_real(number);
        }
        _cleanup_free_ char *filled = fill_text(text, m, put_text);
        return filled ? json_string(filled) : NULL;
}

/* Of {"$if"} and {"$switch"} what is chosen, of all else the value itself; NULL: it is left out. */
static const json_t *choose(const json_t *value, const struct letter *m)
{
        struct placeholder place;
        char buffer[PLACEHOLDER_TEXT_MAX];
        while (json_is_object(value)) {
                const char *test = json_string_value(json_object_get(value, "$if"));
                const char *name = json_string_value(json_object_get(value, "$switch"));
                if (!test && !name)
                        break;
                if (!placeholder_find(test ? test : name, &place))
                        return NULL; /* it was checked */
                const char *text = placeholder_text(&place, m, buffer);
                if (test) {
                        value = text[0] ? json_object_get(value, "then") : NULL;
                        continue;
                }
                const json_t *hit = text[0] == '$' ? NULL : json_object_get(value, text);
                value = hit ? hit : json_object_get(value, "else");
        }
        return value;
}

static json_t *fill(const json_t *value, const struct letter *m);

/* Adds the value to the object (under key) or array, unless it is left out. */
static int add(json_t *to, const char *key, const json_t *value, const struct letter *m)
{
        const json_t *chosen = choose(value, m);
        if (!chosen)
                return 0;
        json_t *filled = fill(chosen, m);
        if (!filled)
                return -ENOMEM;
        return key ? json_object_set_new(to, key, filled) : json_array_append_new(to, filled);
}

/* value: chosen already. NULL without memory. */
static json_t *fill(const json_t *value, const struct letter *m)
{
        const char *key;
        const json_t *member;
        size_t i;
        int r = 0;
        if (json_is_string(value))
                return fill_string(json_string_value(value), m);
        if (!json_is_object(value) && !json_is_array(value))
                return json_deep_copy(value);
        json_auto_t *filled = json_is_object(value) ? json_object() : json_array();
        if (!filled)
                return NULL;
        if (json_is_array(value))
                json_array_foreach(value, i, member) if (r >= 0) r = add(filled, NULL, member, m);
        if (json_is_object(value))
                json_object_foreach((json_t *)value, key, member) if (r >= 0) r =
                        add(filled, key, member, m);
        return r < 0 ? NULL : json_incref(filled);
}

bool template_wants(const struct template *t, enum meaning meaning)
{
        return !t->parts[meaning].silent;
}

int template_body(const struct template *t, const struct letter *m, enum meaning meaning,
                  char **ret)
{
        const json_t *body = choose(t->parts[meaning].body, m);
        json_auto_t *filled = body ? fill(body, m) : json_object();
        char *text = filled ? json_dumps(filled, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int template_path(const struct template *t, const struct letter *m, enum meaning meaning,
                  char **ret)
{
        const char *path = t->parts[meaning].path;
        char *filled = path ? fill_text(path, m, put_encoded) : strdup("");
        if (!filled)
                return -ENOMEM;
        *ret = filled;
        return 0;
}
