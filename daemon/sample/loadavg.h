/* SPDX-License-Identifier: MIT */
/* The text of /proc/loadavg: how many threads there are. Pure. */
#pragma once

#include <stddef.h>

#include "base/macros.h"

/* "0.20 0.18 0.12 1/80 11206": the number after the slash of the fourth field, all threads of the
 * machine (in a container too). Taken from here and not from sysinfo(2), whose count is 16 bits
 * wide. 0, or -EBADMSG when the text does not have that form; *ret_threads is untouched then. */
_hot_ int loadavg_parse_threads(const char *text, size_t size, double *ret_threads);
