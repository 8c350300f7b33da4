/* SPDX-License-Identifier: MIT */
/* Notes a single test. */
#include "detect/check.h"

#include <math.h>
#include <stddef.h>

void check_note(struct checks *c, const struct question *q, double value, double limit,
                const char *waived, bool passed)
{
        if (c->count < CHECKS_MAX)
                c->list[c->count++] = (struct check){ q, value, limit, waived, passed };
}

double check_margin(const struct check *c)
{
        enum check_sense sense = c->question->sense;
        double beyond = c->value - c->limit;

        return (sense == CHECK_AT_MOST || sense == CHECK_BELOW ? -beyond : beyond) / fabs(c->limit);
}
