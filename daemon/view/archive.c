/* SPDX-License-Identifier: MIT */
/* Writes a tar.gz with libarchive. */
#include "view/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/macros.h"

struct archive_out {
        struct archive *archive;
};

static int error_of(struct archive *a)
{
        int error = archive_errno(a);
        return error > 0 ? -error : -EIO;
}

int archive_out_new(int fd, struct archive_out **ret)
{
        struct archive_out *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        a->archive = archive_write_new();
        if (!a->archive) {
                free(a);
                return -ENOMEM;
        }
        int r = 0;
        if (archive_write_add_filter_gzip(a->archive) < ARCHIVE_WARN ||
            archive_write_set_format_pax_restricted(a->archive) < ARCHIVE_WARN ||
            archive_write_open_fd(a->archive, fd) < ARCHIVE_WARN) {
                r = error_of(a->archive);
                (void)archive_out_close(a);
                return r;
        }
        *ret = a;
        return 0;
}

int archive_out_add(struct archive_out *a, const char *name, const void *data, size_t size,
                    double time)
{
        struct archive_entry *entry = archive_entry_new();
        if (!entry)
                return -ENOMEM;
        archive_entry_set_pathname(entry, name);
        archive_entry_set_size(entry, (la_int64_t)size);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, (time_t)time, 0);
        int r = 0;
        if (archive_write_header(a->archive, entry) < ARCHIVE_WARN ||
            archive_write_data(a->archive, data, size) < (la_ssize_t)size)
                r = error_of(a->archive);
        archive_entry_free(entry);
        return r;
}

int archive_out_close(struct archive_out *a)
{
        if (!a)
                return 0;
        int r = archive_write_close(a->archive) < ARCHIVE_WARN ? error_of(a->archive) : 0;
        archive_write_free(a->archive);
        free(a);
        return r;
}
