/* SPDX-License-Identifier: MIT */
/* The folders a program works in: from its options, else from systemd, else the defaults. */
#pragma once

/* What the command line said; NULL where it said nothing. */
struct place_options {
        const char *config, *state, *runtime, *spool, *channels, *rules;
};

enum { PLACES_RULE_FOLDERS_MAX = 3 };

struct places {
        char *config;      /* --config, $CONFIGURATION_DIRECTORY, /etc/kmemwatch */
        char *state;       /* --state, $STATE_DIRECTORY, /var/lib/kmemwatch */
        char *runtime;     /* --runtime, $RUNTIME_DIRECTORY, the program's own default */
        char *spool;       /* --spool, STATE/spool */
        char *channels;    /* --channels, CONFIG/channels.d */
        char *credentials; /* $CREDENTIALS_DIRECTORY, or NULL */
        char *main_file;   /* CONFIG/kmemwatch.conf */
        /* --rules alone; else CONFIG/rules.d, /run/kmemwatch/rules.d, LIBDIR/kmemwatch/rules.d:
         * highest precedence first, NULL-terminated. */
        const char *rules[PLACES_RULE_FOLDERS_MAX + 1];
};

/* Reads the environment, asks no disk. 0 or -ENOMEM; after an error there is nothing to release. */
int places_init(struct places *p, const struct place_options *options, const char *runtime_default);
void places_done(struct places *p);

/* Where the pages about the shipped rules are, as a URL that ends with a slash. */
const char *places_runbooks(void);
