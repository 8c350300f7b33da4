/* SPDX-License-Identifier: MIT */
/* How far a long reading is, on a terminal: one line that is drawn over and goes away. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct trace_reader;

struct progress {
        FILE *out;
        bool wanted, shown;
        unsigned rows;
        double began, drawn; /* CLOCK_MONOTONIC */
};

/* Draws nothing where out is no terminal. */
void progress_init(struct progress *p, FILE *out);

/* After each row. Nothing is drawn in the first second. */
void progress_step(struct progress *p, const struct trace_reader *reader);

/* Before something else is printed, and at the end. */
void progress_clear(struct progress *p);

enum { PROGRESS_LINE = 80 };

/* The line for so many bytes of so many (0: not known) after some seconds. */
void progress_line(double read, double all, double seconds, char line[PROGRESS_LINE]);
