/* SPDX-License-Identifier: MIT */
/* Slab caches and cgroups as dimensions, in the service: read between the ticks, when a rule asks.
 */
#pragma once

#include "base/macros.h"
#include "sample/member_reader.h"

struct service;

/* As the rules in force ask: begins, ends or goes on. The service runs without it: what fails is
 * said. */
void service_members_set(struct service *s);
void service_members_free(struct service *s);

/* After a tick: begins what is due. It is done in slices between the ticks. */
_hot_ void service_members_tick(struct service *s);

/* How the reading of a family went. */
void service_members_status(const struct service *s, enum family family,
                            struct member_reading *ret);
