/* SPDX-License-Identifier: MIT */
/* /proc/slabinfo, line by line, into a small table: what is taken is within its bounds, and nothing
 * is lost from the sum when rows give way. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "culprit/slabinfo.h"
#include "culprit/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double take(struct tally *t, const char *line)
{
        struct slab slab;

        if (slabinfo_parse(line, &slab) < 0)
                return 0;
        size_t length = strlen(slab.name);
        if (length >= SLAB_NAME_MAX || !utf8_valid(slab.name))
                abort();
        if (!(slab.pages >= 0 && slab.pages <= 0x1p57) || !(slab.active <= slab.objects))
                abort();
        unsigned row = tally_get(t, tally_key(0, slab.name, length), 0, slab.name, length);
        if (tally_find(t, t->rows[row].key) != (int)row || !utf8_valid(t->rows[row].name))
                abort();
        tally_now(t, row)[0] += slab.pages;
        return slab.pages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = malloc(size + 1);
        _cleanup_free_ void *memory = calloc(1, tally_bytes(16, 1));
        struct tally t;
        double sum = 0;

        if (!text || !memory)
                return 0;
        tally_init(&t, 16, 1, 0, memory);
        memcpy(text, data, size);
        text[size] = '\0';
        for (char *line = text, *end; line < text + size; line = end + 1) {
                end = line + strcspn(line, "\n");
                *end = '\0';
                sum += take(&t, line);
        }
        double kept = t.given_up[0];
        for (unsigned i = 0; i < t.count; i++)
                kept += tally_now(&t, i)[0];
        if (fabs(kept - sum) > 1e-9 * sum)
                abort();
        return 0;
}
