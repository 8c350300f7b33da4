/* SPDX-License-Identifier: MIT */
/* A table of members: rows that stay, found by a hash of their names. */
#include "sample/members.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/pages.h"

enum { PLACES = 2 * MEMBERS_MAX }; /* half full at most; a power of two */

/* A column of so many bytes a row. */
static void *cut(char **at, size_t size)
{
        void *column = *at;
        *at += MEMBERS_MAX * size;
        return column;
}

int members_init(struct members *m)
{
        struct members new = { .size = MEMBERS_MAX * (sizeof(*m->keys) + sizeof(*m->values) +
                                                      sizeof(*m->names) + sizeof(*m->inner) +
                                                      sizeof(*m->seen) + sizeof(*m->family)) +
                                       PLACES * sizeof(*m->places) };
        char *at = pages_new(new.size);
        if (!at)
                return -ENOMEM;
        /* What needs the most alignment comes first. */
        new.keys = cut(&at, sizeof(*m->keys));
        new.values = cut(&at, sizeof(*m->values));
        new.places = cut(&at, sizeof(*m->places) * (PLACES / MEMBERS_MAX));
        new.names = cut(&at, sizeof(*m->names));
        new.inner = cut(&at, sizeof(*m->inner));
        new.seen = cut(&at, sizeof(*m->seen));
        new.family = cut(&at, sizeof(*m->family));
        *m = new;
        return 0;
}

void members_done(struct members *m)
{
        pages_free(m->keys, m->size);
        *m = (struct members){ 0 };
}

static size_t place_of(const struct members *m, uint64_t key)
{
        size_t place = (size_t)key & (PLACES - 1);
        while (m->places[place] && m->keys[m->places[place] - 1] != key)
                place = (place + 1) & (PLACES - 1);
        return place;
}

int members_find(const struct members *m, uint64_t key)
{
        return (int)m->places[place_of(m, key)] - 1;
}

void members_begin(struct members *m, enum family family)
{
        for (unsigned i = 0; i < m->used; i++)
                if (m->family[i] == family)
                        m->seen[i] = false;
}

static int free_row(struct members *m)
{
        while (m->free_from < m->used && m->keys[m->free_from])
                m->free_from++;
        return m->free_from < MEMBERS_MAX ? (int)m->free_from : -ENOSPC;
}

int members_put(struct members *m, enum family family, const char *name, double bytes, bool inner)
{
        char short_name[FIELD_NAME_MAX + 1];
        uint64_t key = member_key(member_short_name(name, short_name));
        size_t place = place_of(m, key);
        int row = (int)m->places[place] - 1;
        if (row >= 0 && m->seen[row])
                return -EEXIST;
        if (row < 0) {
                row = free_row(m);
                if (row < 0)
                        return row;
                size_t length = strnlen(name, MEMBER_NAME_MAX);
                memcpy(m->names[row], name, length);
                m->names[row][length] = '\0';
                m->keys[row] = key;
                m->family[row] = family;
                m->places[place] = (uint16_t)(row + 1);
                m->used = MAX_OF(m->used, (unsigned)row + 1);
                m->changes++;
        }
        m->changes += m->inner[row] != inner;
        m->values[row] = bytes;
        m->inner[row] = inner;
        m->seen[row] = true;
        return row;
}

void members_end(struct members *m, enum family family, bool whole)
{
        bool gone = false;
        for (unsigned i = 0; i < m->used; i++) {
                if (!m->keys[i] || m->family[i] != family || m->seen[i])
                        continue;
                m->keys[i] = 0;
                m->values[i] = NAN;
                gone = true;
        }
        m->known[family] = whole;
        m->read[family] = true;
        if (!gone)
                return;
        m->changes++;
        m->free_from = 0;
        while (m->used > 0 && !m->keys[m->used - 1])
                m->used--;
        memset(m->places, 0, PLACES * sizeof(*m->places));
        for (unsigned i = 0; i < m->used; i++)
                if (m->keys[i])
                        m->places[place_of(m, m->keys[i])] = (uint16_t)(i + 1);
}

void members_fail(struct members *m, enum family family)
{
        for (unsigned i = 0; i < m->used; i++)
                if (m->keys[i] && m->family[i] == family)
                        m->values[i] = NAN;
        m->known[family] = false;
}
