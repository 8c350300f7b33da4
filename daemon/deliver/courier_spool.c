/* SPDX-License-Identifier: MIT */
/* The courier and its spool: what is taken in, read, recorded, removed, moved to dead/. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-event.h>

#include "announce/spool_name.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "deliver/courier_internal.h"
#include "deliver/letter.h"
#include "deliver/record.h"

enum {
        RESCAN_SECONDS = 300,   /* what inotify did not say: an overflow, a failed write */
        REOPEN_SECONDS = 60,    /* while there is no spool */
        TAKEN_AWAY_SECONDS = 1, /* whoever removes the spool is given the time to finish */
        SLACK_SHARE = 10,       /* the kernel may join a timer with another wake-up within 1/10 */
        UNREADABLE_SECONDS = 60,
        UNREADABLE_TRIES_MAX = 10,
        NO_MEMORY_SECONDS = 1,
        TRIM_AT_ONCE = 64, /* each waits for the disk, and so does the watchdog */
};

static const uint64_t USEC = 1000000;

void courier_disk(struct courier *c, const char *action, int error)
{
        if (error >= 0) {
                if (c->spool_failed)
                        log_notice("%s: works again", c->spool);
                c->spool_failed = false;
                return;
        }
        if (!c->spool_failed)
                log_error("%s: cannot %s: %s; trying on", c->spool, action, strerror(-error));
        c->spool_failed = true;
}

static void forget(struct courier *c, struct queue_entry *entry)
{
        for (size_t i = 0; i < c->outlet_count; i++)
                lane_forget(&c->outlets[i]->lane, entry->sequence);
        queue_remove(&c->queue, entry);
}

/* --- giving up --- */

static void say_given_up(const struct courier *c, const char *channel, const char *name,
                         const char *reason)
{
        const struct journal_field fields[] = {
                { "CHANNEL", channel ? channel : "any channel" }, /* as the catalog's text reads */
                { "FILE", name },
                { "ERROR", reason },
        };
        if (channel)
                journal_message(
                        c->journal, MESSAGE_EVENT_GIVEN_UP, LOG_ERR, fields, ELEMENTS_OF(fields),
                        "Channel %s: event given up, it is in dead/%s: %s", channel, name, reason);
        else
                journal_message(c->journal, MESSAGE_EVENT_GIVEN_UP, LOG_ERR, fields,
                                ELEMENTS_OF(fields), "Not an event, moved to dead/: %s: %s", name,
                                reason);
}

/* 0 when the file is in dead/ now, or gone. */
static int bury_file(struct courier *c, const char *name, const char *reason)
{
        int r = outbox_bury(&c->outbox, name, reason);
        if (r == -ENOENT)
                return 0;
        courier_disk(c, "move a file to dead/", r);
        if (r >= 0)
                say_given_up(c, NULL, name, reason);
        return r;
}

static void bury(struct courier *c, struct queue_entry *entry, const char *reason)
{
        char name[SPOOL_NAME_SIZE];
        if (!spool_name_format(entry->sequence, entry->id, name))
                return; /* it came from such a name */
        if (bury_file(c, name, reason) < 0) {
                entry->not_before = clock_boottime() + UNREADABLE_SECONDS;
                return;
        }
        if (entry->recorded)
                (void)outbox_record_remove(&c->outbox, entry->sequence, entry->id);
        forget(c, entry);
}

/* --- taking in --- */

static int take_in(struct courier *c, uint64_t sequence, const char *id)
{
        struct queue_entry *entry;
        int r = queue_add(&c->queue, sequence, id, &entry);
        if (r >= 0)
                entry->arrived = clock_boottime();
        if (r >= 0 && settled_knows(&c->settled, id)) {
                log_info("event %s was delivered before: not sent once more", id);
                entry->settled = ALL_CHANNELS;
        }
        return r == -ENOMEM ? r : 0;
}

static int seen_event(enum outbox_file kind, uint64_t sequence, const char *id, const char *name,
                      void *userdata)
{
        struct courier *c = userdata;
        if (kind == OUTBOX_EVENT)
                return take_in(c, sequence, id);
        if (kind == OUTBOX_FOREIGN)
                (void)bury_file(c, name, "not the name of an event");
        return 0;
}

/* Second round, when all events are known: records tell who is done; one without its event is left
 * over from a crash between two removals. */
