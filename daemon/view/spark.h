/* SPDX-License-Identifier: MIT */
/* A sparkline as wide as there is room. */
#pragma once

#include <stddef.h>

enum {
        SPARK_COLUMNS_MAX = 60, /* a minute each */
        SPARK_COLUMNS_MIN = 6,  /* less shows no shape */
        SPARK_SIZE = 3 * SPARK_COLUMNS_MAX + 1,
};

/* Means of neighbouring values in at most `columns` columns; buffer has SPARK_SIZE bytes. Changes
 * of less than 5 % of the value are drawn as such: a flat line stays flat, however it trembles. */
const char *spark(const double *values, size_t count, size_t columns, char *buffer);
