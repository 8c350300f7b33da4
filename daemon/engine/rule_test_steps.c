/* SPDX-License-Identifier: MIT */
/* Reads the steps of a rule test:
 *   [NAME:] hold | gap | FIELD VERB ... [and FIELD VERB ...] for DURATION */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "engine/rule_test_internal.h"
#include "engine/rule_test_words.h"
#include "sample/field.h"

/* More in one step is a slip of the finger. */
static const double FACTOR_MAX = 1e6;

int rule_test_step_find(const struct rule_test *t, const char *name)
{
        uint64_t number;

        for (unsigned i = 0; i < t->step_count; i++)
                if (*t->steps[i].name && strcmp(t->steps[i].name, name) == 0)
                        return (int)i;
        if (parse_u64(name, &number) == 0 && number >= 1 && number <= t->step_count)
                return (int)number - 1;
        return -1;
}

/* "2%/h", "64M/h", "300/min": per second in the field's unit. */
static int take_rate(struct words *w, const struct rule_test *t, int field, double *ret)
{
        static const struct {
                const char *name;
                double seconds;
        } SPANS[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } };
        const char *word = words_peek(w), *slash = word ? strrchr(word, '/') : NULL;
        char amount[64];

        if (!slash || (size_t)(slash - word) >= sizeof(amount))
                return words_refuse(w, "a rate (2%%/h, 64M/h) is expected%s%.40s",
                                    word ? ", not " : " at the end", word ? word : "");
        for (size_t i = 0; i < ELEMENTS_OF(SPANS); i++) {
                if (strcmp(SPANS[i].name, slash + 1) != 0)
                        continue;
                char *list[] = { amount };
                struct words one = { .list = { list[0] }, .count = 1, .error = w->error };
                memcpy(amount, word, (size_t)(slash - word));
                amount[slash - word] = 0;
                if (rule_test_take_amount(&one, t, field, ret) < 0)
                        return -EINVAL;
                (void)words_take(w);
                *ret /= SPANS[i].seconds;
                return 0;
        }
        return words_refuse(w, "\"%.20s\" is no time to grow in: s, min, h, d, w", slash + 1);
}

/* "to 4G", "3x" or an amount. */
static int take_reach(struct words *w, const struct rule_test *t, struct move *m)
{
        const char *word = words_peek(w);
        char number[32];
        size_t length = word ? strlen(word) : 0;

        if (words_take_if(w, "to")) {
                m->reach = REACH_TO;
                return rule_test_take_amount(w, t, m->field, &m->amount);
        }
        (void)words_take_if(w, "by");
        if (length > 1 && length < sizeof(number) && word[length - 1] == 'x') {
                memcpy(number, word, length - 1);
                number[length - 1] = 0;
                if (parse_number(number, &m->amount) == 0 && m->amount >= 0 &&
                    m->amount <= FACTOR_MAX) {
                        (void)words_take(w);
                        m->reach = REACH_TIMES;
                        return 0;
                }
        }
        m->reach = REACH_BY;
        return rule_test_take_amount(w, t, m->field, &m->amount);
}

static int take_within(struct words *w, double *ret)
{
        return words_take_if(w, "within") ? words_duration(w, ret) : 0;
}

static int take_period(struct words *w, struct move *m)
{
        if (words_need(w, "every") < 0 || words_duration(w, &m->every) < 0)
                return -EINVAL;
        if (m->every <= 0)
                return words_refuse(w, "every 0 s is never");
        return 0;
}

static void negate(struct move *m)
{
        if (m->reach == REACH_BY)
                m->amount = -m->amount;
}

static int take_grow(struct words *w, const struct rule_test *t, struct move *m)
{
        const char *word = words_peek(w);

        m->verb = MOVE_GROW;
        if (word && strchr(word, '/'))
                return take_rate(w, t, m->field, &m->amount);
        if (!word || strcmp(word, "to") != 0)
                return words_refuse(w, "a rate (2%%/h) or an aim (to 4G) is expected%s%.40s",
                                    word ? ", not " : " at the end", word ? word : "");
        return take_reach(w, t, m);
}

static int take_fall(struct words *w, const struct rule_test *t, struct move *m)
{
        int r = take_grow(w, t, m);

        negate(m);
        return r;
}

static int take_jump(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_JUMP;
        return take_reach(w, t, m) < 0 ? -EINVAL : take_within(w, &m->within);
}

static int take_drop(struct words *w, const struct rule_test *t, struct move *m)
{
        int r = take_jump(w, t, m);

        negate(m);
        return r;
}

static int take_fill(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_FILL;
        m->within = NAN; /* the whole step */
        return take_reach(w, t, m) < 0 ? -EINVAL : take_within(w, &m->within);
}

static int take_saw(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_SAW;
        return take_reach(w, t, m) < 0 ? -EINVAL : take_period(w, m);
}

static int take_stairs(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_STAIRS;
        return take_reach(w, t, m) < 0 ? -EINVAL : take_period(w, m);
}

static int take_wave(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_WAVE;
        return take_reach(w, t, m) < 0 ? -EINVAL : take_period(w, m);
}

static int take_pulse(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_PULSE;
        if (take_reach(w, t, m) < 0 || words_need(w, "lasting") < 0 ||
            words_duration(w, &m->lasting) < 0 || take_period(w, m) < 0)
                return -EINVAL;
        if (m->lasting >= m->every)
                return words_refuse(w, "what lasts as long as its period never ends");
        return 0;
}

