/* SPDX-License-Identifier: MIT */
/* Every key of a rule: what the parser takes and what kmemwatch.rules(5) says come from here. */
#include <assert.h>

#include "base/macros.h"
#include "judge/rule_file.h"
#include "judge/rule_load.h"

/* In the order of enum kind. */
static const char *const DETECTORS[] = { "spike", "drop", "growth", "ratio", NULL };
static_assert(ELEMENTS_OF(DETECTORS) == KIND_COUNT + 1, "a detector has no name");

static const char *const MODES[] = { "page", "observe", NULL };

enum {
        DAY = 24 * 3600,
        SUMMARY_MAX = 150, /* Slack's header takes 150 characters */
        EXPLAIN_MAX = 3000 /* Slack's section text takes 3000 */
};

#define RULE(member) .offset = offsetof(struct rule_draft, rule.member)
#define DRAFT(member) .offset = offsetof(struct rule_draft, member)

/* A limit's key and its three endings. */
#define OWN_LIMIT(key, severity, kind, text)                                        \
        {                                                                           \
                .name = key, .type = KEY_CUSTOM, .parse = rule_parse_limit,         \
                DRAFT(own[kind][severity]), .hidden = true, .placeholder = "LIMIT", \
                .example = text                                                     \
        }
#define OWN_LIMITS(key, severity, text)                            \
        OWN_LIMIT(key "-physical", severity, HOST_PHYSICAL, text), \
                OWN_LIMIT(key "-vm", severity, HOST_VM, text),     \
                OWN_LIMIT(key "-container", severity, HOST_CONTAINER, text)
#define OWN_ACTION(kind_word, kind, text)                                               \
        {                                                                               \
                .name = "action-" kind_word, .type = KEY_TEXT, DRAFT(own_action[kind]), \
                .max = EXPLAIN_MAX, .hidden = true, .example = text                     \
        }

