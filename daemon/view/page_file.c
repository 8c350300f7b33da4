/* SPDX-License-Identifier: MIT */
/* Writes the report: made in memory first, so that nothing is begun that cannot be finished. */
#include "view/page_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "view/page.h"

static int problem(const char *what, int error)
{
        fprintf(stderr, "kmemwatch report: %s: %s\n", what, strerror(-error));
        return error;
}

static int write_to(const char *path, const char *data, size_t size)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        return fd < 0 ? -errno : write_all(fd, data, size);
}

int page_write_file(const char *path, const struct page *p)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        if ((!path || strcmp(path, "-") == 0) && isatty(STDOUT_FILENO)) {
                fputs("kmemwatch report: this is a page for a browser: give it a file with "
                      "-o report.html\n",
                      stderr);
                return -EINVAL;
        }
        FILE *out = open_memstream(&data, &size);
        if (!out)
                return problem("memory", -errno);
        int r = page_print(out, p);
        if (fclose(out) != 0 || r < 0)
                return problem("memory", r < 0 ? r : -ENOMEM);
        if (path && strcmp(path, "-") != 0) {
                r = write_to(path, data, size);
                return r < 0 ? problem(path, r) : 0;
        }
        return fwrite(data, 1, size, stdout) == size ? 0 : -EIO; /* main says why */
}
