/* SPDX-License-Identifier: MIT */
/* The slots of rules that follow members: whose they are, and what is measured of those. Who gets
 * one is picked in engine/follow_pick.c. */
#include "engine/follow.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/pages.h"
#include "base/text.h"
#include "engine/engine_internal.h"
#include "sample/sample.h"

/* A member that is not there for so long is gone: a service that restarts is away for seconds, and
 * a cache that was destroyed does not come back. Where it is not known whether all were seen (the
 * file cannot be read, there are too many) it is waited for longer. */
static const double GONE_SECONDS = 60, LOST_SECONDS = 600;

bool engine_series_is_used(const struct engine *e, size_t place)
{
        return place < e->series_plain || e->following->list[place - e->series_plain].users > 0;
}

int engine_follow_init(struct engine *e, size_t slots)
{
        static const struct expression nothing = { 0 };
        if (slots == 0)
                return 0;
        struct following *f = e->following = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        f->count = slots;
        f->list = calloc(slots, sizeof(*f->list));
        f->since = calloc(slots, sizeof(*f->since));
        f->past = pages_new(MEMBERS_MAX * sizeof(*f->past));
        if (!f->list || !f->since || !f->past)
                return -ENOMEM;
        f->fed = f->picked = f->learned = -INFINITY;
        for (size_t at = e->series_plain; at < e->series_plain + slots; at++)
                series_init(&e->series[at], FIELD_MEMBER, &nothing, &nothing, "", &e->store, at);
        e->series_count = e->series_plain + slots;
        return 0;
}

void engine_follow_done(struct engine *e)
{
        if (!e->following)
                return;
        pages_free(e->following->past, MEMBERS_MAX * sizeof(*e->following->past));
        free(e->following->list);
        free(e->following->since);
        free(e->following);
        e->following = NULL;
}

const char *watch_dimension(const struct engine *e, const struct watch *w)
{
        return w->slot > SLOT_EMPTY ? e->series[w->series].dimension : w->rule->dimension;
}

static struct followed *followed_of(const struct engine *e, const struct watch *w)
{
        return &e->following->list[w->series - e->series_plain];
}

const struct followed *engine_followed(const struct engine *e, const struct watch *w)
{
        return followed_of(e, w);
}

size_t engine_follow_resident(const struct engine *e)
{
        const struct following *f = e->following;
        return f ? sizeof(*f) + f->count * (sizeof(*f->list) + sizeof(*f->since)) +
                               pages_resident(f->past, MEMBERS_MAX * sizeof(*f->past))
                 : 0;
}

/* An empty slot: its series is whosever. */
static void slot_clear(struct engine *e, struct watch *w)
{
        const struct watch kept = *w;
        *w = (struct watch){
                .slot = SLOT_EMPTY,
                .rule = kept.rule,
                .kind = (uint8_t)kept.rule->kind,
                .news = kept.news,
                .life = e->lives.all,
                .idle = true,
                .from = kept.from,
                .workload = kept.workload,
                .series = (uint32_t)e->series_plain,
                .workload_before = NAN,
                .value_before = NAN,
        };
}

void engine_follow_add(struct engine *e, const struct rule *r, int workload)
{
        struct following *f = e->following;
        f->followers[f->follower_count++] = (struct follower){
                .rule = r,
                .first = e->watch_count,
                .count = r->follow,
                .exact = !member_is_pattern(r->pattern),
        };
        for (unsigned i = 0; i < r->follow; i++) {
                struct watch *w = &e->watches[e->watch_count];
                w->rule = r;
                w->workload = workload;
                w->news = &e->news[e->watch_count++];
                slot_clear(e, w);
        }
}

/* --- who has a slot --- */

static struct followed *find_followed(const struct engine *e, const struct rule *r, uint64_t key)
{
        const struct following *f = e->following;
        for (size_t i = 0; i < f->count; i++)
                if (f->list[i].users > 0 && f->list[i].key == key &&
                    series_measures(&e->series[e->series_plain + i], FIELD_MEMBER, &r->less,
                                    &r->per))
                        return &f->list[i];
        return NULL;
}

