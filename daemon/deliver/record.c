/* SPDX-License-Identifier: MIT */
/* Which channels are done with an event, as text. */
#include "deliver/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

static bool is_word(const char *text, size_t length)
{
        static const char *const words[] = { "accepted", "dead", "quiet" };
        for (size_t i = 0; i < ELEMENTS_OF(words); i++)
                if (strlen(words[i]) == length && strncmp(text, words[i], length) == 0)
                        return true;
        return false;
}

bool record_names(const char *record, const char *channel)
{
        size_t length = strlen(channel);
        for (const char *line = record; line && *line;) {
                size_t rest = strcspn(line, "\n");
                const char *word = line + length + 1;
                /* Without its end a line may be the torn start of a longer name. */
                if (line[rest] == '\n' && rest > length + 1 &&
                    strncmp(line, channel, length) == 0 && line[length] == ' ' &&
                    is_word(word, rest - length - 1))
                        return true;
                line += rest + (line[rest] == '\n');
        }
        return false;
}

int record_add(const char *record, const char *channel, const char *word, char **ret)
{
        const char *old = record ? record : "";
        size_t length = strlen(old);
        const char *end = length > 0 && old[length - 1] != '\n' ? "\n" : "";
        if (length + strlen(channel) + strlen(word) + 4 > RECORD_MAX)
                return -EFBIG;
        char *text;
        if (asprintf(&text, "%s%s%s %s\n", old, end, channel, word) < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}
