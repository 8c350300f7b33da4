/* SPDX-License-Identifier: MIT */
/* Asks for evidence at a critical alert: a file in the runtime folder, which a path unit waits for.
 * The daemon itself neither forks nor writes archives. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "alert/event.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "engine/service_internal.h"

/* On the writer thread. What fails is no harm to the alert, and not tried again. */
static int leave_request(void *userdata, const char *name, const void *data, size_t size)
{
        const struct service *s = userdata;
        _cleanup_free_ char *folder = path_join(s->places.runtime, "evidence");
        (void)data;
        (void)size;
        /* Readable for all: it holds no more than its name. */
        _cleanup_close_ int dirfd = folder ? open_directory(folder, 0755) : -ENOMEM;
        _cleanup_close_ int fd =
                dirfd < 0 ? -1
                          : openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                log_warning("no evidence is asked for: %s: %s", folder ? folder : "memory",
                            strerror(dirfd < 0 ? -dirfd : errno));
        return 0;
}

void service_evidence_ask(struct service *s, const struct event *e)
{
        if (e->severity != SEVERITY_CRITICAL ||
            (e->type != EVENT_FIRING && e->type != EVENT_ESCALATED))
                return;
        (void)writer_submit(s->writer, WRITER_PASSING, leave_request, s, e->alert_id, "", 1);
}
