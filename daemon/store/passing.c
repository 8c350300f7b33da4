/* SPDX-License-Identifier: MIT */
/* Learned state on its way to the disk. While one version is being written the next one may be
 * submitted: it takes a second slot, so the writer thread reads what nobody changes. */
#include "store/passing.h"

#include <errno.h>
#include <math.h>
#include <sys/mman.h>

#include "base/macros.h"
#include "base/pages.h"

/* What the shipped rules' series fill after twelve days, so that nothing grows later. Address space
 * only: pages are touched as needed. */
enum { SPACE_MIN = 256 * 1024 };

void passing_done(struct passing *p)
{
        for (size_t i = 0; i < ELEMENTS_OF(p->slots); i++) {
                struct passing_slot *s = &p->slots[i];

                if (s->space > 0)
                        (void)munmap(s->job.data, s->space);
                *s = (struct passing_slot){ .state = PASSING_FREE };
        }
}

/* Of the free ones the smallest that is large enough, else the largest: then nothing grows any more
 * after the first rounds, and a small job does not take the place of a large one. */
static bool is_better(const struct passing_slot *a, const struct passing_slot *than, size_t size)
{
        bool fits = a->space >= size, other_fits = than->space >= size;

        if (fits != other_fits)
                return fits;
        return fits ? a->space < than->space : a->space > than->space;
}

static struct passing_slot *find_slot(struct passing *p, const struct job *head, const char *name)
{
        struct passing_slot *found = NULL;

        for (size_t i = 0; i < ELEMENTS_OF(p->slots); i++) {
                struct passing_slot *s = &p->slots[i];

                if (s->state == PASSING_WAITS && s->job.run == head->run &&
                    s->job.userdata == head->userdata && strcmp(s->job.name, name) == 0)
                        return s;
                if (s->state == PASSING_FREE && (!found || is_better(s, found, head->size)))
                        found = s;
        }
        return found;
}

static int grow(struct passing_slot *s, size_t size)
{
        size_t space = MAX_OF(s->space, (size_t)SPACE_MIN);
        void *memory;

        if (size <= s->space)
                return 0;
        while (space < size)
                space *= 2;
        memory = mmap(NULL, space, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
                return -ENOMEM;
        if (s->space > 0)
                (void)munmap(s->job.data, s->space);
        s->job.data = memory;
        s->space = space;
        return 0;
}

int passing_submit(struct passing *p, const struct job *head, const char *name, writer_make make,
                   const void *from)
{
        struct job stamped = *head;
        struct passing_slot *s;
        int r;

        if (head->size > WRITER_PASSING_MAX)
                return -EMSGSIZE;
        s = find_slot(p, head, name);
        if (!s)
                return -ENOBUFS;
        r = grow(s, head->size);
        if (r < 0)
                return r;
        if (s->state == PASSING_WAITS) /* a replaced job keeps its turn */
                stamped.submitted = s->job.submitted;
        job_fill(&s->job, &stamped, name, s->job.data, NULL);
        make(s->job.data, head->size, from);
        s->state = PASSING_WAITS;
        return 0;
}

struct passing_slot *passing_first(struct passing *p)
{
        struct passing_slot *first = NULL;

        for (size_t i = 0; i < ELEMENTS_OF(p->slots); i++) {
                struct passing_slot *s = &p->slots[i];

                if (s->state == PASSING_WAITS &&
                    (!first || s->job.submitted < first->job.submitted))
                        first = s;
        }
        return first;
}

void passing_status(struct passing *p, struct writer_lane_status *ret)
{
        *ret = (struct writer_lane_status){ .waiting_since = NAN, .error = p->error };
        for (size_t i = 0; i < ELEMENTS_OF(p->slots); i++) {
                const struct passing_slot *s = &p->slots[i];

                if (s->state == PASSING_FREE)
                        continue;
                ret->waiting++;
                ret->waiting_since = fmin(ret->waiting_since, s->job.submitted);
        }
}

size_t passing_resident(const struct passing *p)
{
        size_t sum = 0;

        for (size_t i = 0; i < ELEMENTS_OF(p->slots); i++)
                sum += pages_resident(p->slots[i].job.data, p->slots[i].space);
        return sum;
}
