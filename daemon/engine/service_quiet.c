/* SPDX-License-Identifier: MIT */
/* What a person has said about who is to be told: nobody for now, or not of this. */
#include "engine/service_internal.h"

static enum event_quiet ask(const struct rule *rule, void *userdata)
{
        const struct service *s = userdata;
        (void)rule;
        return s->settings.observe ? QUIET_OBSERVED : QUIET_NOT;
}

void service_quiet_apply(struct service *s)
{
        engine_set_quiet(s->engine, ask, s);
}
