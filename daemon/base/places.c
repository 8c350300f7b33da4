/* SPDX-License-Identifier: MIT */
/* One place that knows where configuration, state and rules lie, so that the daemon, the courier
 * and the person's tool cannot differ. */
#include "base/places.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"

#ifndef KMW_LIBDIR
#define KMW_LIBDIR "/usr/local/lib"
#endif
#ifndef KMW_SHAREDIR
#define KMW_SHAREDIR "/usr/local/share/kmemwatch"
#endif

/* systemd joins several folders with ':'; the first is the unit's own. An empty variable says
 * nothing. */
static char *choose(const char *option, const char *variable, const char *fallback)
{
        const char *value = getenv(variable);
        size_t length = value ? strcspn(value, ":") : 0;

        if (option)
                return strdup(option);
        if (length > 0)
                return strndup(value, length);
        return fallback ? strdup(fallback) : NULL;
}

static char *below(const char *option, const char *folder, const char *name)
{
        if (option)
                return strdup(option);
        return folder ? path_join(folder, name) : NULL;
}

int places_init(struct places *p, const struct place_options *options, const char *runtime_default)
{
        struct places n = { 0 };
        bool complete;

        n.config = choose(options->config, "CONFIGURATION_DIRECTORY", "/etc/kmemwatch");
        n.state = choose(options->state, "STATE_DIRECTORY", "/var/lib/kmemwatch");
        n.runtime = choose(options->runtime, "RUNTIME_DIRECTORY", runtime_default);
        n.credentials = choose(NULL, "CREDENTIALS_DIRECTORY", NULL);
        n.spool = below(options->spool, n.state, "spool");
        n.channels = below(options->channels, n.config, "channels.d");
        n.main_file = below(NULL, n.config, "kmemwatch.conf");
        n.rules[0] = below(options->rules, n.config, "rules.d");
        complete = n.rules[0];
        if (!options->rules) {
                n.rules[1] = strdup("/run/kmemwatch/rules.d");
                n.rules[2] = strdup(KMW_LIBDIR "/kmemwatch/rules.d");
                complete = n.rules[0] && n.rules[1] && n.rules[2];
        }
        if (!complete || !n.config || !n.state || !n.runtime || !n.spool || !n.channels ||
            !n.main_file) {
                places_done(&n);
                return -ENOMEM;
        }
        *p = n;
        return 0;
}

void places_done(struct places *p)
{
        free(p->config);
        free(p->state);
        free(p->runtime);
        free(p->spool);
        free(p->channels);
        free(p->credentials);
        free(p->main_file);
        for (size_t i = 0; i < PLACES_RULE_FOLDERS_MAX; i++)
                free((char *)p->rules[i]);
        *p = (struct places){ 0 };
}

const char *places_runbooks(void)
{
        return "file://" KMW_SHAREDIR "/runbooks/";
}
