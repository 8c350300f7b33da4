/* SPDX-License-Identifier: MIT */
/* Prints key tables as a manual page list and as an example file, so that neither can say what the
 * parser does not do. */
#include <assert.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "config/keys.h"

enum { EXAMPLE_WIDTH = 78 };

static const char *const PLACEHOLDERS[KEY_TYPE_COUNT] = {
        [KEY_TEXT] = "TEXT",         [KEY_BYTES] = "BYTES",   [KEY_PERCENT] = "PERCENT",
        [KEY_DURATION] = "DURATION", [KEY_NUMBER] = "NUMBER", [KEY_COUNT] = "COUNT",
        [KEY_BOOLEAN] = "BOOLEAN",   [KEY_CHOICE] = NULL,     [KEY_CUSTOM] = "VALUE",
};

/* "spike | drop" for a choice, else a word in capitals. */
static const char *placeholder(const struct key *key, char *buffer, size_t size)
{
        struct text t;

        if (key->placeholder || key->type != KEY_CHOICE)
                return key->placeholder ? key->placeholder : PLACEHOLDERS[key->type];
        text_init(&t, buffer, size);
        for (int i = 0; key->choices[i]; i++)
                text_add(&t, "%s%s", i > 0 ? " | " : "", key->choices[i]);
        return buffer;
}

/* "From 200 ms to 1 min. The default is 1s." */
static const char *facts(const struct key *key, char *buffer, size_t size)
{
        char low[FORMAT_MAX], high[FORMAT_MAX];
        struct text t;

        text_init(&t, buffer, size);
        if (key->required)
                text_add(&t, " Required.");
        if (key->type == KEY_TEXT && key->max > 0)
                text_add(&t, " At most %.0f bytes.", key->max);
        else if (key->max > key->min)
                text_add(&t, " From %s to %s.", key_format_value(key->type, key->min, low),
                         key_format_value(key->type, key->max, high));
        if (key->initial)
                text_add(&t, " The default is %s.", key->initial);
        return buffer;
}

/* Text as roff: no escape, no request at a line's start, hyphens that can be copied. */
static void print_roff(const char *s, FILE *out)
{
        bool at_start = true;

        for (; *s; s++) {
                if (s[0] == '\n' && s[1] == '\n') {
                        fputs("\n.IP\n", out);
                        s++;
                        at_start = true;
                        continue;
                }
                if (at_start && (*s == '.' || *s == '\''))
                        fputs("\\&", out);
                if (*s == '\\')
                        fputs("\\e", out);
                else if (*s == '-')
                        fputs("\\-", out);
                else
                        fputc(*s, out);
                at_start = *s == '\n';
        }
}

static bool shown(const struct key *key, const char *section)
{
        return !section || (key->section && strcmp(key->section, section) == 0);
}

void keys_print_man(const struct key_table *t, const char *section, FILE *out)
{
        char buffer[256];

        for (size_t i = 0; i < t->count; i++) {
                const struct key *key = &t->keys[i];

                if (!shown(key, section))
                        continue;
                if (!key->hidden) {
                        fputs(".TP\n", out);
                } else
                        fputs(".TQ\n", out);
                fputs("\\fB", out);
                print_roff(key->name, out);
                fputs("\\fR = \\fI", out);
                print_roff(placeholder(key, buffer, sizeof(buffer)), out);
                fputs("\\fR\n", out);
                /* The help of a group comes after its last name. */
                if (i + 1 < t->count && t->keys[i + 1].hidden)
                        continue;
                while (key->hidden)
                        key--;
                print_roff(key->help, out);
                print_roff(facts(key, buffer, sizeof(buffer)), out);
                fputc('\n', out);
        }
}

/* Words after "# ", lines of EXAMPLE_WIDTH. */
static void print_comment(const char *s, FILE *out)
{
        size_t column = 0;

        while (*s) {
                size_t word = strcspn(s, " \n");

                if (s[0] == '\n' && s[1] == '\n') {
                        fputs("\n#\n", out);
                        column = 0;
                        s += 2;
                        continue;
                }
                if (word == 0) {
                        s++;
                        continue;
                }
                if (column > 0 && column + 1 + word > EXAMPLE_WIDTH) {
                        fputc('\n', out);
                        column = 0;
                }
                column += (size_t)fprintf(out, "%s %.*s", column == 0 ? "#" : "", (int)word, s);
                s += word;
        }
        fputc('\n', out);
}

void keys_print_example(const struct key_table *t, FILE *out)
{
        const char *section = NULL;
        char buffer[256];

        for (size_t i = 0; i < t->count; i++) {
                const struct key *key = &t->keys[i];
                const char *in = key->section ? key->section : t->example_section;
                assert(in); /* a table's own error */
                const char *value = key->example ? key->example : key->initial;

                if (!section || strcmp(section, in) != 0)
                        fprintf(out, "%s[%s]\n", section ? "\n" : "", in);
                section = in;
                if (!key->hidden) {
                        _cleanup_free_ char *text = NULL;

                        if (asprintf(&text, "%s%s", key->help, facts(key, buffer, sizeof(buffer))) <
                            0)
                                text = NULL;
                        fputc('\n', out);
                        print_comment(text ? text : key->help, out);
                }
                fprintf(out, "%s%s = %s\n", key->required || key->active ? "" : "#", key->name,
                        value ? value : placeholder(key, buffer, sizeof(buffer)));
        }
}
