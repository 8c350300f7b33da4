/* SPDX-License-Identifier: MIT */
/* A 128-bit hash for identities that must come out the same after a restart; not for security. */
#pragma once

#include <stddef.h>

enum { HASH_TEXT = 33 };

struct hash {
        unsigned __int128 state;
};

/* FNV-1a with 128 bits (G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic
 * Hash Algorithm"). */
void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t size);
/* The string and its terminator, so that ("ab", "c") and ("a", "bc") differ. */
void hash_add_text(struct hash *h, const char *text);
/* 32 lower-case hex digits, terminated. */
void hash_text(const struct hash *h, char buffer[HASH_TEXT]);
