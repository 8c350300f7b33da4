/* SPDX-License-Identifier: MIT */
/* The witness at work in the service: when it looks, which events wait for it, what they get. */
#pragma once

#include <stdbool.h>

#include "base/macros.h"
#include "culprit/culprit.h"

struct attribution;
struct control_request;
struct event;
struct json_out;
struct service;
struct witness;

/* As the settings say: begins, ends or goes on at another pace. The service runs without it: what
 * fails is said. */
void service_witness_set(struct service *s);
/* What waits leaves, and what is remembered is handed to the writer. */
void service_witness_stop(struct service *s);
void service_witness_free(struct service *s);

/* After a tick: begins what is due. It is done in slices between the ticks. */
_hot_ void service_witness_tick(struct service *s);

/* Whether this event has to wait for a look that is under way for it. It is offered again when the
 * look is done or the time is up, and then it need not. */
bool service_witness_holds(struct service *s, const struct event *e);

/* Who is behind it, to be put into the event; NULL when nobody was asked or nothing is known. Valid
 * until the next call. */
const struct culprit_list *service_witness_culprits(struct service *s, const struct event *e);

/* What was found of this dimension since then (Unix seconds); NULL nothing. Valid as above. */
const struct culprit_list *service_witness_known(struct service *s, const char *dimension,
                                                 double since);

/* CPU seconds of its looks, and its bytes in memory; 0 without attribution. */
void service_witness_cost(const struct service *s, double *ret_cpu, double *ret_memory);

/* NULL: no attribution. */
struct witness *service_witness(const struct service *s);

/* Somebody at the control socket waits for a look; who_answer is called when it is done. True when
 * there is nothing to wait for. */
bool service_witness_look(struct service *s, struct control_request *request,
                          enum culprit_dimension dimension, double seconds);

/* service_who.c: answers a person's question from what there is. */
void who_answer(struct service *s, struct control_request *request,
                enum culprit_dimension dimension, double seconds);
