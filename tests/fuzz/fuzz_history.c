/* SPDX-License-Identifier: MIT */
/* The saved history of looks, damaged in the places that the input names (see fuzz.h): refused, or
 * whatever can be asked of it has an answer, and it goes on. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "culprit/history.h"
#include "fuzz.h"

enum { BYTES = 16 * 1024, NAMES = 64, RECORDS = 12, ROWS = 6 };

static struct history *new_history(void)
{
        struct history *h;
        require(history_new(BYTES, NAMES, 60, 1U << TABLE_CACHES | 1U << TABLE_CGROUPS, &h) == 0);
        return h;
}

static void look(struct findings *f, unsigned number)
{
        findings_clear(f);
        f->time = 1e6 + 60.0 * number;
        f->state[SOURCE_SLABINFO] = SOURCE_DONE;
        f->counts[COUNT_FILES] = number;
        for (unsigned i = 0; i < ROWS; i++) {
                struct tally *t = &f->tables[TABLE_CACHES];
                char name[16];
                int length = snprintf(name, sizeof(name), "cache-%u", (i + number) % 10);
                uint64_t key = tally_key(0, name, (size_t)length);
                tally_now(t, tally_get(t, key, 0, name, (size_t)length))[CACHE_BYTES] +=
                        65536.0 * (i + 1) * (number + 1);
        }
}

static struct findings *findings(void)
{
        static struct findings f;
        if (!f.memory)
                require(findings_init(&f, true) == 0);
        return &f;
}

static const void *good_bytes(size_t *ret_size)
{
        static void *bytes;
        static size_t size;
        if (!bytes) {
                struct history *h = new_history();
                for (unsigned i = 0; i < RECORDS; i++) {
                        look(findings(), i);
                        history_add(h, findings());
                }
                size = history_saved_size(h);
                require((bytes = malloc(size)) != NULL && history_save(h, bytes, size) == size);
                history_free(h);
        }
        *ret_size = size;
        return bytes;
}

static void ask_all(const struct history *h)
{
        double fields[FIELD_MEMINFO_COUNT], counts[COUNT_COUNT], before = -INFINITY;
        look(findings(), RECORDS);
        for (unsigned i = 0; i < history_count(h); i++) {
                const struct record *r = history_at(h, i);
                require(record_time(r) > before);
                before = record_time(r);
                record_fields(r, TABLE_CACHES, fields);
                record_counts(r, counts);
                struct tally *t = &findings()->tables[TABLE_CACHES];
                (void)history_compare(h, r, TABLE_CACHES, t);
                for (unsigned row = 0; row < t->count; row++)
                        require(utf8_valid(t->rows[row].name));
        }
        (void)history_find(h, 1e6 + 100, TABLE_CACHES);
        (void)history_find(h, 1e6 + 100, TABLE_CGROUPS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t length;
        const void *good = good_bytes(&length);
        if (size < 2)
                return 0;
        /* Two bytes cut it; all others are patches. */
        size_t cut = ((size_t)data[0] | (size_t)data[1] << 8) % (length + 1);
        _cleanup_free_ char *bytes = malloc(length + 1);
        require(bytes != NULL);
        memcpy(bytes, good, length);
        apply_patches((struct part){ data + 2, size - 2 }, bytes, length);

        struct history *h = new_history();
        int r = history_load(h, bytes, length - cut);
        require(r == 0 || r == -EBADMSG || r == -ENOSPC);
        require(r == 0 || history_count(h) == 0);
        ask_all(h);
        for (unsigned i = RECORDS; i < RECORDS + 3; i++) {
                look(findings(), i);
                history_add(h, findings());
        }
        ask_all(h);
        history_free(h);
        return 0;
}
