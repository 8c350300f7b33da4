/* SPDX-License-Identifier: MIT */
/* What is kept over a restart: open alerts in the state folder at each change, learned state in the
 * runtime folder each minute and at stop. Written by the writer thread; a file that is no good is
 * set aside and said, and the daemon starts without it. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "announce/messages.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "culprit/witness.h"
#include "engine/learned.h"
#include "engine/open_alert.h"
#include "engine/service_internal.h"
#include "engine/service_witness.h"
#include "engine/silence_state.h"
#include "sample/host.h"
#include "store/state_file.h"

static const char silences_name[] = "silences.state";
static const char alerts_name[] = "alerts.state", learned_name[] = "learned.state",
                  witness_name[] = "witness.state", baselines_name[] = "baselines.state",
                  past_name[] = "history";

/* The most that is read back is the most that the writer takes. */
enum { ALERTS_MAX = WRITER_JOB_MAX, LEARNED_MAX = WRITER_PASSING_MAX };

/* A disk that is full for a moment needs no word; what waits behind may wait this long. */
static const double FAILING_SECONDS = 10;

static void head_init(const struct service *s, const char *kind, uint32_t version,
                      struct state_head *ret)
{
        const struct host_facts *h = sampler_host(s->sampler);
        *ret = (struct state_head){ .version = version, .time = clock_realtime() };
        struct text t;
        text_init(&t, ret->kind, sizeof(ret->kind));
        text_add(&t, "%s", kind);
        memcpy(ret->boot_id, h->boot_id, sizeof(ret->boot_id));
        memcpy(ret->machine_id, h->machine_id, sizeof(ret->machine_id));
}

/* What a job carries: the head, room for its encoded form, the payload. The file is put together in
 * the job's own memory. */
struct job_data {
        struct state_head head;
        unsigned char file[STATE_HEAD_SIZE]; /* the payload follows */
};

int service_kept_folder(struct kept_file *f)
{
        if (f->folder_fd >= 0 && !folder_is_at(f->folder_fd, f->folder)) {
                closep(&f->folder_fd);
                f->folder_fd = -1;
        }
        if (f->folder_fd < 0)
                f->folder_fd = open_directory(f->folder, f->mode);
        return f->folder_fd < 0 ? TAKE_FD(f->folder_fd) : 0;
}

static int write_once(struct kept_file *f, const void *data, size_t size)
{
        struct job_data *job = (struct job_data *)data; /* the lane's copy is ours */
        size_t payload = size - sizeof(*job);
        int r = service_kept_folder(f);
        if (r < 0)
                return r;
        state_encode(&job->head, job + 1, payload, job->file);
        return state_file_put(f->folder_fd, f->name, job->file, STATE_HEAD_SIZE + payload,
                              f->synced);
}

/* On the writer thread: data is a job_data with its payload. The open alerts go through
 * the lane of the events, which wait behind a file that cannot be written. That they reach the
 * courier matters more: after some seconds the file is given up, told, and tried again later. */
static int write_state(void *userdata, const char *name, const void *data, size_t size)
{
        struct kept_file *f = userdata;
        (void)name;
        int r = service_kept_tell(f, write_once(f, data, size));
        if (r >= 0)
                f->done++;
        return r;
}

/* A word that has no room is said after the next try. */
int service_kept_tell(struct kept_file *f, int r)
{
        double now = clock_monotonic();
        char lasted[FORMAT_MAX];
        const struct journal_field fields[] = { { "FILE", f->name }, { "ERROR", strerror(-r) } };
        if (r >= 0) {
                if (f->said)
                        f->said = announcer_message(
                                          *f->announcer, MESSAGE_STATE_RECOVERED, LOG_NOTICE,
                                          fields, 1, "%s/%s can be written again, after %s",
                                          f->folder, f->name,
                                          format_duration(now - f->failing_since, lasted)) < 0;
                f->failing_since = NAN;
                f->error = 0;
                return 0;
        }
        if (isnan(f->failing_since))
                f->failing_since = now;
        if (now - f->failing_since < FAILING_SECONDS)
                return r;
        if (!f->said)
                f->said = announcer_message(*f->announcer, MESSAGE_STATE_FAILED, LOG_ERR, fields,
                                            ELEMENTS_OF(fields),
                                            "Cannot write %s/%s: %s; a restart would forget %s",
                                            f->folder, f->name, strerror(-r), f->forgets) >= 0;
        f->error = r;
        return 0;
}

