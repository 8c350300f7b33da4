/* SPDX-License-Identifier: MIT */
/* What a person has said about who is to be told: silences with an end, alerts that are known, and
 * mode = observe. Only root and the members of kmemwatch-admin may say it; it is in the journal
 * who did. */
#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "announce/messages.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/units.h"
#include "engine/explain.h"
#include "engine/service_internal.h"
#include "engine/silence_state.h"

/* An answer waits this long for a disk, and looks this often. */
static const double LATE_SECONDS = 3;
static const uint64_t LATE_STEP = 5000;

/* NTP slews a clock by less; more is a step, after which the end has another time of day. */
static const double STEP_SECONDS = 1;

static struct silence_clock clock_now(void)
{
        return (struct silence_clock){ clock_boottime(), clock_realtime() };
}

static enum event_quiet ask(const struct rule *rule, const char *dimension, void *userdata)
{
        const struct service *s = userdata;
        if (s->settings.observe)
                return QUIET_OBSERVED;
        if (silences_of_rule(&s->quiet.list, rule, dimension))
                return QUIET_SILENCED;
        return windows_hold(&rule->quiet, clock_realtime()) ? QUIET_HOURS : QUIET_NOT;
}

void service_quiet_apply(struct service *s)
{
        engine_set_quiet(s->engine, ask, s);
        s->told_at = 0;
}

static void save(struct service *s)
{
        _cleanup_free_ char *json = NULL;
        const struct silence_clock clock = clock_now();
        struct quiet *q = &s->quiet;
        q->offset = clock.wall - clock.now;
        q->unsaved = silences_encode(&q->list, &clock, &json) < 0 ||
                     service_state_save_text(s, &q->file, "silences", SILENCES_VERSION, json) < 0;
}

/* Also what the alerts are held back for must survive a restart. */
static void changed(struct service *s)
{
        service_quiet_apply(s);
        s->alerts_changed = true;
        save(s);
}

static void tell_over(struct service *s, const struct silence *silence, const char *how)
{
        char lasted[FORMAT_MAX];
        const struct journal_field fields[] = { { "SILENCE", silence->name },
                                                { "WHY", silence->why } };
        double seconds = fmin(clock_boottime(), silence->ends) - silence->began;
        (void)announcer_message(s->announcer, MESSAGE_SILENCE_OVER, LOG_NOTICE, fields,
                                ELEMENTS_OF(fields),
                                "The silence of %s is over %s after %s (%s): what is still wrong "
                                "is told now",
                                silence->name, how, format_duration(seconds, lasted), silence->why);
}

/* Quiet hours begin and end with a minute. */
static void check_hours(struct service *s)
{
        double minute = floor(clock_realtime() / 60);
        bool any = false;
        if (minute == s->quiet.minute)
                return;
        s->quiet.minute = minute;
        for (size_t i = 0; i < s->rules.count && !any; i++)
                any = s->rules.rules[i].quiet.count > 0;
        if (any)
                service_quiet_apply(s);
}

void service_quiet_check(struct service *s)
{
        struct quiet *q = &s->quiet;
        struct silence over;
        bool any = false;
        check_hours(s);
        if (q->list.count == 0 && !q->unsaved)
                return;
        const struct silence_clock clock = clock_now();
        while (silences_expire(&q->list, clock.now, &over)) {
                tell_over(s, &over, "by time");
                any = true;
        }
        if (any)
                changed(s);
        else if (q->unsaved || fabs(clock.wall - clock.now - q->offset) > STEP_SECONDS)
                save(s);
}

/* --- answers that wait for the disk --- */

