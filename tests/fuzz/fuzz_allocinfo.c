/* SPDX-License-Identifier: MIT */
/* A line of /proc/allocinfo. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "culprit/allocinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        for (char *line = text, *end; line < text + size; line = end + 1) {
                struct alloc_site site;

                end = line + strcspn(line, "\n");
                *end = '\0';
                if (allocinfo_parse(line, &site) < 0)
                        continue;
                if (strlen(site.name) >= ALLOC_SITE_MAX || !utf8_valid(site.name) || !site.name[0])
                        abort();
                if (!(site.bytes >= 0 && site.bytes <= 0x1p52) ||
                    !(site.calls >= 0 && site.calls <= 0x1p52))
                        abort();
        }
        return 0;
}
