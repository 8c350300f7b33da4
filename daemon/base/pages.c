/* SPDX-License-Identifier: MIT */
/* Anonymous mappings. */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macros.h"

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

size_t pages_resident(const void *pages, size_t size)
{
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        size_t count = 0, left = pages ? (size + page - 1) / page : 0;
        unsigned char there[256];

        for (const char *at = pages; left > 0; at += sizeof(there) * page) {
                size_t now = MIN_OF(left, sizeof(there));

                if (mincore((void *)(uintptr_t)at, now * page, there) < 0)
                        return 0;
                for (size_t i = 0; i < now; i++)
                        count += there[i] & 1;
                left -= now;
        }
        return count * page;
}
