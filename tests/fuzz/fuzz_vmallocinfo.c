/* SPDX-License-Identifier: MIT */
/* A line of /proc/vmallocinfo, and what a person is told of a caller. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "culprit/vmallocinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        for (char *line = text, *end; line < text + size; line = end + 1) {
                struct vmalloc_area area;

                end = line + strcspn(line, "\n");
                *end = '\0';
                if (vmallocinfo_parse(line, &area) < 0)
                        continue;
                if (strlen(area.caller) >= VMALLOC_CALLER_MAX || !utf8_valid(area.caller))
                        abort();
                if (!(area.size >= 0 && area.size <= 0x1p52) ||
                    !(area.pages >= 0 && area.pages <= 0x1p40) || (area.counted && area.pages == 0))
                        abort();
                /* Where the kernel lies in memory is nobody's business. */
                if (has_prefix(area.caller, "0x"))
                        abort();
                (void)vmalloc_caller_is_stack(area.caller);
                (void)vmalloc_caller_is_percpu(area.caller);
        }
        return 0;
}
