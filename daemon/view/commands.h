/* SPDX-License-Identifier: MIT */
/* The commands of the person's tool. Each prints and returns the exit code. */
#pragma once

#include <stddef.h>

#include "view/options.h"

struct config_part;
struct terminal;

enum exit_code status_run(const struct options *o, const struct terminal *t);
enum exit_code alerts_run(const struct options *o, const struct terminal *t);
/* parts: the settings that kmemwatch.conf may hold, of which only the names and values matter. */
enum exit_code check_run(const struct options *o, const struct terminal *t,
                         const struct config_part *parts, size_t count);
enum exit_code explain_run(const struct options *o, const struct terminal *t);
enum exit_code history_run(const struct options *o, const struct terminal *t);
enum exit_code report_run(const struct options *o);
enum exit_code evidence_run(const struct options *o);
enum exit_code metrics_run(const struct options *o);
enum exit_code record_run(const struct options *o);
enum exit_code silence_run(const struct options *o, const struct terminal *t);
enum exit_code unsilence_run(const struct options *o, const struct terminal *t);
enum exit_code ack_run(const struct options *o, const struct terminal *t);
enum exit_code send_test_run(const struct options *o, const struct terminal *t);
enum exit_code who_run(const struct options *o, const struct terminal *t);
enum exit_code top_run(const struct options *o, const struct terminal *t);
enum exit_code setup_run(const struct options *o, const struct terminal *t);
enum exit_code import_run(const struct options *o);
