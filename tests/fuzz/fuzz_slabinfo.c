/* SPDX-License-Identifier: MIT */
/* /proc/slabinfo, line by line, into a small table: what is taken is within its bounds, and nothing
 * is lost from the sum when rows give way. */
#include <math.h>

#include "base/text.h"
#include "culprit/tally.h"
#include "fuzz.h"
#include "sample/slabinfo.h"

static double take(struct tally *t, const char *line)
{
        struct slab slab;

        if (slabinfo_parse(line, &slab) < 0)
                return 0;
        size_t length = strlen(slab.name);
        require(length < SLAB_NAME_MAX && utf8_valid(slab.name));
        require(slab.pages >= 0 && slab.pages <= 0x1p57 && slab.active <= slab.objects);
        unsigned row = tally_get(t, tally_key(0, slab.name, length), 0, slab.name, length);
        require(tally_find(t, t->rows[row].key) == (int)row && utf8_valid(t->rows[row].name));
        tally_now(t, row)[0] += slab.pages;
        return slab.pages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = copy_text(data, size);
        _cleanup_free_ void *memory = calloc(1, tally_bytes(16, 1));
        struct tally t;
        double sum = 0;

        require(memory);
        tally_init(&t, 16, 1, 0, memory);
        for (char *line = text, *end; line < text + size; line = end + 1) {
                end = line + strcspn(line, "\n");
                *end = '\0';
                sum += take(&t, line);
        }
        double kept = t.given_up[0];
        for (unsigned i = 0; i < t.count; i++)
                kept += tally_now(&t, i)[0];
        require(fabs(kept - sum) <= 1e-9 * sum);
        return 0;
}
