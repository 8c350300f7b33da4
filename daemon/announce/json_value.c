/* SPDX-License-Identifier: MIT */
/* Single values for trees of jansson, which asserts on numbers that are none. */
#include "announce/json_value.h"

#include <jansson.h>
#include <math.h>

#include "base/units.h"

/* Every whole number up to it is a double of its own. */
static const double WHOLE_MAX = 9e15;

json_t *json_value_number(double value)
{
        return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_value_whole(double value)
{
        return isfinite(value) && fabs(value) < WHOLE_MAX ? json_integer((json_int_t)llround(value))
                                                          : json_null();
}

json_t *json_value_exact(double value)
{
        return value == floor(value) ? json_value_whole(value) : json_value_number(value);
}

json_t *json_value_text(const char *s)
{
        json_t *value = json_string(s);
        return value ? value : json_string("(not UTF-8)");
}

json_t *json_value_time(double unix_seconds)
{
        char buffer[FORMAT_MAX];
        return isfinite(unix_seconds) ? json_string(format_time_utc(unix_seconds, buffer))
                                      : json_null();
}
