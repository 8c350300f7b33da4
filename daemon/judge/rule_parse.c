/* SPDX-License-Identifier: MIT */
/* Reads limits, conditions and the other values of a rule that have a grammar of their own. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/places.h"
#include "base/text.h"
#include "base/units.h"
#include "judge/rule_file.h"
#include "judge/rule_load.h"

enum { SHOWN_MAX = 60 };

#define SHOW(text) (int)utf8_cut(text, SHOWN_MAX), text

int rule_split_and(char *text, char **parts, int max, char error[KEY_ERROR_MAX])
{
        int count = 0;

        for (char *rest = text; rest;) {
                char *word = rest, *next = NULL;

                /* "and" with white space or an end on both sides */
                while ((word = strstr(word, "and"))) {
                        bool begins = word == rest || word[-1] == ' ' || word[-1] == '\t';

                        if (begins && (!word[3] || word[3] == ' ' || word[3] == '\t')) {
                                *word = 0;
                                next = word + 3;
                                break;
                        }
                        word += 3;
                }
                if (count == max) {
                        snprintf(error, KEY_ERROR_MAX, "more than %d parts joined by \"and\"", max);
                        return -EINVAL;
                }
                parts[count] = trim(rest);
                if (!*parts[count++]) {
                        snprintf(error, KEY_ERROR_MAX, "nothing before or after \"and\"");
                        return -EINVAL;
                }
                rest = next;
        }
        return count;
}

static int copy_spec(const char *value, char copy[RULE_SPEC_MAX + 1], char error[KEY_ERROR_MAX])
{
        if (strlen(value) > RULE_SPEC_MAX) {
                snprintf(error, KEY_ERROR_MAX, "longer than %d bytes", RULE_SPEC_MAX);
                return -EINVAL;
        }
        strcpy(copy, value);
        return 0;
}

/* --- limits --- */

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Cuts the word (or words) off the end of text, with the white space before. */
static bool cut_end(char *text, const char *words)
{
        size_t length = strlen(text), n = strlen(words);

        if (length <= n || strcmp(text + length - n, words) != 0)
                return false;
        length -= n;
        while (length > 0 && is_blank(text[length - 1]))
                length--;
        text[length] = 0;
        return true;
}

/* "64M/h": bytes or a share, over a unit of time. */
static int parse_rate(char *text, struct limit_term *ret)
{
        static const struct {
                const char *name;
                double seconds;
        } SPANS[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } };
        char *slash = strchr(text, '/'), *amount, *span;
        struct limit_term term = { 0 };

        *slash = 0;
        amount = trim(text);
        span = trim(slash + 1);
        if (parse_percent(amount, &term.value) == 0)
                term.unit = LIMIT_SHARE_RATE;
        else if (parse_bytes(amount, &term.value) == 0)
                term.unit = LIMIT_BYTES_RATE;
        else
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS_OF(SPANS); i++)
                if (strcmp(SPANS[i].name, span) == 0) {
                        term.value /= SPANS[i].seconds;
                        *ret = term;
                        return 0;
                }
        return -EINVAL;
}

static int parse_term(char *text, struct limit_term *ret)
{
        static const char IN[] = "exhausts in ";
        struct limit_term term;
        int r;

        if (has_prefix(text, IN)) {
                term.unit = LIMIT_EXHAUSTS;
                r = parse_duration(trim(text + strlen(IN)), &term.value);
        } else if (cut_end(text, "sigma")) {
                term.unit = LIMIT_SIGMA;
                r = parse_number(text, &term.value);
        } else if (cut_end(text, "of level")) {
                term.unit = LIMIT_LEVEL;
                r = parse_percent(text, &term.value);
        } else if (cut_end(text, "stack") || cut_end(text, "stacks")) {
                term.unit = LIMIT_STACKS;
                r = parse_number(text, &term.value);
        } else if (cut_end(text, "baseline")) {
                term.unit = LIMIT_BASELINE;
                r = cut_end(text, "x") ? parse_number(text, &term.value) : -EINVAL;
        } else if (strchr(text, '/')) {
                r = parse_rate(text, &term);
        } else if (strchr(text, '%')) {
                term.unit = LIMIT_SHARE;
                r = parse_percent(text, &term.value);
        } else {
                term.unit = LIMIT_BYTES;
                r = parse_bytes(text, &term.value);
        }
        if (r == 0)
                *ret = term;
        return r;
}

