/* SPDX-License-Identifier: MIT */
/* Asks the running programs, and says in words why there is no answer. */
#pragma once

#include <stdbool.h>

struct options;
struct terminal;

enum program { PROGRAM_DAEMON, PROGRAM_COURIER };

enum { ASK_PROBLEM_MAX = 512 };

/* Calls a method of the program at its socket: below --runtime, else in its usual place. 0 with
 * *ret_reply in fresh memory, or a negative errno (of control_call, or -ENOMEM) with a sentence
 * without a full stop in problem. */
int ask(const struct options *o, enum program program, const char *method, const char *argument,
        double timeout, char **ret_reply, char problem[ASK_PROBLEM_MAX]);

/* The sentence for a reply that reply.h could not take. */
void ask_problem_of_reply(int error, enum program program, char problem[ASK_PROBLEM_MAX]);

/* Says on standard error that the program cannot be reached, why, and how to start it. */
void ask_print_unreachable(const struct options *o, enum program program, int error,
                           const char *problem);
