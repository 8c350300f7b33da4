/* SPDX-License-Identifier: MIT */
/* Asks the running programs, and says in words why there is no answer. */
#pragma once

#include <stdbool.h>

#include "view/options.h"

struct courier_reply;
struct daemon_reply;

enum program { PROGRAM_DAEMON, PROGRAM_COURIER };

enum { ASK_PROBLEM_MAX = 512 };

/* Calls a method of the program at its socket: below --runtime, else in its usual place. 0 with
 * *ret_reply in fresh memory, or a negative errno (of control_call, or -ENOMEM) with a sentence
 * without a full stop in problem. */
int ask(const struct options *o, enum program program, const char *method, const char *argument,
        double timeout, char **ret_reply, char problem[ASK_PROBLEM_MAX]);

/* Hands on what a parser of reply.h returned, with the sentence for what it could not take. */
int ask_understood(int r, enum program program, char problem[ASK_PROBLEM_MAX]);

/* Both at once, of Status. */
int ask_daemon(const struct options *o, double timeout, struct daemon_reply *ret,
               char problem[ASK_PROBLEM_MAX]);
int ask_courier(const struct options *o, double timeout, struct courier_reply *ret,
                char problem[ASK_PROBLEM_MAX]);

/* Says on standard error that the program cannot be reached, why, and how to start it. */
enum exit_code ask_unreachable(const struct options *o, enum program program, int error,
                               const char *problem);

/* Says on standard error that it refused (-EREMOTEIO): a right that is missing, or a question that
 * has no answer. */
enum exit_code ask_refused(const struct options *o, const char *problem);
enum exit_code ask_senseless(const struct options *o, const char *problem);
