/* SPDX-License-Identifier: MIT */
/* One reading of all counters at one moment. */
#pragma once

#include <stddef.h>

#include "sample/field.h"

struct members;

enum host_kind { HOST_PHYSICAL, HOST_VM, HOST_CONTAINER, HOST_KIND_COUNT };

/* "physical", "vm", "container" */
const char *host_kind_name(enum host_kind kind);
int host_kind_by_name(const char *name); /* or -1 */

struct sample {
        double time; /* Unix seconds; may step, the engine copes */
        enum host_kind kind;
        size_t count;   /* of values: FIELD_KNOWN_COUNT, or more when a trace has more columns */
        double *values; /* by field index; bytes or counts; NaN where absent. Not owned. */
        const struct members *members; /* slab caches, cgroups; NULL: nobody asked. Not owned. */
};

#define SAMPLE_ABSENT __builtin_nan("")
