/* SPDX-License-Identifier: MIT */
/* Text of strangers in Slack's own markup, and the pieces of a message that are made of it. The
 * functions that return JSON return NULL without memory. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct text;

/* A text with room for the ellipsis that marks a cut. */
void mrkdwn_begin(struct text *t, char *buffer, size_t size);
const char *mrkdwn_end(struct text *t);

/* Appends text of a stranger. Never cut inside an entity. */
void mrkdwn_add(struct text *t, const char *s);

json_t *mrkdwn_text(const char *text);    /* a text object */
json_t *mrkdwn_section(const char *text); /* a block */

/* The block above all others, in plain text. Plain text knows no escapes, and Slack looks for no
 * mentions in it; should that change, there are no brackets to begin one. */
json_t *mrkdwn_header(const char *headline, const char *id);

/* Names a block by the id of the event that it shows, or by several separated by commas, which
 * nobody sees: so that what has arrived can be told from what has not. Returns the block. */
json_t *mrkdwn_with_id(json_t *block, const char *id);
