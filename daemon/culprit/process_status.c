/* SPDX-License-Identifier: MIT */
/* What is needed of a process's status, and which cgroup it is in. */
#include "culprit/process_status.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "sample/scan.h"

/* Copies a line into a terminated buffer, cut to its size: keys and numbers are short. */
static const char *take_line(const char *line, const char *text_end, char *buffer, size_t size)
{
        const char *newline = memchr(line, '\n', (size_t)(text_end - line));
        const char *end = newline ? newline : text_end;
        size_t length = MIN_OF((size_t)(end - line), size - 1);

        memcpy(buffer, line, length);
        buffer[length] = '\0';
        return newline ? newline + 1 : text_end;
}

/* The text after "KEY:", or NULL for another line. */
static const char *after_key(const char *line, const char *key)
{
        size_t length = strlen(key);

        return strncmp(line, key, length) == 0 && line[length] == ':' ? line + length + 1 : NULL;
}

static bool number_after(const char *line, const char *key, uint64_t max, uint64_t *ret)
{
        const char *at = after_key(line, key);

        return at && scan_number(&at, max, ret);
}

static void set_name(const char *raw, bool kernel, char ret[PROCESS_NAME_MAX])
{
        char name[PROCESS_NAME_MAX];
        struct text t;

        if (!kernel) {
                utf8_clean(raw, ret, PROCESS_NAME_MAX);
                return;
        }
        size_t length = strcspn(raw, "/:");
        while (length > 1 && raw[length - 1] >= '0' && raw[length - 1] <= '9')
                length--;
        text_init(&t, name, sizeof(name));
        text_add(&t, "[%.*s]", (int)MIN_OF(length, (size_t)PROCESS_NAME_MAX - 3), raw);
        utf8_clean(name, ret, PROCESS_NAME_MAX);
}

int process_status_parse(const char *text, size_t size, struct process *ret)
{
        const char *end = text + size;
        char line[128], name[128] = "";
        struct process process = { 0 };
        uint64_t threads = 0, tables = 0, descriptors = 0, number;
        bool named = false, counted = false, has_memory = false;
        bool of_kernel = false, says = false; /* the line Kthread: since 6.10 */

        for (const char *at = text; at < end;) {
                at = take_line(at, end, line, sizeof(line));
                const char *value = after_key(line, "Name");

                if (value && !named) {
                        value = scan_blanks(value);
                        memcpy(name, value, strlen(value) + 1);
                        named = true;
                } else if (number_after(line, "Kthread", 1, &number)) {
                        of_kernel = number == 1;
                        says = true;
                } else if (number_after(line, "Threads", UINT32_MAX, &threads)) {
                        counted = true;
                } else if (after_key(line, "VmSize")) {
                        has_memory = true;
                } else if (number_after(line, "VmPTE", UINT64_C(1) << 43, &tables)) {
                        has_memory = true;
                } else {
                        (void)number_after(line, "FDSize", UINT32_MAX, &descriptors);
                }
        }
        if (!named || !counted)
                return -EBADMSG;

        /* Older kernels: a kernel thread has no memory of its own, but nor has a zombie; those have
         * no files open either, and kernel threads share the table of the first process. */
        process.kernel = says ? of_kernel : !has_memory && descriptors > 0;
        process.threads = (double)threads;
        process.page_tables = (double)tables * 1024;
        process.descriptors = process.kernel ? 0 : (double)descriptors;
        set_name(name, process.kernel, process.name);
        *ret = process;
        return 0;
}

/* "ID:CONTROLLERS:PATH": whether one of the controllers, between commas, is `wanted`. */
static bool has_controller(const char *list, size_t length, const char *wanted)
{
        size_t n = strlen(wanted);

        for (const char *at = list, *end = list + length; at <= end;) {
                const char *comma = memchr(at, ',', (size_t)(end - at));
                const char *stop = comma ? comma : end;

                if ((size_t)(stop - at) == n && memcmp(at, wanted, n) == 0)
                        return true;
                at = stop + 1;
        }
        return false;
}

const char *process_cgroup_parse(const char *text, size_t size, size_t *ret_length)
{
        static const char *const order[] = { "memory", "", "name=systemd" };
        const char *best = "/", *text_end = text + size;
        size_t best_rank = ELEMENTS_OF(order);

        *ret_length = 1;
        for (const char *line = text; line < text_end;) {
                const char *newline = memchr(line, '\n', (size_t)(text_end - line));
                const char *end = newline ? newline : text_end;
                const char *first = memchr(line, ':', (size_t)(end - line));
                const char *second =
                        first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;

                if (second && end - second > 2 && second[1] == '/') /* longer than "/" */
                        for (size_t i = 0; i < best_rank; i++)
                                if (has_controller(first + 1, (size_t)(second - first - 1),
                                                   order[i])) {
                                        best_rank = i;
                                        best = second + 1;
                                        *ret_length = (size_t)(end - best);
                                        break;
                                }
                line = end + 1;
        }
        return best;
}
