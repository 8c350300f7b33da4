/* SPDX-License-Identifier: MIT */
/* The areas of the vmalloc allocator, a line each. */
#include "culprit/vmallocinfo.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "sample/scan.h"

#define SIZE_LIMIT (UINT64_C(1) << 52) /* addresses of 5-level page tables have 57 bits */

/* "pages=12": the number, which ends the token. */
static bool token_pages(const char *token, size_t length, uint64_t *ret)
{
        char digits[32];

        if (length <= strlen("pages=") || length - strlen("pages=") >= sizeof(digits) ||
            !has_prefix(token, "pages="))
                return false;
        length -= strlen("pages=");
        memcpy(digits, token + strlen("pages="), length);
        digits[length] = '\0';

        const char *at = digits;
        return scan_number(&at, SIZE_LIMIT >> 12, ret);
}

static bool token_is(const char *token, size_t length, const char *word)
{
        return length == strlen(word) && memcmp(token, word, length) == 0;
}

/* A flag or a NUMA count, not the name of a function. */
static bool is_flag(const char *token, size_t length)
{
        static const char *const words[] = { "vmalloc", "vmap",         "ioremap",  "user",
                                             "vpages",  "dma-coherent", "unpurged", "vm_map_ram" };

        for (size_t i = 0; i < ELEMENTS_OF(words); i++)
                if (token_is(token, length, words[i]))
                        return true;
        return memchr(token, '=', length) != NULL;
}

static void set_caller(const char *token, size_t length, const char *module, size_t module_length,
                       char ret[VMALLOC_CALLER_MAX])
{
        char raw[256];
        struct text t;
        const char *plus = memchr(token, '+', length);

        if (plus)
                length = (size_t)(plus - token);
        /* Names in assembler begin with a dot; what follows a later one is the compiler's. */
        const char *dot = length > 1 ? memchr(token + 1, '.', length - 1) : NULL;
        if (dot)
                length = (size_t)(dot - token);

        text_init(&t, raw, sizeof(raw));
        text_add(&t, "%.*s", (int)MIN_OF(length, sizeof(raw)), token);
        if (module_length > 0)
                text_add(&t, " %.*s", (int)MIN_OF(module_length, sizeof(raw)), module);
        utf8_clean(raw, ret, VMALLOC_CALLER_MAX);
}

int vmallocinfo_parse(const char *line, struct vmalloc_area *ret)
{
        struct vmalloc_area area = { 0 };
        const char *at = line, *token, *caller = NULL, *module = "";
        size_t length, caller_length = 0, module_length = 0;
        uint64_t size, pages = 0;

        token = scan_token(&at, &length);
        if (!has_prefix(line, "0x") || !memchr(token, '-', length) ||
            !scan_number(&at, SIZE_LIMIT, &size))
                return -EBADMSG;

        for (token = scan_token(&at, &length); length > 0; token = scan_token(&at, &length)) {
                if (token_pages(token, length, &pages))
                        continue;
                if (token_is(token, length, "vmalloc"))
                        area.counted = true;
                if (is_flag(token, length))
                        continue;
                if (token[0] == '[' && caller) {
                        module = token;
                        module_length = length;
                } else if (!caller) {
                        caller = token;
                        caller_length = length;
                }
        }
        area.size = (double)size;
        area.pages = (double)pages;
        /* Per-CPU chunks are vmalloc areas without pages of their own: those are in Percpu. */
        area.counted = area.counted && pages > 0;
        if (caller && !has_prefix(caller, "0x"))
                set_caller(caller, caller_length, module, module_length, area.caller);
        *ret = area;
        return 0;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

bool vmalloc_caller_is_stack(const char *caller)
{
        static const char *const names[] = {
                "_do_fork",     "do_fork",          "kernel_clone",
                "copy_process", "dup_task_struct",  "alloc_thread_stack_node",
                "fork_idle",    "create_io_thread", "vhost_task_create",
        };

        return is_one_of(caller, names, ELEMENTS_OF(names));
}

bool vmalloc_caller_is_percpu(const char *caller)
{
        static const char *const names[] = {
                "pcpu_mem_zalloc", "pcpu_create_chunk",   "pcpu_alloc_chunk",
                "pcpu_alloc",      "pcpu_alloc_noprof",   "pcpu_populate_chunk",
                "pcpu_get_pages",  "pcpu_balance_workfn",
        };

        return is_one_of(caller, names, ELEMENTS_OF(names));
}
