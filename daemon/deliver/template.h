/* SPDX-License-Identifier: MIT */
/* A webhook's body by a template of its own: JSON in which strings hold placeholders. The template
 * is read as JSON, filled in as a tree and printed anew, so that no text can leave the string it
 * was put into. The language is described in kmemwatch.channels(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "deliver/channel.h"

struct letter;
struct template;

enum {
        TEMPLATE_SIZE_MAX = 64 * 1024,
        /* Each may become JSON_TEXT_MAX bytes: a body of 1 MiB at most. */
        TEMPLATE_PLACES_MAX = 256,
        TEMPLATE_ERROR_MAX = 256,
};

/* 0; -EINVAL with the reason in error, as "line 3: ..." where it is the JSON's; -ENOMEM. */
int template_parse(const char *data, size_t size, char error[TEMPLATE_ERROR_MAX],
                   struct template **ret);
/* Reads it from the file of this name in CONFIG/templates, or from a whole path. As above; error
 * names the file. */
int template_load(const char *name, const char *config, char error[TEMPLATE_ERROR_MAX],
                  struct template **ret);
void template_free(struct template *t); /* NULL is fine */

/* False when the template sends nothing for what has this meaning. */
bool template_wants(const struct template *t, enum meaning meaning);

/* The body, in fresh memory. 0 or -ENOMEM. */
int template_body(const struct template *t, const struct letter *m, enum meaning meaning,
                  char **ret);

/* What goes after the channel's address, in fresh memory: "" without. 0 or -ENOMEM. */
int template_path(const struct template *t, const struct letter *m, enum meaning meaning,
                  char **ret);
