/* SPDX-License-Identifier: MIT */
/* What claims to be of sar, PCP, Prometheus or Netdata: read, or refused with its place; times in
 * order, no number that is none. */
#include <math.h>

#include "base/text.h"
#include "fuzz.h"
#include "view/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct import m = { 0 };
        _cleanup_free_ char *text = copy_text(data, size);
        int r = import_read(&m, "f", text, size);
        require(r == 0 || (has_prefix(m.error, "f:") && utf8_valid(m.error)));
        import_sort(&m);
        for (size_t i = 0; i < m.count; i++) {
                require(isfinite(m.rows[i].time));
                require(i == 0 || m.rows[i].time > m.rows[i - 1].time);
                for (size_t k = 0; k < FIELD_KNOWN_COUNT; k++)
                        require(isnan(m.rows[i].values[k]) || m.rows[i].values[k] >= 0);
        }
        import_done(&m);
        return 0;
}
