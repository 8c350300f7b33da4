/* SPDX-License-Identifier: MIT */
/* Collects what a verdict rests on, by asking the detectors and the judge again. */
#include "engine/explanation.h"

#include "engine/engine_internal.h"

static void collect_jump(struct explanation *x)
{
        const struct series *s = x->series;

        jump_examine(&s->jump, &jump_params_default, &x->detector);
        x->least = jump_least(&s->jump, &jump_params_default, (double)s->floor);
}

static void collect_growth(struct explanation *x, double total)
{
        for (unsigned level = 0; level < TREND_LEVELS; level++) {
                struct explained_horizon *h = &x->horizons[x->horizon_count];
                if (!series_examine(x->series, level, x->now, total, &h->answer, &h->checks))
                        continue;
                h->answers = x->numbers.growth_known && x->numbers.growth.level == level;
                if (h->answers)
                        x->detector = h->checks;
                x->horizon_count++;
        }
}

void explanation_make(const struct engine *e, const struct watch *w, struct explanation *ret)
{
        struct machine_numbers m = { e->kind, FIELD_KNOWN_COUNT, e->values };
        struct watch copy = *w; /* asking notes what the workload was */

        *ret = (struct explanation){
                .watch = w,
                .dimension = watch_dimension(e, w),
                .series = &e->series[w->series],
                .now = e->now,
                .kind = e->kind,
        };
        watch_numbers(e, &copy, &ret->numbers);
        judge_rule_account(w->rule, &ret->numbers, &m, &ret->verdict, &ret->account);
        ret->wait = watch_wait(w->rule, ret->series, &ret->verdict);
        if (w->rule->kind == KIND_SPIKE || w->rule->kind == KIND_DROP)
                collect_jump(ret);
        else if (w->rule->kind == KIND_GROWTH)
                collect_growth(ret, e->values[FIELD_MEM_TOTAL]);
}
