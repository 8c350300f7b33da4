/* SPDX-License-Identifier: MIT */
/* An event in one line, as journal and channels say it first. */
#include <math.h>
#include <string.h>

#include "../test.h"
#include "alert/event.h"
#include "alert/text.h"
#include "base/macros.h"

#define MIB (1024.0 * 1024)

static void test_texts(void **state)
{
        static const struct {
                struct event event;
                const char *text;
        } cases[] = {
                { { .kind = KIND_SPIKE, .value = 60 * MIB, .baseline = 10 * MIB },
                  "Slab jumped by 50 MiB to 60 MiB (normal: 10 MiB)" },
                { { .kind = KIND_DROP, .value = 10 * MIB, .baseline = 60 * MIB },
                  "Slab dropped by 50 MiB to 10 MiB (normal: 60 MiB)" },
                { { .kind = KIND_SPIKE,
                    .value = 60 * MIB,
                    .baseline = 10 * MIB,
                    .workload = "threads",
                    .workload_is_count = true,
                    .workload_change = 3000,
                    .explained = 1 },
                  "Slab jumped by 50 MiB to 60 MiB (normal: 10 MiB); 3000 more threads explain "
                  "100 % of it" },
                { { .kind = KIND_GROWTH,
                    .value = 60 * MIB,
                    .rate = 10 * MIB / 3600,
                    .rate_error = MIB / 3600,
                    .exhausts_at = NAN },
                  "Slab grows +10 MiB/h (give or take 2 MiB), now 60 MiB" },
                { { .kind = KIND_RATIO,
                    .unit = UNIT_RATIO,
                    .value = 0.07,
                    .limit = 0.06,
                    .value_bytes = 60 * MIB },
                  "Slab is 7 % (limit 6 %), 60 MiB in all" },
                { { .kind = KIND_SPIKE,
                    .type = EVENT_ESCALATED,
                    .previous_severity = SEVERITY_NOTICE,
                    .value = 60 * MIB,
                    .baseline = 10 * MIB },
                  "Slab jumped by 50 MiB to 60 MiB (normal: 10 MiB); worse than the notice "
                  "before" },
                { { .kind = KIND_SPIKE,
                    .type = EVENT_RESOLVED,
                    .value = 10 * MIB,
                    .duration = 36,
                    .peak = 60 * MIB,
                    .grown = 50 * MIB },
                  "Slab: the spike is over after 36 s, now 10 MiB; peak 60 MiB, grew 50 MiB in "
                  "all" },
                { { .kind = KIND_DROP,
                    .type = EVENT_ADOPTED,
                    .value = 10 * MIB,
                    .duration = 600,
                    .peak = 9 * MIB,
                    .grown = -51 * MIB },
                  "Slab: 10 MiB is taken as the new normal after 10 min; lowest 9 MiB, fell 51 MiB "
                  "in all" },
                /* fell below what is normal before it was over */
                { { .kind = KIND_SPIKE,
                    .type = EVENT_EASED,
                    .previous_severity = SEVERITY_WARNING,
                    .value = 17 * MIB,
                    .baseline = 23 * MIB,
                    .peak = 60 * MIB },
                  "Slab jumped to 60 MiB, now 17 MiB (normal: 23 MiB); eased from warning" },
                { { .kind = KIND_DROP,
                    .type = EVENT_REMINDER,
                    .value = 70 * MIB,
                    .baseline = 60 * MIB,
                    .peak = NAN,
                    .duration = 600 },
                  "Slab dropped, now 70 MiB (normal: 60 MiB); firing for 10 min" },
                /* restored after a restart that forgot what is normal */
                { { .kind = KIND_DROP,
                    .type = EVENT_REMINDER,
                    .value = 70 * MIB,
                    .baseline = NAN,
                    .start_value = 60 * MIB,
                    .duration = 600 },
                  "Slab dropped from 60 MiB, now 70 MiB; firing for 10 min" },
                { { .kind = KIND_SPIKE, .value = 70 * MIB, .baseline = NAN, .start_value = NAN },
                  "Slab jumped, now 70 MiB" },
                { { .kind = KIND_GROWTH,
                    .value = 70 * MIB,
                    .rate = NAN,
                    .start_value = 60 * MIB,
                    .exhausts_at = NAN },
                  "Slab grew from 60 MiB, now 70 MiB" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct event e = cases[i].event;
                e.dimension = "Slab";
                event_text(&e);
                assert_string_equal(e.text, cases[i].text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