int rule_parse_limit(const struct key *key, const char *value, void *target, void *context,
                     char error[KEY_ERROR_MAX])
{
        char copy[RULE_SPEC_MAX + 1], shown[SHOWN_MAX + 1], *parts[LIMIT_TERMS_MAX];
        struct limit limit = { 0 };
        int count;

        (void)context;
        if (copy_spec(value, copy, error) < 0)
                return -EINVAL;
        count = rule_split_and(copy, parts, LIMIT_TERMS_MAX, error);
        for (int i = 0; i < count; i++) {
                struct limit_term *term = &limit.terms[i];

                snprintf(shown, sizeof(shown), "%.*s", SHOW(parts[i]));
                if (parse_term(parts[i], term) < 0) {
                        snprintf(error, KEY_ERROR_MAX,
                                 "\"%s\" is not a limit (write 64M, 0.5%%, 8 sigma, 50%% of level, "
                                 "64M/h, 0.5%%/h, exhausts in 12h, 1.05 stack or 3x baseline)",
                                 shown);
                        return -EINVAL;
                }
                if (!(term->value > 0)) {
                        snprintf(error, KEY_ERROR_MAX, "\"%s\" is not above zero", shown);
                        return -EINVAL;
                }
                for (int k = 0; k < i; k++)
                        if (limit.terms[k].unit == term->unit) {
                                snprintf(error, KEY_ERROR_MAX,
                                         "\"%s\": the same kind of limit is there already", shown);
                                return -EINVAL;
                        }
                limit.count++;
        }
        if (count < 0)
                return -EINVAL;
        *(struct limit *)((char *)target + key->offset) = limit;
        return 0;
}

const char *rule_term_text(const struct limit_term *term, char buffer[RULE_TERM_TEXT_MAX])
{
        char number[FORMAT_MAX];

        switch (term->unit) {
        case LIMIT_BYTES:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%s", format_bytes(term->value, number));
                break;
        case LIMIT_SHARE:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%s", format_percent(term->value, number));
                break;
        case LIMIT_SIGMA:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%.4g sigma", term->value);
                break;
        case LIMIT_LEVEL:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%s of level",
                         format_percent(term->value, number));
                break;
        case LIMIT_BYTES_RATE:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%s/h",
                         format_bytes(term->value * 3600, number));
                break;
        case LIMIT_SHARE_RATE:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%s/h",
                         format_percent(term->value * 3600, number));
                break;
        case LIMIT_EXHAUSTS:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "exhausts in %s",
                         format_duration(term->value, number));
                break;
        case LIMIT_STACKS:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%.4g stack", term->value);
                break;
        case LIMIT_BASELINE:
                snprintf(buffer, RULE_TERM_TEXT_MAX, "%.4gx baseline", term->value);
                break;
        }
        return buffer;
}

/* --- conditions --- */

static int parse_condition(char *text, const struct extra_fields *extra, struct condition *ret,
                           char error[KEY_ERROR_MAX])
{
        size_t length = strcspn(text, " \t<>");
        char *rest = text + length + strspn(text + length, " \t"), sign = *rest, *value;
        struct condition c = { 0 };
        bool memory;

        value = sign ? trim(rest + 1) : rest;
        if (strcmp(rest, "falling") == 0 || strcmp(rest, "rising") == 0)
                c.test = *rest == 'f' ? CONDITION_FALLING : CONDITION_RISING;
        else if (sign == '<' || sign == '>')
                c.test = sign == '<' ? CONDITION_BELOW : CONDITION_ABOVE;
        else {
                snprintf(error, KEY_ERROR_MAX,
                         "\"%.*s\" is not a condition (write MemAvailable falling, MemAvailable < "
                         "10%% or PageTables > 64M)",
                         SHOW(text));
                return -EINVAL;
        }
        text[length] = 0;
        c.field = rule_field_find(text, extra, error);
        if (c.field < 0)
                return -EINVAL;
        if (c.test == CONDITION_FALLING || c.test == CONDITION_RISING) {
                *ret = c;
                return 0;
        }
        memory = field_unit((size_t)c.field) == FIELD_BYTES;
        c.share = strchr(value, '%');
        if (c.share && !memory) {
                snprintf(error, KEY_ERROR_MAX, "%s is a count, it cannot be a share of MemTotal",
                         text);
                return -EINVAL;
        }
        if ((c.share  ? parse_percent
             : memory ? parse_bytes
                      : parse_number)(value, &c.value) < 0 ||
            c.value < 0) {
                snprintf(error, KEY_ERROR_MAX, "\"%.*s\" is not %s", SHOW(value),
                         memory ? "a size or percentage (write 64M or 10%)" : "a number");
                return -EINVAL;
        }
        *ret = c;
        return 0;
}