/* There are as many as slots, so one is free. */
static struct followed *new_followed(struct engine *e, const struct rule *r, uint64_t key,
                                     const char *name)
{
        struct following *f = e->following;
        size_t i = 0;
        struct text t;
        while (f->list[i].users > 0)
                i++;
        struct followed *m = &f->list[i];
        *m = (struct followed){ .key = key, .row = -1, .missing_since = e->now };
        text_init(&t, m->name, sizeof(m->name));
        text_add(&t, "%s", name);
        text_init(&t, m->dimension, sizeof(m->dimension));
        text_add(&t, "%s%s", m->name, rule_suffix(r));
        size_t at = e->series_plain + i;
        series_forget(&e->series[at]);
        series_init(&e->series[at], FIELD_MEMBER, &r->less, &r->per, m->dimension, &e->store, at);
        return m;
}

struct followed *engine_follow_assign(struct engine *e, struct watch *w, uint64_t key,
                                      const char *name)
{
        const struct rule *r = w->rule;
        struct followed *m = find_followed(e, r, key);
        if (!m)
                m = new_followed(e, r, key, name);
        m->users++;
        struct series *s = &e->series[e->series_plain + (size_t)(m - e->following->list)];
        w->slot = SLOT_USED;
        w->series = (uint32_t)(s - e->series);
        e->following->since[w - e->watches - e->watch_plain] = e->now;
        w->applies = r->when & 1u << e->kind;
        w->untold = (uint8_t)engine_ask_quiet(e, r, m->dimension);
        series_judge(s, r);
        return m;
}

void engine_follow_release(struct engine *e, struct watch *w)
{
        struct following *f = e->following;
        struct followed *m = followed_of(e, w);
        for (unsigned i = 0; i < f->follower_count && m->row >= 0; i++)
                if (f->followers[i].rule == w->rule)
                        f->past[m->row].followed &= ~(UINT64_C(1) << i);
        m->users--;
        watch_rest(&e->lives, w);
        slot_clear(e, w);
}

struct watch *engine_follow_free_slot(struct engine *e, const struct follower *x)
{
        for (unsigned i = 0; i < x->count; i++)
                if (e->watches[x->first + i].slot == SLOT_EMPTY)
                        return &e->watches[x->first + i];
        return NULL;
}

int engine_member_name(const struct engine *e, const char *dimension, char *ret)
{
        const struct following *f = e->following;
        for (size_t i = 0; f && i < f->count; i++)
                if (f->list[i].users > 0 && strcmp(f->list[i].dimension, dimension) == 0) {
                        strcpy(ret, f->list[i].name);
                        return 0;
                }
        return -ENOENT;
}

/* --- what is measured --- */

/* The alert of a member that is no more ends as what it is. */
static void slot_end(struct engine *e, struct watch *w)
{
        struct watch_life *l = w->life;
        if (w->owed || l->alert.state != ALERT_FIRING)
                return;
        l->change = alert_end(&l->alert, e->now);
        w->news->incident_change =
                engine_incident_step(e, w->news->incident_id, w->news->alert_id, &l->change);
        event_make(e, w, &l->change, e->wall, &w->news->event);
        engine_orphan_words(e, w, ORPHAN_MEMBER_GONE, &w->news->event);
        w->owed = true;
}

static bool is_gone(const struct engine *e, const struct members *members, const struct followed *m)
{
        int family = family_of(m->name);
        bool known = members && family >= 0 && members->known[family];
        return e->now - m->missing_since >= (known ? GONE_SECONDS : LOST_SECONDS);
}

static void slot_step(struct engine *e, struct watch *w, const struct members *members,
                      const struct machine_numbers *m)
{
        if (w->slot == SLOT_USED && is_gone(e, members, followed_of(e, w)))
                w->slot = SLOT_LEAVES;
        if (w->slot == SLOT_LEAVES) {
                slot_end(e, w);
                if (w->owed)
                        return;
                engine_follow_release(e, w);
                e->following->picked = -INFINITY; /* another may have it */
        } else if (w->applies) {
                watch_feed(e, w, m);
        }
}

static void feed_series(struct engine *e, const struct sample *sample, size_t i)
{
        struct following *f = e->following;
        struct followed *x = &f->list[i];
        struct series *s = &e->series[e->series_plain + i];
        const struct members *members = sample->members;
        double value = NAN;
        if (members && x->row >= 0 && members->keys[x->row] == x->key)
                value = members->values[x->row];
        if (isfinite(value))
                x->missing_since = NAN;
        else if (isnan(x->missing_since))
                x->missing_since = e->now;
        bool broken = f->broken || series_is_rebased(s, f->changed);
        series_feed_value(s, value, broken, &f->shared);
}

