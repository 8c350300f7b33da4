/* SPDX-License-Identifier: MIT */
/* One settings file that several parts of the program share, each with its own key table. */
#pragma once

#include <stddef.h>

struct key_table;
struct problems;

struct config_part {
        const struct key_table *table;
        void *target; /* NULL: another program's keys, whose names alone are checked */
};

/* Sets the defaults of all parts, then reads path and after it the *.conf files in path.d sorted by
 * name, which override single keys. A file that is not there is no problem. Unknown sections and
 * keys are told against all parts together; what has a problem keeps its default. 0 or -ENOMEM. */
int config_file_load(const char *path, const struct config_part *parts, size_t count,
                     struct problems *problems);
