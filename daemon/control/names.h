/* SPDX-License-Identifier: MIT */
/* What both ends of a control socket must agree on. */
#pragma once

/* File names below a runtime folder. */
#define CONTROL_DAEMON_SOCKET "kmemwatchd.socket"
#define CONTROL_COURIER_SOCKET "kmemwatch-courier.socket"

/* kmemwatchd: Status(""), Alerts(""), Explain(rule or dimension), Who("[dimension] [seconds]"),
 * Top("[seconds]"); Silence(JSON: engine/silence_state.h), Unsilence(as it was silenced),
 * Acknowledge(alert id, rule or dimension) */
#define CONTROL_DAEMON_INTERFACE "io.kmemwatch.Daemon1"
/* kmemwatch-courier: Status(""), SendTest(channel) */
#define CONTROL_COURIER_INTERFACE "io.kmemwatch.Courier1"

/* The one object on every connection. */
#define CONTROL_OBJECT "/io/kmemwatch"

enum {
        /* All that a peer may send on one connection. sd-bus takes messages of 128 MiB; a request
         * is a few hundred bytes, and what a peer sends is memory of ours until it is parsed. */
        CONTROL_REQUEST_BYTES_MAX = 64 * 1024,
        /* The longest answer a client takes: 512 rules firing at once with all their texts stay
         * below a quarter of it. */
        CONTROL_REPLY_BYTES_MAX = 8 * 1024 * 1024,
};