void engine_follow_feed(struct engine *e, const struct sample *sample, bool broken,
                        unsigned changed, const struct machine_numbers *m)
{
        struct following *f = e->following;
        f->broken |= broken;
        f->changed |= changed;
        if (e->now - f->fed < MEMBER_HOLD_SECONDS && f->begun)
                return;
        engine_follow_pick(e, sample->members);
        f->fed = e->now;
        series_share(&f->shared, sample, e->now);
        for (size_t i = 0; i < f->count; i++)
                if (f->list[i].users > 0)
                        feed_series(e, sample, i);
        for (size_t i = e->watch_plain; i < e->watch_count; i++)
                if (e->watches[i].slot > SLOT_EMPTY) {
                        slot_step(e, &e->watches[i], sample->members, m);
                        f->owed |= e->watches[i].owed;
                }
        f->broken = false;
        f->changed = 0;
}

/* --- over a restart, over a reload --- */

static struct follower *find_follower(struct engine *e, const char *rule)
{
        struct following *f = e->following;
        for (unsigned i = 0; f && i < f->follower_count; i++)
                if (strcmp(f->followers[i].rule->name, rule) == 0)
                        return &f->followers[i];
        return NULL;
}

/* A name that was shortened shows no more whether a pattern found it. */
static bool may_follow(const struct rule *r, const char *name)
{
        char one[FIELD_NAME_MAX + 1];
        if (!member_is_pattern(r->pattern))
                return strcmp(member_short_name(r->pattern, one), name) == 0;
        return strchr(name, '~') ? family_of(name) == family_of(r->pattern)
                                 : glob_match(r->pattern, name);
}

struct watch *engine_follow_claim(struct engine *e, const char *rule, const char *dimension)
{
        struct follower *x = find_follower(e, rule);
        char name[FIELD_NAME_MAX + 1];
        if (!x || !has_suffix(dimension, rule_suffix(x->rule)))
                return NULL;
        size_t length = strlen(dimension) - strlen(rule_suffix(x->rule));
        if (length > FIELD_NAME_MAX)
                return NULL;
        memcpy(name, dimension, length);
        name[length] = '\0';
        for (unsigned i = 0; i < x->count; i++) {
                struct watch *w = &e->watches[x->first + i];
                if (w->slot > SLOT_EMPTY && strcmp(watch_dimension(e, w), dimension) == 0)
                        return w;
        }
        struct watch *w = engine_follow_free_slot(e, x);
        if (!w || !utf8_valid(name) || !may_follow(x->rule, name))
                return NULL;
        engine_follow_assign(e, w, member_key(name), name);
        e->following->remake = true; /* of whom the row is to be found */
        return w;
}

static void inherit_series(struct engine *e, const struct engine *old)
{
        for (size_t i = 0; i < e->following->count; i++) {
                const struct followed *to = &e->following->list[i];
                struct series *s = &e->series[e->series_plain + i];
                for (size_t k = 0; to->users > 0 && k < old->following->count; k++) {
                        const struct followed *from = &old->following->list[k];
                        const struct series *was = &old->series[old->series_plain + k];
                        if (from->users == 0 || from->key != to->key ||
                            !series_measures(was, FIELD_MEMBER, s->less, s->per))
                                continue;
                        series_inherit(s, was);
                        e->following->list[i].missing_since = from->missing_since;
                        break;
                }
        }
}

void engine_follow_claim_all(struct engine *e, const struct engine *old)
{
        for (int pass = 0; pass < 2 && e->following && old->following; pass++)
                for (size_t i = old->watch_plain; i < old->watch_count; i++) {
                        const struct watch *from = &old->watches[i];
                        if (from->slot != SLOT_USED || watch_is_open(from) != (pass == 0))
                                continue;
                        struct watch *to = engine_follow_claim(e, from->rule->name,
                                                               watch_dimension(old, from));
                        if (to)
                                e->following->since[to - e->watches - e->watch_plain] =
                                        old->following->since[i - old->watch_plain];
                }
}

void engine_follow_inherit(struct engine *e, const struct engine *old)
{
        struct following *f = e->following, *was = old->following;
        if (!f || !was)
                return;
        inherit_series(e, old);
        /* What was seen of all members goes on; whom the new patterns find is asked anew. */
        struct member_past *past = f->past;
        f->past = was->past;
        was->past = past;
        f->remake = true;
        f->shared = was->shared;
        f->begun = was->begun;
        f->fed = was->fed;
        f->learned = was->learned;
}