static void open_file(struct service *s, const char *name, const char *folder, const char *forgets,
                      mode_t mode, struct kept_file *ret)
{
        ret->name = name;
        ret->folder = folder;
        ret->forgets = forgets;
        ret->mode = mode;
        ret->announcer = &s->announcer;
        ret->synced = folder == s->places.state;
        ret->failing_since = NAN;
        ret->folder_fd = open_directory(folder, mode);
        if (ret->folder_fd < 0)
                log_warning("folder %s: %s; until that is repaired a restart forgets %s", folder,
                            strerror(-ret->folder_fd), forgets);
        ret->folder_fd = ret->folder_fd < 0 ? -1 : ret->folder_fd;
}

void service_state_open(struct service *s)
{
        open_file(s, alerts_name, s->places.state, "which alerts are open", 0711, &s->alerts_file);
        open_file(s, learned_name, s->places.runtime, "what is normal here", 0755,
                  &s->learned_file);
        open_file(s, witness_name, s->places.runtime, "what a change is compared with", 0755,
                  &s->witness_file);
        open_file(s, baselines_name, s->places.state, "what is usual at this hour", 0711,
                  &s->baselines_file);
        open_file(s, silences_name, s->places.state, "what is silenced", 0711, &s->quiet.file);
        open_file(s, past_name, s->places.state, "the pictures of the last month", 0711,
                  &s->past_file);
}

int service_state_save_text(struct service *s, struct kept_file *file, const char *kind,
                            uint32_t version, const char *json)
{
        _cleanup_free_ void *data = NULL;
        size_t size = strlen(json);
        struct job_data *job = data = malloc(sizeof(*job) + size);
        if (!job)
                return -ENOMEM;
        head_init(s, kind, version, &job->head);
        memcpy(job + 1, json, size);
        int r = writer_submit(s->writer, WRITER_DURABLE, write_state, file, file->name, job,
                              sizeof(*job) + size);
        file->jobs += r >= 0;
        return r;
}

int service_state_save_alerts(struct service *s)
{
        _cleanup_free_ char *json = NULL;
        int r = open_alerts_encode(s->engine, &json);
        if (r < 0)
                return r;
        return service_state_save_text(s, &s->alerts_file, "alerts", OPEN_ALERTS_VERSION, json);
}

struct making {
        const struct service *service;
        const char *kind;
        uint32_t version;
        void (*encode)(const struct service *, void *, size_t);
};

static void make_job(void *data, size_t size, const void *from)
{
        const struct making *m = from;
        struct job_data *job = data;
        head_init(m->service, m->kind, m->version, &job->head);
        m->encode(m->service, job + 1, size - sizeof(*job));
}

/* Into the writer's own memory, which it keeps for the next time: a tick allocates nothing. */
static void save(struct service *s, struct kept_file *file, size_t payload,
                 const struct making *making)
{
        int r = writer_submit_made(s->writer, write_state, file, file->name,
                                   sizeof(struct job_data) + payload, make_job, making);
        if (r < 0)
                log_warning("%s is not saved: %s", file->name, strerror(-r));
}

static void encode_learned(const struct service *s, void *buffer, size_t size)
{
        (void)size;
        learned_encode(s->engine, buffer);
}

static void encode_baselines(const struct service *s, void *buffer, size_t size)
{
        (void)size;
        baselines_encode(s->engine, buffer);
}

static void encode_witness(const struct service *s, void *buffer, size_t size)
{
        (void)witness_save(service_witness(s), buffer, size);
}

void service_state_save_witness(struct service *s)
{
        if (service_witness(s))
                save(s, &s->witness_file, witness_saved_size(service_witness(s)),
                     &(struct making){ s, "witness", WITNESS_VERSION, encode_witness });
}

