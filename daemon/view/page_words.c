/* SPDX-License-Identifier: MIT */
/* What happened, in two sentences; and the alerts behind them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/page.h"
#include "view/report.h"

static bool is_worse(const struct told *a, const struct told *b)
{
        return a->severity > b->severity;
}

int page_alerts(const struct page *p, struct page_alert **ret, size_t *ret_count)
{
        size_t count = 0;
        struct page_alert *list = calloc(p->told->count ? p->told->count : 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < p->told->count; i++) {
                const struct told *t = &p->told->list[i];
                struct page_alert *a = NULL;
                for (size_t k = count; !a && k-- > 0;)
                        if (strcmp(list[k].first->alert_id, t->alert_id) == 0 &&
                            strcmp(list[k].first->rule, t->rule) == 0)
                                a = &list[k];
                if (!a) {
                        a = &list[count++];
                        a->first = a->worst = t;
                }
                a->last = t;
                a->open = !told_ends(t);
                if (is_worse(t, a->worst))
                        a->worst = t;
        }
        *ret = list;
        *ret_count = count;
        return 0;
}

/* The severity of the whole: an end says what it was before. */
static enum severity severity_of(const struct page_alert *a)
{
        return told_ends(a->worst) ? a->worst->previous : a->worst->severity;
}

static const struct reply_dimension *fastest(const struct daemon_reply *d)
{
        const struct reply_dimension *best = NULL;
        for (size_t i = 0; d && i < d->dimension_count; i++) {
                const struct reply_dimension *x = &d->dimensions[i];
                if (x->unit == UNIT_BYTES && isfinite(x->rate) && x->rate > 0 &&
                    !report_is_steady(x) && strcmp(x->name, "MemAvailable") != 0 &&
                    (!best || x->rate > best->rate))
                        best = x;
        }
        return best;
}

static void add_memory(struct text *t, const struct page *p)
{
        char left[FORMAT_MAX], total[FORMAT_MAX];
        if (p->elsewhere)
                text_add(t, "see there how much memory is left");
        else if (p->daemon && isfinite(p->daemon->host.mem_available))
                text_add(t, "%s of %s memory is available",
                         format_bytes(p->daemon->host.mem_available, left),
                         format_bytes(p->daemon->host.mem_total, total));
        else
                text_add(t, "how much memory is left is not known");
}

static void add_calm(struct text *t, const struct page *p, unsigned notices)
{
        char rate[FORMAT_MAX];
        const struct reply_dimension *f = fastest(p->daemon);
        text_add(t, "%s%s%s",
                 !p->told_unknown ? "nothing went wrong with the kernel's memory"
                 : p->daemon      ? "no alert is open about the kernel's memory"
                                  : "what happened to the kernel's memory",
                 *p->host ? " on " : "", p->host);
        if (p->told_unknown)
                text_add(t, p->daemon ? "; what was told before is not known" : " is not known");
        if (notices > 0)
                text_add(t, " (%u notice%s in the journal)", notices, notices == 1 ? "" : "s");
        text_add(t, ".");
        if (!p->daemon || !isfinite(p->daemon->host.mem_available))
                return;
        text_add(t, " At the end of it ");
        add_memory(t, p);
        if (f)
                text_add(t, ", and what grows fastest is %s, by %s", f->name,
                         format_rate(f->rate, rate));
        text_add(t, ".");
}

enum { CULPRIT_MAX = 300 }; /* a sentence, as long as one may be on a phone */

static void add_worst(struct text *t, const struct page *p, const struct page_alert *a,
                      size_t count)
{
        char when[FORMAT_MAX], lasted[FORMAT_MAX];
        if (count > 1)
                text_add(t, "%zu alerts spoke, the worst of them %s: ", count,
                         severity_name(severity_of(a)));
        else
                text_add(t, "there was one alert, %s: ", severity_name(severity_of(a)));
        double since = isfinite(a->first->started) ? a->first->started : a->first->time;
        text_add(t, "%s (%s%s%s), from %s", *a->worst->summary ? a->worst->summary : a->worst->rule,
                 a->worst->dimension, p->hosts > 1 ? " on " : "",
                 p->hosts > 1 ? a->worst->host : "", format_time_local(since, p->to, when));
        if (a->open)
                text_add(t, " on");
        else
                text_add(t, " for %s", format_duration(a->last->time - since, lasted));
        const char *culprit = *a->last->culprit ? a->last->culprit : a->worst->culprit;
        if (*culprit)
                text_add(t, "; %.*s", (int)utf8_cut(culprit, CULPRIT_MAX), culprit);
        text_add(t, ". ");
}

enum { SPAN_MAX = 32 };

/* "24 hours", "7 days", "40 minutes": in the unit in which a person says it. */
static const char *span_words(double seconds, char buffer[SPAN_MAX])
{
        static const struct {
                double from, seconds;
                const char *word;
        } units[] = {
                { 36 * 3600, 86400, "day" },
                { 90 * 60, 3600, "hour" },
                { 90, 60, "minute" },
                { -INFINITY, 1, "second" },
        };
        size_t i = 0;
        while (seconds < units[i].from)
                i++;
        double count = round(seconds / units[i].seconds * 10) / 10;
        if (count >= 10 || fabs(count - round(count)) < 0.15)
                count = round(count);
        snprintf(buffer, SPAN_MAX, "%.*f %s%s", count == round(count) ? 0 : 1, count, units[i].word,
                 count == 1 ? "" : "s");
        return buffer;
}

void page_words(const struct page *p, char *buffer, size_t size)
{
        struct text t;
        char span[SPAN_MAX], end[FORMAT_MAX];
        struct page_alert *alerts = NULL, *worst = NULL, *soonest = NULL;
        size_t count = 0, pages = 0, open = 0;
        unsigned notices = 0;
        text_init(&t, buffer, size);
        text_add(&t, "In the %s to %s, ", span_words(p->to - p->from, span),
                 format_time_local(p->to, INFINITY, end));
        if (page_alerts(p, &alerts, &count) < 0)
                count = 0;
        for (size_t i = 0; i < count; i++) {
                struct page_alert *a = &alerts[i];
                if (severity_of(a) < SEVERITY_WARNING) {
                        notices++;
                        continue;
                }
                pages++;
                open += a->open;
                if (!worst || severity_of(a) > severity_of(worst))
                        worst = a;
                if (a->open && isfinite(a->last->exhausts_at) &&
                    (!soonest || a->last->exhausts_at < soonest->last->exhausts_at))
                        soonest = a;
        }
        if (!worst) {
                add_calm(&t, p, notices);
        } else {
                add_worst(&t, p, worst, pages);
                if (open == 0)
                        text_add(&t, pages > 1 ? "All of them are over; " : "It is over; ");
                else if (open == pages)
                        text_add(&t, pages > 1 ? "All of them go on; " : "It goes on; ");
                else
                        text_add(&t, "%zu of them go%s on; ", open, open == 1 ? "es" : "");
                add_memory(&t, p);
                if (soonest)
                        text_add(&t, ", and at this rate it is gone at %s",
                                 format_time_local(soonest->last->exhausts_at, p->to, end));
                text_add(&t, ".");
        }
        free(alerts);
}
