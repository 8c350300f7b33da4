/* SPDX-License-Identifier: MIT */
/* Tests of what the person's tool prints: golden/NAME.json in, golden/NAME.txt out.
 * KMW_GOLDEN_UPDATE=1 writes the texts anew: look at them before you commit. */
#pragma once

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "view/terminal.h"

#define GOLDEN "tests/unit/golden/"

struct look {
        unsigned width;
        bool utf8, colour;
};

static inline char *load(const char *name)
{
        char path[128], *data;
        size_t size;

        snprintf(path, sizeof path, GOLDEN "%s", name);
        if (file_read(AT_FDCWD, path, 1 << 20, &data, &size) < 0)
                fail_msg("cannot read %s", path);
        return data;
}

/* Printable text and newlines only, valid UTF-8, and no sequence that steers a terminal. */
static inline void assert_harmless(const char *name, const char *text, const struct look *look)
{
        uint32_t c;

        for (const char *s = text; *s; s += utf8_decode(s, &c)) {
                if (utf8_decode(s, &c) == 0)
                        fail_msg("%s: not UTF-8 at %zu", name, (size_t)(s - text));
                if (look->colour && c == 0x1b && s[1] == '[')
                        continue;
                if ((c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) ||
                    (c >= 0x202a && c <= 0x202e) || (!look->utf8 && c >= 0x80))
                        fail_msg("%s: character %#x at %zu", name, c, (size_t)(s - text));
        }
}

/* Only a word that is longer than the line may stand out. */
static inline void assert_fits(const char *name, const char *text, unsigned width)
{
        while (*text) {
                size_t length = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, length);
                const char *word = line + strspn(line, " ");
                if (terminal_columns(line) > width && strchr(word, ' '))
                        fail_msg("%s: line of %zu columns: %s", name, terminal_columns(line), line);
                if (length > 0 && line[length - 1] == ' ')
                        fail_msg("%s: space at the end: %s", name, line);
                text += length;
                text += *text == '\n';
        }
}

static inline void assert_golden(const char *name, const char *text)
{
        char path[128];

        snprintf(path, sizeof path, GOLDEN "%s", name);
        if (getenv("KMW_GOLDEN_UPDATE")) {
                FILE *f = fopen(path, "w");
                assert_non_null(f);
                fputs(text, f);
                fclose(f);
                return;
        }
        _cleanup_free_ char *wanted = load(name);
        if (strcmp(wanted, text) != 0)
                fail_msg("%s differs; now it is:\n%s", name, text);
}

struct page {
        char *text;
        size_t size;
        struct terminal t;
};

static inline void page_open(struct page *p, const struct look *look)
{
        *p = (struct page){ 0 };
        p->t = (struct terminal){ .out = open_memstream(&p->text, &p->size),
                                  .width = look->width,
                                  .utf8 = look->utf8,
                                  .colour = look->colour };
        assert_non_null(p->t.out);
}

static inline void page_check(struct page *p, const char *name, const struct look *look,
                              bool hostile)
{
        fclose(p->t.out);
        assert_harmless(name, p->text, look);
        if (!look->colour && !hostile)
                assert_fits(name, p->text, look->width);
        assert_golden(name, p->text);
        free(p->text);
}