static const struct key keys[] = {
        { .name = "dimension",
          .type = KEY_CUSTOM,
          .parse = rule_parse_dimension,
          .required = true,
          .placeholder = "FIELD",
          .example = "SUnreclaim",
          .help = "What is measured: a field of /proc/meminfo spelled as there, or a count "
                  "(threads, cpus, possible_cpus, cgroups), or what slab caches or cgroups hold: "
                  "slab:dentry, slab:kmalloc-*, cgroup:*/slab; see MEMBERS." },
        { .name = "follow",
          .type = KEY_COUNT,
          RULE(follow),
          .initial = "32",
          .min = 1,
          .max = FOLLOW_MAX,
          .help = "Of a dimension that is a pattern, as slab:*, so many members are followed at "
                  "once: the largest and the fastest growing. 32 are where most machines have "
                  "nothing worth an alert any more; all rules together follow at most 512." },
        { .name = "less",
          .type = KEY_CUSTOM,
          .parse = rule_parse_expression,
          RULE(less),
          .placeholder = "SUM",
          .example = "64M",
          .help = "Taken off the dimension before anything else: fields, sizes and products of "
                  "them, joined by +. For example KernelStack, 64M, or "
                  "4K*cgroups*possible_cpus." },
        { .name = "per",
          .type = KEY_CUSTOM,
          .parse = rule_parse_expression,
          RULE(per),
          .placeholder = "SUM",
          .example = "MemTotal",
          .help = "Divides the dimension: fields joined by +, as AnonPages+Mapped, or a count, "
                  "as threads. Not for growth." },
        { .name = "workload",
          .type = KEY_CUSTOM,
          .parse = rule_parse_expression,
          RULE(workload),
          .placeholder = "SUM",
          .example = "7K*threads",
          .help = "What a spike or growth may go with. With a size, as 7K*threads, it is the "
                  "memory that is expected of it; without, as AnonPages+Mapped, the dimension is expected "
                  "to keep its proportion to it. When that explains at least half of the change, "
                  "the message says so and a warning or critical is taken one step lower, unless "
                  "the workload is a count that has itself grown by more than half." },
        { .name = "detect",
          .type = KEY_CHOICE,
          .choices = DETECTORS,
          DRAFT(detect),
          .required = true,
          .example = "growth",
          .help = "The pattern that is looked for: a sudden rise above what was normal, a "
                  "sudden fall below it, continuous growth, or a size out of proportion. It is "
                  "also the kind of the rule's events." },
        { .name = "notice",
          .type = KEY_CUSTOM,
          .parse = rule_parse_limit,
          DRAFT(general[SEVERITY_NOTICE]),
          .placeholder = "LIMIT",
          .example = "0.05%/h",
          .help = "From where on it is told; each may be left out, at least one is needed. A "
                  "notice goes to the journal only. With an ending the limit is for that kind "
                  "of machine and replaces the one without. What a limit may be depends on "
                  "detect and per." },
        OWN_LIMITS("notice", SEVERITY_NOTICE, "0.05%/h"),
        { .name = "warning",
          .type = KEY_CUSTOM,
          .parse = rule_parse_limit,
          DRAFT(general[SEVERITY_WARNING]),
          .hidden = true,
          .active = true,
          .placeholder = "LIMIT",
          .example = "0.5%/h" },
        OWN_LIMITS("warning", SEVERITY_WARNING, "1%/h"),
        { .name = "critical",
          .type = KEY_CUSTOM,
          .parse = rule_parse_limit,
          DRAFT(general[SEVERITY_CRITICAL]),
          .hidden = true,
          .placeholder = "LIMIT",
          .example = "exhausts in 12h" },
        OWN_LIMITS("critical", SEVERITY_CRITICAL, "exhausts in 6h"),
        { .name = "only-if",
          .type = KEY_CUSTOM,
          .parse = rule_parse_conditions,
          .placeholder = "CONDITIONS",
          .example = "MemAvailable falling",
          .help = "While this is untrue the rule says at most a notice. FIELD falling, FIELD "
                  "rising, FIELD < SIZE or FIELD > SIZE, where SIZE may be a percentage of "
                  "MemTotal; up to three, joined by and." },
        { .name = "for",
          .type = KEY_DURATION,
          RULE(for_seconds),
          .initial = "1min",
          .max = DAY,
          .help = "How long a limit must be exceeded before the alert fires. For growth this is "
                  "the longest wait: it shrinks with the time that is left, down to 30 s." },
        { .name = "clear-for",
          .type = KEY_DURATION,
          RULE(clear_for_seconds),
          .initial = "10min",
          .max = DAY,
          .help = "How long it must be well again before the alert resolves." },
        { .name = "clear",
          .type = KEY_PERCENT,
          RULE(clear),
          .initial = "80%",
          .min = 0.1,
          .max = 1,
          .help = "A firing alert is well again below this share of its limit, so that a value "
                  "at the limit does not fire again and again." },
        { .name = "repeat",
          .type = KEY_DURATION,
          RULE(repeat_seconds),
          .initial = "12h",
          .max = 30 * DAY,
          .help = "Reminds while the alert is firing, at most this often, and only when it "
                  "became worse since it was last told. 0 never reminds." },
        { .name = "adopt",
          .type = KEY_DURATION,
          RULE(adopt_seconds),
          .initial = "2h",
          .min = 60,
          .max = 30 * DAY,
          .help = "For spike and drop: a level that stays this long is taken as the new normal, "
                  "and the alert ends with an event that says so." },
        { .name = "when",
          .type = KEY_CUSTOM,
          .parse = rule_parse_when,
          RULE(when),
          .initial = "any",
          .placeholder = "any | physical | vm | container",
          .help = "The kinds of machine the rule is for; several may be named, with commas." },
        { .name = "quiet",
          .type = KEY_CUSTOM,
          .parse = rule_parse_quiet,
          RULE(quiet),
          .placeholder = "[DAYS] HH:MM-HH:MM, ...",
          .example = "Mon..Fri 02:00-04:00",
          .help = "Hours, in local time, in which no channel is told, since something is expected "
                  "to go on then. The rule is judged all the same and the journal is told, and "
                  "what has not returned to normal at the end of them is told to the channels "
                  "then. Hours that end before they begin last until the next day." },
        { .name = "mode",
          .type = KEY_CHOICE,
          .choices = MODES,
          RULE(observe),
          .initial = "page",
          .help = "observe: the rule is tried out. It is judged, and its alerts live and are told to "
                  "the journal, but as notices that say what they would be, and to no channel. "
                  "What is still wrong when the rule is set to page is told then. The key mode in "
                  "kmemwatch.conf(5) does the same for all rules." },
        { .name = "summary",
          .type = KEY_TEXT,
          RULE(summary),
          .max = SUMMARY_MAX,
          .required = true,
          .example = "Unreclaimable slab grows steadily",
          .help = "One line, the headline of every message." },
        { .name = "explain",
          .type = KEY_TEXT,
          RULE(explain),
          .max = EXPLAIN_MAX,
          .required = true,
          .example = "What this memory is, and what the pattern usually means.",
          .help = "What it means, for a person." },
        { .name = "action",
          .type = KEY_TEXT,
          DRAFT(action),
          .max = EXPLAIN_MAX,
          .required = true,
          .example = "What to look at first.",
          .help = "What to look at first. With an ending, the text is added on that kind of "
                  "machine." },
        OWN_ACTION("physical", HOST_PHYSICAL, "On a physical machine, also look at its devices."),
        OWN_ACTION("vm", HOST_VM, "In a virtual machine, also look at its virtual devices."),
        OWN_ACTION("container", HOST_CONTAINER, "In a container, also look at its neighbours."),
        { .name = "runbook",
          .type = KEY_CUSTOM,
          .parse = rule_parse_runbook,
          RULE(runbook),
          .placeholder = "URL",
          .example = "https://docs.kernel.org/filesystems/proc.html",
          .help = "A page to read; every message links to it. NAME.html is one of the pages that "
                  "are installed with the rules; runbooks in kmemwatch.conf(5) says where else they "
                  "are." },
};

const struct key_table RULE_KEYS = { keys, ELEMENTS_OF(keys), "slab-grows" };

void rule_keys_print_man(FILE *out)
{
        keys_print_man(&RULE_KEYS, NULL, out);
}

void rule_keys_print_example(FILE *out)
{
        keys_print_example(&RULE_KEYS, out);
}
