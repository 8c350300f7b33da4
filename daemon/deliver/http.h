/* SPDX-License-Identifier: MIT */
/* HTTP on the event loop: libcurl's multi interface on sd-event. The only file that knows libcurl.
 * Nothing blocks but the resolver's own thread. */
#pragma once

#include "deliver/exchange.h"

struct sd_event;
struct http;
struct http_transfer;

/* 0, -ENOMEM, or negative errno of sd-event. */
int http_new(struct sd_event *loop, struct http **ret);
void http_free(struct http *h); /* after the last transfer; NULL is fine */

/* Gets the answer, which it may change, but keep pieces of only by copying; the transfer is gone
 * when this is called. */
typedef void (*http_done)(struct answer *answer, void *userdata);

/* Sends the request; `done` is called later from the loop, exactly once, unless it is cancelled.
 * Nothing of request and transport is needed after the call. 0 or negative errno, and `done` is not
 * called then. */
int http_send(struct http *h, const struct request *request, const struct transport *transport,
              http_done done, void *userdata, struct http_transfer **ret);

void http_cancel(struct http_transfer *t); /* NULL is fine */
