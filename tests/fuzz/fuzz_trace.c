/* SPDX-License-Identifier: MIT */
/* The trace reader: every input ends in the end of the file or in one error text, and what it does
 * hand out keeps the promises of trace.h and survives being written and read again. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "sample/trace.h"

DEFINE_CLEANUP(struct trace_reader, trace_reader_free);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory_file(const void *data, size_t size)
{
        int fd = memfd_create("trace", MFD_CLOEXEC);

        if (fd < 0 || write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                abort();
        return fd;
}

static void check_sample(const struct trace_reader *r, const struct sample *s)
{
        if (!(s->time >= 0 && s->time < 253402300800.0) || (unsigned)s->kind >= HOST_KIND_COUNT)
                abort();
        if (!(s->values[FIELD_CPUS] >= 1 && s->values[FIELD_POSSIBLE_CPUS] >= 1 &&
              s->values[FIELD_CGROUPS] >= 0 && s->values[FIELD_STACK_SIZE] >= 1024))
                abort();
        for (size_t i = 0; i < s->count; i++)
                if (!isnan(s->values[i]) &&
                    (!(fabs(s->values[i]) <= 1e34) || (i < FIELD_KNOWN_COUNT && s->values[i] < 0)))
                        abort();
        for (size_t i = 0; i < trace_reader_columns(r); i++) {
                size_t field = trace_reader_column_field(r, i);
                int is_fact = field >= FIELD_CPUS && field < FIELD_KNOWN_COUNT;

                if (field >= s->count)
                        abort();
                if (!is_fact && isnan(s->values[field]) != !*trace_reader_cell(r, i))
                        abort();
        }
}

static void check_again(const struct sample *s)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        char error[TRACE_ERROR_MAX];
        const struct sample *again;
        FILE *out = open_memstream(&text, &size);

        if (!out || trace_write_header(out) < 0)
                abort();
        if (trace_write_row(out, s) < 0) { /* the last second of the year 9999 */
                (void)fclose(out);
                return;
        }
        (void)fclose(out);

        _cleanup_(trace_reader_freep) struct trace_reader *r = NULL;
        if (trace_reader_new_fd(memory_file(text, size), true, "again", error, &r) < 0 ||
            trace_reader_next(r, error, &again) != 1)
                abort();
        if (fabs(again->time - s->time) > 0.000501 || again->kind != s->kind)
                abort();
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                if (s->values[i] != again->values[i] &&
                    !(isnan(s->values[i]) && isnan(again->values[i])))
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[TRACE_ERROR_MAX] = "";
        _cleanup_(trace_reader_freep) struct trace_reader *r = NULL;
        const struct sample *s;
        int result = trace_reader_new_fd(memory_file(data, size), true, "t", error, &r);

        if (result == 0) {
                for (int rows = 0; (result = trace_reader_next(r, error, &s)) == 1; rows++) {
                        check_sample(r, s);
                        if (rows < 3)
                                check_again(s);
                }
        }
        if ((result < 0) != (strncmp(error, "t:", 2) == 0) || strchr(error, '\n'))
                abort();
        return 0;
}
