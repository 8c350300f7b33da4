/* SPDX-License-Identifier: MIT */
/* Slab caches and cgroups as dimensions, in the service: read between the ticks, when a rule asks.
 */
#pragma once

#include "base/macros.h"
#include "sample/member_reader.h"

struct culprit_list;
struct sample;
struct service;

/* As the rules in force ask: begins, ends or goes on. The service runs without it: what fails is
 * said. */
void service_members_set(struct service *s);
void service_members_free(struct service *s);

/* After a tick: begins what is due. It is done in slices between the ticks. */
_hot_ void service_members_tick(struct service *s, const struct sample *sample);

/* Who is behind the change of a member, by its dimension: as culprit_of_member. NULL: none is
 * followed. Valid until the next call. */
const struct culprit_list *service_members_culprits(struct service *s, const char *dimension,
                                                    double bytes, bool sizes,
                                                    const struct culprit_list *found);

/* CPU time (seconds) and memory (bytes) of the readings so far. */
void service_members_cost(const struct service *s, double *ret_cpu, double *ret_memory);

/* How the reading of a family went. */
void service_members_status(const struct service *s, enum family family,
                            struct member_reading *ret);