static int take_follow(struct words *w, const struct rule_test *t, struct move *m)
{
        m->verb = MOVE_FOLLOW;
        if (rule_test_take_field(w, t, false, &m->other) < 0 || words_need(w, "by") < 0)
                return -EINVAL;
        if (m->other == m->field)
                return words_refuse(w, "nothing follows itself");
        /* A share is of what is followed: "PageTables follow AnonPages by 2%". */
        const char *word = words_peek(w);
        if (word && field_unit((size_t)m->other) == FIELD_BYTES &&
            parse_percent(word, &m->amount) == 0 && m->amount <= FACTOR_MAX) {
                (void)words_take(w);
                return 0;
        }
        return rule_test_take_amount(w, t, m->field, &m->amount);
}

static int take_absent(struct words *w, const struct rule_test *t, struct move *m)
{
        (void)w;
        (void)t;
        m->verb = MOVE_ABSENT;
        return 0;
}

static const struct {
        const char *name;
        int (*take)(struct words *w, const struct rule_test *t, struct move *m);
} VERBS[] = {
        { "grow", take_grow },     { "fall", take_fall },     { "jump", take_jump },
        { "drop", take_drop },     { "fill", take_fill },     { "saw", take_saw },
        { "stairs", take_stairs }, { "wave", take_wave },     { "pulse", take_pulse },
        { "follow", take_follow }, { "absent", take_absent },
};

static int take_move(struct words *w, const struct rule_test *t, struct move *m)
{
        if (rule_test_take_field(w, t, true, &m->field) < 0)
                return -EINVAL;
        const char *verb = words_take(w);
        for (size_t i = 0; verb && i < ELEMENTS_OF(VERBS); i++)
                if (strcmp(VERBS[i].name, verb) == 0) {
                        if (VERBS[i].take(w, t, m) < 0)
                                return -EINVAL;
                        if (m->field == RULE_TEST_CLOCK &&
                            (m->verb != MOVE_JUMP || m->reach != REACH_BY || m->within > 0))
                                return words_refuse(w, "a clock can only jump or drop by a time");
                        return 0;
                }
        struct text error;
        text_init(&error, w->error, KEY_ERROR_MAX);
        text_add(&error, "\"%.40s\" is none of", verb ? verb : "");
        for (size_t i = 0; i < ELEMENTS_OF(VERBS); i++)
                text_add(&error, "%s %s", i > 0 ? "," : "", VERBS[i].name);
        return -EINVAL;
}

static int take_name(struct words *w, const struct rule_test *t, struct step *s)
{
        static const char *const RESERVED[] = { "start", "end", "step", "of" };
        const char *word = words_peek(w);
        size_t length = word ? strlen(word) : 0;

        if (length == 0 || word[length - 1] != ':')
                return 0;
        if (length == 1 || length - 1 > RULE_TEST_NAME_MAX || (word[0] >= '0' && word[0] <= '9'))
                return words_refuse(w, "a step's name has 1 to %d bytes and begins with no digit",
                                    RULE_TEST_NAME_MAX);
        memcpy(s->name, word, length - 1);
        s->name[length - 1] = 0;
        (void)words_take(w);
        for (size_t i = 0; i < ELEMENTS_OF(RESERVED); i++)
                if (strcmp(s->name, RESERVED[i]) == 0)
                        return words_refuse(w, "no step can be called \"%s\"", s->name);
        for (unsigned i = 0; i < t->step_count; i++)
                if (strcmp(t->steps[i].name, s->name) == 0)
                        return words_refuse(w, "a second step \"%s\"", s->name);
        return 0;
}

static int take_moves(struct words *w, const struct rule_test *t, struct step *s)
{
        if (words_take_if(w, "hold"))
                return 0;
        if (words_take_if(w, "gap")) {
                s->gap = true;
                return 0;
        }
        do {
                if (s->move_count == RULE_TEST_MOVES_MAX)
                        return words_refuse(w, "more than %d moves at once", RULE_TEST_MOVES_MAX);
                if (take_move(w, t, &s->moves[s->move_count]) < 0)
                        return -EINVAL;
                s->move_count++;
        } while (words_take_if(w, "and"));
        return 0;
}

int rule_test_parse_step(struct rule_test *t, char *item, char error[KEY_ERROR_MAX])
{
        struct step s = { .start = t->seconds };
        struct words w;

        if (words_init(&w, item, error) < 0)
                return -EINVAL;
        if (t->step_count == RULE_TEST_STEPS_MAX)
                return words_refuse(&w, "more than %d steps", RULE_TEST_STEPS_MAX);
        if (take_name(&w, t, &s) < 0 || take_moves(&w, t, &s) < 0 || words_need(&w, "for") < 0 ||
            words_duration(&w, &s.seconds) < 0 || words_end(&w) < 0)
                return -EINVAL;
        if (s.seconds <= 0)
                return words_refuse(&w, "a step takes some time");
        for (unsigned i = 0; i < s.move_count; i++) {
                if (isnan(s.moves[i].within))
                        s.moves[i].within = s.seconds;
                if (s.moves[i].verb == MOVE_FILL && s.moves[i].within <= 0)
                        return words_refuse(&w, "what fills takes some time");
        }
        t->seconds += s.seconds;
        if (t->seconds / t->interval > RULE_TEST_SAMPLES_MAX)
                return words_refuse(&w, "more than %d samples: take a larger interval",
                                    RULE_TEST_SAMPLES_MAX);
        t->steps[t->step_count++] = s;
        return 0;
}
