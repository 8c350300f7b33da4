/* SPDX-License-Identifier: MIT */
/* INI text and a drop-in over it, cut at 0x1e: names and values keep their bounds, everything has
 * its place, and what is written out again reads as the same. */
#include <stdio.h>

#include "base/text.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/problems.h"
#include "fuzz.h"

static void check(const struct ini_document *d, bool merged)
{
        require(d->count <= INI_SECTIONS_MAX);
        for (size_t i = 0; i < d->count; i++) {
                const struct ini_section *s = &d->sections[i];
                require(strlen(s->name) <= INI_NAME_MAX && utf8_valid(s->name) && s->line > 0);
                require(merged || s->count <= INI_KEYS_MAX);
                for (size_t k = 0; k < s->count; k++) {
                        const struct ini_entry *e = &s->entries[k];
                        require(e->key[0] && strlen(e->key) <= INI_NAME_MAX && utf8_valid(e->key));
                        require(strlen(e->value) <= INI_VALUE_MAX && utf8_valid(e->value));
                        require(e->line > 0 && !strpbrk(e->value, "\n\r"));
                        require(ini_entry_find(s, e->key) != NULL);
                }
        }
}

static void parse(const char *name, struct part part, struct ini_document *ret, bool *ret_good)
{
        struct problems problems = { 0 };
        char *said = NULL;
        size_t length;
        FILE *out = open_memstream(&said, &length);
        require(out != NULL);
        require(ini_document_parse(name, (const char *)part.data, part.size, &problems, ret) == 0);
        *ret_good = !problems_any(&problems);
        problems_print(&problems, out);
        (void)fclose(out);
        require(utf8_valid(said));
        free(said);
        problems_done(&problems);
}

/* Long values were given over several lines; joined they are no longer a line of a file. */
static bool fits_lines(const struct ini_document *d)
{
        for (size_t i = 0; i < d->count; i++)
                for (size_t k = 0; k < d->sections[i].count; k++)
                        if (strlen(d->sections[i].entries[k].key) +
                                    strlen(d->sections[i].entries[k].value) >
                            190)
                                return false;
        return true;
}

static void check_again(const struct ini_document *d)
{
        char *text = NULL;
        size_t length;
        bool good;
        struct ini_document again = { 0 };
        FILE *out = open_memstream(&text, &length);
        require(out != NULL);
        for (size_t i = 0; i < d->count; i++) {
                fprintf(out, "[%s]\n", d->sections[i].name);
                for (size_t k = 0; k < d->sections[i].count; k++)
                        fprintf(out, "%s=%s\n", d->sections[i].entries[k].key,
                                d->sections[i].entries[k].value);
        }
        (void)fclose(out);
        parse("again", (struct part){ (const uint8_t *)text, length }, &again, &good);
        require(good && again.count == d->count);
        for (size_t i = 0; i < d->count; i++) {
                require(again.sections[i].count == d->sections[i].count);
                for (size_t k = 0; k < d->sections[i].count; k++)
                        require(strcmp(again.sections[i].entries[k].value,
                                       d->sections[i].entries[k].value) == 0);
        }
        ini_document_done(&again);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct part rest = { data, size };
        struct ini_document base = { 0 }, drop_in = { 0 };
        struct problems problems = { 0 };
        bool good;

        parse("base", next_part(&rest), &base, &good);
        check(&base, false);
        if (good && fits_lines(&base))
                check_again(&base);
        parse("drop-in", rest, &drop_in, &good);
        check(&drop_in, false);
        require(ini_document_override(&base, &drop_in, &problems) == 0);
        check(&base, true);
        problems_done(&problems);
        ini_document_done(&drop_in);
        ini_document_done(&base);
        return 0;
}
