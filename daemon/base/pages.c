/* SPDX-License-Identifier: MIT */
/* Anonymous mappings. */
#include "base/pages.h"

#include <sys/mman.h>

void *pages_new(size_t size)
{
        void *pages = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return pages == MAP_FAILED ? NULL : pages;
}

void pages_free(void *pages, size_t size)
{
        if (pages)
                (void)munmap(pages, size ? size : 1);
}
