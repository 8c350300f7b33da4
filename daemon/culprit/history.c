/* SPDX-License-Identifier: MIT */
/* Records of past looks, packed one behind the other in a fixed piece of memory: taking one out
 * moves the later ones up, some 100 KiB once a minute. */
#include "culprit/history.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/pages.h"
#include "culprit/history_internal.h"

static_assert(sizeof(struct record) % 8 == 0, "records lie one behind the other");

int history_new(size_t bytes, unsigned names, double step, unsigned tables, struct history **ret)
{
        struct history *h = calloc(1, sizeof(*h));

        if (!h)
                return -ENOMEM;
        h->capacity = bytes;
        h->step = step;
        h->tables = tables;
        h->bytes = pages_new(bytes);
        if (!h->bytes || names_init(&h->names, names) < 0) {
                history_free(h);
                return -ENOMEM;
        }
        *ret = h;
        return 0;
}

void history_free(struct history *h)
{
        if (!h)
                return;
        names_done(&h->names);
        pages_free(h->bytes, h->capacity);
        free(h);
}

size_t history_resident(const struct history *h)
{
        return pages_resident(h->bytes, h->capacity) +
               pages_resident(h->names.all, names_bytes(&h->names));
}

static struct record *first(const struct history *h)
{
        return (struct record *)(void *)h->bytes;
}

static struct record *following(const struct record *r)
{
        return (struct record *)((uintptr_t)r + r->size);
}

/* Rows of a table have an even number of ids, so that the numbers behind them are aligned. */
static size_t ids_size(unsigned rows)
{
        return (rows + 1U) / 2 * 2 * sizeof(uint16_t);
}

const uint16_t *record_ids(const struct record *r, enum table table)
{
        uintptr_t at = (uintptr_t)(r + 1);

        for (unsigned i = 0; i < table; i++)
                at += ids_size(r->rows[i]) +
                      (size_t)r->rows[i] * table_infos[i].columns * sizeof(float);
        return (const uint16_t *)at;
}

size_t record_size(const struct record *r)
{
        uintptr_t end = (uintptr_t)record_ids(r, TABLE_COUNT);

        return (end - (uintptr_t)r + 7) / 8 * 8;
}

static const float *row_numbers(const struct record *r, enum table table)
{
        return (const float *)((uintptr_t)record_ids(r, table) + ids_size(r->rows[table]));
}

unsigned history_count(const struct history *h)
{
        return h->count;
}

const struct record *history_at(const struct history *h, unsigned index)
{
        const struct record *r = first(h);

        assert(index < h->count);
        while (index-- > 0)
                r = following(r);
        return r;
}

static void take_out(struct history *h, unsigned index)
{
        struct record *r = (struct record *)history_at(h, index);
        uint8_t *after = (uint8_t *)following(r), *end = h->bytes + h->used;

        h->used -= r->size;
        h->count--;
        memmove(r, after, (size_t)(end - after));
}

static unsigned read_times(const struct history *h, double times[HISTORY_RECORDS_MAX])
{
        const struct record *r = first(h);

        for (unsigned i = 0; i < h->count; i++, r = following(r))
                times[i] = r->time;
        return h->count;
}

static void thin(struct history *h)
{
        double times[HISTORY_RECORDS_MAX];
        unsigned index, count = read_times(h, times);

        while (count > 1 && times[count - 1] - times[1] >= HISTORY_AGE) {
                take_out(h, 0);
                count = read_times(h, times);
        }
        while (count > 2 && history_superfluous(times, count, h->step, &index)) {
                take_out(h, index);
                count = read_times(h, times);
        }
}

/* Takes one out for want of space; the two ends last. False when there is none. */
static bool make_room(struct history *h)
{
        double times[HISTORY_RECORDS_MAX];
        unsigned count = read_times(h, times);

        if (count == 0)
                return false;
        take_out(h, count > 2 ? history_least(times, count) : 0);
        return true;
}

void history_sweep_names(struct history *h)
{
        const struct record *r = first(h);

        for (unsigned i = 0; i < h->count; i++, r = following(r))
                for (unsigned t = 0; t < TABLE_COUNT; t++)
                        for (unsigned row = 0; row < r->rows[t]; row++)
                                names_mark(&h->names, record_ids(r, (enum table)t)[row]);
        names_sweep(&h->names);
}

static bool is_kept(const struct history *h, const struct findings *f, enum table table)
{
        return (h->tables & 1U << table) && f->tables[table].rows &&
               f->state[table_source(table)] == SOURCE_DONE;
}

/* The smallest size that at most `kept` rows reach. Selection by halving the interval: sizes are
 * doubles, so 64 steps end it; a tie may leave more rows, which the caller cuts. */
static double size_to_keep(const struct tally *t, const struct table_info *info)
{
        double low = info->smallest, high = low;

        for (unsigned i = 0; i < t->count; i++)
                high = fmax(high, tally_now(t, i)[info->rank]);
        for (unsigned step = 0; step < 64 && low < high; step++) {
                double middle = step == 0 ? low : low + (high - low) / 2;
                unsigned reach = 0;

                for (unsigned i = 0; i < t->count; i++)
                        reach += tally_now(t, i)[info->rank] >= middle;
                if (reach <= info->kept) {
                        high = middle;
                        if (step == 0)
                                break;
                } else {
                        low = middle;
                }
        }
        return high;
}