static int seen_record(enum outbox_file kind, uint64_t sequence, const char *id,
                       const char *name _unused_, void *userdata)
{
        struct courier *c = userdata;
        _cleanup_free_ char *record = NULL;
        if (kind != OUTBOX_RECORD)
                return 0;
        struct queue_entry *entry = queue_find(&c->queue, sequence, id);
        if (!entry) {
                if (!c->queue.overflow)
                        (void)outbox_record_remove(&c->outbox, sequence, id);
                return 0;
        }
        if (entry->recorded)
                return 0;
        entry->recorded = true;
        int r = outbox_record_read(&c->outbox, sequence, id, &record);
        if (r < 0) {
                log_warning(
                        "%s: record of event %s cannot be read (%s), ignoring it: the event may be "
                        "sent once more",
                        c->spool, id, strerror(-r));
                return r == -ENOMEM ? r : 0;
        }
        entry->given_up = strstr(record, " dead\n");
        for (size_t i = 0; i < c->outlet_count; i++)
                if (record_names(record, c->outlets[i]->name))
                        entry->settled |= c->outlets[i]->bit;
        return 0;
}

static bool all_done(const struct courier *c, const struct queue_entry *entry)
{
        return entry->settled == ALL_CHANNELS ||
               (c->all_bits && (entry->settled & c->all_bits) == c->all_bits);
}

/* Remembered first: killed in between, the next courier removes it without sending it. But what was
 * given up lies in dead/, and somebody may put it back to have it tried again. */
static void remove_done(struct courier *c, struct queue_entry *entry)
{
        if (!entry->given_up && !settled_knows(&c->settled, entry->id))
                settled_add(&c->settled, entry->id);
        int r = outbox_remove(&c->outbox, entry->sequence, entry->id, entry->recorded);
        courier_disk(c, "remove a delivered event", r);
        if (r >= 0)
                forget(c, entry);
}

static void remove_if_done(struct courier *c, uint64_t sequence, const char *id)
{
        struct queue_entry *entry = queue_find(&c->queue, sequence, id);
        if (entry && all_done(c, entry))
                remove_done(c, entry);
}

bool courier_trim(struct courier *c, size_t keep)
{
        for (unsigned i = 0; c->queue.count > keep && i < TRIM_AT_ONCE; i++) {
                size_t count = c->queue.count;
                remove_done(c, &c->queue.entries[0]);
                if (c->queue.count == count)
                        return false; /* it could not be removed: said, and tried again */
        }
        return c->queue.count > keep;
}

static int on_rescan(sd_event_source *source, uint64_t usec, void *userdata);

