/* SPDX-License-Identifier: MIT */
/* Decides a single test and notes it. */
#include "detect/check.h"

#include <math.h>
#include <stddef.h>

bool check_pass(struct checks *c, const struct question *q, double value, double limit,
                const char *waived)
{
        bool stands = q->sense == CHECK_AT_LEAST  ? value >= limit
                      : q->sense == CHECK_AT_MOST ? value <= limit
                      : q->sense == CHECK_ABOVE   ? value > limit
                                                  : value < limit;
        bool passed = waived || stands;

        if (c && c->count < CHECKS_MAX)
                c->list[c->count++] = (struct check){ q, value, limit, waived, passed };
        return passed;
}

double check_margin(const struct check *c)
{
        enum check_sense sense = c->question->sense;
        double beyond = c->value - c->limit;

        return (sense == CHECK_AT_MOST || sense == CHECK_BELOW ? -beyond : beyond) / fabs(c->limit);
}
