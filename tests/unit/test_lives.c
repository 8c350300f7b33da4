/* SPDX-License-Identifier: MIT */
/* The lives of alerts: one for each watch that needs one, and used again. */
#include <math.h>

#include "../test.h"
#include "engine/engine_internal.h"

enum { WATCHES = 5 };

static void test_each_has_its_own(void **state)
{
        (void)state;
        struct lives lives;
        struct watch watches[WATCHES] = { 0 };
        assert_int_equal(lives_init(&lives, WATCHES), 0);
        for (int round = 0; round < 3; round++) {
                for (size_t i = 0; i < WATCHES; i++)
                        watches[i].life = lives.all;
                for (size_t i = 0; i < WATCHES; i++) {
                        watch_live(&lives, &watches[i]);
                        assert_ptr_not_equal(watches[i].life, lives.all);
                        assert_true(alert_is_idle(&watches[i].life->alert));
                        assert_true(isnan(watches[i].life->fired_wall));
                        watches[i].life->fired_wall = (double)i;
                        watches[i].life->alert.state = ALERT_FIRING;
                }
                for (size_t i = 0; i < WATCHES; i++) {
                        struct watch_life *own = watches[i].life;
                        watch_live(&lives, &watches[i]); /* it has one */
                        assert_ptr_equal(watches[i].life, own);
                        assert_true(own->fired_wall == (double)i); /* and it alone */
                }
                for (size_t i = 0; i < WATCHES; i++) {
                        watch_rest(&lives, &watches[i]);
                        watch_rest(&lives, &watches[i]); /* at rest already */
                        assert_ptr_equal(watches[i].life, lives.all);
                }
                /* No more were touched than were alive at once. */
                assert_int_equal(lives.used, WATCHES + 1);
        }
        assert_true(alert_is_idle(&lives.all[0].alert));
        lives_done(&lives);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_has_its_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
