/* SPDX-License-Identifier: MIT */
/* Settings and rules: loaded at start, loaded again at SIGHUP, and their faults told. */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "announce/messages.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/config_file.h"
#include "deliver/settings.h"
#include "engine/service_internal.h"
#include "engine/service_members.h"
#include "engine/service_witness.h"
#include "judge/rule_file.h"
#include "sample/host.h"

/* Enough for the first dozen; all of them are in `kmemwatch check` and `status`. */
enum { PROBLEMS_TEXT_MAX = 2048 };

static void tell_problems(struct service *s, enum message message, const char *consequence)
{
        char list[PROBLEMS_TEXT_MAX], line[PROBLEMS_TEXT_MAX];
        struct text t;
        const struct problems *p = &s->faults;
        text_init(&t, list, sizeof(list));
        for (size_t i = 0; i < p->count; i++)
                text_add(&t, "%s%s", i ? "\n" : "",
                         problem_format(&p->list[i], line, sizeof(line)));
        /* In the journal the list is a field that `journalctl -x` shows. */
        for (size_t i = 0; i < p->count && !log_to_journal(); i++)
                log_error("%s", problem_format(&p->list[i], line, sizeof(line)));
        (void)announcer_message(s->announcer, message, LOG_ERR,
                                &(struct journal_field){ "PROBLEMS", list }, 1,
                                "%zu fault%s in rules or settings: %s; the first: %s",
                                p->count + p->dropped, p->count + p->dropped == 1 ? "" : "s",
                                consequence, problem_format(&p->list[0], line, sizeof(line)));
}

static void tell_no_rules(const struct service *s)
{
        char folders[PROBLEMS_TEXT_MAX];
        struct text t;
        text_init(&t, folders, sizeof(folders));
        for (const char *const *f = s->places.rules; *f; f++)
                text_add(&t, "%s%s", t.length ? ", " : "", *f);
        log_error("no rules in %s: watching, but nothing will alert", folders);
}

static int load(struct service *s, struct problems *problems, struct daemon_settings *settings,
                struct rule_set *rules)
{
        const struct config_part parts[] = {
                { daemon_key_table(), settings },
                { courier_key_table(), NULL }, /* only the names: its values are the courier's */
        };
        int r = config_file_load(s->places.main_file, parts, ELEMENTS_OF(parts), problems);
        service_health_channels(s);
        if (r >= 0)
                r = rule_set_load(s->places.rules, NULL, problems, rules);
        if (r != -ENOMEM && settings->runbooks[0] &&
            rule_set_move_runbooks(rules, settings->runbooks) < 0)
                r = -ENOMEM;
        if (r != -ENOMEM && rule_set_pack(rules, sampler_host(s->sampler)->kind) < 0)
                r = -ENOMEM;
        problems_sort(problems);
        return r;
}

int service_rules_load(struct service *s)
{
        int r = load(s, &s->faults, &s->settings, &s->rules);
        if (s->faults.count > 0)
                tell_problems(s, MESSAGE_RULES_LEFT_OUT,
                              "such rule files are left out, such settings keep their defaults");
        if (r < 0 && r != -ENOMEM) {
                log_error("some rules cannot be read: %s; going on without them", strerror(-r));
                r = 0;
        }
        if (r >= 0 && s->rules.count == 0)
                tell_no_rules(s);
        return r;
}

/* Loads what is new beside what is in force, and swaps only when all of it is good. */
void service_rules_reload(struct service *s)
{
        struct rule_set rules = { 0 };
        struct problems problems = { 0 };
        struct daemon_settings settings = { 0 };
        s->alerts_saved = false;
        int r = load(s, &problems, &settings, &rules);
        s->refused = problems.count + problems.dropped;
        if (problems.count > 0) {
                struct problems in_force = s->faults;
                s->faults = problems;
                tell_problems(s, MESSAGE_RELOAD_REFUSED, "nothing was reloaded");
                s->faults = in_force;
        } else if (r < 0 || (r = engine_set_rules(s->engine, &rules)) < 0) {
                log_error("nothing was reloaded: %s", strerror(-r));
        } else {
                struct rule_set old = s->rules;
                s->rules = rules;
                rules = old;
                problems_done(&s->faults);
                s->faults = (struct problems){ 0 };
                s->settings = settings;
                service_past_begin(s);
                service_witness_set(s);
                service_members_set(s);
                service_quiet_apply(s);
                if (s->options->log_level < 0)
                        log_set_level(settings.log_level);
                log_info("reloaded: %zu rule%s", s->rules.count, s->rules.count == 1 ? "" : "s");
                if (s->rules.count == 0)
                        tell_no_rules(s);
        }
        rule_set_done(&rules);
        problems_done(&problems);
        s->told_at = 0;
}
