/* SPDX-License-Identifier: MIT */
/* What a rule measures: a field, less something, over something. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "judge/rule.h"

/* Sum of the parts for these values (by field, NaN absent): NaN when a field is absent. Bytes or
 * counts. */
_hot_ double expression_value(const struct expression *e, const double *values, size_t count);

/* field - less, over per. NaN when a part is absent or the denominator is not above 0. */
_hot_ double rule_value(int field, const struct expression *less, const struct expression *per,
                        const double *values, size_t count);

/* The same of what was measured elsewhere. */
_hot_ double rule_value_of(double measured, const struct expression *less,
                           const struct expression *per, const double *values, size_t count);

bool expression_equal(const struct expression *a, const struct expression *b);

/* The unit of the quotient: bytes, bytes per count, a plain ratio, or a count. */
bool expression_is_count(const struct expression *e);

/* Whether the rule's workload counts something (threads), whatever memory is expected of one; false
 * when it is memory or there is none. */
bool rule_workload_is_count(const struct rule *r);
