/* SPDX-License-Identifier: MIT */
/* Reads what a rule test expects:
 *   firing [SEVERITY [or worse]] RULE [WHEN] [until MOMENT]
 *   resolved | escalated | eased | adopted | reminder RULE [WHEN]
 *   nothing | no SEVERITY | anything [from RULE] [WHEN]
 * WHEN: within DURATION of MOMENT | in STEP | after MOMENT | before MOMENT
 * MOMENT: start | end | STEP (its begin) | end of STEP
 * STEP: its name, or step NUMBER */
#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/suggest.h"
#include "engine/rule_test_internal.h"
#include "engine/rule_test_words.h"

static int take_step(struct words *w, const struct rule_test *t, const struct step **ret)
{
        struct suggestion nearest;
        char text[SUGGEST_TEXT_MAX];

        (void)words_take_if(w, "step");
        const char *name = words_take(w);
        if (!name)
                return words_refuse(w, "a step's name is missing at the end");
        int i = rule_test_step_find(t, name);
        if (i >= 0) {
                *ret = &t->steps[i];
                return 0;
        }
        suggestion_init(&nearest, name);
        for (unsigned k = 0; k < t->step_count; k++)
                suggestion_offer(&nearest, t->steps[k].name);
        return words_refuse(w, "there is no step \"%.40s\"%s", name,
                            suggestion_text(&nearest, text));
}

static int take_moment(struct words *w, const struct rule_test *t, double *ret)
{
        const struct step *s = NULL;

        if (words_take_if(w, "start")) {
                *ret = 0;
                return 0;
        }
        bool end = words_take_if(w, "end");
        if (end && !words_take_if(w, "of")) {
                *ret = t->seconds;
                return 0;
        }
        if (take_step(w, t, &s) < 0)
                return -EINVAL;
        assert(s);
        *ret = end ? s->start + s->seconds : s->start;
        return 0;
}

static int take_when(struct words *w, const struct rule_test *t, struct expectation *e)
{
        const struct step *s = NULL;
        double seconds;

        e->from = 0;
        e->to = t->seconds;
        if (words_take_if(w, "within")) {
                if (words_duration(w, &seconds) < 0 || words_need(w, "of") < 0 ||
                    take_moment(w, t, &e->from) < 0)
                        return -EINVAL;
                e->to = e->from + seconds;
                if (e->to > t->seconds)
                        return words_refuse(w, "the test ends before that time is over");
        } else if (words_take_if(w, "in")) {
                if (take_step(w, t, &s) < 0)
                        return -EINVAL;
                assert(s);
                e->from = s->start;
                e->to = s->start + s->seconds;
        } else if (words_take_if(w, "after")) {
                return take_moment(w, t, &e->from);
        } else if (words_take_if(w, "before")) {
                return take_moment(w, t, &e->to);
        }
        return 0;
}

static int take_rule(struct words *w, const struct rule_set *rules, struct expectation *e)
{
        struct suggestion nearest;
        char text[SUGGEST_TEXT_MAX];
        const char *name = words_take(w);

        if (!name)
                return words_refuse(w, "a rule's name is missing at the end");
        if (strlen(name) > RULE_NAME_MAX)
                return words_refuse(w, "a rule's name has at most %d bytes", RULE_NAME_MAX);
        strcpy(e->rule, name);
        suggestion_init(&nearest, name);
        for (size_t i = 0; i < rules->count; i++) {
                if (fnmatch(name, rules->rules[i].name, 0) == 0)
                        return 0;
                suggestion_offer(&nearest, rules->rules[i].name);
        }
        return words_refuse(w, "there is no rule \"%.63s\"%s", name,
                            suggestion_text(&nearest, text));
}

static int take_severity(struct words *w, struct expectation *e)
{
        const char *word = words_peek(w);
        int severity = word ? severity_by_name(word) : -1;

        if (severity <= SEVERITY_OK)
                return 0; /* any */
        e->severity = (enum severity)severity;
        (void)words_take(w);
        if (words_take_if(w, "or")) {
                e->worse = true;
                return words_need(w, "worse");
        }
        return 0;
}

static int take_what(struct words *w, struct expectation *e)
{
        const char *word = words_take(w);
        int type = word ? event_type_by_name(word) : -1;

        if (!word)
                return words_refuse(w, "nothing between two commas");
        if (strcmp(word, "nothing") == 0 || strcmp(word, "no") == 0)
                e->what = EXPECT_NOTHING;
        else if (strcmp(word, "anything") == 0)
                e->what = EXPECT_ANYTHING;
        else if (type == EVENT_FIRING)
                e->what = EXPECT_FIRING;
        else if (type >= 0)
                e->what = EXPECT_EVENT;
        else
                return words_refuse(w,
                                    "\"%.40s\" is none of firing, escalated, eased, reminder, "
                                    "adopted, resolved, nothing, no, anything",
                                    word);
        if (type >= 0)
                e->type = (enum event_type)type;
        if (strcmp(word, "no") != 0)
                return 0;
        const char *severity = words_take(w);
        if (!severity || severity_by_name(severity) <= SEVERITY_OK)
                return words_refuse(w, "no what: notice, warning or critical?");
        e->severity = (enum severity)severity_by_name(severity);
        return 0;
}

int rule_test_parse_expectation(struct rule_test *t, const struct rule_set *rules, char *item,
                                char error[KEY_ERROR_MAX])
{
        _cleanup_free_ char *text = strdup(item);
        struct expectation e = { .until = NAN };
        struct words w;

        if (!text)
                return -ENOMEM;
        if (words_init(&w, item, error) < 0 || take_what(&w, &e) < 0)
                return -EINVAL;
        if (t->expectation_count == RULE_TEST_EXPECTATIONS_MAX)
                return words_refuse(&w, "more than %d expectations", RULE_TEST_EXPECTATIONS_MAX);
        if (e.what == EXPECT_FIRING && take_severity(&w, &e) < 0)
                return -EINVAL;
        if (e.what == EXPECT_FIRING || e.what == EXPECT_EVENT || words_take_if(&w, "from")) {
                if (take_rule(&w, rules, &e) < 0)
                        return -EINVAL;
        } else {
                strcpy(e.rule, "*");
        }
        if (take_when(&w, t, &e) < 0)
                return -EINVAL;
        if (e.what == EXPECT_FIRING && words_take_if(&w, "until") &&
            take_moment(&w, t, &e.until) < 0)
                return -EINVAL;
        if (words_end(&w) < 0)
                return -EINVAL;
        e.text = TAKE_PTR(text);
        t->expectations[t->expectation_count++] = e;
        return 0;
}
