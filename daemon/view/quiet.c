/* SPDX-License-Identifier: MIT */
/* `kmemwatch silence`, `unsilence` and `ack`: asks the daemon, and says in a sentence what is so
 * now. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/json_in.h"
#include "view/report.h"

/* The answer waits until it is on the disk, or for three seconds. */
#define TIMEOUT 8.0

static enum exit_code bad_usage(const char *problem)
{
        fprintf(stderr, "kmemwatch: %s\n", problem);
        return EXIT_USAGE;
}

/* The answer as JSON, owned by the caller; NULL with the exit code when there is none. */
static json_t *call(const struct options *o, const char *method, const char *argument,
                    enum exit_code *ret_code)
{
        _cleanup_free_ char *text = NULL;
        char problem[ASK_PROBLEM_MAX];
        json_t *root = NULL;

        int r = ask(o, PROGRAM_DAEMON, method, argument, TIMEOUT, &text, problem);
        if (r == -EREMOTEIO) {
                *ret_code = ask_refused(o, problem);
                return NULL;
        }
        if (r >= 0)
                r = ask_understood(json_in_open(text, &root), PROGRAM_DAEMON, problem);
        *ret_code = r < 0 ? ask_unreachable(o, PROGRAM_DAEMON, r, problem) : EXIT_FINE;
        return root;
}

static void print_saved(const struct terminal *t, const json_t *root)
{
        if (!json_is_true(json_object_get(root, "saved")))
                terminal_line(t, STYLE_WARNING,
                              "It is in force, but could not be saved yet: until it is, a restart "
                              "forgets it.");
}

enum exit_code silence_run(const struct options *o, const struct terminal *t)
{
        char left[FORMAT_MAX], until[FORMAT_MAX];
        enum exit_code code;
        double ends = NAN;

        if (!isfinite(o->duration))
                return bad_usage("silence needs --for TIME: a silence has an end");
        if (!o->why || !*o->why)
                return bad_usage("silence needs --why REASON, for those who wonder");
        if (!utf8_valid(o->argument) || !utf8_valid(o->why))
                return bad_usage("name and reason must be valid UTF-8");
        _cleanup_(json_decrefp) json_t *request = json_pack("{s:s, s:f, s:s}", "name", o->argument,
                                                            "seconds", o->duration, "why", o->why);
        _cleanup_free_ char *argument = request ? json_dumps(request, JSON_COMPACT) : NULL;
        if (!argument)
                return bad_usage("out of memory");
        _cleanup_(json_decrefp) json_t *root = call(o, "Silence", argument, &code);
        if (!root)
                return code;
        if (o->json)
                return report_print_json(t, root) < 0 ? EXIT_USAGE : code;
        const json_t *silence = json_object_get(root, "silence");
        double rules = json_in_number(root, "rules");
        (void)parse_time(json_in_text(silence, "ends"), &ends);
        terminal_line(t, STYLE_PLAIN,
                      "%.128s is silenced for %s, until %s: %.0f rule%s. Alerts go to the journal "
                      "only.",
                      json_in_text(silence, "name"),
                      format_duration(json_in_number(silence, "left_seconds"), left),
                      format_time_local(ends, clock_realtime(), until), rules,
                      rules == 1 ? "" : "s");
        print_saved(t, root);
        return code;
}

enum exit_code unsilence_run(const struct options *o, const struct terminal *t)
{
        enum exit_code code;
        _cleanup_(json_decrefp) json_t *root = call(o, "Unsilence", o->argument, &code);

        if (!root)
                return code;
        if (o->json)
                return report_print_json(t, root) < 0 ? EXIT_USAGE : code;
        terminal_line(t, STYLE_PLAIN,
                      "%.128s is silenced no more. What is still wrong is told now.",
                      json_in_text(json_object_get(root, "silence"), "name"));
        print_saved(t, root);
        return code;
}

enum exit_code ack_run(const struct options *o, const struct terminal *t)
{
        enum exit_code code;
        _cleanup_(json_decrefp) json_t *root = call(o, "Acknowledge", o->argument, &code);

        if (!root)
                return code;
        if (o->json)
                return report_print_json(t, root) < 0 ? EXIT_USAGE : code;
        double alerts = json_in_number(root, "alerts");
        terminal_line(t, STYLE_PLAIN,
                      "%.0f alert%s acknowledged: no channel hears more until %s "
                      "worse.",
                      alerts, alerts == 1 ? "" : "s", alerts == 1 ? "it gets" : "they get");
        print_saved(t, root);
        return code;
}
