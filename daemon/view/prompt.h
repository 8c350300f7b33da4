/* SPDX-License-Identifier: MIT */
/* Questions to a person at a terminal, and secrets from a file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True when somebody can be asked: standard input and standard error are a terminal. */
bool prompt_possible(void);

/* Prints the question (and the default, unless it is NULL) on standard error and reads a line;
 * hidden: without showing what is typed. An empty answer is the default. The answer in fresh
 * memory; NULL at the end of input, or without memory. */
char *prompt_line(const char *question, const char *otherwise, bool hidden);

/* The one line of a file, or of standard input for "-". In fresh memory; NULL with errno: E2BIG
 * when there is more than a line or it is longer than max. */
char *prompt_file(const char *path, size_t max);
