/* SPDX-License-Identifier: MIT */
/* Draws the last hour so that what is tall is what matters. */
#include "view/spark.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"

/* The smallest span that fills the whole height, as a share of the largest value. */
#define SPAN_MIN 0.05

static double mean(const double *values, size_t count)
{
        double sum = 0;
        size_t known = 0;

        for (size_t i = 0; i < count; i++)
                if (isfinite(values[i])) {
                        sum += values[i];
                        known++;
                }
        return known > 0 ? sum / (double)known : NAN;
}

const char *spark(const double *values, size_t count, size_t columns, char *buffer)
{
        double means[SPARK_COLUMNS_MAX], low = INFINITY, high = -INFINITY;
        char *end = buffer;

        columns = MIN_OF(columns, (size_t)SPARK_COLUMNS_MAX);
        columns = MIN_OF(columns, count);
        for (size_t i = 0; i < columns; i++) {
                size_t first = i * count / columns, after = (i + 1) * count / columns;
                means[i] = mean(values + first, after - first);
                if (isfinite(means[i])) {
                        low = fmin(low, means[i]);
                        high = fmax(high, means[i]);
                }
        }
        double span = fmax(high - low, SPAN_MIN * fmax(fabs(high), fabs(low)));
        for (size_t i = 0; i < columns; i++) {
                if (!isfinite(means[i]) || !isfinite(span)) {
                        *end++ = ' ';
                        continue;
                }
                double share = span > 0 ? (means[i] - low) / span : 0;
                /* U+2581 ... U+2588 */
                memcpy(end, "\xE2\x96\x81", 3);
                end[2] = (char)(0x81 + (int)fmin(7, share * 8));
                end += 3;
        }
        *end = 0;
        return buffer;
}
