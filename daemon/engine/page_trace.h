/* SPDX-License-Identifier: MIT */
/* `kmemwatch report --trace`: the same page of a recorded trace, on which the rules are run. */
#pragma once

struct page_trace_options {
        const char *trace;        /* path, "-" for standard input */
        const char *const *rules; /* NULL-terminated folders, highest precedence first */
        const char *output;       /* as page_write_file takes it */
};

/* The exit code, as replay_run's. */
int page_trace_run(const struct page_trace_options *o);