static unsigned rows_to_keep(const struct tally *t, const struct table_info *info, double size)
{
        unsigned rows = 0;

        for (unsigned i = 0; i < t->count; i++)
                rows += tally_now(t, i)[info->rank] >= size;
        return MIN_OF(rows, info->kept);
}

/* Writes the rows behind the record's end. False when names are short. */
static bool write_rows(struct history *h, struct record *r, enum table table, const struct tally *t,
                       double size)
{
        const struct table_info *info = &table_infos[table];
        uint16_t *ids = (uint16_t *)(void *)record_ids(r, table);
        float *numbers = (float *)(void *)row_numbers(r, table);
        unsigned row = 0;

        for (unsigned i = 0; i < t->count && row < r->rows[table]; i++) {
                if (!(tally_now(t, i)[info->rank] >= size))
                        continue;
                int id = names_get(&h->names, t->rows[i].key, t->rows[i].name);
                if (id < 0)
                        return false;
                ids[row] = (uint16_t)id;
                for (unsigned c = 0; c < info->columns; c++)
                        numbers[row * info->columns + c] = (float)tally_now(t, i)[c];
                row++;
        }
        return true;
}

static void write_head(struct record *r, const struct findings *f)
{
        r->time = f->time;
        for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++)
                r->fields[i] = (float)f->fields[i];
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++)
                        r->fields_at[t][i] = (float)f->fields_at[t][i];
        for (unsigned i = 0; i < COUNT_COUNT; i++)
                r->counts[i] = (float)f->counts[i];
}

void history_add(struct history *h, const struct findings *f)
{
        struct record head = { 0 };
        double sizes[TABLE_COUNT];

        if (!isfinite(f->time))
                return;
        write_head(&head, f);
        for (unsigned t = 0; t < TABLE_COUNT; t++) {
                const struct table_info *info = &table_infos[t];

                if (!is_kept(h, f, (enum table)t))
                        continue;
                sizes[t] = size_to_keep(&f->tables[t], info);
                head.present |= 1U << t;
                head.rows[t] = (uint16_t)rows_to_keep(&f->tables[t], info, sizes[t]);
        }
        size_t size = record_size(&head);
        head.size = (uint32_t)size;

        if (h->count > 0) {
                double newest = history_at(h, h->count - 1)->time;

                if (f->time < newest + HISTORY_GAP)
                        history_shift(h, f->time - newest - 1);
        }
        while (h->count >= HISTORY_RECORDS_MAX - 1 || h->capacity - h->used < size)
                if (!make_room(h))
                        return;

        struct record *r = (struct record *)(void *)(h->bytes + h->used);
        for (unsigned attempt = 0;; attempt++) {
                bool fits = true;

                *r = head;
                for (unsigned t = 0; t < TABLE_COUNT && fits; t++)
                        if (head.present & 1U << t)
                                fits = write_rows(h, r, (enum table)t, &f->tables[t], sizes[t]);
                if (fits)
                        break;
                /* Names ran out: sweep, then do without the record that is missed least. */
                if (attempt > 0 && !make_room(h))
                        return;
                history_sweep_names(h);
                r = (struct record *)(void *)(h->bytes + h->used);
        }
        h->used += size;
        h->count++;
        thin(h);
}

void history_shift(struct history *h, double seconds)
{
        struct record *r = first(h);

        for (unsigned i = 0; i < h->count; i++, r = following(r))
                r->time += seconds;
}

const struct record *history_find(const struct history *h, double time, enum table table)
{
        const struct record *found = NULL, *r = first(h);

        for (unsigned i = 0; i < h->count; i++, r = following(r)) {
                if (table != TABLE_COUNT && !(r->present & 1U << table))
                        continue;
                if (r->time > time && found)
                        break;
                found = r;
                if (r->time > time)
                        break;
        }
        return found;
}

double record_time(const struct record *r)
{
        return r->time;
}

void record_fields(const struct record *r, enum table table, double ret[FIELD_MEMINFO_COUNT])
{
        for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++)
                ret[i] = table == TABLE_COUNT ? r->fields[i] : r->fields_at[table][i];
}

void record_counts(const struct record *r, double ret[COUNT_COUNT])
{
        for (unsigned i = 0; i < COUNT_COUNT; i++)
                ret[i] = r->counts[i];
}

/* Rows are kept without their parents; a cgroup's stands in its path, when that was not cut. */
static uint64_t parent_of(enum table table, const char *name)
{
        const char *slash = table == TABLE_CGROUPS && name[0] == '/' ? strrchr(name, '/') : name;

        return slash > name ? tally_key(0, name, (size_t)(slash - name)) : 0;
}

bool history_compare(const struct history *h, const struct record *r, enum table table,
                     struct tally *t)
{
        unsigned columns = table_infos[table].columns;

        tally_forget_then(t);
        if (!(r->present & 1U << table))
                return false;
        for (unsigned i = 0; i < t->count; i++)
                for (unsigned c = 0; c < columns; c++)
                        tally_then(t, i)[c] = 0;

        const uint16_t *ids = record_ids(r, table);
        const float *numbers = row_numbers(r, table);
        for (unsigned i = 0; i < r->rows[table]; i++) {
                const struct name *name = &h->names.all[ids[i]];
                int row = tally_find(t, name->key);

                if (row < 0) {
                        if (t->count == t->capacity)
                                continue;
                        row = (int)tally_get(t, name->key, parent_of(table, name->text), name->text,
                                             strlen(name->text));
                }
                for (unsigned c = 0; c < columns; c++)
                        tally_then(t, (unsigned)row)[c] = numbers[i * columns + c];
        }
        return true;
}
