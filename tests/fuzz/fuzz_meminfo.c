/* SPDX-License-Identifier: MIT */
/* The parsers that take a text of the kernel as a buffer: whatever it holds, a value is absent or
 * within its bounds. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "sample/cpulist.h"
#include "sample/loadavg.h"
#include "sample/meminfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        double values[FIELD_MEMINFO_COUNT], threads = -1;
        size_t found = meminfo_parse((const char *)data, size, values), present = 0;

        for (size_t i = 0; i < FIELD_MEMINFO_COUNT; i++) {
                if (isnan(values[i]))
                        continue;
                present++;
                if (!(values[i] >= 0 && values[i] <= 0x1p63))
                        abort();
        }
        if (found != present)
                abort();

        int r = loadavg_parse_threads((const char *)data, size, &threads);
        if (r == 0 ? !(threads >= 0 && threads <= UINT32_MAX) : threads != -1)
                abort();

        _cleanup_free_ char *text = malloc(size + 1);
        unsigned count = 0;
        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        r = cpulist_count(text, &count);
        if (r == 0 ? count < 1 || count > 65536 : count != 0)
                abort();
        return 0;
}
