/* SPDX-License-Identifier: MIT */
/* Evaluates `less` and `per`. */
#include "judge/expression.h"

#include <math.h>

static double value_of(int field, const double *values, size_t count)
{
        return field >= 0 && (size_t)field < count ? values[field] : NAN;
}

double expression_value(const struct expression *e, const double *values, size_t count)
{
        double sum = 0, product = 0;
        if (e->count == 1 && e->parts[0].field >= 0) /* nearly all of them */
                return value_of(e->parts[0].field, values, count);
        for (unsigned i = 0; i < e->count; i++) {
                const struct expression_part *p = &e->parts[i];
                double value = p->field >= 0 ? value_of(p->field, values, count) : p->constant;
                if (p->times) {
                        product *= value;
                        continue;
                }
                sum += product;
                product = value;
        }
        return sum + product;
}

double rule_value_of(double measured, const struct expression *less, const struct expression *per,
                     const double *values, size_t count)
{
        double value = measured;
        if (less->count > 0)
                value -= expression_value(less, values, count);
        if (per->count == 0)
                return value;
        double over = expression_value(per, values, count);
        return over > 0 ? value / over : NAN;
}

double rule_value(int field, const struct expression *less, const struct expression *per,
                  const double *values, size_t count)
{
        return rule_value_of(value_of(field, values, count), less, per, values, count);
}

bool expression_equal(const struct expression *a, const struct expression *b)
{
        if (a->count != b->count)
                return false;
        for (unsigned i = 0; i < a->count; i++) {
                const struct expression_part *x = &a->parts[i], *y = &b->parts[i];
                if (x->field != y->field || x->times != y->times ||
                    (x->field < 0 && x->constant != y->constant))
                        return false;
        }
        return true;
}

bool expression_is_count(const struct expression *e)
{
        return e->count > 0 && e->parts[0].field >= 0 &&
               field_unit((size_t)e->parts[0].field) == FIELD_COUNT;
}

bool rule_workload_is_count(const struct rule *r)
{
        for (unsigned i = 0; i < r->workload.count; i++)
                if (r->workload.parts[i].field >= 0 &&
                    field_unit((size_t)r->workload.parts[i].field) == FIELD_BYTES)
                        return false;
        return r->workload.count > 0;
}
