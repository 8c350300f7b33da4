/* SPDX-License-Identifier: MIT */
/* Walks through the words of a rule test. */
#include "engine/rule_test_words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

int words_refuse(struct words *w, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(w->error, KEY_ERROR_MAX, format, args);
        va_end(args);
        return -EINVAL;
}

int words_init(struct words *w, char *item, char error[KEY_ERROR_MAX])
{
        *w = (struct words){ .error = error };
        for (char *word; (word = strsep(&item, " \t"));) {
                if (!*word || strcmp(word, "the") == 0)
                        continue;
                if (w->count == WORDS_MAX)
                        return words_refuse(w, "more than %d words without a comma", WORDS_MAX);
                w->list[w->count++] = word;
        }
        return 0;
}

const char *words_peek(const struct words *w)
{
        return w->next < w->count ? w->list[w->next] : NULL;
}

const char *words_take(struct words *w)
{
        return w->next < w->count ? w->list[w->next++] : NULL;
}

bool words_take_if(struct words *w, const char *word)
{
        const char *next = words_peek(w);

        if (!next || strcmp(next, word) != 0)
                return false;
        w->next++;
        return true;
}

int words_need(struct words *w, const char *word)
{
        const char *next = words_peek(w);

        if (words_take_if(w, word))
                return 0;
        return next ? words_refuse(w, "\"%s\" is expected where \"%.40s\" stands", word, next)
                    : words_refuse(w, "\"%s\" is missing at the end", word);
}

/* Joins `more` words to those that are the text so far, when that is a duration. */
static bool join_duration(struct words *w, struct text *t, unsigned more)
{
        char longer[128];
        struct text l;
        double seconds;

        if (w->next + more > w->count)
                return false;
        text_init(&l, longer, sizeof(longer));
        text_add(&l, "%s", t->buffer);
        for (unsigned i = 0; i < more; i++)
                text_add(&l, "%s%s", l.length ? " " : "", w->list[w->next + i]);
        if (l.cut || parse_duration(longer, &seconds) < 0)
                return false;
        text_init(t, t->buffer, t->size);
        text_add(t, "%s", longer);
        w->next += more;
        return true;
}

int words_duration(struct words *w, double *ret)
{
        char joined[128];
        struct text t;

        text_init(&t, joined, sizeof(joined));
        /* "1h", "30min"; "1", "h", "30", "min". */
        while (join_duration(w, &t, 1) || join_duration(w, &t, 2))
                ;
        if (t.length == 0)
                return words_refuse(w, "a duration (90s, 10min, 1h 30min) is expected%s%.40s",
                                    words_peek(w) ? ", not " : " at the end",
                                    words_peek(w) ? words_peek(w) : "");
        (void)parse_duration(joined, ret);
        return 0;
}

int words_end(struct words *w)
{
        const char *next = words_peek(w);

        return next ? words_refuse(w, "\"%.40s\" is not understood here", next) : 0;
}

char *words_item(char **rest)
{
        char *item = strsep(rest, ",");

        return item ? trim(item) : NULL;
}