int rule_parse_conditions(const struct key *key, const char *value, void *target, void *context,
                          char error[KEY_ERROR_MAX])
{
        struct rule_draft *draft = target;
        struct condition conditions[CONDITIONS_MAX] = { 0 };
        char copy[RULE_SPEC_MAX + 1], *parts[CONDITIONS_MAX];
        int count;

        (void)key;
        if (copy_spec(value, copy, error) < 0)
                return -EINVAL;
        count = rule_split_and(copy, parts, CONDITIONS_MAX, error);
        if (count < 0)
                return -EINVAL;
        for (int i = 0; i < count; i++)
                if (parse_condition(parts[i], context, &conditions[i], error) < 0)
                        return -EINVAL;
        memcpy(draft->rule.conditions, conditions, sizeof(conditions));
        draft->rule.condition_count = (unsigned)count;
        return 0;
}

/* --- the rest --- */

int rule_parse_when(const struct key *key, const char *value, void *target, void *context,
                    char error[KEY_ERROR_MAX])
{
        char copy[RULE_SPEC_MAX + 1], *save = NULL;
        unsigned kinds = 0;

        (void)context;
        if (copy_spec(value, copy, error) < 0)
                return -EINVAL;
        for (char *word = strtok_r(copy, " \t,|", &save); word;
             word = strtok_r(NULL, " \t,|", &save)) {
                int kind = host_kind_by_name(word);

                if (strcmp(word, "any") == 0)
                        kinds |= (1U << HOST_KIND_COUNT) - 1;
                else if (kind >= 0)
                        kinds |= 1U << kind;
                else {
                        snprintf(error, KEY_ERROR_MAX,
                                 "\"%.*s\" is not one of any, physical, vm, container", SHOW(word));
                        return -EINVAL;
                }
        }
        if (kinds == 0) {
                snprintf(error, KEY_ERROR_MAX, "names no kind of machine");
                return -EINVAL;
        }
        *(unsigned *)((char *)target + key->offset) = kinds;
        return 0;
}

int rule_parse_runbook(const struct key *key, const char *value, void *target, void *context,
                       char error[KEY_ERROR_MAX])
{
        enum { URL_MAX = 1000 }; /* Slack takes 3000 bytes for a link, PagerDuty is silent */
        char **place = (char **)((char *)target + key->offset), *copy;

        (void)context;
        bool page = has_suffix(value, ".html") && !strpbrk(value, "/:");
        if (!page && !has_prefix(value, "https://") && !has_prefix(value, "http://")) {
                snprintf(error, KEY_ERROR_MAX,
                         "not a link: it must begin with https://, or be NAME.html of a shipped "
                         "page");
                return -EINVAL;
        }
        if (strlen(value) > URL_MAX || strpbrk(value, " \t\"<>|")) {
                snprintf(error, KEY_ERROR_MAX,
                         "not a link: white space, quotes, <, > or |, or longer than %d bytes",
                         URL_MAX);
                return -EINVAL;
        }
        if (asprintf(&copy, "%s%s", page ? places_runbooks() : "", value) < 0)
                return -ENOMEM;
        free(*place);
        *place = copy;
        return 0;
}

int rule_parse_quiet(const struct key *key, const char *value, void *target, void *context,
                     char error[KEY_ERROR_MAX])
{
        static_assert((int)KEY_ERROR_MAX >= (int)WINDOW_ERROR_MAX, "the text fits");
        (void)context;
        return windows_parse(value, (struct windows *)((char *)target + key->offset), error);
}
