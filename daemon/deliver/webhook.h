/* SPDX-License-Identifier: MIT */
/* A message for any receiver: the documented JSON (kmemwatch-formats(7)) as it lay in the spool. */
#pragma once

struct letter;

/* The JSON body in fresh memory. 0 or -ENOMEM. */
int webhook_body(const struct letter *m, char **ret);
