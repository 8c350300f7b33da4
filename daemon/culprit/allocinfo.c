/* SPDX-License-Identifier: MIT */
/* Memory by the line of the kernel's source that allocated it. */
#include "culprit/allocinfo.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "sample/scan.h"

#define BYTES_MAX (UINT64_C(1) << 52)

/* "-4096" and the like count as 0. */
static bool scan_size(const char **at, uint64_t max, uint64_t *ret)
{
        const char *s = scan_blanks(*at);

        if (*s != '-')
                return scan_number(at, max, ret);
        s++;
        if (!scan_number(&s, UINT64_MAX, ret))
                return false;
        *at = s;
        *ret = 0;
        return true;
}

/* Files whose allocations are pages for others: the slab allocator's own pages (each object is
 * listed again under who asked for it), page cache, and memory of programs. */
static bool is_secondary(const char *file)
{
        static const char *const files[] = {
                "mm/slub.c:",    "mm/filemap.c:",     "mm/readahead.c:",  "mm/memory.c:",
                "mm/shmem.c:",   "mm/huge_memory.c:", "mm/swap_state.c:", "mm/migrate.c:",
                "mm/hugetlb.c:", "mm/khugepaged.c:",  "mm/mempolicy.c:",
        };

        for (size_t i = 0; i < ELEMENTS_OF(files); i++)
                if (has_prefix(file, files[i]))
                        return true;
        return false;
}

int allocinfo_parse(const char *line, struct alloc_site *ret)
{
        struct alloc_site site = { 0 };
        const char *at = line, *file, *token, *module = "", *function = NULL;
        size_t file_length, length, module_length = 0, function_length = 0;
        uint64_t bytes, calls;

        if (!scan_size(&at, BYTES_MAX, &bytes) || !scan_size(&at, BYTES_MAX, &calls))
                return -EBADMSG;
        file = scan_token(&at, &file_length);
        if (!memchr(file, ':', file_length))
                return -EBADMSG;
        for (token = scan_token(&at, &length); length > 0; token = scan_token(&at, &length)) {
                if (token[0] == '[') {
                        module = token;
                        module_length = length;
                } else if (length > strlen("func:") && has_prefix(token, "func:")) {
                        function = token + strlen("func:");
                        function_length = length - strlen("func:");
                } else if (has_prefix(token, "accurate:no")) {
                        site.inexact = true;
                }
        }
        if (!function)
                return -EBADMSG;

        char raw[512];
        struct text t;

        text_init(&t, raw, sizeof(raw));
        text_add(&t, "%.*s %.*s", (int)MIN_OF(function_length, sizeof(raw)), function,
                 (int)MIN_OF(file_length, sizeof(raw)), file);
        if (module_length > 0)
                text_add(&t, " %.*s", (int)MIN_OF(module_length, sizeof(raw)), module);
        utf8_clean(raw, site.name, sizeof(site.name));
        site.bytes = (double)bytes;
        site.calls = (double)calls;
        site.secondary = is_secondary(file);
        *ret = site;
        return 0;
}