static void late_finish(struct late_answer *late, bool saved)
{
        char *answer = late->json;
        json_t *root = json_loads(answer, 0, NULL);
        json_object_set_new(root, "saved", json_boolean(saved));
        char *text = json_dumps(root, JSON_COMPACT);
        control_request_reply(late->request, text ? text : answer);
        json_decref(root);
        free(text);
        free(answer);
        *late = (struct late_answer){ .request = NULL };
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct service *s = userdata;
        struct quiet *q = &s->quiet;
        double now = clock_monotonic();
        bool waiting = false;
        (void)usec;
        for (size_t i = 0; i < ELEMENTS_OF(q->late); i++) {
                struct late_answer *late = &q->late[i];
                if (!late->request)
                        continue;
                /* The counters may wrap around. */
                bool done = (int)(late->file->done - late->job) >= 0;
                if (done || now - late->since > LATE_SECONDS)
                        late_finish(late, done && late->file->error == 0);
                else
                        waiting = true;
        }
        if (!waiting)
                return 0;
        (void)sd_event_source_set_time_relative(source, LATE_STEP);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* unsaved: not even handed to the writer yet. */
static void answer_late(struct service *s, struct control_request *request,
                        const struct kept_file *file, bool unsaved, json_t *root)
{
        struct quiet *q = &s->quiet;
        struct late_answer *late = NULL;
        json_object_set_new(root, "version", json_integer(1));
        char *json = json_dumps(root, JSON_COMPACT);
        json_decref(root);
        for (size_t i = 0; i < ELEMENTS_OF(q->late) && !late; i++)
                if (!q->late[i].request)
                        late = &q->late[i];
        if (!json || !late) {
                control_request_fail(request, json ? EBUSY : ENOMEM,
                                     "it is in force, but too many ask at once to say more");
                free(json);
                return;
        }
        *late = (struct late_answer){ request, json, file, file->jobs + unsaved,
                                      clock_monotonic() };
        int r = q->timer ? sd_event_source_set_time_relative(q->timer, LATE_STEP)
                         : sd_event_add_time_relative(s->loop, &q->timer, CLOCK_MONOTONIC,
                                                      LATE_STEP, 1000, on_late, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
        if (r < 0)
                late_finish(late, false);
}

void service_quiet_done(struct service *s)
{
        sd_event_source_disable_unref(s->quiet.timer);
        for (size_t i = 0; i < ELEMENTS_OF(s->quiet.late); i++)
                if (s->quiet.late[i].request)
                        late_finish(&s->quiet.late[i], false); /* to nobody: the server is gone */
}

/* --- what is asked --- */

static bool may_change(struct control_request *request)
{
        if (control_request_may_change(request))
                return true;
        log_notice("control: user %u may not change anything: neither root nor in the group "
                   "kmemwatch-admin",
                   (unsigned)control_request_user(request));
        control_request_fail(request, EACCES,
                             "only root and the members of group kmemwatch-admin may do that");
        return false;
}

static unsigned count_rules(const struct service *s, const char *name)
{
        unsigned count = 0;
        for (size_t i = 0; i < s->rules.count; i++)
                count += rule_is_meant(&s->rules.rules[i], NULL, name);
        return count;
}

void service_on_silence(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        const struct silence_clock clock = clock_now();
        char error[SILENCE_ERROR_MAX], until[FORMAT_MAX], lasts[FORMAT_MAX];
        struct silence silence;
        static_assert((int)SILENCE_ERROR_MAX >= (int)EXPLAIN_ERROR_MAX, "both fit");
        if (!may_change(request))
                return;
        int r = silence_request_parse(argument, &clock, &silence, error);
        if (r < 0 || !engine_is_meant(s->engine, silence.name, error)) {
                control_request_fail(request, r < 0 ? -r : ENOENT, "%s", error);
                return;
        }
        silence.user = control_request_user(request);
        if (silences_add(&s->quiet.list, &silence) < 0) {
                control_request_fail(request, ENOSPC, "there are %d silences already",
                                     SILENCES_MAX);
                return;
        }
        double seconds = silence.ends - silence.began;
        format_time_utc(clock.wall + seconds, until);
        const struct journal_field fields[] = { { "SILENCE", silence.name },
                                                { "WHY", silence.why },
                                                { "UNTIL", until } };
        (void)announcer_message(s->announcer, MESSAGE_SILENCED, LOG_NOTICE, fields,
                                ELEMENTS_OF(fields),
                                "%s is silenced for %s, until %s, by user %u: %s", silence.name,
                                format_duration(seconds, lasts), until, silence.user, silence.why);
        changed(s);
        answer_late(s, request, &s->quiet.file, s->quiet.unsaved,
                    json_pack("{s:o, s:i}", "silence", silence_json(&silence, &clock), "rules",
                              (int)count_rules(s, silence.name)));
}

void service_on_unsilence(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        struct silence silence;
        char how[48];
        if (!may_change(request))
                return;
        if (!silences_remove(&s->quiet.list, argument, &silence)) {
                control_request_fail(request, ENOENT,
                                     "\"%.*s\" is not silenced; kmemwatch alerts shows what is",
                                     SILENCE_NAME_SIZE, argument);
                return;
        }
        const struct silence_clock clock = clock_now();
        snprintf(how, sizeof(how), "by user %u", (unsigned)control_request_user(request));
        tell_over(s, &silence, how);
        changed(s);
        answer_late(s, request, &s->quiet.file, s->quiet.unsaved,
                    json_pack("{s:o}", "silence", silence_json(&silence, &clock)));
}

static void pass_on(const struct event *event, void *userdata)
{
        const struct service *s = userdata;
        int r = announcer_pass_on(s->announcer, event);
        if (r < 0)
                log_warning("receivers will not hear that %s is acknowledged: %s", event->rule,
                            strerror(-r));
}

void service_on_acknowledge(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        if (!may_change(request))
                return;
        unsigned count = engine_acknowledge(s->engine, argument, pass_on, s);
        if (count == 0) {
                char error[EXPLAIN_ERROR_MAX];
                bool known = engine_is_meant(s->engine, argument, error);
                control_request_fail(request, ENOENT,
                                     known ? "no warning or critical alert of \"%.*s\" is active"
                                           : "no alert, rule or dimension is called \"%.*s\"",
                                     SILENCE_NAME_SIZE, argument);
                return;
        }
        (void)announcer_message(s->announcer, MESSAGE_ACKNOWLEDGED, LOG_NOTICE,
                                &(struct journal_field){ "NAME", argument }, 1,
                                "%u alert%s of %s acknowledged by user %u: quiet until worse",
                                count, count == 1 ? "" : "s", argument,
                                (unsigned)control_request_user(request));
        s->told_at = 0;
        s->alerts_changed = service_state_save_alerts(s) < 0;
        answer_late(s, request, &s->alerts_file, s->alerts_changed,
                    json_pack("{s:s, s:i}", "name", argument, "alerts", (int)count));
}
