/* SPDX-License-Identifier: MIT */
/* Adds up by name in fixed memory. When there are more names than rows the small ones give way:
 * whatever holds a share worth telling stays (J. Misra, D. Gries, "Finding repeated elements",
 * Science of Computer Programming 2, 1982), and what was given up is known as a sum. */
#include "culprit/tally.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

/* Half of the slots are always free. */
static unsigned slots_for(unsigned capacity)
{
        unsigned slots = 4;

        while (slots < capacity * 2)
                slots *= 2;
        return slots;
}

size_t tally_bytes(unsigned capacity, unsigned columns)
{
        assert(capacity > 0 && capacity <= TALLY_CAPACITY_MAX);
        assert(columns > 0 && columns <= TALLY_COLUMNS_MAX);
        return capacity * (sizeof(struct tally_row) + 2 * columns * sizeof(double)) +
               slots_for(capacity) * sizeof(uint16_t);
}

void tally_init(struct tally *t, unsigned capacity, unsigned columns, unsigned rank, void *memory)
{
        assert(rank < columns);
        *t = (struct tally){
                .capacity = capacity,
                .columns = columns,
                .rank = rank,
                .rows = memory,
                .slot_count = slots_for(capacity),
        };
        t->now = (double *)(t->rows + capacity);
        t->then = t->now + (size_t)capacity * columns;
        t->slots = (uint16_t *)(void *)(t->then + (size_t)capacity * columns);
}

void tally_clear(struct tally *t)
{
        t->count = 0;
        t->given_up_rows = 0;
        memset(t->given_up, 0, sizeof(t->given_up));
        memset(t->slots, 0, t->slot_count * sizeof(*t->slots));
}

static_assert(sizeof(struct tally_row) % 8 == 0, "numbers follow the rows");

uint64_t tally_key(uint64_t seed, const char *name, size_t length)
{
        uint64_t key = seed ? seed * 0x100000001b3ULL : 0xcbf29ce484222325ULL;

        for (size_t i = 0; i < length; i++)
                key = (key ^ (unsigned char)name[i]) * 0x100000001b3ULL;
        return key ? key : 1;
}

/* The slot of the key, or the free one where it belongs. */
static unsigned slot_of(const struct tally *t, uint64_t key)
{
        unsigned slot = (unsigned)(key ^ key >> 32) & (t->slot_count - 1);

        while (t->slots[slot] && t->rows[t->slots[slot] - 1].key != key)
                slot = (slot + 1) & (t->slot_count - 1);
        return slot;
}

int tally_find(const struct tally *t, uint64_t key)
{
        return !t->slots ? -1 : (int)t->slots[slot_of(t, key)] - 1;
}

static void fill_slots(struct tally *t)
{
        memset(t->slots, 0, t->slot_count * sizeof(*t->slots));
        for (unsigned i = 0; i < t->count; i++)
                t->slots[slot_of(t, t->rows[i].key)] = (uint16_t)(i + 1);
}

static void move_row(struct tally *t, unsigned from, unsigned to)
{
        if (from == to)
                return;
        t->rows[to] = t->rows[from];
        memcpy(tally_now(t, to), tally_now(t, from), t->columns * sizeof(double));
        memcpy(tally_then(t, to), tally_then(t, from), t->columns * sizeof(double));
}

static void give_up(struct tally *t, unsigned row)
{
        for (unsigned c = 0; c < t->columns; c++)
                if (!isnan(tally_now(t, row)[c]))
                        t->given_up[c] += tally_now(t, row)[c];
        t->given_up_rows++;
}

/* Rows below the mean go: sizes are spread like a power law, so that is most of them. Where all are
 * alike the later half goes. */
static void make_room(struct tally *t)
{
        unsigned kept = 0, below = 0;
        double mean = 0;

        for (unsigned i = 0; i < t->count; i++)
                mean += tally_now(t, i)[t->rank] / t->count;
        for (unsigned i = 0; i < t->count; i++)
                below += tally_now(t, i)[t->rank] < mean;
        bool alike = below < t->capacity / 4;

        for (unsigned i = 0; i < t->count; i++) {
                bool goes = alike ? i >= t->count / 2 : tally_now(t, i)[t->rank] < mean;

                if (goes)
                        give_up(t, i);
                else
                        move_row(t, i, kept++);
        }
        t->count = kept;
        fill_slots(t);
}

void tally_name(const char *name, size_t length, char ret[TALLY_NAME_MAX])
{
        char raw[TALLY_NAME_MAX];
        const size_t most = TALLY_NAME_MAX - 1, mark = strlen("…");

        if (length <= most) {
                memcpy(raw, name, length);
                raw[length] = '\0';
        } else {
                const char *tail = name + length - (most - mark);
                const char *end = name + length;

                /* to a character's start, at best to that of a path's component */
                while (tail < end && ((unsigned char)*tail & 0xC0) == 0x80)
                        tail++;
                const char *slash = memchr(tail, '/', (size_t)(end - tail));
                if (slash && slash + 1 < end)
                        tail = slash;
                memcpy(raw, "…", mark);
                memcpy(raw + mark, tail, (size_t)(end - tail));
                raw[mark + (size_t)(end - tail)] = '\0';
        }
        utf8_clean(raw, ret, TALLY_NAME_MAX);
}

unsigned tally_get(struct tally *t, uint64_t key, uint64_t parent, const char *name, size_t length)
{
        unsigned slot = slot_of(t, key);

        if (t->slots[slot])
                return t->slots[slot] - 1U;
        if (t->count == t->capacity) {
                make_room(t);
                slot = slot_of(t, key);
        }
        unsigned row = t->count++;
        t->slots[slot] = (uint16_t)(row + 1);
        t->rows[row].key = key;
        t->rows[row].parent = parent;
        tally_name(name, length, t->rows[row].name);
        for (unsigned c = 0; c < t->columns; c++) {
                tally_now(t, row)[c] = 0;
                tally_then(t, row)[c] = NAN;
        }
        return row;
}

void tally_forget_then(struct tally *t)
{
        unsigned kept = 0;

        for (unsigned i = 0; i < t->count; i++) {
                bool empty = true;

                for (unsigned c = 0; c < t->columns; c++) {
                        tally_then(t, i)[c] = NAN;
                        empty = empty && !(tally_now(t, i)[c] > 0);
                }
                if (!empty)
                        move_row(t, i, kept++);
        }
        t->count = kept;
        fill_slots(t);
}
