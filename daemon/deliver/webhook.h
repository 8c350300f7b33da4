/* SPDX-License-Identifier: MIT */
/* A message for any receiver: the documented JSON (kmemwatch-formats(7)) as it lay in the spool. */
#pragma once

struct letter;
struct parcel;

/* The JSON body in fresh memory. 0 or -ENOMEM. */
int webhook_body(const struct letter *m, char **ret);

/* The newest of several events, with their number as "events" and the others as "also", oldest
 * first; in a summary only their outlines. 0 or -ENOMEM. */
int webhook_group_body(const struct parcel *p, char **ret);
