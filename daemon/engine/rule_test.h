/* SPDX-License-Identifier: MIT */
/* `kmemwatch test`: rules held against short descriptions of what a machine does. A test describes
 * the machine and what its counters do step by step; the samples made of that go through the
 * daemon's engine, and what it says is compared with what the test expects. The language is
 * described in kmemwatch.tests(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct rule_test_options {
        const char *const *files; /* NULL-terminated */
        const char *const *rules; /* NULL-terminated folders, highest precedence first */
        const char *only;         /* a pattern of test names as in fnmatch(3); NULL: all */
        const char *trace;        /* write the samples of the one test that `only` names; or NULL */
        bool quiet;               /* print what fails, and the sum */
        bool colour;
};

/* Prints a line for each test, and a sum, to out; problems to err. The exit code: 0 all passed; 1
 * some failed, or rules had faults and were left out; 2 a test file cannot be read or has faults
 * (the tests without faults have run). */
int rule_test_run(const struct rule_test_options *o, FILE *out, FILE *err);

/* Keys of a test, for the manual page. */
const struct key_table *rule_test_key_table(void);
