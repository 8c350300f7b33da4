/* SPDX-License-Identifier: MIT */
/* What lies around events in the spool: names, records of who is done with an event, the list of
 * those that have left, the alerts that last, what is held back on purpose. The first byte chooses.
 */
#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce/spool_held.h"
#include "announce/spool_name.h"
#include "base/macros.h"
#include "deliver/firing.h"
#include "deliver/letter.h"
#include "deliver/outbox.h"
#include "deliver/queue.h"
#include "deliver/record.h"
#include "deliver/settled.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_name(const char *text)
{
        char id[QUEUE_ID_MAX], name[SPOOL_NAME_SIZE];
        uint64_t sequence;
        if (outbox_classify(text, &sequence, id) != OUTBOX_EVENT)
                return;
        assert(spool_name_format(sequence, id, name));
        assert(strcmp(name, text) == 0);
}

static void read_record(const char *text)
{
        _cleanup_free_ char *longer = NULL;
        bool before = record_names(text, "ops");
        if (record_add(text, "ops", "accepted", &longer) < 0)
                return;
        assert(record_names(longer, "ops"));
        assert(!before || record_names(longer, "ops"));
        assert(record_names(longer, "oncall") == record_names(text, "oncall") ||
               text[strlen(text) - 1] != '\n'); /* a torn line is complete now */
}

/* A file of the courier's own folder, which is made once. */
static const char *folder_with(const char *name, const uint8_t *data, size_t size)
{
        static char folder[] = "/tmp/kmw-fuzz-spool-XXXXXX", path[64];
        static bool made;
        if (!made && !mkdtemp(folder))
                abort();
        made = true;
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, data, size) != (ssize_t)size)
                abort();
        (void)close(fd);
        return folder;
}

static void read_settled(const uint8_t *data, size_t size)
{
        static struct settled s;
        settled_open(&s, folder_with("settled", data, size));
        assert(s.count <= SETTLED_MAX && s.next < SETTLED_MAX);
        for (size_t i = 0; i < s.count; i++)
                assert(strlen(s.ids[i]) == QUEUE_ID_MAX - 1 && settled_knows(&s, s.ids[i]));
        settled_add(&s, "0123456789abcdef0123456789abcdef");
        assert(settled_knows(&s, "0123456789abcdef0123456789abcdef"));
        settled_close(&s);
}

/* What is taken is an event, and is written so that the next courier takes it too. */
static void read_firing(const uint8_t *data, size_t size)
{
        static struct firing f, again;
        char error[LETTER_ERROR_MAX];
        struct letter m;
        const char *folder = folder_with("firing", data, size);
        firing_open(&f, folder);
        assert(f.count <= FIRING_MAX);
        size_t count = f.count;
        for (size_t i = 0; i < count; i++) {
                const struct firing_entry *e = &f.entries[i];
                assert(letter_parse(e->raw, strlen(e->raw), error, &m) == 0);
                assert(letter_alert_hash(&m) == e->alert);
                if (i + 1 == count && isnan(e->ended)) {
                        assert(firing_note(&f, &m, 1e9) == 0);
                        firing_open(&again, folder);
                        assert(again.count == f.count);
                        firing_done(&again);
                }
                letter_done(&m);
        }
        (void)firing_prune(&f, 1e9, 60);
        firing_done(&f);
}

static void read_held(const char *text)
{
        char line[SPOOL_HELD_MAX];
        struct spool_held held, again;
        if (!spool_held_parse(text, &held))
                return;
        (void)spool_held_format(&held, line);
        assert(spool_held_parse(line, &again));
        assert(memcmp(&held, &again, sizeof(held)) == 0);
        double since = spool_held_waits_since(&held, 7, 1e9, 1e9 + 60);
        assert(isnan(since) || since >= 1e9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        _cleanup_free_ char *text = strndup((const char *)data + 1, size - 1);
        if (!text)
                return 0;
        switch (data[0]) {
        case 'n':
                read_name(text);
                break;
        case 'r':
                read_record(text);
                break;
        case 's':
                read_settled(data + 1, size - 1);
                break;
        case 'f':
                read_firing(data + 1, size - 1);
                break;
        default:
                read_held(text);
                break;
        }
        return 0;
}
