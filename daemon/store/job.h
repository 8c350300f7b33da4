/* SPDX-License-Identifier: MIT */
/* A job as the writer's lanes hold it. Only for store/writer.c and what it is made of. */
#pragma once

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "store/writer.h"

struct job {
        alignas(max_align_t) writer_job run;
        void *userdata;
        double submitted; /* CLOCK_MONOTONIC */
        size_t size;
        void *data; /* the lane's copy */
        char name[WRITER_NAME_MAX + 1];
};

/* Copies name and, unless it is NULL, `from` in; the caller has checked that both fit. */
static inline void job_fill(struct job *j, const struct job *head, const char *name, void *data,
                            const void *from)
{
        *j = *head;
        j->data = data;
        strcpy(j->name, name);
        if (from && head->size > 0)
                memcpy(data, from, head->size);
}
