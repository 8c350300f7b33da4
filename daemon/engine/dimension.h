/* SPDX-License-Identifier: MIT */
/* The measured numbers of an engine, by place: what `status` lists and what the history keeps. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alert/event.h"
#include "base/macros.h"

struct engine;
struct series;

/* Places run from 0 to this; not each of them is a dimension. They change with the rules. */
_hot_ size_t engine_places(const struct engine *e);

/* False for what is only worked with (the memory that a workload is expected to need). */
_hot_ bool engine_is_dimension(const struct engine *e, size_t place);

/* In its unit; NaN when absent. */
_hot_ double engine_dimension_value(const struct engine *e, size_t place);
enum event_unit engine_dimension_unit(const struct engine *e, size_t place);

/* "VmallocUsed-KernelStack": what is taken off belongs to the name where two rows share a field.
 * Cut to fit. Returns buffer. */
const char *engine_dimension_name(const struct engine *e, size_t place, char *buffer, size_t size);
