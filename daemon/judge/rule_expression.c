/* SPDX-License-Identifier: MIT */
/* Reads `dimension`, `less` and `per`: names, and sums of products of them. */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "config/suggest.h"
#include "judge/rule_file.h"
#include "judge/rule_load.h"
#include "sample/member.h"

int rule_field_find(const char *name, const struct extra_fields *extra, char error[KEY_ERROR_MAX])
{
        char near[SUGGEST_TEXT_MAX];
        struct suggestion s;
        int field = field_by_name(name);

        if (field >= 0)
                return field;
        if (family_of(name) >= 0) {
                snprintf(error, KEY_ERROR_MAX,
                         "\"%.*s\" can only be a dimension: it cannot be reckoned with",
                         (int)utf8_cut(name, 64), name);
                return -1;
        }
        suggestion_init(&s, name);
        for (int i = 0; i < FIELD_KNOWN_COUNT; i++)
                suggestion_offer(&s, field_name((enum field)i));
        for (size_t i = 0; extra && i < extra->count; i++) {
                if (strcmp(extra->names[i], name) == 0)
                        return FIELD_KNOWN_COUNT + (int)i;
                suggestion_offer(&s, extra->names[i]);
        }
        snprintf(error, KEY_ERROR_MAX, "unknown field \"%.*s\"%s", (int)utf8_cut(name, 64), name,
                 suggestion_text(&s, near));
        return -1;
}

/* A trace may have columns of any name. */
static bool has_extra(const struct extra_fields *extra, const char *name)
{
        for (size_t i = 0; extra && i < extra->count; i++)
                if (strcmp(extra->names[i], name) == 0)
                        return true;
        return false;
}

const char *rule_field_name(int field, const struct extra_fields *extra)
{
        return field < FIELD_KNOWN_COUNT ? field_name((enum field)field)
                                         : extra->names[field - FIELD_KNOWN_COUNT];
}

/* "slabs:dentry" */
static int refuse_family(const char *value, char error[KEY_ERROR_MAX])
{
        char near[SUGGEST_TEXT_MAX], word[32];
        struct suggestion s;

        snprintf(word, sizeof(word), "%.*s", (int)strcspn(value, ":"), value);
        suggestion_init(&s, word);
        for (int i = 0; i < FAMILY_COUNT; i++)
                suggestion_offer(&s, family_name((enum family)i));
        snprintf(error, KEY_ERROR_MAX, "unknown family \"%.*s\" (there are slab: and cgroup:)%s",
                 (int)utf8_cut(word, 30), word, suggestion_text(&s, near));
        return -EINVAL;
}

static int check_cgroup_field(const char *field, char error[KEY_ERROR_MAX])
{
        char near[SUGGEST_TEXT_MAX];
        struct suggestion s;
        const char *known;

        suggestion_init(&s, field);
        for (unsigned i = 0; (known = member_cgroup_field(i)); i++) {
                if (strcmp(known, field) == 0)
                        return 0;
                suggestion_offer(&s, known);
        }
        snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not told of cgroups%s",
                 (int)utf8_cut(field, 40), field, suggestion_text(&s, near));
        return -EINVAL;
}

/* A member of a family, or a pattern of them. */
static int parse_pattern(const char *value, char **ret, char error[KEY_ERROR_MAX])
{
        const char *field, *why = NULL;

        switch (member_pattern_check(value, &field)) {
        case MEMBER_GOOD:
                break;
        case MEMBER_NO_NAME:
                why = "no name behind the colon (write slab:dentry or slab:*)";
                break;
        case MEMBER_TOO_LONG:
                why = "longer than any name";
                break;
        case MEMBER_NO_FIELD:
                why = "what of the cgroup is missing at the end (write cgroup:*/slab)";
                break;
        case MEMBER_NOT_A_PATH:
                why = "the path of a cgroup begins with / (write cgroup:/system.slice/*/slab)";
                break;
        }
        if (why)
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\": %s", (int)utf8_cut(value, 60), value,
                         why);
        if (why || (field && check_cgroup_field(field, error) < 0))
                return -EINVAL;
        char *copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

