/* SPDX-License-Identifier: MIT */
/* What is taken out of evidence: in place, never longer, and nothing is left for a second time. */
#include <ctype.h>

#include "fuzz.h"
#include "view/evidence.h"

typedef size_t (*hider)(char *, size_t);

static size_t hide(hider hide_it, char *text, size_t size)
{
        size_t length = hide_it(text, size);
        require(length <= size);
        char *again = malloc(length + 1);
        require(again != NULL);
        memcpy(again, text, length);
        require(hide_it(again, length) == length && memcmp(again, text, length) == 0);
        free(again);
        return length;
}

/* No number of sixteen hexadecimal digits is left, which is what a pointer of the kernel has. */
static void check_addresses(const char *text, size_t length)
{
        size_t digits = 0;
        for (size_t i = 0; i + 2 < length; i++) {
                if (text[i] != '0' || text[i + 1] != 'x')
                        continue;
                for (digits = 0;
                     i + 2 + digits < length && isxdigit((unsigned char)text[i + 2 + digits]);)
                        digits++;
                require(digits < 16);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1); /* not terminated: a read past the end is seen */
        require(text != NULL);
        if (size > 0)
                memcpy(text, data, size);
        size_t length = hide(evidence_hide_addresses, text, size);
        check_addresses(text, length);
        (void)hide(evidence_hide_secrets, text, length);
        free(text);
        return 0;
}