void service_state_save_learned(struct service *s)
{
        save(s, &s->learned_file, learned_size(s->engine),
             &(struct making){ s, "learned", LEARNED_VERSION, encode_learned });
}

void service_state_save_baselines(struct service *s)
{
        save(s, &s->baselines_file, baselines_size(s->engine),
             &(struct making){ s, "baselines", BASELINES_VERSION, encode_baselines });
}

static void tell_aside(struct service *s, const char *name, const char *why, const char *aside)
{
        const struct journal_field fields[] = { { "FILE", name },
                                                { "ASIDE", aside },
                                                { "ERROR", why } };
        (void)announcer_message(s->announcer, MESSAGE_STATE_SET_ASIDE, LOG_WARNING, fields,
                                ELEMENTS_OF(fields),
                                "%s is set aside as %s: %s; starting without it", name, aside, why);
}

/* True with a payload of this version; anything else is told and set aside. */
static bool load(struct service *s, int fd, const char *name, const char *kind, uint32_t version,
                 size_t max, struct state_loaded *ret)
{
        int r = state_file_load(fd, name, kind, sampler_host(s->sampler)->machine_id, max,
                                clock_realtime(), ret);
        if (r < 0)
                log_warning("%s: %s; starting without it", name, strerror(-r));
        else if (r == 0 && ret->fault != STATE_GOOD)
                tell_aside(s, name, state_fault_text(ret->fault), ret->aside);
        else if (r > 0 && ret->head.version == version)
                return true;
        else if (r > 0) {
                char aside[288] = "";
                (void)state_file_set_aside(fd, name, clock_realtime(), aside, sizeof(aside));
                tell_aside(s, name, "it is from another version of kmemwatchd", aside);
        }
        state_loaded_done(ret);
        return false;
}

static void refuse(struct service *s, int fd, const char *name)
{
        char aside[288] = "";
        (void)state_file_set_aside(fd, name, clock_realtime(), aside, sizeof(aside));
        tell_aside(s, name, "its contents are not what this build writes", aside);
}

/* True when it went on. */
static bool restore_learned(struct service *s)
{
        struct state_loaded loaded = { 0 };
        int r = -ENOENT;
        if (s->learned_file.folder_fd < 0 ||
            !load(s, s->learned_file.folder_fd, learned_name, "learned", LEARNED_VERSION,
                  LEARNED_MAX, &loaded))
                return false;
        /* Levels and rates of another boot say nothing about this one. */
        if (strcmp(loaded.head.boot_id, sampler_host(s->sampler)->boot_id) == 0) {
                r = learned_decode(s->engine, loaded.payload, loaded.size);
                if (r < 0)
                        refuse(s, s->learned_file.folder_fd, learned_name);
                else
                        log_info("going on with what was learned until %.0f s ago",
                                 fmax(0, clock_realtime() - loaded.head.time));
        }
        state_loaded_done(&loaded);
        return r >= 0;
}

/* True when something is known from before. */
static bool is_other_boot(const struct service *s, const struct state_head *head)
{
        const char *now = sampler_host(s->sampler)->boot_id;
        return *now && *head->boot_id && strcmp(now, head->boot_id) != 0;
}

/* Of another boot it says nothing, and one that cannot be understood is no loss: it is made anew in
 * minutes. */
void service_state_restore_witness(struct service *s)
{
        struct state_loaded loaded = { 0 };
        if (!service_witness(s) || s->witness_file.folder_fd < 0 ||
            !load(s, s->witness_file.folder_fd, witness_name, "witness", WITNESS_VERSION,
                  LEARNED_MAX, &loaded))
                return;
        if (!is_other_boot(s, &loaded.head) &&
            witness_load(service_witness(s), loaded.payload, loaded.size) == -EBADMSG)
                refuse(s, s->witness_file.folder_fd, witness_name);
        state_loaded_done(&loaded);
}

