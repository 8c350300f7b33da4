/* SPDX-License-Identifier: MIT */
/* Quarters of an hour from the history, as the detectors of days would have seen them. */
#include "engine/relearn.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/macros.h"
#include "engine/dimension.h"
#include "engine/engine_internal.h"
#include "sample/host.h"
#include "store/past.h"

/* A rise is above the lowest of so many quarters: about the horizon that the live one looks at, of
 * 4.6 h. */
enum { LOW_QUARTERS = 18 };

static double lowest(const struct past_point *points, size_t at, double step)
{
        double low = INFINITY;
        for (size_t i = at + 1; i-- > 0;) {
                if (points[i].time < points[at].time - LOW_QUARTERS * step)
                        break;
                low = fmin(low, (double)points[i].least);
        }
        return low;
}

static void feed(struct engine *e, struct series *s, const struct past_point *points, size_t count)
{
        double values[FIELD_KNOWN_COUNT], step = past_step(PAST_QUARTERS);
        struct sample sample = { .count = FIELD_KNOWN_COUNT, .values = values };
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                values[i] = NAN;
        values[FIELD_CPUS] = e->host->cpus_online;
        for (size_t i = 0; i < count; i++) {
                sample.time = points[i].time;
                series_share(&e->shared, &sample, e->now);
                series_relearn(s, (double)points[i].mean,
                               (double)points[i].most - lowest(points, i, step), step, &e->shared);
        }
}

int engine_relearn(struct engine *e, const struct past *h, double now, unsigned *ret_count,
                   double *ret_seconds)
{
        double from = now - past_reach(PAST_QUARTERS), oldest = now;
        unsigned found = 0;
        for (size_t place = 0; place < engine_places(e); place++) {
                char name[PAST_NAME_MAX + 1];
                _cleanup_free_ struct past_point *points = NULL;
                size_t count = 0;
                if (!engine_is_dimension(e, place))
                        continue;
                int column = past_find(h, engine_dimension_name(e, place, name, sizeof(name)));
                /* A column keeps its name when its unit changes only by another rule. */
                if (column < 0 || past_column(h, (size_t)column)->unit !=
                                          (uint32_t)engine_dimension_unit(e, place))
                        continue;
                int r = past_read(h, PAST_QUARTERS, (size_t)column, from, now, &points, &count);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || count == 0)
                        continue;
                feed(e, &e->series[place], points, count);
                oldest = fmin(oldest, points[0].time);
                found++;
        }
        *ret_count = found;
        *ret_seconds = now - oldest;
        return 0;
}
