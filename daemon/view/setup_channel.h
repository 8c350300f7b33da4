/* SPDX-License-Identifier: MIT */
/* The receivers that `kmemwatch setup` knows, and the files of one. What is wrong is printed on
 * standard error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A kind of receiver: what has to be asked, and what goes into the file. */
struct setup_receiver {
        const char *name, *type;
        const char *secret, *url;                  /* questions; url NULL: it is not asked for */
        const char *fixed_url, *template, *header; /* as they go into the file; NULL: none */
        const char *more;                          /* further lines of it; NULL: none */
        bool secret_needed;
};

struct setup {
        const struct setup_receiver *receiver;
        char *name, *secret, *url; /* "": none */
        bool replace;              /* a channel of this name */
        size_t members;            /* of a cluster, each a channel: NAME.1, NAME.2; else 1 */
};
void setup_forget(struct setup *s); /* address and secret */
void setup_done(struct setup *s);

/* Each prints, and returns a negative errno. */
int setup_problem(const char *what, int error);
int setup_complain(const char *text);

/* Finds a receiver by its name; "" finds none. 0, or -EINVAL when there is none: then all that
 * there are have been listed. */
int setup_find(const char *name, const struct setup_receiver **ret);

/* Whether the courier would take it, with the templates of the folder `config`. Sets members. */
bool setup_is_taken(struct setup *s, const char *config);

/* Writes channels.d/NAME.ini and secrets/NAME below `config`. 0 or negative errno. */
int setup_write(const char *config, const struct setup *s);
