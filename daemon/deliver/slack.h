/* SPDX-License-Identifier: MIT */
/* A message as Slack wants it: Block Kit with a colour bar, and plain text for notifications. */
#pragma once

#include <stdbool.h>

struct letter;
struct parcel;

/* Limits of https://api.slack.com/reference/block-kit/blocks, in characters; counted here in bytes
 * of the escaped text, which are never fewer. */
enum {
        SLACK_HEADER_MAX = 150,
        SLACK_FIELD_MAX = 2000,
        SLACK_FIELDS_MAX = 10,
        SLACK_SECTION_MAX = 3000,
        SLACK_BLOCKS_MAX = 10,     /* 50 are allowed; nobody reads them on a phone */
        SLACK_TEXT_MAX = 3000,     /* longer ones are cut by clients */
        SLACK_MESSAGE_MAX = 10000, /* all texts together */
        SLACK_BLOCK_ID_MAX = 255,
};

/* The JSON body in fresh memory. 0 or -ENOMEM. */
int slack_body(const struct letter *m, char **ret);

/* The short form: only "text". */
int slack_body_short(const struct letter *m, char **ret);

/* Several alerts in one message, a line for each; of those that are long over one for each rule.
 * is_short: only "text". 0 or -ENOMEM. */
int slack_group_body(const struct parcel *p, bool is_short, char **ret);
