/* SPDX-License-Identifier: MIT */
/* Large memory straight from the kernel: zeros, and what is never touched is never there. calloc
 * promises only the first, and gives used memory again. */
#pragma once

#include <stddef.h>

/* NULL when there is none; size may be 0. */
void *pages_new(size_t size);
void pages_free(void *pages, size_t size); /* NULL is fine */

/* How much of it takes memory, in bytes: whole pages; 0 when the kernel does not say. */
size_t pages_resident(const void *pages, size_t size);
