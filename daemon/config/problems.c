/* SPDX-License-Identifier: MIT */
/* Collects what is wrong with configuration, so that one pass tells all of it. */
#include "config/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void problems_done(struct problems *p)
{
        for (size_t i = 0; i < p->count; i++) {
                free(p->list[i].file);
                free(p->list[i].text);
        }
        free(p->list);
        *p = (struct problems){ 0 };
}

/* Fresh and printable: files named and keys written by anybody end in the journal. */
static char *cleaned(const char *s)
{
        size_t size = 3 * strlen(s) + 1; /* an invalid byte becomes the three of U+FFFD */
        char *copy = malloc(size);

        return copy ? utf8_clean(s, copy, size) : NULL;
}

/* Files are read one after another: the latest problems are those of the file at hand. */
static bool file_is_full(const struct problems *p, const char *file)
{
        if (p->count < PROBLEMS_FILE_MAX)
                return false;
        for (size_t i = p->count - PROBLEMS_FILE_MAX; i < p->count; i++)
                if (strcmp(p->list[i].file, file) != 0)
                        return false;
        return true;
}

static bool keep(struct problems *p, struct problem one)
{
        if (!one.file || !one.text || p->count >= PROBLEMS_MAX)
                return false;
        if (one.line > 0 && file_is_full(p, one.file))
                return false;
        if (!p->list)
                p->list = calloc(PROBLEMS_MAX, sizeof(*p->list));
        if (!p->list)
                return false;
        p->list[p->count++] = one;
        return true;
}

void problems_add(struct problems *p, const char *file, unsigned line, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        struct problem one = { .line = line };
        va_list args;
        int n;

        va_start(args, format);
        n = vasprintf(&text, format, args);
        va_end(args);
        if (n < 0)
                text = NULL;
        one.file = cleaned(file);
        one.text = text ? cleaned(text) : NULL;
        if (!keep(p, one)) {
                free(one.file);
                free(one.text);
                p->dropped++; /* without memory too: counted, not lost */
        }
}

void problems_move(struct problems *to, struct problems *from)
{
        for (size_t i = 0; i < from->count; i++)
                if (keep(to, from->list[i]))
                        from->list[i] = (struct problem){ 0 };
                else
                        to->dropped++;
        to->dropped += from->dropped;
        problems_done(from);
}

bool problems_concern(const struct problems *p, const char *file)
{
        for (size_t i = 0; i < p->count; i++)
                if (strcmp(p->list[i].file, file) == 0)
                        return true;
        return false;
}

bool problems_any(const struct problems *p)
{
        return p->count > 0 || p->dropped > 0;
}

static bool comes_before(const struct problem *a, const struct problem *b)
{
        int by_file = strcmp(a->file, b->file);

        return by_file != 0 ? by_file < 0 : a->line < b->line;
}

/* By insertion: mostly in order already, at most PROBLEMS_MAX, and those of one line stay as they
 * were found. */
void problems_sort(struct problems *p)
{
        for (size_t i = 1; i < p->count; i++) {
                struct problem one = p->list[i];
                size_t at = i;

                for (; at > 0 && comes_before(&one, &p->list[at - 1]); at--)
                        p->list[at] = p->list[at - 1];
                p->list[at] = one;
        }
}

const char *problem_format(const struct problem *p, char *buffer, size_t size)
{
        struct text t;

        text_init(&t, buffer, size);
        text_add(&t, "%s:", p->file);
        if (p->line > 0)
                text_add(&t, "%u:", p->line);
        text_add(&t, " %s", p->text);
        return buffer;
}

void problems_print(struct problems *p, FILE *out)
{
        /* A path has at most 4096 bytes; our own texts are below 1 KiB. */
        enum { LINE_SIZE = 8192 };
        char line[LINE_SIZE];

        problems_sort(p);
        for (size_t i = 0; i < p->count; i++)
                fprintf(out, "%s\n", problem_format(&p->list[i], line, sizeof(line)));
        if (p->dropped > 0)
                fprintf(out, "... and %zu more\n", p->dropped);
}
