/* SPDX-License-Identifier: MIT */
/* The beginning of /proc/modules against what it was. */
#include "culprit/modules.h"

#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"

/* The name that a line begins with; false at the end, or when it was cut off there. */
static bool next_name(const char **at, const char *end, char ret[MODULE_NAME_SIZE])
{
        const char *line = *at, *line_end = memchr(line, '\n', (size_t)(end - line));

        if (!line_end)
                return false;
        const char *blank = memchr(line, ' ', (size_t)(line_end - line));
        size_t length = (size_t)((blank ? blank : line_end) - line);

        length = MIN_OF(length, (size_t)MODULE_NAME_SIZE - 1);
        memcpy(ret, line, length);
        ret[length] = '\0';
        *at = line_end + 1;
        return true;
}

static bool is_known(const struct modules *m, const char *name)
{
        for (unsigned i = 0; i < m->count; i++)
                if (strcmp(m->newest[i].name, name) == 0)
                        return true;
        return false;
}

void modules_update(struct modules *m, const char *text, size_t size, double now)
{
        struct modules fresh = { .known = true };
        const char *at = text, *end = text + size;
        char name[MODULE_NAME_SIZE];
        bool met = false;

        /* What stands above the first one that was known has come since. */
        while (!met && next_name(&at, end, name)) {
                met = is_known(m, name);
                if (met || fresh.count == MODULES_MAX)
                        continue;
                struct module *module = &fresh.newest[fresh.count++];
                utf8_clean(name, module->name, sizeof(module->name));
                module->seen = m->known ? now : 0;
        }
        /* All that were known are gone, and older ones were not known: nothing is said of those. */
        for (unsigned i = 0; !met && m->count == MODULES_MAX && i < fresh.count; i++)
                fresh.newest[i].seen = 0;
        for (unsigned i = 0; i < m->count && fresh.count < MODULES_MAX; i++)
                fresh.newest[fresh.count++] = m->newest[i];
        *m = fresh;
}

void modules_read(struct modules *m, const struct procfs *p, double now)
{
        _cleanup_close_ int fd = procfs_open(p, "proc/modules");
        char text[MODULES_TEXT];
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

        if (n >= 0)
                modules_update(m, text, (size_t)n, now);
}

const char *modules_since(const struct modules *m, double since, char *buffer, size_t size)
{
        struct text t;

        text_init(&t, buffer, size);
        for (unsigned i = 0; i < m->count; i++)
                if (m->newest[i].seen > 0 && m->newest[i].seen >= since)
                        text_add(&t, "%s%s", t.length > 0 ? ", " : "", m->newest[i].name);
        return buffer;
}
