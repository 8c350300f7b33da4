/* SPDX-License-Identifier: MIT */
/* The lives of alerts: nearly all rules have nothing to tell nearly all the time, and of many
 * thousands of them an idle one takes no more memory than the tick looks at. */
#include <errno.h>
#include <math.h>

#include "base/pages.h"
#include "engine/engine_internal.h"

static void begin(struct watch_life *l)
{
        *l = (struct watch_life){ .fired_wall = NAN };
        alert_init(&l->alert);
}

int lives_init(struct lives *lives, size_t watches)
{
        size_t room = watches + 1;
        struct watch_life *all = pages_new(room * sizeof(*all));
        if (!all)
                return -ENOMEM;
        *lives = (struct lives){ .all = all, .room = room, .used = 1 };
        begin(&all[0]);
        return 0;
}

void lives_done(struct lives *lives)
{
        pages_free(lives->all, lives->room * sizeof(*lives->all));
        *lives = (struct lives){ .all = NULL };
}

void watch_live(struct lives *lives, struct watch *w)
{
        struct watch_life *l = lives->free;
        if (w->life != lives->all)
                return;
        if (l)
                lives->free = l->next;
        else
                l = &lives->all[lives->used++];
        begin(l);
        w->life = l;
}

void watch_rest(struct lives *lives, struct watch *w)
{
        if (w->life == lives->all)
                return;
        w->life->next = lives->free;
        lives->free = w->life;
        w->life = lives->all;
}