int rule_parse_dimension(const struct key *key, const char *value, void *target, void *context,
                         char error[KEY_ERROR_MAX])
{
        struct rule_draft *draft = target;
        int field = FIELD_MEMBER, r = 0;

        (void)key;
        if (family_of(value) >= 0)
                r = parse_pattern(value, &draft->rule.pattern, error);
        else if (strchr(value, ':') && field_by_name(value) < 0 && !has_extra(context, value))
                r = refuse_family(value, error);
        else
                r = (field = rule_field_find(value, context, error)) < 0 ? -EINVAL : 0;
        if (r < 0)
                return r;
        draft->rule.field = field;
        return 0;
}

/* A field, a count, or a constant. */
static int parse_factor(const char *text, const struct extra_fields *extra,
                        struct expression_part *ret, char error[KEY_ERROR_MAX])
{
        struct expression_part part = { .field = -1 };
        bool number = *text == '.' || (*text >= '0' && *text <= '9');

        if (number && parse_bytes(text, &part.constant) < 0) {
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not a size (write 64M or 4K)",
                         (int)utf8_cut(text, 40), text);
                return -EINVAL;
        }
        if (number) {
                /* A number without a unit is a factor, or a count. */
                part.bytes = text[strspn(text, "0123456789.")] != 0;
        } else {
                part.field = rule_field_find(text, extra, error);
                if (part.field < 0)
                        return -EINVAL;
                part.bytes = field_unit((size_t)part.field) == FIELD_BYTES;
        }
        *ret = part;
        return 0;
}

int rule_parse_expression(const struct key *key, const char *value, void *target, void *context,
                          char error[KEY_ERROR_MAX])
{
        struct expression e = { 0 };
        char copy[RULE_SPEC_MAX + 1], *next = copy;
        bool times = false;

        if (strlen(value) > RULE_SPEC_MAX) {
                snprintf(error, KEY_ERROR_MAX, "longer than %d bytes", RULE_SPEC_MAX);
                return -EINVAL;
        }
        strcpy(copy, value);
        for (bool more = true; more;) {
                size_t length = strcspn(next, "+*");
                char sign = next[length], *text;

                next[length] = 0;
                text = trim(next);
                if (!*text) {
                        snprintf(error, KEY_ERROR_MAX, "a name or number is missing beside + or *");
                        return -EINVAL;
                }
                if (e.count == EXPRESSION_PARTS_MAX) {
                        snprintf(error, KEY_ERROR_MAX, "more than %d names and numbers",
                                 EXPRESSION_PARTS_MAX);
                        return -EINVAL;
                }
                if (parse_factor(text, context, &e.parts[e.count], error) < 0)
                        return -EINVAL;
                e.parts[e.count++].times = times;
                times = sign == '*';
                more = sign;
                next += length + 1;
        }
        if (rule_expression_unit(&e, error) < 0)
                return -EINVAL;
        *(struct expression *)((char *)target + key->offset) = e;
        return 0;
}

int rule_expression_unit(const struct expression *e, char error[KEY_ERROR_MAX])
{
        int unit = -1;

        for (unsigned i = 0; i < e->count;) {
                int bytes = 0;

                do
                        bytes += e->parts[i++].bytes;
                while (i < e->count && e->parts[i].times);
                if (bytes > 1) {
                        snprintf(error, KEY_ERROR_MAX, "memory times memory has no meaning");
                        return -EINVAL;
                }
                if (unit >= 0 && bytes != unit) {
                        snprintf(error, KEY_ERROR_MAX,
                                 "memory and counts cannot be added (a size "
                                 "needs a unit: 4096B, 64M)");
                        return -EINVAL;
                }
                unit = bytes;
        }
        return unit;
}
