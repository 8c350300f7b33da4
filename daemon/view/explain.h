/* SPDX-License-Identifier: MIT */
/* Prints why rules say what they say, from the JSON of engine/explain.h. */
#pragma once

struct terminal;

/* json: the whole answer. 0; -EBADMSG or -EPROTONOSUPPORT when it is no answer of this version;
 * -ENOMEM. */
int explain_print(const struct terminal *t, const char *json);
