/* SPDX-License-Identifier: MIT */
/* What the courier's parts share: courier.c (life), courier_spool.c (what lies in the spool),
 * courier_send.c (what goes out and what follows), courier_transfer.c (how), courier_quiet.c (what
 * waits for the end of quiet hours), courier_resend.c (what is said again), courier_news.c
 * (channels that do not work), courier_heartbeat.c, courier_status.c, courier_test.c.
 */
#pragma once

#include "announce/journal.h"
#include "announce/spool_held.h"
#include "config/problems.h"
#include "deliver/courier.h"
#include "deliver/exchange.h"
#include "deliver/firing.h"
#include "deliver/http.h"
#include "deliver/lane.h"
#include "deliver/outbox.h"
#include "deliver/queue.h"
#include "deliver/settled.h"

struct sd_event_source;
struct courier_test;
struct letter;
struct parcel;

enum {
        TESTS_MAX = 4, /* at a time; a person sends one */
        COURIER_STATUS_MAX = 256,
};

/* queue_entry.settled of an event that no channel, whether known or not, is to get. */
static const uint32_t ALL_CHANNELS = UINT32_MAX;

struct courier;
struct outlet;

/* What follows from an answer; channel: what `outlet->channel` was when it was sent. */
typedef void (*courier_judge)(struct courier *c, struct outlet *o, const struct channel *channel,
                              const struct judgement *j);

/* An event under way. */
struct item {
        uint64_t sequence;
        char id[QUEUE_ID_MAX];
};

/* A channel at work. */
struct outlet {
        struct courier *courier;
        char *name;
        struct channel *channel; /* NULL: its file was left out, events wait for it */
        struct lane lane;
        uint32_t bit; /* in queue_entry.settled */

        bool warm; /* it has taken a message: what that needs is in memory, and locked */

        /* what is under way */
        struct http_transfer *transfer; /* NULL: nothing */
        courier_judge judge;
        struct channel *sent_by; /* what `channel` was then: the answer may quote its secret */
        struct item *items;
        size_t item_count;
        enum form form;

        double quiet_until; /* Unix seconds, while lane.quiet.on; INFINITY: for ever */
        size_t quiet_muted; /* alerts that came and went in these quiet hours */
        bool quiet_news;    /* there is news that waits for their end */

        size_t resend_at;       /* index in courier.firing of the alert that is next */
        double resend_interval; /* seconds; INFINITY: never */
        double resend_next;     /* when the next round begins, clock_boottime */

        /* telling of other channels */
        uint32_t told;                      /* bits of those that it may think do not work */
        uint32_t told_surely;               /* ... because it has taken the message */
        char news_of[CHANNEL_NAME_MAX + 1]; /* what is under way, when item_count is 0 */
        bool news_broken;
        double broken_since; /* Unix seconds: when it was last said that this one does not work */

        /* signs of life */
        struct http_transfer *beat;
        struct channel *beat_by; /* as sent_by */
        double beat_next;
        char beat_trouble[VERDICT_REASON_MAX]; /* "" while they are taken */

        char last_error[VERDICT_REASON_MAX]; /* "" after a success */
        double last_success;                 /* Unix seconds, NaN when there was none */
};

struct courier {
        struct sd_event *loop;
        const struct journal *journal;
        const char *spool;
        char *own_folder; /* in it */
        struct courier_settings settings;
        struct problems problems;

        struct outbox outbox;
        struct settled settled; /* which events have left it */
        struct firing firing;   /* which alerts last, for receivers that want to hear so */
        struct spool_held held; /* as the daemon was told; until 0: nothing is held back */
        double held_next;       /* when it is to be told again, clock_boottime */
        bool open;              /* the spool */
        bool spool_failed;      /* and that has been said */
        bool told_loaded;       /* who was told of whom */
        char *daemon_socket;    /* NULL: unknown */
        bool no_channels_said;
        bool unwatched_said; /* that the kernel gives no watch */
        struct queue queue;
        struct http *http;
        struct outlet *outlets[CHANNELS_MAX];
        size_t outlet_count;
        uint32_t all_bits;
        struct courier_test *tests[TESTS_MAX];

        struct sd_event_source *watch;  /* inotify of new/ */
        struct sd_event_source *above;  /* and of the spool: says when new/ is taken away */
        struct sd_event_source *rescan; /* the slow look at all of it */
        struct sd_event_source *due;    /* when the next message may go */

