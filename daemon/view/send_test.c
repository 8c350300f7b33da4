/* SPDX-License-Identifier: MIT */
/* `kmemwatch send-test`: what was sent to a channel and what came back, so that a person sees at
 * once whether it works, and if not, whose fault it is. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/units.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/report.h"

/* A channel may give its receiver two minutes (its key timeout); a little more, so that the courier
 * can say so itself. */
#define TIMEOUT 130.0

/* Line by line: only here a newline in foreign text means one. */
static void print_body(const struct terminal *t, const char *body)
{
        while (*body) {
                size_t length = strcspn(body, "\n");
                terminal_spaces(t, 2);
                terminal_line(t, STYLE_PLAIN, "%.*s", (int)MIN_OF(length, (size_t)8192), body);
                body += length;
                if (*body)
                        body++;
        }
}

void report_print_test(const struct terminal *t, const struct test_reply *r)
{
        terminal_print(t, STYLE_STRONG, "Sent");
        terminal_line(t, STYLE_PLAIN, " to channel %s (%s): %s %s", r->channel, r->type, r->method,
                      r->url);
        print_body(t, r->request_body);
        fputc('\n', t->out);
        if (r->answered) {
                terminal_print(t, STYLE_STRONG, "Answer");
                terminal_print(t, STYLE_PLAIN, ": status %.0f", r->http_status);
                if (isfinite(r->seconds))
                        terminal_print(t, STYLE_PLAIN, " after %.2f s", r->seconds);
                fputc('\n', t->out);
                print_body(t, r->response_body);
        } else
                terminal_line(t, STYLE_STRONG, "No answer");
        fputc('\n', t->out);
        if (r->accepted)
                terminal_line(t, STYLE_GOOD, "Accepted.");
        else {
                terminal_put(t, STYLE_CRITICAL, r->answered ? "Refused" : "Not delivered");
                terminal_line(t, STYLE_PLAIN, "%s%s", r->error ? ": " : ".",
                              r->error ? r->error : "");
        }
        if (isfinite(r->quiet_until)) {
                char until[FORMAT_MAX];
                terminal_line(t, STYLE_PLAIN,
                              "The channel has quiet hours until %s: a test is sent all the same, "
                              "alerts wait.",
                              format_time_local(r->quiet_until, clock_realtime(), until));
        }
}

enum exit_code send_test_run(const struct options *o, const struct terminal *t)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_(test_reply_done) struct test_reply reply = { 0 };
        char problem[ASK_PROBLEM_MAX];

        int r = ask(o, PROGRAM_COURIER, "SendTest", o->argument, TIMEOUT, &text, problem);
        if (r == -EREMOTEIO)
                return ask_refused(o, problem);
        if (r >= 0)
                r = ask_understood(test_reply_parse(text, &reply), PROGRAM_COURIER, problem);
        if (r < 0)
                return ask_unreachable(o, PROGRAM_COURIER, r, problem);
        if (o->json)
                (void)report_print_json(t, reply.root);
        else
                report_print_test(t, &reply);
        return reply.accepted ? EXIT_FINE : EXIT_FAULTS;
}
