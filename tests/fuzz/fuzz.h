/* SPDX-License-Identifier: MIT */
/* What fuzz targets share. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer keeps the input of a run that ends in abort(). */
#define require(holds)                                                              \
        do {                                                                        \
                if (!(holds)) {                                                     \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds); \
                        abort();                                                    \
                }                                                                   \
        } while (0)

/* A terminated copy of its own, so that a read past the end is seen. */
_unused_ static char *copy_text(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        require(text != NULL);
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        return text;
}

/* The next part of an input that is cut at each 0x1e, the record separator of ASCII. */
struct part {
        const uint8_t *data;
        size_t size;
};

_unused_ static struct part next_part(struct part *rest)
{
        const uint8_t *end = rest->size > 0 ? memchr(rest->data, 0x1e, rest->size) : NULL;
        struct part part = { rest->data, end ? (size_t)(end - rest->data) : rest->size };
        size_t used = part.size + (end != NULL);
        if (used > 0)
                rest->data += used;
        rest->size -= used;
        return part;
}

/* Bytes that have to be nearly right to be looked at are made here, and the input says what is
 * wrong with them: three bytes for the place, one for how many bytes follow (1 to 8), these. */
_unused_ static void apply_patches(struct part input, void *bytes, size_t size)
{
        unsigned char *to = bytes;
        while (input.size > 4 && size > 0) {
                size_t at = ((size_t)input.data[0] | (size_t)input.data[1] << 8 |
                             (size_t)input.data[2] << 16) %
                            size;
                size_t count = input.data[3] % 8 + 1;
                input.data += 4;
                input.size -= 4;
                count = MIN_OF(count, input.size);
                count = MIN_OF(count, size - at);
                memcpy(to + at, input.data, count);
                input.data += count;
                input.size -= count;
        }
}

/* Calls check for each line of the input. */
_unused_ static void each_line(const uint8_t *data, size_t size, void (*check)(const char *line))
{
        char *text = copy_text(data, size);
        for (char *line = text, *end; line < text + size; line = end + 1) {
                end = line + strcspn(line, "\n");
                *end = '\0';
                check(line);
        }
        free(text);
}
