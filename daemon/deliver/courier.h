/* SPDX-License-Identifier: MIT */
/* The courier: takes events from the spool and delivers each to every channel that wants it, until
 * it is accepted or given up. Lives on an event loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "deliver/channel_file.h"
#include "deliver/settings.h"

struct courier;
struct journal;
struct problems;
struct sd_event;

/* The spool is opened as soon as that is possible; until then it is tried again each minute. What
 * the next courier should know is kept in its folder courier/. journal and spool outlive the
 * courier. 0 or negative errno; -EBUSY when another courier works on this spool. */
int courier_new(struct sd_event *loop, const struct journal *journal, const char *spool,
                struct courier **ret);
void courier_free(struct courier *c); /* what is under way is dropped, and sent again next time */

/* What the channels are from now on; takes everything out of the three. Deliveries under way go on,
 * a channel of the same name keeps its place and its counters, and all waiting is ended. An event
 * that is meant for a channel whose file was left out waits for it. 0 or -ENOMEM (then nothing has
 * changed). */
int courier_configure(struct courier *c, struct channel_set *set, struct courier_settings *settings,
                      struct problems *problems);

/* Only what is wrong with the files, when a reload was refused for it. */
void courier_set_problems(struct courier *c, struct problems *problems);

/* Where the daemon answers: without it there are no heartbeats. */
void courier_set_daemon(struct courier *c, const char *socket);

/* Begins to deliver; further calls do nothing. */
void courier_start(struct courier *c);

/* Sends nothing new. True when something is still under way. idle is called when that has ended. */
bool courier_stop(struct courier *c, void (*idle)(void *userdata), void *userdata);

/* The answer to the control method Status, in fresh memory. 0 or -ENOMEM. */
int courier_status(const struct courier *c, char **ret_json);

/* The answer to SendTest: json in one case, an error text in the other. */
typedef void (*courier_test_done)(const char *json, const char *error, void *userdata);

/* Sends a test event through a channel; done is called exactly once, also before this returns. */
void courier_send_test(struct courier *c, const char *channel, courier_test_done done,
                       void *userdata);
