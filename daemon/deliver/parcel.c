/* SPDX-License-Identifier: MIT */
/* Several events as one message: what each alert's newest state is, and what came before it. */
#include "deliver/parcel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "deliver/phrase.h"

enum {
        NOTED_MAX = 6, /* steps of an alert that a note names; the last one is the message itself */
        NOTE_MAX = 1024,
        ID_MAX = 64,
};

int parcel_add(struct parcel *p, struct letter *m)
{
        struct letter *letters = reallocarray(p->letters, p->count + 1, sizeof(*letters));
        if (!letters) {
                letter_done(m);
                return -ENOMEM;
        }
        p->letters = letters;
        letters[p->count++] = *m;
        *m = (struct letter){ 0 };
        return 0;
}

void parcel_done(struct parcel *p)
{
        for (size_t i = 0; i < p->count; i++)
                letter_done(&p->letters[i]);
        free(TAKE_PTR(p->letters));
        p->count = 0;
}

struct letter *parcel_last(const struct parcel *p)
{
        return &p->letters[p->count - 1];
}

bool parcel_is_one_alert(const struct parcel *p)
{
        for (size_t i = 1; i < p->count; i++)
                if (letter_alert_hash(&p->letters[i]) != letter_alert_hash(&p->letters[0]))
                        return false;
        return true;
}

/* "2026-11-20 14:02:03Z", or as it stood when it is no such time. */
static void add_time(struct text *t, const struct letter *m)
{
        const char *s = m->time_text;
        if (strlen(s) >= strlen("2026-11-20T14:02:03") && s[10] == 'T' && has_suffix(s, "Z"))
                text_add(t, "%.10s %.8sZ", s, s + 11);
        else
                text_add(t, "%s", s[0] ? s : "?");
}

int parcel_annotate(struct parcel *p)
{
        char buffer[NOTE_MAX], phrase[PHRASE_MAX];
        struct letter *last = parcel_last(p);
        size_t shown = MIN_OF(p->count, (size_t)NOTED_MAX);
        struct text t;

        text_init(&t, buffer, sizeof(buffer));
        text_add(&t, "%zu events in one message: ", p->count);
        for (size_t i = 0; i < shown; i++) {
                /* Its first steps and its last. */
                const struct letter *m = i + 1 < shown ? &p->letters[i] : last;
                if (i + 1 == shown && p->count > shown)
                        text_add(&t, ", …");
                text_add(&t, "%s", i > 0 ? ", " : "");
                add_time(&t, m);
                text_add(&t, " %s", phrase_event(m, phrase));
        }
        free(last->note);
        free(last->ids);
        last->note = strdup(buffer);
        size_t size = p->count * (ID_MAX + 1) + 1;
        last->ids = malloc(size);
        if (!last->note || !last->ids)
                return -ENOMEM;
        text_init(&t, last->ids, size);
        for (size_t i = 0; i < p->count; i++)
                text_add(&t, "%s%.*s", i > 0 ? "," : "", ID_MAX - 1, p->letters[i].id);
        return 0;
}

struct numbered {
        uint64_t alert;
        size_t place;
};

static int by_alert(const void *a, const void *b)
{
        const struct numbered *x = a, *y = b;
        if (x->alert != y->alert)
                return x->alert < y->alert ? -1 : 1;
        return x->place < y->place ? -1 : x->place > y->place;
}

static int by_news(const void *a, const void *b)
{
        const struct parcel_alert *x = a, *y = b;
        bool x_over = letter_ends(x->last), y_over = letter_ends(y->last);
        if (x_over != y_over)
                return x_over ? 1 : -1;
        if (!x_over && x->last->severity != y->last->severity)
                return x->last->severity > y->last->severity ? -1 : 1;
        return x->last > y->last ? -1 : x->last < y->last;
}

int parcel_alerts(const struct parcel *p, struct parcel_alert **ret, size_t *ret_count)
{
        _cleanup_free_ struct numbered *order = calloc(p->count, sizeof(*order));
        _cleanup_free_ struct parcel_alert *alerts = calloc(p->count, sizeof(*alerts));
        size_t count = 0;
        if (!order || !alerts)
                return -ENOMEM;
        for (size_t i = 0; i < p->count; i++)
                order[i] = (struct numbered){ letter_alert_hash(&p->letters[i]), i };
        qsort(order, p->count, sizeof(*order), by_alert);
        for (size_t i = 0; i < p->count; i++) {
                const struct letter *m = &p->letters[order[i].place];
                if (i == 0 || order[i].alert != order[i - 1].alert)
                        alerts[count++].first = m;
                struct parcel_alert *a = &alerts[count - 1];
                a->last = m;
                a->events++;
                a->highest = MAX_OF(a->highest, m->highest_severity);
        }
        qsort(alerts, count, sizeof(*alerts), by_news);
        *ret = TAKE_PTR(alerts);
        *ret_count = count;
        return 0;
}
