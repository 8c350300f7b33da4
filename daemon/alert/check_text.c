/* SPDX-License-Identifier: MIT */
/* Says tests in words, for `kmemwatch explain`, the journal and the report alike. */
#include "alert/check_text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/text.h"
#include "base/macros.h"

static const char *number_text(double value, char buffer[FORMAT_MAX])
{
        if (isinf(value))
                strcpy(buffer, value > 0 ? "without end" : "-");
        else if (fabs(value) < 1000)
                snprintf(buffer, FORMAT_MAX, "%.3g", value);
        else
                snprintf(buffer, FORMAT_MAX, "%.0f", value);
        return buffer;
}

static const char *rate_text(enum event_unit unit, double per_second, char buffer[FORMAT_MAX])
{
        char number[FORMAT_MAX];

        /* Without format_rate's sign: "falls by +3 MiB/h" would mislead. */
        snprintf(buffer, FORMAT_MAX, "%.40s/h", event_amount(unit, per_second * 3600, number));
        return buffer;
}

const char *check_value_text(enum check_unit kind, enum event_unit unit, double value,
                             char buffer[FORMAT_MAX])
{
        if (isnan(value)) {
                strcpy(buffer, "unknown");
                return buffer;
        }
        switch (kind) {
        case CHECK_YES:
                strcpy(buffer, value >= 1 ? "yes" : "no");
                return buffer;
        case CHECK_SHARE:
                return isinf(value) ? number_text(value, buffer) : format_percent(value, buffer);
        case CHECK_VALUE:
                return event_amount(unit, value, buffer);
        case CHECK_RATE:
                return rate_text(unit, value, buffer);
        case CHECK_SECONDS:
                return format_duration(value, buffer);
        case CHECK_BYTES:
                return format_bytes(value, buffer);
        case CHECK_BYTES_RATE:
                return rate_text(UNIT_BYTES, value, buffer);
        default:
                return number_text(value, buffer);
        }
}

const char *check_limit_text(enum check_unit kind, enum check_sense sense, enum event_unit unit,
                             double limit, char buffer[CHECK_LIMIT_TEXT_MAX])
{
        static const char *const SENSES[] = { "at least", "at most", "more than", "less than" };
        static_assert(ELEMENTS_OF(SENSES) == CHECK_SENSE_COUNT, "each sense has its words");
        char value[FORMAT_MAX];

        if (kind == CHECK_YES || isnan(limit))
                strcpy(buffer, isnan(limit) ? "unknown yet" : "yes");
        else
                snprintf(buffer, CHECK_LIMIT_TEXT_MAX, "%s %s", SENSES[sense],
                         check_value_text(kind, unit, limit, value));
        return buffer;
}

void event_checks_text(const struct event *e, struct text *t)
{
        char value[FORMAT_MAX], limit[CHECK_LIMIT_TEXT_MAX];

        for (unsigned i = 0; i < e->check_count; i++) {
                const struct event_check *c = &e->checks[i];
                const struct question *q = c->question;
                if (isnan(c->value) || !q)
                        continue;
                text_add(t, "%s%s: %s", t->length > 0 ? "\n" : "", q->asks,
                         check_value_text(q->unit, e->unit, c->value, value));
                if (q->unit != CHECK_YES && !isnan(c->limit))
                        text_add(t, ", asked is %s",
                                 check_limit_text(q->unit, q->sense, e->unit, c->limit, limit));
        }
}
