/* SPDX-License-Identifier: MIT */
/* What lies around events in the spool and beside the courier's socket: names, records of who is
 * done with an event, the list of those that have left. The first byte chooses. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce/spool_name.h"
#include "base/macros.h"
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

static void read_settled(const uint8_t *data, size_t size)
{
        static char folder[] = "/tmp/kmw-fuzz-spool-XXXXXX";
        static char path[64];
        static struct settled s;
        if (!path[0]) {
                if (!mkdtemp(folder))
                        abort();
                snprintf(path, sizeof(path), "%s/settled", folder);
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, data, size) != (ssize_t)size)
                abort();
        (void)close(fd);
        settled_open(&s, folder);
        assert(s.count <= SETTLED_MAX && s.next < SETTLED_MAX);
        for (size_t i = 0; i < s.count; i++)
                assert(strlen(s.ids[i]) == QUEUE_ID_MAX - 1 && settled_knows(&s, s.ids[i]));
        settled_add(&s, "0123456789abcdef0123456789abcdef");
        assert(settled_knows(&s, "0123456789abcdef0123456789abcdef"));
        settled_close(&s);
        (void)unlink(path);
        (void)rmdir(folder);
        path[0] = '\0';
        memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        _cleanup_free_ char *text = strndup((const char *)data + 1, size - 1);
        if (!text)
                return 0;
        switch (data[0] % 3) {
        case 0:
                read_name(text);
                break;
        case 1:
                read_record(text);
                break;
        default:
                read_settled(data + 1, size - 1);
                break;
        }
        return 0;
}