static bool restore_baselines(struct service *s)
{
        struct state_loaded loaded = { 0 };
        if (s->baselines_file.folder_fd < 0 ||
            !load(s, s->baselines_file.folder_fd, baselines_name, "baselines", BASELINES_VERSION,
                  LEARNED_MAX, &loaded))
                return false;
        int r = baselines_decode(s->engine, loaded.payload, loaded.size);
        if (r < 0)
                refuse(s, s->baselines_file.folder_fd, baselines_name);
        else
                log_info(
                        "levels are learned anew; what is usual at each hour is known from before");
        state_loaded_done(&loaded);
        return r >= 0;
}

/* Settings that are wrong leave no rule out. */
static bool are_rules_left_out(const struct service *s)
{
        size_t length = strlen(s->places.main_file);
        for (size_t i = 0; i < s->faults.count; i++)
                if (strncmp(s->faults.list[i].file, s->places.main_file, length) != 0)
                        return true;
        return s->faults.dropped > 0;
}

static void tell_count(int priority, unsigned count, const char *one, const char *many)
{
        if (count > 0)
                log_line(priority, "%u open alert%s", count, count == 1 ? one : many);
}

static void restore_alerts(struct service *s)
{
        bool hold = are_rules_left_out(s);
        struct state_loaded loaded = { 0 };
        struct open_alerts_result result = { 0 };
        if (s->alerts_file.folder_fd < 0 ||
            !load(s, s->alerts_file.folder_fd, alerts_name, "alerts", OPEN_ALERTS_VERSION,
                  ALERTS_MAX, &loaded))
                return;
        unsigned flags = (hold ? OPEN_ALERTS_HOLD : 0) |
                         (is_other_boot(s, &loaded.head) ? OPEN_ALERTS_REBOOTED : 0);
        int r = open_alerts_decode(s->engine, loaded.payload, loaded.size, clock_realtime(), flags,
                                   &result);
        if (r == -EBADMSG)
                refuse(s, s->alerts_file.folder_fd, alerts_name);
        else if (r < 0)
                log_error("%s: %s; starting without it", alerts_name, strerror(-r));
        tell_count(LOG_INFO, result.open, " goes on from before", "s go on from before");
        tell_count(LOG_NOTICE, result.ended, " is closed: the machine was restarted",
                   "s are closed: the machine was restarted");
        if (hold)
                tell_count(LOG_WARNING, result.gone, " waits for a rule that was left out",
                           "s wait for rules that were left out");
        else
                tell_count(LOG_WARNING, result.gone, " is closed: its rule is no longer there",
                           "s are closed: their rules are no longer there");
        tell_count(LOG_WARNING, result.bad, " cannot be read from alerts.state: ignoring it",
                   "s cannot be read from alerts.state: ignoring them");
        state_loaded_done(&loaded);
}

static void restore_silences(struct service *s)
{
        struct state_loaded loaded = { 0 };
        const struct silence_clock clock = { clock_boottime(), clock_realtime() };
        unsigned bad = 0;
        if (s->quiet.file.folder_fd < 0 || !load(s, s->quiet.file.folder_fd, silences_name,
                                                 "silences", SILENCES_VERSION, ALERTS_MAX, &loaded))
                return;
        if (silences_decode(loaded.payload, loaded.size, !is_other_boot(s, &loaded.head), &clock,
                            &s->quiet.list, &bad) < 0)
                refuse(s, s->quiet.file.folder_fd, silences_name);
        if (bad > 0)
                log_warning("%u silence%s cannot be read from %s: ignoring", bad,
                            bad == 1 ? "" : "s", silences_name);
        state_loaded_done(&loaded);
}

bool service_state_restore(struct service *s)
{
        restore_silences(s);
        bool known = restore_learned(s) || restore_baselines(s);
        restore_alerts(s);
        return known;
}

void service_state_close(struct service *s)
{
        closep(&s->quiet.file.folder_fd);
        closep(&s->alerts_file.folder_fd);
        closep(&s->learned_file.folder_fd);
        closep(&s->witness_file.folder_fd);
        closep(&s->baselines_file.folder_fd);
        closep(&s->past_file.folder_fd);
        s->witness_file.folder_fd = -1;
        s->alerts_file.folder_fd = s->learned_file.folder_fd = s->baselines_file.folder_fd = -1;
        s->past_file.folder_fd = s->quiet.file.folder_fd = -1;
}
