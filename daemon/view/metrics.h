/* SPDX-License-Identifier: MIT */
/* What daemon and courier answer to Status, as metrics for Prometheus and its kin. */
#pragma once

#include <stdio.h>

struct courier_reply;
struct daemon_reply;

enum metrics_format {
        METRICS_OPENMETRICS, /* https://prometheus.io/docs/specs/om/open_metrics_spec/ */
        METRICS_TEXT,        /* 0.0.4, what node_exporter's textfile collector reads */
};

/* NULL for one that does not answer: then its `up` is 0. Every family is named, with a sample or
 * without, so that a reader of the output knows all that there are. */
void metrics_print(FILE *out, enum metrics_format format, const struct daemon_reply *daemon,
                   const struct courier_reply *courier);

/* The Content-Type that goes with it. */
const char *metrics_content_type(enum metrics_format format);
