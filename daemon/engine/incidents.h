/* SPDX-License-Identifier: MIT */
/* The engine's incidents: which alert joins which, from the fields' changes and the kernel's own
 * arithmetic (culprit/cause.h), and what of them is kept over a restart. */
#pragma once

#include "alert/incident.h"

struct alert_change;
struct engine;
struct event;
struct json_out;
struct json_t;
struct open_alert;
struct watch;

/* Its alert has just fired: it joins an incident, or opens one. Without room it has none. */
void engine_incident_assign(struct engine *e, struct watch *w);

/* An alert of the incident `id` has changed; "" and an unknown one change nothing. */
struct incident_change engine_incident_step(struct engine *e, const char *id, const char *alert_id,
                                            const struct alert_change *change);

/* Fills event->incident as it is now: for each offer anew, since others join meanwhile. */
void engine_incident_describe(const struct engine *e, const char *id,
                              const struct incident_change *change, struct event *event);

/* Forgets those that no alert is a member of. */
void engine_incidents_sweep(struct engine *e);

/* "incidents": [...] in the file of open alerts; what cannot be read is left out. */
void engine_incidents_encode(const struct engine *e, struct json_out *j);
void engine_incidents_decode(struct engine *e, const struct json_t *root);

/* An alert that was read without its incident (of an earlier version, or damaged) gets one of its
 * own, as if it had always had it. */
void engine_incident_adopt(struct engine *e, struct open_alert *k);
