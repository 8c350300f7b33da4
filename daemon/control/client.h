/* SPDX-License-Identifier: MIT */
/* One call to a running daemon or courier. */
#pragma once

#include <stdint.h>

/* Calls method on the program that listens at path. 0 with *ret_reply in fresh memory;
 * -ECONNREFUSED or -ENOENT when nobody listens; -EACCES; -ETIMEDOUT after timeout seconds;
 * -EREMOTEIO when the program refused, with its text in *ret_error (fresh memory, may be NULL on
 * other errors). */
int control_call(const char *path, const char *interface, const char *method, const char *argument,
                 double timeout, char **ret_reply, char **ret_error);
