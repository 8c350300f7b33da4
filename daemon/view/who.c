/* SPDX-License-Identifier: MIT */
/* `kmemwatch who`: asks the daemon who is behind a growth. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/macros.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/report.h"
#include "view/who_reply.h"

/* The daemon takes two seconds at most for its look, and may be busy with another. */
#define TIMEOUT 10.0

/* "[DIMENSION] [SECONDS]" */
enum { QUESTION_MAX = 128 };

enum exit_code who_run(const struct options *o, const struct terminal *t)
{
        _cleanup_free_ char *json = NULL;
        _cleanup_(who_reply_done) struct who_reply reply = { 0 };
        char problem[ASK_PROBLEM_MAX], question[QUESTION_MAX];
        double now = clock_realtime(), since = moment_at(&o->since, now, NAN);
        int r, n = snprintf(question, sizeof question, "%s", o->argument ? o->argument : "");

        if (moment_is_ahead(&o->since, now))
                return ask_senseless(o, "--since has not come yet");
        if (isfinite(since))
                n += snprintf(question + MIN_OF((size_t)n, sizeof question),
                              sizeof question - MIN_OF((size_t)n, sizeof question), " %.0f",
                              fmax(now - since, 0));
        if ((size_t)n >= sizeof question) {
                fputs("kmemwatch: that is no dimension\n", stderr);
                return EXIT_USAGE;
        }
        r = ask(o, PROGRAM_DAEMON, "Who", question, TIMEOUT, &json, problem);
        if (r == -EREMOTEIO)
                return ask_senseless(o, problem);
        if (r >= 0)
                r = ask_understood(who_reply_parse(json, &reply), PROGRAM_DAEMON, problem);
        if (r < 0)
                return ask_unreachable(o, PROGRAM_DAEMON, r, problem);
        if (o->json)
                (void)report_print_json(t, reply.root);
        else
                report_print_who(t, &reply);
        return EXIT_FINE;
}
