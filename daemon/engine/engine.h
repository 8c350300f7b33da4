/* SPDX-License-Identifier: MIT */
/* One tick from left to right: sample, detect, judge, alert, event. The only place that knows all
 * stations; the daemon and replay run the same engine. After engine_new nothing is allocated in a
 * tick. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/event.h"
#include "base/macros.h"
#include "sample/field.h"

struct engine;
struct host_facts;
struct json_t;
struct rule_set;
struct sample;

/* Takes an event. 0 when it is taken; negative errno when it cannot be taken now: the engine keeps
 * it and offers it again with the next sample; meanwhile that alert stands still. */
typedef int (*engine_take_event)(const struct event *e, void *userdata);

/* rules and host must outlive the engine (host may be refreshed in place). 0 or -ENOMEM. */
int engine_new(const struct rule_set *rules, const struct host_facts *host, engine_take_event take,
               void *userdata, struct engine **ret);
void engine_free(struct engine *e);             /* NULL is fine */
size_t engine_resident(const struct engine *e); /* bytes in memory, without the rules */

/* Calls into the caches what engine_feed will touch. A tick a second finds nothing there: asked for
 * at once, before the sample is read, the memory answers while the kernel works. */
_hot_ void engine_prefetch(const struct engine *e);

/* One sample. */
_hot_ void engine_feed(struct engine *e, const struct sample *sample);

/* Offers again what was not taken, between two samples. */
_hot_ void engine_offer(struct engine *e);

/* Makes for each rule that applies the event that it would make if it fired now, and shows it;
 * nothing changes. A rehearsal: what an alert takes lies in memory afterwards. */
void engine_rehearse(const struct engine *e, void (*show)(const struct event *e, void *userdata),
                     void *userdata);

/* Goes over to other rules (a reload): series that both measure keep what they learned, alerts of
 * rules that stay go on with what they owe, those of rules that are gone are ended, and that is
 * offered with the next sample. The old rules are not needed after it returns. On -ENOMEM, or
 * -ENOBUFS when too many ends of earlier ones still wait, nothing has changed. */
int engine_set_rules(struct engine *e, const struct rule_set *rules);

/* Says which rules the channels are not to be told of from the next sample on, until it is called
 * again: asked once for each rule (and each member that it follows), and again for those of a later
 * engine_set_rules, so it must live as long as the engine. A rule that is only observed (mode =
 * observe) is that in any case. */
typedef enum event_quiet (*engine_quiet)(const struct rule *rule, const char *dimension,
                                         void *userdata);
void engine_set_quiet(struct engine *e, engine_quiet quiet, void *userdata);

/* A person knows of the alerts of that name (an alert id, a rule, a pattern of rules, or a
 * dimension). Returns how many firing alerts of warning or above that were. tell is called, in
 * between, with an event for each that receivers were told of. */
unsigned engine_acknowledge(struct engine *e, const char *name,
                            void (*tell)(const struct event *event, void *userdata),
                            void *userdata);

/* The name of the member whose dimension that is (without what divides it), with room for any. 0 or
 * -ENOENT: it is not followed. */
int engine_member_name(const struct engine *e, const char *dimension, char *ret);

/* A field's mean in the minute before `seconds` ago, of the oldest one that is kept (an hour) when
 * that is longer ago. NaN when it is not followed or nothing is known. */
double engine_value_before(const struct engine *e, enum field field, double seconds);

struct engine_summary {
        uint64_t samples;
        unsigned dimensions; /* measured fields */
        unsigned rules;      /* that apply to this kind of host */
        unsigned elsewhere;  /* rules for other kinds of hosts */
        unsigned firing;     /* at warning or critical */
        unsigned quiet;      /* of these, told to no channel: silenced or acknowledged */
        unsigned notices;    /* firing at notice */
        unsigned observed;   /* rules that apply and are only observed */
        unsigned waiting;    /* events that could not be taken yet */
        enum severity worst; /* of what is firing */
        bool learning;       /* some dimension has no answer yet */
        const char *fastest; /* the dimension of bytes that grows fastest, NULL when none does */
        double fastest_rate; /* bytes per second */
};
void engine_summary(const struct engine *e, struct engine_summary *ret);
