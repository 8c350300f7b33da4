/* SPDX-License-Identifier: MIT */
/* `kmemwatch import`: what sar, PCP, Prometheus or Netdata have recorded, as a trace. */
#include "view/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "sample/trace.h"
#include "view/commands.h"

static int read_file(struct import *m, const char *file)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(AT_FDCWD, strcmp(file, "-") == 0 ? "/dev/stdin" : file, IMPORT_FILE_MAX,
                          &data, &size);
        m->file = file;
        if (r < 0)
                return import_fails(m, 0, "%s",
                                    r == -EFBIG ? "larger than 512 MiB: import it in parts"
                                                : strerror(-r));
        return import_read(m, file, data, size);
}

static int write_trace(struct import *m, FILE *out)
{
        int r = trace_write_header(out);
        for (size_t i = 0; r >= 0 && i < m->count; i++)
                r = trace_write_row(out, &(struct sample){ .time = m->rows[i].time,
                                                           .kind = m->kind,
                                                           .count = FIELD_KNOWN_COUNT,
                                                           .values = m->rows[i].values });
        return r;
}

enum exit_code import_run(const struct options *o)
{
        _cleanup_(import_done) struct import m = { 0 };
        FILE *out = stdout;
        for (char *const *file = o->arguments; *file; file++)
                if (read_file(&m, *file) < 0) {
                        fprintf(stderr, "kmemwatch import: %s\n", m.error);
                        return EXIT_USAGE;
                }
        import_sort(&m);
        if (m.count == 0) {
                fputs("kmemwatch import: there are no samples in it\n", stderr);
                return EXIT_USAGE;
        }
        if (o->kind >= 0) {
                m.kind = (enum host_kind)o->kind;
        } else if (!m.kind_known) {
                m.kind = HOST_PHYSICAL;
                fputs("kmemwatch import: what kind of machine it was is not in the data: taken for a "
                      "physical one.\n"
                      "--kind vm or --kind container says otherwise (limits differ), --kind physical "
                      "that it is so.\n",
                      stderr);
        }
        if (o->output && strcmp(o->output, "-") != 0)
                out = fopen(o->output, "we");
        int r = out ? write_trace(&m, out) : -errno;
        if (out && out != stdout && fclose(out) != 0 && r >= 0)
                r = -errno;
        if (r < 0) {
                fprintf(stderr, "kmemwatch import: %s: %s\n", o->output ? o->output : "output",
                        strerror(-r));
                return EXIT_USAGE;
        }
        return EXIT_FINE;
}