static void set_rescan(struct courier *c, unsigned seconds)
{
        int r;
        if (!c->rescan) {
                r = sd_event_add_time_relative(c->loop, &c->rescan, CLOCK_BOOTTIME, seconds * USEC,
                                               seconds * USEC / SLACK_SHARE, on_rescan, c);
                if (r >= 0)
                        (void)sd_event_source_set_description(c->rescan, "spool-rescan");
        } else {
                r = sd_event_source_set_time_relative(c->rescan, seconds * USEC);
                if (r >= 0)
                        r = sd_event_source_set_time_accuracy(c->rescan,
                                                              seconds * USEC / SLACK_SHARE);
                if (r >= 0)
                        r = sd_event_source_set_enabled(c->rescan, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_error("cannot set a timer: %s", strerror(-r));
}

static void close_spool(struct courier *c)
{
        c->watch = sd_event_source_disable_unref(c->watch);
        c->above = sd_event_source_disable_unref(c->above);
        if (c->open)
                outbox_close(&c->outbox);
        c->open = false;
        for (size_t i = 0; i < c->outlet_count; i++)
                lane_forget_all(&c->outlets[i]->lane);
        queue_clear(&c->queue);
}

static int on_event(sd_event_source *source _unused_, const struct inotify_event *event,
                    void *userdata)
{
        struct courier *c = userdata;
        char id[QUEUE_ID_MAX];
        uint64_t sequence;

        if (event->mask & IN_Q_OVERFLOW)
                courier_look(c);
        else if (event->len == 0 || outbox_classify(event->name, &sequence, id) != OUTBOX_EVENT)
                return 0; /* our own records */
        else if (take_in(c, sequence, id) < 0)
                set_rescan(c, NO_MEMORY_SECONDS);
        else
                remove_if_done(c, sequence, id);
        courier_pump(c);
        return 0;
}

/* new/ itself cannot tell: while we hold it open its inode lives on. */
static int on_above(sd_event_source *source _unused_, const struct inotify_event *event _unused_,
                    void *userdata)
{
        struct courier *c = userdata;
        if (!c->open || outbox_in_place(&c->outbox))
                return 0;
        log_warning("%s: was taken away, opening it again", c->spool);
        close_spool(c);
        set_rescan(c, TAKEN_AWAY_SECONDS);
        return 0;
}

/* 0 or negative errno. Watched before it is listed, so that nothing falls between. */
static int watch_spool(struct courier *c)
{
        int r = sd_event_add_inotify(c->loop, &c->watch, c->outbox.new_path,
                                     IN_MOVED_TO | IN_ONLYDIR, on_event, c);
        if (r >= 0)
                r = sd_event_add_inotify(c->loop, &c->above, c->spool,
                                         IN_DELETE | IN_MOVED_FROM | IN_MOVE_SELF | IN_ONLYDIR,
                                         on_above, c);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(c->watch, "spool-new");
        (void)sd_event_source_set_description(c->above, "spool");
        return 0;
}

static int open_spool(struct courier *c)
{
        int r = 0;
        if (c->open && !outbox_in_place(&c->outbox))
                close_spool(c);
        if (!c->open)
                r = outbox_open(c->spool, &c->outbox);
        c->open = r >= 0;
        if (r >= 0 && !c->above) {
                c->watch = sd_event_source_disable_unref(c->watch);
                r = watch_spool(c);
                if (r == -ENOENT)
                        close_spool(c);
                else if (r < 0 && !c->unwatched_said) /* the limit of watches: slower, but works */
                        log_warning("%s: cannot be watched (%s): looking each %d s", c->spool,
                                    strerror(-r), REOPEN_SECONDS);
                c->unwatched_said = r < 0;
        }
        courier_disk(c, "open the spool", c->open ? 0 : r);
        return c->open ? 0 : r;
}

void courier_look(struct courier *c)
{
        int r = open_spool(c);
        set_rescan(c, r >= 0 && c->above ? RESCAN_SECONDS : REOPEN_SECONDS);
        if (r < 0)
                return;
        c->queue.overflow = false;
        r = outbox_scan(&c->outbox, seen_event, c);
        if (r >= 0)
                r = outbox_scan(&c->outbox, seen_record, c);
        courier_disk(c, "list the spool", r);
        for (size_t i = c->queue.count; i-- > 0;)
                if (all_done(c, &c->queue.entries[i]))
                        remove_done(c, &c->queue.entries[i]);
}

static int on_rescan(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
        struct courier *c = userdata;
        courier_look(c);
        courier_pump(c);
        return 0;
}

/* --- reading --- */

static int unreadable(struct courier *c, struct queue_entry *entry, int error)
{
        switch (error) {
        case -ENOENT: /* somebody has cleaned up */
                forget(c, entry);
                return error;
        case -ENOMEM:
                entry->not_before = clock_boottime() + NO_MEMORY_SECONDS;
                return error;
        case -EBADMSG:
                bury(c, entry, "not a plain file of at most 64 KiB");
                return error;
        default:
                if (entry->read_failures++ == 0)
                        log_error("%s: event %s cannot be read: %s; trying again", c->spool,
                                  entry->id, strerror(-error));
                entry->not_before = clock_boottime() + UNREADABLE_SECONDS;
                if (entry->read_failures >= UNREADABLE_TRIES_MAX)
                        bury(c, entry, strerror(-error));
                return error;
        }
}

int courier_load(struct courier *c, struct queue_entry *entry, struct letter *ret)
{
        _cleanup_free_ char *data = NULL;
        char error[LETTER_ERROR_MAX];
        size_t size;

        int r = outbox_read(&c->outbox, entry->sequence, entry->id, &data, &size);
        if (r < 0)
                return unreadable(c, entry, r);
        entry->read_failures = 0;
        r = letter_parse(data, size, error, ret);
        if (r == -EBADMSG)
                bury(c, entry, error);
        else if (r < 0)
                entry->not_before = clock_boottime() + NO_MEMORY_SECONDS;
        else
                ret->sequence = entry->sequence;
        return r;
}

/* --- settling --- */

void courier_settle(struct courier *c, struct queue_entry *entry, uint32_t bits,
                    const struct outlet *outlet, const char *word)
{
        entry->settled |= bits;
        if (all_done(c, entry)) {
                remove_done(c, entry);
                return;
        }
        if (!outlet)
                return;
        int r = outbox_record_add(&c->outbox, entry->sequence, entry->id, outlet->name, word);
        if (r >= 0)
                entry->recorded = true;
        courier_disk(c, "record what was delivered (after a restart it may be sent once more)", r);
}

int courier_give_up(struct courier *c, struct queue_entry *entry, const struct outlet *outlet,
                    const char *reason)
{
        char name[SPOOL_NAME_SIZE];
        int r = outbox_bury_for(&c->outbox, entry->sequence, entry->id, outlet->name, reason);
        courier_disk(c, "copy an event to dead/", r);
        if (r < 0) {
                /* Rather sent and refused again than lost. */
                entry->not_before = clock_boottime() + UNREADABLE_SECONDS;
                return r;
        }
        if (spool_name_format(entry->sequence, entry->id, name))
                say_given_up(c, outlet->name, name, reason);
        entry->given_up = true;
        courier_settle(c, entry, outlet->bit, outlet, "dead");
        return 0;
}
