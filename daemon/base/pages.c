/* SPDX-License-Identifier: MIT */
/* Anonymous mappings. */
#include "base/pages.h"

#include <fcntl.h>
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

/* Of /proc/self/pagemap: present, and nobody else's. That is not the kernel's page of zeros, which
 * stands for what was only read and costs nothing. */
static const uint64_t PRESENT = UINT64_C(1) << 63, EXCLUSIVE = UINT64_C(1) << 56;

size_t pages_resident(const void *pages, size_t size)
{
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        _cleanup_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        size_t count = 0, left = pages ? (size + page - 1) / page : 0;
        off_t at = (off_t)((uintptr_t)pages / page * sizeof(uint64_t));
        uint64_t entries[128];

        while (fd >= 0 && left > 0) {
                ssize_t n =
                        pread(fd, entries, MIN_OF(left * sizeof(*entries), sizeof(entries)), at);

                if (n < (ssize_t)sizeof(*entries))
                        break;
                for (size_t i = 0; i < (size_t)n / sizeof(*entries); i++)
                        count += (entries[i] & PRESENT) && (entries[i] & EXCLUSIVE);
                left -= (size_t)n / sizeof(*entries);
                at += n;
        }
        return count * page;
}
