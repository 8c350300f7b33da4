/* SPDX-License-Identifier: MIT */
/* A rule as it stands after loading: what is measured, the limits, and the words for a person.
 * The grammar is described in kmemwatch.rules(5) and read by judge/rule_file.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/window.h"
#include "sample/sample.h"

enum kind { KIND_SPIKE, KIND_DROP, KIND_GROWTH, KIND_RATIO, KIND_COUNT };
const char *kind_name(enum kind kind); /* "spike", "drop", "growth", "ratio" */
int kind_by_name(const char *name);    /* or -1 */

enum severity { SEVERITY_OK, SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_COUNT };
const char *severity_name(enum severity severity); /* "ok", "notice", "warning", "critical" */
int severity_by_name(const char *name);            /* or -1 */

enum {
        RULES_MAX = 512,    /* shipped: about 30; more than this is a generated mistake */
        RULE_NAME_MAX = 63, /* so that a dedup_key of 255 bytes holds it */
        EXPRESSION_PARTS_MAX = 6,
        LIMIT_TERMS_MAX = 4,
        CONDITIONS_MAX = 3,
        /* Rules that measure members of families: told apart by the bits of a word. */
        MEMBER_RULES_MAX = 64,
        FOLLOW_MAX =
                256, /* members that a rule follows: of these a tick takes 8 us, memory 0.5 MiB */
        FOLLOW_ALL_MAX = 512, /* ... that all rules follow: 1 MiB */
        /* What can be open at once. */
        WATCHES_MAX = RULES_MAX + FOLLOW_ALL_MAX,
};

/* What a limit is measured in. A limit of several terms ("8 sigma and 0.2%") holds when all do. */
enum limit_unit {
        LIMIT_BYTES, /* "64M": the value (ratio without per, or per a count), the change (spike,
                        drop), or what has grown (growth) */
        LIMIT_SHARE, /* "0.5%": of the denominator (ratio with per), else of MemTotal */
        LIMIT_SIGMA, /* "8 sigma": the change in units of the measured spread (spike, drop) */
        LIMIT_LEVEL, /* "50% of level": the change as a share of the baseline (spike, drop) */
        LIMIT_BYTES_RATE, /* "64M/h" (also /min, /d): growth; stored per second */
        LIMIT_SHARE_RATE, /* "0.5%/h" of MemTotal: growth; stored per second */
        LIMIT_EXHAUSTS,   /* "exhausts in 12h": seconds until MemAvailable is gone: growth */
        LIMIT_STACKS, /* "1.05 stack": value per thread in kernel stack sizes (ratio, per = threads)
                       */
        LIMIT_BASELINE, /* "3x baseline": value over its own baseline of days (ratio) */
};

struct limit_term {
        enum limit_unit unit;
        double value;
};

struct limit {
        unsigned count; /* 0: this severity is never reached */
        struct limit_term terms[LIMIT_TERMS_MAX];
};

/* An addend of `less` or `per`: a field, or a constant (field < 0). `times`: a factor of the part
 * before it instead, as in "4K*cgroups*possible_cpus". */
struct expression_part {
        int field;
        bool times;
        bool bytes; /* memory; else a count or a plain number */
        double constant;
};

struct expression {
        unsigned count;
        struct expression_part parts[EXPRESSION_PARTS_MAX];
};

/* "only-if = MemAvailable falling", "MemAvailable < 10%" (of MemTotal), "PageTables > 64M"; several
 * joined by "and". While one is untrue the rule says at most notice. */
enum condition_test { CONDITION_FALLING, CONDITION_RISING, CONDITION_BELOW, CONDITION_ABOVE };

struct condition {
        int field;
        enum condition_test test;
        bool share; /* value is a share of MemTotal, else bytes or a count */
        double value;
};

struct rule {
        char *name;
        char *file; /* where the section stands, for messages */
        unsigned line;

        int field; /* `dimension`: an index of sample/field.h */
        struct expression less, per;
        /* What a change of the dimension may go with. With a size in it ("7K*threads") it is the
         * expected memory itself; without ("AnonPages+Mapped") the dimension is expected to keep
         * its proportion to it. Count 0: none. */
        struct expression workload;
        char *workload_name; /* its fields without sizes, for messages; NULL: none */
        char *dimension;     /* as events carry it: "SUnreclaim", "KernelStack/threads",
                                "PageTables/AnonPages+Mapped" */
        /* Of FIELD_MEMBER: the name of a member, or a pattern of names; events carry that of the
         * member in its place. NULL: a field. */
        char *pattern;
        unsigned follow; /* members at most */

        enum kind kind;
        /* [k][s]: for hosts of kind k and severity s (NOTICE ... CRITICAL; OK is unused); NULL:
         * none, read them with rule_limit(). The keys are `notice`, `warning`, `critical`; with a
         * suffix -physical, -vm or -container they apply there only and take precedence. */
        const struct limit *limits[HOST_KIND_COUNT][SEVERITY_COUNT];
        struct limit *own_limits; /* where they are kept, unless the set keeps them */
        double clear; /* share of a limit below which it is well again: 0.8; growth, spike, ratio
                         alike */

        unsigned condition_count;
        struct condition conditions[CONDITIONS_MAX];

        double for_seconds;       /* how long it must be wrong before the alert fires */
        double clear_for_seconds; /* how long it must be well again */
        double repeat_seconds;    /* remind while firing, if worse; 0 never */
        double adopt_seconds;     /* spike, drop: a level that stays this long is the new normal */
        unsigned when;            /* bit per host_kind */
        struct windows quiet;     /* hours in which no channel is told */
        int observe;              /* 1: its events are told as notices, for trying it out */

        char *summary; /* one line */
        char *explain;
        /* `action`, then what `action-vm` etc. adds for that kind; read it with rule_action() */
        char *action[HOST_KIND_COUNT];
        char *runbook; /* URL or NULL */
};

void rule_done(struct rule *r); /* what it owns, not r */

/* Never NULL: one without terms where the rule has none. */
const struct limit *rule_limit(const struct rule *r, enum host_kind kind, enum severity severity);

/* What to look at first on a machine of this kind. */
const char *rule_action(const struct rule *r, enum host_kind kind);

enum { RULE_TEXTS = 8 + HOST_KIND_COUNT };

/* Where the rule keeps its texts, each of which may be NULL. */
void rule_texts(struct rule *r, char **ret[RULE_TEXTS]);

struct rule_set {
        struct rule *rules;
        size_t count;
        size_t packed; /* bytes of the pages that hold all of it; 0: each rule owns its own */
};

void rule_set_done(struct rule_set *set);

/* Puts all that the set owns into pages of its own, each text and limit once: what loading took is
 * free again in one piece. Of `action` only this kind's is kept: a daemon stays on its machine. The
 * rules move, and none can be added any more. 0 or -ENOMEM, which changes nothing. */
int rule_set_pack(struct rule_set *set, enum host_kind kind);

/* Whether `name` stands for the rule, as persons give it: its name or a pattern of names (* and ?),
 * or what it measures (SUnreclaim, KernelStack/threads). dimension: what it measures at this place,
 * a member of what its pattern finds (slab:dentry); NULL: the rule as a whole. */
bool rule_is_meant(const struct rule *r, const char *dimension, const char *name);

/* What stands behind the member's name in a dimension of the rule: "/MemTotal", or "". */
const char *rule_suffix(const struct rule *r);

/* Members that the rule follows at most: 0 when it measures a field. */
unsigned rule_members(const struct rule *r);

/* The rule of this name, or NULL. */
const struct rule *rule_set_find(const struct rule_set *set, const char *name);
