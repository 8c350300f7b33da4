/* SPDX-License-Identifier: MIT */
/* A world with members: a table of slab caches and cgroups that a test gives numbers. */
#pragma once

#include "engine/follow.h"
#include "sample/members.h"
#include "world.h"

enum { CROWD_MAX = 1024 };

struct crowd {
        struct members members;
        unsigned count;
        struct one {
                char name[MEMBER_NAME_MAX + 1];
                double mib, per_hour; /* NaN: it is not there */
                bool inner;
        } list[CROWD_MAX];
};

_unused_ static void crowd_init(struct crowd *c, struct world *w)
{
        *c = (struct crowd){ .count = 0 };
        assert_int_equal(members_init(&c->members), 0);
        w->sample.members = &c->members;
}

_unused_ static void crowd_done(struct crowd *c, struct world *w)
{
        w->sample.members = NULL;
        members_done(&c->members);
}

/* A world of its own for it. */
_unused_ static void crowd_begin(struct crowd *c, struct world *w, const char *rules)
{
        world_init(w, rules);
        crowd_init(c, w);
}

_unused_ static void crowd_end(struct crowd *c, struct world *w)
{
        world_done(w);
        crowd_done(c, w);
}

_unused_ static struct one *crowd_add(struct crowd *c, const char *name, double mib)
{
        struct one *o = &c->list[c->count++];
        assert_true(c->count <= CROWD_MAX);
        snprintf(o->name, sizeof(o->name), "%s", name);
        o->mib = mib;
        return o;
}

_unused_ static void crowd_read(struct crowd *c)
{
        for (int f = 0; f < FAMILY_COUNT; f++) {
                members_begin(&c->members, (enum family)f);
                for (unsigned i = 0; i < c->count; i++)
                        if (family_of(c->list[i].name) == f && isfinite(c->list[i].mib))
                                members_put(&c->members, (enum family)f, c->list[i].name,
                                            floor(c->list[i].mib * 256) * 4096, c->list[i].inner);
                members_end(&c->members, (enum family)f, true);
        }
}

/* Runs on; the members are read every ten seconds. */
_unused_ static void crowd_run(struct crowd *c, struct world *w, double seconds)
{
        for (double end = w->sample.time + seconds - 0.5; w->sample.time < end;) {
                for (unsigned i = 0; i < c->count; i++)
                        c->list[i].mib += c->list[i].per_hour / 3600 * w->interval;
                if (fmod(w->sample.time, 10) < w->interval)
                        crowd_read(c);
                world_step(w);
        }
}

/* How many slots of all rules have that dimension. */
_unused_ static unsigned crowd_followed(const struct world *w, const char *dimension)
{
        unsigned count = 0;
        for (size_t i = w->engine->watch_plain; i < w->engine->watch_count; i++)
                count += w->engine->watches[i].slot > SLOT_EMPTY &&
                         strcmp(watch_dimension(w->engine, &w->engine->watches[i]), dimension) == 0;
        return count;
}
