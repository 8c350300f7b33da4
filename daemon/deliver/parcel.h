/* SPDX-License-Identifier: MIT */
/* The events that go to a receiver as one message: one, several of one alert of which the newest is
 * the truth, or several alerts'. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "deliver/letter.h"

struct parcel {
        struct letter *letters; /* in their order */
        size_t count;
        bool summary; /* all of it is long over */
};

/* Takes the letter over. 0 or -ENOMEM, and the letter is done with. */
int parcel_add(struct parcel *p, struct letter *m);
void parcel_done(struct parcel *p);

/* The newest. */
struct letter *parcel_last(const struct parcel *p);

bool parcel_is_one_alert(const struct parcel *p);

/* Completes the newest of one alert's letters with `note` and `ids`. 0 or -ENOMEM. */
int parcel_annotate(struct parcel *p);

/* One alert of a parcel. */
struct parcel_alert {
        const struct letter *first, *last;
        size_t events;
        enum severity highest;
};

/* The alerts of the parcel in fresh memory: those that are open first, the worst of them first,
 * then the others, newest first. 0 or -ENOMEM. */
int parcel_alerts(const struct parcel *p, struct parcel_alert **ret, size_t *ret_count);
