/* SPDX-License-Identifier: MIT */
/* An event as JSON: the webhook format, which is also the content of spool files, and replay's
 * lines.
 *
 * The webhook format, version 1. One object. Members are always all there, in this order; what is
 * unknown is null. Readers ignore members that they do not know: new ones do not change the
 * version; a changed meaning does. Bytes and bytes per hour are whole numbers, ratios have at most
 * 6 significant digits, times are RFC 3339 in UTC. Text is valid UTF-8 without control characters.
 *
 *   version             1
 *   id                  of this event: 32 hex digits, the same at each delivery; a receiver that
 *                       has seen it may ignore the rest
 *   event               firing | escalated | eased | reminder | adopted | resolved
 *   time                when it happened
 *   severity            ok | notice | warning | critical: now
 *   previous_severity   before this event
 *   highest_severity    of the alert so far
 *   trigger, resolve    for receivers that know the two: true in the event that opens the incident
 *                       and in the event that closes it; both false in between and for a notice
 *   dedup_key           the same for all events of an incident, and over restarts
 *   alert.id            32 hex digits, the same for all events of an alert
 *   alert.rule          the section name of the rule
 *   alert.dimension     "SUnreclaim", "KernelStack/threads"
 *   alert.kind          spike | drop | growth | ratio
 *   alert.started       when it fired
 *   alert.duration_seconds  since then
 *   alert.start_value   when it began to go wrong, in `unit`
 *   alert.peak          the largest value since then (drop: the smallest)
 *   alert.grown         the value now, when resolved the peak, less start_value
 *   summary             one line: the rule's
 *   explain, action     what it means, and what to look at first on this kind of machine
 *   runbook             a URL or null
 *   text                one line: what, how much, how fast, the time left
 *   value               now, in `unit`
 *   unit                bytes | bytes_per_count | ratio | count: of value, baseline, spread, limit,
 *                       start_value, peak, grown and recent.values
 *   baseline, spread    what was normal, and its standard deviation
 *   limit               the limit that decided the severity: of a ratio the value, of a spike or
 *                       drop the change; of a growth bytes per hour, or null when the time left
 *                       decided
 *   value_bytes, baseline_bytes  the measured field itself, before it is divided
 *   rate_bytes_per_hour, rate_error_bytes_per_hour  the trend and its standard error
 *   exhausts_at, exhausts_earliest, exhausts_latest  when MemAvailable falls to 3 % of MemTotal if
 *                       the trend goes on: best estimate and interval
 *   mem_available_bytes
 *   workload            {"name", "change", "explained"}: what of the change goes with more work:
 *                       "threads", how many more (or bytes), the share 0..1; null without one
 *   checks              [{"name", "asks", "value", "limit", "passed"}]: the tests that the verdict
 *                       rested on, as `kmemwatch explain` shows them
 *   score               0..1, how unusual
 *   recent              the last hour of the dimension: interval_seconds, and values, oldest first,
 *                       null where one is missing
 *   host                name, machine_id (a hash made for this program, not /etc/machine-id),
 *                       boot_id, kernel, kind (physical | vm | container), kind_name ("kvm",
 *                       "docker", ... or ""), cpus, possible_cpus, numa_nodes, mem_total_bytes
 *   incident            alerts that rest on the same cause: id; rule and dimension of the alert
 * that opened it; started; severity (the highest of its alerts now), previous_severity (as
 * receivers knew it), highest_severity; joined: it has had more alerts than one; leads: the event
 * is of the alert that leads it; tells: it goes to receivers; trigger, resolve; cause: the
 * dimension at the root, or null; alerts: [{"id", "rule", "dimension", "kind", "severity"}] that
 * are open, the leading one first, alert_count of all; moved:
 *                       [{"dimension", "change"}] in bytes; text. null: told for itself
 *   culprits, explained, charged, unexplained, hidden, culprit_text
 *                       who is behind it: announce/culprit_json.h
 *
 * The file name of a spool file gives the event's sequence number; the courier adds it to what it
 * sends as "sequence". */
#pragma once

#include <stddef.h>

struct event;

/* The largest event: all texts at their bounds and all of it to be escaped. */
enum { EVENT_JSON_MAX = 48 * 1024 };

/* The webhook format, one line, terminated, in fresh memory owned by the caller. 0 or -ENOMEM. */
int event_json(const struct event *e, char **ret);

/* One JSON line without newline for `kmemwatch replay --alerts`. `time`, `exhausts_at` and
 * `started` in Unix seconds as in the trace, the rest as above. Nothing in it depends on the
 * machine that replays, so there are no ids and no host. 0 or -ENOMEM. */
int event_json_line(const struct event *e, char **ret);