        bool started, stopping;
        void (*idle)(void *userdata);
        void *idle_userdata;
        double started_at; /* Unix seconds */
        uint64_t seed;
        char status[COURIER_STATUS_MAX]; /* as last given to systemd */
};

/* --- courier_spool.c --- */

/* Opens the spool when it is not open, and takes in what the queue does not know yet. */
void courier_look(struct courier *c);

/* What lies in the spool could not be written, or can be again: said once each. action: "remove a
 * delivered event". error: negative errno, 0 when it worked. */
void courier_disk(struct courier *c, const char *action, int error);

/* Removes the oldest events but so many. True when there are more to remove. */
bool courier_trim(struct courier *c, size_t keep);

/* Reads and parses an event. 0 with *ret for letter_done; a negative errno when it cannot be sent
 * now or ever: entry has been dealt with, and may be gone. */
int courier_load(struct courier *c, struct queue_entry *entry, struct letter *ret);

/* The event is done with for these channels. outlet: which one has done it (NULL: none, it only
 * does not want it); word: "accepted" or "dead". entry may be gone afterwards. */
void courier_settle(struct courier *c, struct queue_entry *entry, uint32_t bits,
                    const struct outlet *outlet, const char *word);

/* Puts the event into dead/ for this channel, says so, and settles it. Negative errno when that was
 * not possible: the event stays. entry may be gone after 0. */
int courier_give_up(struct courier *c, struct queue_entry *entry, const struct outlet *outlet,
                    const char *reason);

/* --- courier_send.c --- */

/* Sends what may be sent, and sets the timer for what may be later. */
void courier_pump(struct courier *c);

/* --- courier_transfer.c --- */

void courier_transport(const struct courier *c, const struct channel *channel,
                       struct transport *ret);

/* Sends the parcel; judge is called with the answer, and then the pump. 0; -ENOMEM; -EINVAL when
 * the address cannot be put together. */
int courier_send(struct courier *c, struct outlet *o, struct parcel *p, enum form form,
                 courier_judge judge);

/* Notes the answer, and says that the channel does not work, or works again. */
void courier_say_health(struct courier *c, struct outlet *o, const struct judgement *j,
                        bool failing, bool recovered);

/* What an answer to a message that is no event means for the channel, and said. False when it has
 * to be sent again, after the lane's pause. */
bool courier_judge_channel(struct courier *c, struct outlet *o, const struct judgement *j);

/* --- courier_quiet.c --- */

/* For an outlet with nothing under way, before something is picked: begins and ends its quiet
 * hours, and takes out of the way what is not to go in them. True when the event at ret->at[0] must
 * be read first. */
bool courier_quiet(struct courier *c, struct outlet *o, struct bundle *ret);

/* When to look again for what is held back; INFINITY: nothing is. */
double courier_quiet_next(const struct courier *c, const struct outlet *o);

/* When the quiet hours end that are now, Unix seconds; NAN: there are none. */
double courier_quiet_until(const struct outlet *o, double wall);

/* Whether the channel is not to hear of the alert yet. */
bool courier_quiet_hides(const struct courier *c, const struct outlet *o, uint64_t alert);

/* Tells the daemon what is held back, when that has changed, and each minute. */
void courier_quiet_note(struct courier *c);

/* --- courier_resend.c --- */

/* The channel has taken the event and wants to hear of its alert again. */
void courier_resend_note(struct courier *c, struct queue_entry *entry);

/* For an outlet with nothing under way and no event waiting: sends the next alert that is due to be
 * said again. When to look again; INFINITY: when something happens. */
double courier_resend(struct courier *c, struct outlet *o);

/* --- courier_news.c --- */

/* The bits mean other channels now. before: the outlets as they were, to be compared only. */
void courier_news_configure(struct courier *c, struct outlet *const *before, size_t count);

/* For an outlet with nothing under way: tells of another channel, when there is something to tell.
 * When to look again; INFINITY: when something happens. */
double courier_news(struct courier *c, struct outlet *o);

/* --- courier_heartbeat.c --- */

/* Sends a sign of life when one is due. When to look again. */
double courier_heartbeat(struct courier *c, struct outlet *o);

/* --- courier_status.c --- */

/* STATUS= for systemd, when it has changed. */
void courier_tell_status(struct courier *c);

/* --- courier_test.c --- */
void courier_cancel_tests(struct courier *c);
