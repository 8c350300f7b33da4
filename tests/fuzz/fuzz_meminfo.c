/* SPDX-License-Identifier: MIT */
/* The parsers that take a text of the kernel as a buffer: whatever it holds, a value is absent or
 * within its bounds. */
#include <math.h>

#include "fuzz.h"
#include "sample/cpulist.h"
#include "sample/loadavg.h"
#include "sample/meminfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        double values[FIELD_MEMINFO_COUNT], threads = -1;
        size_t found = meminfo_parse((const char *)data, size, values), present = 0;

        for (size_t i = 0; i < FIELD_MEMINFO_COUNT; i++) {
                if (isnan(values[i]))
                        continue;
                present++;
                require(values[i] >= 0 && values[i] <= 0x1p63);
        }
        require(found == present);

        int r = loadavg_parse_threads((const char *)data, size, &threads);
        require(r == 0 ? threads >= 0 && threads <= UINT32_MAX : threads == -1);

        _cleanup_free_ char *text = copy_text(data, size);
        unsigned count = 0;
        r = cpulist_count(text, &count);
        require(r == 0 ? count >= 1 && count <= 65536 : count == 0);
        return 0;
}
