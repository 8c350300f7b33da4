/* SPDX-License-Identifier: MIT */
/* A line of /proc/vmallocinfo, and what a person is told of a caller. */
#include "base/text.h"
#include "culprit/vmallocinfo.h"
#include "fuzz.h"

static void check(const char *line)
{
        struct vmalloc_area area;

        if (vmallocinfo_parse(line, &area) < 0)
                return;
        require(strlen(area.caller) < VMALLOC_CALLER_MAX && utf8_valid(area.caller));
        require(area.size >= 0 && area.size <= 0x1p52);
        require(area.pages >= 0 && area.pages <= 0x1p40 && !(area.counted && area.pages == 0));
        /* Where the kernel lies in memory is nobody's business. */
        require(!has_prefix(area.caller, "0x"));
        (void)vmalloc_caller_is_stack(area.caller);
        (void)vmalloc_caller_is_percpu(area.caller);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        each_line(data, size, check);
        return 0;
}
