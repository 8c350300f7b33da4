/* SPDX-License-Identifier: MIT */
/* What several tests need: a folder of their own, files in it, problems as text. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/macros.h"
#include "config/problems.h"
#include "test.h"

struct folder {
        char path[64];
};

/* cmocka fixtures: *state is a fresh struct folder. */
_unused_ static int folder_setup(void **state)
{
        static struct folder f;

        strcpy(f.path, "/tmp/kmemwatch-test-XXXXXX");
        *state = &f;
        return mkdtemp(f.path) ? 0 : -1;
}

static int folder_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

_unused_ static int folder_teardown(void **state)
{
        struct folder *f = *state;

        return nftw(f->path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file, making the folders above it. */
_unused_ static void folder_put(struct folder *f, const char *name, const char *text)
{
        _cleanup_free_ char *path = path_join(f->path, name);
        _cleanup_close_ int fd = -1;
        char *slash = strrchr(path, '/');

        *slash = 0;
        assert_int_equal(make_directory(path, 0755), 0);
        *slash = '/';
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, text, strlen(text)), 0);
}

/* Takes every "FOLDER/" out of text. */
_unused_ static void folder_forget(const struct folder *f, char *text)
{
        size_t length = strlen(f->path) + 1;
        char *at;

        while ((at = strstr(text, f->path)))
                memmove(at, at + length, strlen(at + length) + 1);
}

/* What `print` writes, in fresh memory. */
#define PRINTED(print)                                         \
        ({                                                     \
                char *printed_ = NULL, *copy_;                 \
                size_t size_;                                  \
                FILE *out = open_memstream(&printed_, &size_); \
                                                               \
                assert_non_null(out);                          \
                print;                                         \
                fclose(out);                                   \
                copy_ = strdup(printed_);                      \
                free(printed_);                                \
                copy_;                                         \
        })

_unused_ static char *problems_text(struct problems *p)
{
        return PRINTED(problems_print(p, out));
}
