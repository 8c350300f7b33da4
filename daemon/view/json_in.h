/* SPDX-License-Identifier: MIT */
/* Reads single values of an answer that another program gave, perhaps of another release: what is
 * missing or of another type is unknown, never an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_t;

/* The object in text. 0; -EBADMSG when it is not JSON or not an object; -EPROTONOSUPPORT when its
 * version is another than REPLY_VERSION; -ENOMEM. */
int json_in_open(const char *text, struct json_t **ret);

const char *json_in_text(const struct json_t *object, const char *key); /* or "" */
double json_in_number(const struct json_t *object, const char *key);    /* or NaN */
bool json_in_truth(const struct json_t *object, const char *key);       /* or false */
double json_in_time(const struct json_t *object, const char *key);      /* Unix seconds, or NaN */

/* Entries of a list, as many as are taken (REPLY_LIST_MAX); 0 when it is no list. */
size_t json_in_count(const struct json_t *list);

/* A list of texts, borrowed, in fresh memory; what is no text is "". 0 or -ENOMEM. */
int json_in_texts(const struct json_t *list, const char ***ret, size_t *ret_count);
