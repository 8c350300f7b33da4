/* SPDX-License-Identifier: MIT */
/* A line of /proc/allocinfo. */
#include "base/text.h"
#include "culprit/allocinfo.h"
#include "fuzz.h"

static void check(const char *line)
{
        struct alloc_site site;

        if (allocinfo_parse(line, &site) < 0)
                return;
        require(strlen(site.name) < ALLOC_SITE_MAX && utf8_valid(site.name) && site.name[0]);
        require(site.bytes >= 0 && site.bytes <= 0x1p52);
        require(site.calls >= 0 && site.calls <= 0x1p52);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        each_line(data, size, check);
        return 0;
}
