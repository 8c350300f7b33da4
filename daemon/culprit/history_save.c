/* SPDX-License-Identifier: MIT */
/* The history as bytes and back. A file may be damaged or of another build: each record is measured
 * and each of its names looked up before anything is used. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "culprit/history_internal.h"

/* What has to be alike for records to be understood. */
struct saved_head {
        char magic[8];
        uint32_t record_bytes, tables, names, count;
        uint64_t bytes; /* of the records, which follow; then the names */
};

struct saved_name {
        uint64_t key;
        uint32_t id;
        char text[TALLY_NAME_MAX];
};

static const char MAGIC[8] = "kmwhist1";

size_t history_saved_size(const struct history *h)
{
        size_t names = 0;

        for (unsigned i = 0; i < h->names.capacity; i++)
                names += h->names.all[i].key != 0;
        return sizeof(struct saved_head) + h->used + names * sizeof(struct saved_name);
}

size_t history_save(const struct history *h, void *buffer, size_t size)
{
        struct saved_head head = {
                .record_bytes = sizeof(struct record),
                .tables = TABLE_COUNT,
                .count = h->count,
                .bytes = h->used,
        };
        char *at = buffer;

        if (size < history_saved_size(h))
                return 0;
        at += sizeof(head);
        memcpy(at, h->bytes, h->used);
        at += h->used;
        for (unsigned i = 0; i < h->names.capacity; i++) {
                struct saved_name name = { .key = h->names.all[i].key, .id = i };

                if (!name.key)
                        continue;
                memcpy(name.text, h->names.all[i].text, sizeof(name.text));
                memcpy(at, &name, sizeof(name));
                at += sizeof(name);
                head.names++;
        }
        memcpy(head.magic, MAGIC, sizeof(head.magic));
        memcpy(buffer, &head, sizeof(head));
        return (size_t)(at - (char *)buffer);
}

static bool load_name(struct names *n, const struct saved_name *name)
{
        if (name->key == 0 || name->id >= n->capacity || n->all[name->id].key != 0 ||
            !memchr(name->text, '\0', sizeof(name->text)) || !utf8_valid(name->text))
                return false;
        n->all[name->id].key = name->key;
        memcpy(n->all[name->id].text, name->text, sizeof(name->text));
        return true;
}

/* A record of which `left` bytes follow. Times so large that a shift would round them lose their
 * order. */
static bool is_sound(const struct history *h, const struct record *r, size_t left, double before)
{
        static const double LATEST = 1e11;

        if (left < sizeof(*r) || r->size > left || !(r->time >= 0 && r->time < LATEST) ||
            !(r->time >= before + HISTORY_GAP))
                return false;
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                if (r->rows[t] > table_infos[t].kept ||
                    (r->rows[t] > 0 && !(r->present & h->tables & 1U << t)))
                        return false;
        if (r->size != record_size(r))
                return false;
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                for (unsigned row = 0; row < r->rows[t]; row++) {
                        unsigned id = record_ids(r, (enum table)t)[row];

                        if (id >= h->names.capacity || h->names.all[id].key == 0)
                                return false;
                }
        return true;
}

static int load(struct history *h, const char *data, size_t size)
{
        struct saved_head head;
        double before = -INFINITY;

        if (size < sizeof(head))
                return -EBADMSG;
        memcpy(&head, data, sizeof(head));
        data += sizeof(head);
        size -= sizeof(head);
        if (memcmp(head.magic, MAGIC, sizeof(head.magic)) != 0 ||
            head.record_bytes != sizeof(struct record) || head.tables != TABLE_COUNT)
                return -EBADMSG;
        if (head.bytes > h->capacity || head.names > h->names.capacity ||
            head.count >= HISTORY_RECORDS_MAX)
                return -ENOSPC;
        if (size != head.bytes + head.names * sizeof(struct saved_name))
                return -EBADMSG;

        memcpy(h->bytes, data, head.bytes);
        data += head.bytes;
        for (unsigned i = 0; i < head.names; i++) {
                struct saved_name name;

                memcpy(&name, data + i * sizeof(name), sizeof(name));
                if (!load_name(&h->names, &name))
                        return -EBADMSG;
        }
        for (size_t at = 0; at < head.bytes;) {
                const struct record *r = (const struct record *)(const void *)(h->bytes + at);

                if (!is_sound(h, r, head.bytes - at, before))
                        return -EBADMSG;
                before = r->time;
                at += r->size;
                h->count++;
        }
        if (h->count != head.count)
                return -EBADMSG;
        h->used = head.bytes;
        return 0;
}

static void forget(struct history *h)
{
        h->count = 0;
        h->used = 0;
        names_sweep(&h->names); /* none is marked: all go */
}

int history_load(struct history *h, const void *data, size_t size)
{
        forget(h);
        int r = load(h, data, size);
        if (r < 0) {
                forget(h);
                return r;
        }
        /* Two names of one key would be found by the slots as one: those that records use are kept
         * and the slots made of them. */
        history_sweep_names(h);
        return 0;
}
