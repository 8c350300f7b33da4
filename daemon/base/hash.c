/* SPDX-License-Identifier: MIT */
/* FNV-1a, 128 bits. */
#include "base/hash.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void hash_init(struct hash *h)
{
        h->state = (unsigned __int128)0x6c62272e07bb0142ULL << 64 | 0x62b821756295c58dULL;
}

void hash_add(struct hash *h, const void *data, size_t size)
{
        static const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
        const unsigned char *bytes = data;
        for (size_t i = 0; i < size; i++)
                h->state = (h->state ^ bytes[i]) * prime;
}

void hash_add_text(struct hash *h, const char *text)
{
        hash_add(h, text, strlen(text) + 1);
}

void hash_text(const struct hash *h, char buffer[HASH_TEXT])
{
        snprintf(buffer, HASH_TEXT, "%016llx%016llx", (unsigned long long)(h->state >> 64),
                 (unsigned long long)h->state);
}
