/* SPDX-License-Identifier: MIT */
/* Containers come and go, so names do: those that no record uses any more are swept out. */
#include "culprit/names.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

int names_init(struct names *n, unsigned capacity)
{
        unsigned slots = 4;

        assert(capacity > 0 && capacity <= NAMES_MAX);
        while (slots < capacity * 2)
                slots *= 2;
        *n = (struct names){ .capacity = capacity, .slot_count = slots };
        n->all = pages_new(names_bytes(n));
        if (!n->all)
                return -ENOMEM;
        n->slots = (uint16_t *)(n->all + capacity);
        n->used = (bool *)(n->slots + slots);
        return 0;
}

size_t names_bytes(const struct names *n)
{
        return n->capacity * (sizeof(*n->all) + sizeof(*n->used)) +
               n->slot_count * sizeof(*n->slots);
}

void names_done(struct names *n)
{
        pages_free(n->all, names_bytes(n));
        *n = (struct names){ 0 };
}

static unsigned slot_of(const struct names *n, uint64_t key)
{
        unsigned slot = (unsigned)(key ^ key >> 32) & (n->slot_count - 1);

        while (n->slots[slot] && n->all[n->slots[slot] - 1].key != key)
                slot = (slot + 1) & (n->slot_count - 1);
        return slot;
}

int names_get(struct names *n, uint64_t key, const char *text)
{
        unsigned slot = slot_of(n, key);

        if (n->slots[slot])
                return n->slots[slot] - 1;
        while (n->free_from < n->capacity && n->all[n->free_from].key)
                n->free_from++;
        if (n->free_from == n->capacity)
                return -1;

        struct name *name = &n->all[n->free_from];
        size_t length = strnlen(text, sizeof(name->text) - 1);

        name->key = key;
        memcpy(name->text, text, length);
        name->text[length] = '\0';
        n->slots[slot] = (uint16_t)(n->free_from + 1);
        return (int)n->free_from++;
}

void names_mark(struct names *n, unsigned id)
{
        n->used[id] = true;
}

void names_sweep(struct names *n)
{
        memset(n->slots, 0, n->slot_count * sizeof(*n->slots));
        n->free_from = n->capacity;
        for (unsigned i = n->capacity; i-- > 0;) {
                if (!n->used[i]) {
                        n->all[i].key = 0;
                        n->free_from = i;
                }
                n->used[i] = false;
        }
        for (unsigned i = 0; i < n->capacity; i++)
                if (n->all[i].key)
                        n->slots[slot_of(n, n->all[i].key)] = (uint16_t)(i + 1);
}
