/* SPDX-License-Identifier: MIT */
/* The silences in force: a short list. */
#include "alert/silence.h"

#include <errno.h>
#include <string.h>

static struct silence *find(struct silences *s, const char *name)
{
        for (size_t i = 0; i < s->count; i++)
                if (strcmp(s->list[i].name, name) == 0)
                        return &s->list[i];
        return NULL;
}

int silences_add(struct silences *s, const struct silence *add)
{
        struct silence *old = find(s, add->name);

        if (!old && s->count == SILENCES_MAX)
                return -ENOSPC;
        *(old ? old : &s->list[s->count++]) = *add;
        return old != NULL;
}

static void take(struct silences *s, struct silence *at, struct silence *ret)
{
        size_t after = (size_t)(&s->list[s->count] - at) - 1;

        *ret = *at;
        memmove(at, at + 1, after * sizeof(*at));
        s->count--;
}

bool silences_remove(struct silences *s, const char *name, struct silence *ret)
{
        struct silence *at = find(s, name);

        if (at)
                take(s, at, ret);
        return at != NULL;
}

bool silences_expire(struct silences *s, double now, struct silence *ret)
{
        for (size_t i = 0; i < s->count; i++)
                if (now >= s->list[i].ends) {
                        take(s, &s->list[i], ret);
                        return true;
                }
        return false;
}

const struct silence *silences_of_rule(const struct silences *s, const struct rule *rule,
                                       const char *dimension)
{
        const struct silence *best = NULL;

        for (size_t i = 0; i < s->count; i++)
                if ((!best || s->list[i].ends > best->ends) &&
                    rule_is_meant(rule, dimension, s->list[i].name))
                        best = &s->list[i];
        return best;
}
