/* SPDX-License-Identifier: MIT */
/* What a program that runs for years gives back after its start. */
#include "base/footprint.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/thread.h"

enum {
        /* jansson descends 2048 levels into JSON, some 300 bytes each; only what is used is there.
         */
        STACK_SIZE = 1024 * 1024,
};

struct apart {
        void (*run)(void *argument);
        void *argument;
};

static void *run_thread(void *userdata)
{
        struct apart *a = userdata;

        a->run(a->argument);
        return NULL;
}

static int start_thread(struct apart *a, void *stack, pthread_t *ret)
{
        pthread_attr_t attributes;
        int r = pthread_attr_init(&attributes);

        if (r != 0)
                return r;
        r = pthread_attr_setstack(&attributes, stack, STACK_SIZE);
        if (r == 0)
                r = thread_start(&attributes, run_thread, a, ret);
        (void)pthread_attr_destroy(&attributes);
        return r;
}

/* On a mapping of our own: the C library would keep the stack of a thread that has ended. */
void run_apart(void (*run)(void *argument), void *argument)
{
        struct apart a = { run, argument };
        size_t guard = (size_t)sysconf(_SC_PAGESIZE);
        char *memory = mmap(NULL, guard + STACK_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        pthread_t thread;

        if (memory == MAP_FAILED) {
                run(argument);
                return;
        }
        if (mprotect(memory, guard, PROT_NONE) < 0 ||
            start_thread(&a, memory + guard, &thread) != 0)
                run(argument);
        else
                (void)pthread_join(thread, NULL);
        (void)munmap(memory, guard + STACK_SIZE);
}

/* Code that was relocated is no longer what the file says. */
static bool has_text_relocations(const struct dl_phdr_info *object)
{
        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *h = &object->dlpi_phdr[i];

                if (h->p_type != PT_DYNAMIC)
                        continue;
                for (const ElfW(Dyn) *d = (const void *)(object->dlpi_addr + h->p_vaddr);
                     d->d_tag != DT_NULL; d++)
                        if (d->d_tag == DT_TEXTREL ||
                            (d->d_tag == DT_FLAGS && d->d_un.d_val & DF_TEXTREL))
                                return true;
        }
        return false;
}

/* MADV_DONTNEED takes a private file mapping's pages away; the next access finds the file's again.
 * So only segments that nothing writes, ever: what is relocated and then protected (RELRO) lies in
 * segments that are writable by their header. */
static int give_back_object(struct dl_phdr_info *object, size_t size, void *userdata)
{
        const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        const uintptr_t vdso = getauxval(AT_SYSINFO_EHDR); /* of no file */

        (void)size;
        (void)userdata;
        if (has_text_relocations(object))
                return 0;
        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *h = &object->dlpi_phdr[i];
                uintptr_t from = (object->dlpi_addr + h->p_vaddr) / page * page;
                uintptr_t to = object->dlpi_addr + h->p_vaddr + h->p_memsz;

                if (h->p_type == PT_LOAD && !(h->p_flags & PF_W) && from != vdso)
                        (void)madvise((void *)from, to - from, MADV_DONTNEED);
        }
        return 0;
}

void give_back_program(void)
{
        (void)dl_iterate_phdr(give_back_object, NULL);
}

int lock_used_memory(void)
{
        return mlockall(MCL_CURRENT | MCL_ONFAULT) < 0 ? -errno : 0;
}

void give_back_heap(void)
{
        (void)malloc_trim(0);
}
