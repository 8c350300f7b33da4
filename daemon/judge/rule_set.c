/* SPDX-License-Identifier: MIT */
/* Sets of rules, and how one is put together for the years that it is used after the moment in
 * which it was read. */
#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pages.h"
#include "judge/rule.h"

void rule_set_done(struct rule_set *set)
{
        if (set->packed > 0) {
                pages_free(set->rules, set->packed);
        } else {
                for (size_t i = 0; i < set->count; i++)
                        rule_done(&set->rules[i]);
                free(set->rules);
        }
        *set = (struct rule_set){ 0 };
}

const struct rule *rule_set_find(const struct rule_set *set, const char *name)
{
        for (size_t i = 0; i < set->count; i++)
                if (strcmp(set->rules[i].name, name) == 0)
                        return &set->rules[i];
        return NULL;
}

/* A piece of memory that stands in the pages once, however many rules have one like it. */
struct piece {
        const void *data; /* NULL: a free place */
        size_t size, at;
};

/* The rules, behind them the limits and then the texts. Open addressing. */
struct packing {
        struct piece *pieces;
        size_t mask;
        size_t size; /* bytes so far */
        char *pages; /* NULL while only counting */
};

static struct piece *find_piece(const struct packing *p, const void *data, size_t size)
{
        struct hash h;
        hash_init(&h);
        hash_add(&h, data, size);
        size_t at = (size_t)h.state;
        for (;;) {
                struct piece *piece = &p->pieces[at++ & p->mask];
                if (!piece->data || (piece->size == size && memcmp(piece->data, data, size) == 0))
                        return piece;
        }
}

/* Counts the piece, or copies it where it was counted. Returns its place in the pages. */
static void *put(struct packing *p, const void *data, size_t size)
{
        struct piece *piece = find_piece(p, data, size);
        if (!piece->data) {
                *piece = (struct piece){ data, size, p->size };
                p->size += size;
        }
        return p->pages ? memcpy(p->pages + piece->at, data, size) : NULL;
}

static void pack_limits(struct packing *p, const struct rule *from, struct rule *to)
{
        for (size_t k = 0; k < HOST_KIND_COUNT; k++)
                for (size_t s = 0; s < SEVERITY_COUNT; s++) {
                        const struct limit *l = from->limits[k][s];
                        const struct limit *moved = l ? put(p, l, sizeof(*l)) : NULL;
                        if (to)
                                to->limits[k][s] = moved;
                }
}

static void pack_texts(struct packing *p, struct rule *from, enum host_kind kind, struct rule *to)
{
        char **texts[RULE_TEXTS], **moved[RULE_TEXTS];
        rule_texts(from, texts);
        if (to)
                rule_texts(to, moved);
        for (size_t i = 0; i < RULE_TEXTS; i++) {
                bool action = i >= RULE_TEXTS - HOST_KIND_COUNT;
                bool kept = *texts[i] && (!action || texts[i] == &from->action[kind]);
                char *text = kept ? put(p, *texts[i], strlen(*texts[i]) + 1) : NULL;
                if (to)
                        *moved[i] = text;
        }
}

/* Once to count, then once more to copy. */
static void pack(struct packing *p, struct rule_set *set, enum host_kind kind)
{
        struct rule *rules = (struct rule *)p->pages;
        static_assert(sizeof(struct rule) % alignof(struct limit) == 0, "limits follow the rules");
        p->size = set->count * sizeof(*rules);
        for (size_t i = 0; i < set->count; i++) {
                if (rules) {
                        rules[i] = set->rules[i];
                        rules[i].own_limits = NULL;
                }
                pack_limits(p, &set->rules[i], rules ? &rules[i] : NULL);
        }
        for (size_t i = 0; i < set->count; i++)
                pack_texts(p, &set->rules[i], kind, rules ? &rules[i] : NULL);
}

int rule_set_pack(struct rule_set *set, enum host_kind kind)
{
        struct packing p = { .mask = 64 };
        assert(set->packed == 0);
        if (set->count == 0)
                return 0;
        while (p.mask < 2 * set->count * (RULE_TEXTS + HOST_KIND_COUNT * SEVERITY_COUNT))
                p.mask *= 2;
        p.pieces = calloc(p.mask--, sizeof(*p.pieces));
        if (!p.pieces)
                return -ENOMEM;
        pack(&p, set, kind);
        size_t size = p.size;
        p.pages = pages_new(size);
        if (!p.pages) {
                free(p.pieces);
                return -ENOMEM;
        }
        pack(&p, set, kind);
        free(p.pieces);
        struct rule_set packed = { (struct rule *)p.pages, set->count, size };
        rule_set_done(set);
        *set = packed;
        return 0;
}
