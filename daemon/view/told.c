/* SPDX-License-Identifier: MIT */
/* A list of events that were told. */
#include "view/told.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alert/check_text.h"
#include "alert/text.h"
#include "base/macros.h"
#include "base/text.h"
#include "view/told_internal.h"

const struct told_text told_texts[] = {
        { offsetof(struct told, rule), "KMEMWATCH_RULE" },
        { offsetof(struct told, dimension), "KMEMWATCH_DIMENSION" },
        { offsetof(struct told, text), "KMEMWATCH_TEXT" },
        { offsetof(struct told, summary), "KMEMWATCH_SUMMARY" },
        { offsetof(struct told, alert_id), "KMEMWATCH_ALERT_ID" },
        { offsetof(struct told, id), "KMEMWATCH_EVENT_ID" },
        { offsetof(struct told, culprit), "KMEMWATCH_CULPRIT" },
        { offsetof(struct told, culprits), "KMEMWATCH_CULPRITS" },
        { offsetof(struct told, explain), "KMEMWATCH_EXPLAIN" },
        { offsetof(struct told, action), "KMEMWATCH_ACTION" },
        { offsetof(struct told, runbook), "KMEMWATCH_RUNBOOK" },
        { offsetof(struct told, why), "KMEMWATCH_WHY" },
        { offsetof(struct told, incident), "KMEMWATCH_INCIDENT" },
        { offsetof(struct told, unexplained), "KMEMWATCH_UNEXPLAINED" },
        { offsetof(struct told, host), "_HOSTNAME" },
};
static_assert(ELEMENTS_OF(told_texts) == TOLD_TEXTS, "each text has its field");

const char **told_text(struct told *t, size_t i)
{
        return (const char **)((char *)t + told_texts[i].at);
}

void told_free(struct told *t)
{
        for (size_t i = 0; i < TOLD_TEXTS; i++)
                free((char *)*told_text(t, i));
}

int told_add(struct told_list *l, struct told *t)
{
        if (l->count == l->space) {
                size_t more = l->space ? 2 * l->space : 64;
                struct told *list = reallocarray(l->list, more, sizeof(*list));
                if (!list) {
                        told_free(t);
                        return -ENOMEM;
                }
                l->list = list;
                l->space = more;
        }
        l->list[l->count++] = *t;
        return 0;
}

enum { WHY_MAX = 4096 }; /* as much as an entry of the journal takes */

static char *copy(const char *s)
{
        return strdup(s ? s : "");
}

int told_add_event(struct told_list *l, const struct event *e)
{
        char why[WHY_MAX], incident[INCIDENT_TEXT_MAX];
        struct text words;
        text_init(&words, why, sizeof(why));
        event_checks_text(e, &words);
        struct told t = {
                .time = e->time,
                .type = e->type,
                .severity = e->severity,
                .previous = e->previous_severity,
                .kind = e->kind,
                .unit = e->unit,
                .rule = copy(e->rule),
                .dimension = copy(e->dimension),
                .text = copy(e->text),
                .summary = copy(e->summary),
                .alert_id = copy(e->alert_id),
                .id = copy(e->id),
                .host = copy(e->host ? e->host->name : NULL),
                .culprit = copy(NULL),
                .culprits = copy(NULL),
                .explain = copy(e->explain),
                .action = copy(e->action),
                .runbook = copy(e->runbook),
                .why = copy(why),
                .incident = copy(event_incident_text(e, incident)),
                .unexplained = copy(NULL),
                .started = e->started,
                .duration = e->duration,
                .value = e->value,
                .baseline = e->baseline,
                .peak = e->peak,
                .grown = e->grown,
                .rate = e->rate,
                .exhausts_at = e->exhausts_at,
        };
        for (size_t i = 0; i < TOLD_TEXTS; i++)
                if (!*told_text(&t, i)) {
                        told_free(&t);
                        return -ENOMEM;
                }
        return told_add(l, &t);
}

int told_set_culprit(struct told *t, const char *culprit)
{
        char *own = strdup(culprit);
        if (!own)
                return -ENOMEM;
        free((char *)t->culprit);
        t->culprit = own;
        return 0;
}

static int by_host(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t told_hosts(const struct told_list *l)
{
        _cleanup_free_ const char **names = calloc(l->count + 1, sizeof(*names));
        size_t count = 0;
        if (!names)
                return 1;
        for (size_t i = 0; i < l->count; i++)
                names[i] = l->list[i].host;
        qsort(names, l->count, sizeof(*names), by_host);
        for (size_t i = 0; i < l->count; i++)
                count += i == 0 || strcmp(names[i], names[i - 1]) != 0;
        return count;
}

void told_done(struct told_list *l)
{
        for (size_t i = 0; i < l->count; i++)
                told_free(&l->list[i]);
        free(l->list);
        *l = (struct told_list){ 0 };
}
