/* SPDX-License-Identifier: MIT */
/* The alerts that last: a bounded list in memory, and the same as lines "ENDED JSON" in a file. */
#include "deliver/firing.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/letter.h"

static const char FILE_NAME[] = "firing";

enum {
        FILE_MODE = 0600,
        FILE_MAX = FIRING_MAX * (LETTER_SIZE_MAX + 32),
        ENDED_SIZE = 32,
};

static void forget(struct firing *f, size_t at)
{
        free(f->entries[at].raw);
        f->count--;
        memmove(&f->entries[at], &f->entries[at + 1], (f->count - at) * sizeof(f->entries[0]));
}

/* Takes raw over. */
static void remember(struct firing *f, uint64_t alert, double ended, char *raw)
{
        for (size_t i = 0; i < f->count; i++)
                if (f->entries[i].alert == alert) {
                        forget(f, i);
                        break;
                }
        if (f->count == FIRING_MAX)
                forget(f, 0);
        f->entries[f->count++] = (struct firing_entry){ alert, ended, raw };
}

/* Within JSON a line's end is a blank like another; inside strings it cannot stand. */
static char *one_line(const struct letter *m)
{
        char *raw = strdup(m->raw);
        if (!raw)
                return NULL;
        for (char *p = raw + strcspn(raw, "\r\n"); *p; p += strcspn(p, "\r\n"))
                *p = ' ';
        return raw;
}

static void read_line(struct firing *f, char *line)
{
        char error[LETTER_ERROR_MAX], *json = strchr(line, ' ');
        struct letter m;
        if (!json)
                return;
        *json++ = '\0';
        double ended = strcmp(line, "-") == 0 ? NAN : strtod(line, NULL);
        if (letter_parse(json, strlen(json), error, &m) < 0)
                return;
        char *raw = one_line(&m);
        if (raw)
                remember(f, letter_alert_hash(&m), ended, raw);
        letter_done(&m);
}

void firing_open(struct firing *f, const char *folder)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        *f = (struct firing){ .folder = folder };
        _cleanup_close_ int fd = folder ? open_directory(folder, 0770) : -1;
        if (fd < 0 || file_read_plain(fd, FILE_NAME, FILE_MAX, &data, &size) < 0)
                return;
        char *save = NULL;
        for (char *line = strtok_r(data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                read_line(f, line);
}

void firing_done(struct firing *f)
{
        while (f->count > 0)
                forget(f, f->count - 1);
}

static int write_file(const struct firing *f)
{
        size_t size = 1;
        if (!f->folder)
                return 0;
        for (size_t i = 0; i < f->count; i++)
                size += strlen(f->entries[i].raw) + ENDED_SIZE;
        _cleanup_free_ char *data = malloc(size);
        _cleanup_close_ int fd = open_directory(f->folder, 0770);
        if (!data || fd < 0)
                return data ? fd : -ENOMEM;
        struct text t;
        text_init(&t, data, size);
        for (size_t i = 0; i < f->count; i++) {
                const struct firing_entry *e = &f->entries[i];
                if (isnan(e->ended))
                        text_add(&t, "- %s\n", e->raw);
                else
                        text_add(&t, "%.0f %s\n", e->ended, e->raw);
        }
        return file_replace(fd, FILE_NAME, data, strlen(data), FILE_MODE);
}

int firing_note(struct firing *f, const struct letter *m, double now)
{
        bool ends = letter_ends(m) || m->severity < SEVERITY_WARNING;
        char *raw = one_line(m);
        if (!raw)
                return -ENOMEM;
        remember(f, letter_alert_hash(m), ends ? now : NAN, raw);
        return write_file(f);
}

size_t firing_prune(struct firing *f, double now, double seconds)
{
        size_t before = f->count;
        for (size_t i = f->count; i-- > 0;)
                /* Also when the clock was set back. */
                if (!isnan(f->entries[i].ended) && fabs(now - f->entries[i].ended) > seconds)
                        forget(f, i);
        if (f->count != before)
                (void)write_file(f);
        return f->count;
}
