/* SPDX-License-Identifier: MIT */
/* What the files of the service share. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "alert/silence.h"
#include "announce/announce.h"
#include "announce/journal.h"
#include "base/macros.h"
#include "base/places.h"
#include "base/procfs.h"
#include "config/problems.h"
#include "control/server.h"
#include "engine/engine.h"
#include "engine/service.h"
#include "engine/settings.h"
#include "engine/ticker.h"
#include "judge/rule.h"
#include "sample/sampler.h"
#include "store/writer.h"

enum {
        SERVICE_STATUS_MAX = 512, /* systemd shows the whole line */
        TROUBLES_MAX = 8,         /* one of each kind */
        TROUBLE_SIZE = 160,
};

/* What is wrong with the daemon itself at this moment, each in a few words. */
struct troubles {
        char text[TROUBLES_MAX][TROUBLE_SIZE];
        size_t count;
};

#define WATCH_SECONDS 10.0 /* between two lines of --watch */

/* A state file as the writer thread keeps it. */
struct kept_file {
        const char *name, *folder;
        const char *forgets; /* what a restart does not know without it */
        struct announcer *const *announcer;
        mode_t mode;   /* of the folder where it must be made */
        bool synced;   /* it must survive a crash of the machine; the runtime folder does not */
        int folder_fd; /* -1: not open */
        double failing_since; /* CLOCK_MONOTONIC, NAN while it works */
        bool said;
        atomic_int error; /* negative errno since it was said, else 0: for everybody */
        unsigned jobs;    /* handed to the writer ... */
        atomic_uint done; /* ... and written or given up */
};

/* An answer that waits until what it says is on the disk. */
struct late_answer {
        struct control_request *request;
        char *json; /* without "saved" */
        const struct kept_file *file;
        unsigned job; /* it is written when file->done has come so far */
        double since; /* CLOCK_MONOTONIC */
};

/* A folder when its files were counted. */
struct counted_folder {
        double at; /* CLOCK_MONOTONIC */
        ino_t inode;
        struct timespec changed;
};

/* What a person has said about who is to be told. */
struct quiet {
        struct kept_file file;
        bool unsaved;               /* it could not be handed over yet */
        double minute;              /* in which the quiet hours were looked at */
        double offset;              /* between the clocks, when it was saved */
        struct late_answer late[8]; /* more ask again */
        sd_event_source *timer;
        struct silences list; /* last: mostly not touched */
};

struct service {
        const struct service_options *options;
        struct places places;
        struct daemon_settings settings;
        struct procfs procfs;
        struct sampler *sampler;
        struct rule_set rules;
        struct problems faults; /* of the rules and the configuration now in force */
        size_t refused;         /* faults of the last reload, for which it was refused; 0: none */
        struct engine *engine;
        struct writer *writer;
        struct announcer *announcer;
        struct journal journal;
        struct control_server *control;
        struct attribution *attribution; /* service_witness.h; NULL: off */
        struct member_service *members;  /* service_members.h; NULL: no rule asks */
        struct event outgoing;           /* the event that is being taken, with its culprits */
        sd_event *loop;
        struct ticker ticker;
        bool loop_due; /* in this tick the event loop was given something to do */

        double started;      /* Unix seconds */
        double start_cpu;    /* seconds of it that the start took */
        double told_at;      /* CLOCK_MONOTONIC of the last STATUS= */
        double watchdog;     /* seconds, as the manager asks for it; 0: no watchdog */
        double watchdog_now; /* as it was asked to wait */
        double watchdog_at;  /* CLOCK_MONOTONIC of the last ping */
        bool watch_begun;
        unsigned watch_lines; /* of the table of --watch since the last head */
        double watched_at;    /* CLOCK_MONOTONIC of the last line of --watch */
        double learned_at;    /* CLOCK_MONOTONIC of the last learned state handed to the writer */
        double baselines_at;  /* the same for the baselines */
        int state_lock, runtime_lock; /* folders that no other daemon may use; -1: not locked */
        struct kept_file alerts_file, learned_file, baselines_file, past_file, witness_file;
        struct past_minute *past; /* the running minute of the history; NULL: none is kept */
        double health_at;         /* CLOCK_MONOTONIC of the last look at disk and courier */
        double folders_at; /* CLOCK_MONOTONIC when channels and spool were last asked to be counted
                            */
        bool disk_said, courier_said;
        atomic_int channels;                   /* files of them, as last counted; -1: unknown */
        struct counted_folder channels_folder; /* the writer thread's alone */
        bool no_channels_said;
        int errors_told;      /* of the state files, in STATUS= */
        bool alerts_saved;    /* the open alerts were handed to the writer in this tick ... */
        bool alerts_changed;  /* ... and must be again */
        unsigned failures;    /* samples in a row that could not be taken ... */
        double failing_since; /* CLOCK_MONOTONIC of the first of them */
        int sample_error;     /* negative errno of the last of them */
        bool lock_said;       /* that memory cannot be locked */
        bool asked;           /* somebody was answered, which leaves a torn heap */
        int exit_code;
        char status[SERVICE_STATUS_MAX]; /* as last told */
        struct quiet quiet;              /* last, likewise */
};

/* service_start.c: sampling, outputs and the control socket set up, and the first words. What fails
 * is said. */
int service_start_sampling(struct service *s);
int service_start_outputs(struct service *s);
void service_start_control(struct service *s); /* the daemon runs without it */
void service_start_words(struct service *s);   /* settles the memory, too */
void service_settle_memory(struct service *s); /* rehearses, and locks what that needed */
void service_tidy_heap(struct service *s);     /* after answers */
const char *service_root(const struct service *s);
const char *service_sample_error(int error); /* of sampler_take, for a person */

/* service_rules.c: settings and rules, at start and again. */
int service_rules_load(struct service *s); /* 0 or -ENOMEM; faults are told and stay in s->faults */
void service_rules_reload(struct service *s);

/* service_state.c: what is kept over a restart. */
void service_state_open(struct service *s);
bool service_state_restore(struct service *s); /* true when something was learned before */
int service_state_save_text(struct service *s, struct kept_file *file, const char *kind,
                            uint32_t version, const char *json);
int service_state_save_alerts(struct service *s); /* 0; -ENOBUFS, -ENOMEM: not now */
void service_state_save_learned(struct service *s);
void service_state_save_witness(struct service *s);
void service_state_restore_witness(struct service *s);
void service_state_save_baselines(struct service *s);
void service_state_close(struct service *s);
/* For jobs on the writer thread that write a kept file by themselves: 0 with its folder open, the
 * one of that name now; and what came of the job, told when it is news: returns what the job
 * returns. */
int service_kept_folder(struct kept_file *f);
int service_kept_tell(struct kept_file *f, int r);

/* service_evidence.c: at the first critical event of an alert, asks for evidence to be gathered. */
void service_evidence_ask(struct service *s, const struct event *e);

/* service_seed.c: whether it knows less than three days of its own; and learns from the trace of
 * --seed. 0 or a negative errno, which is said. */
bool service_wants_seed(const struct service *s);
int service_seed(struct service *s);
/* The same from the history on the disk, if there is one. */
void service_relearn(struct service *s);

/* service_past.c: the history of each dimension. Begun anew at start and with other rules; a sample
 * costs one number for each dimension, and each minute the writer gets what has come together. */
void service_past_begin(struct service *s);
_hot_ void service_past_prefetch(const struct service *s, double wall); /* as engine_prefetch */
_hot_ bool service_past_is_due(const struct service *s, double wall);   /* a minute has ended */
_hot_ void service_past_feed(struct service *s, double wall); /* hands the minute over when due */
void service_past_flush(struct service *s);

/* service_quiet.c: what the channels are not told of. */
void service_quiet_apply(struct service *s);       /* after a change of the settings */
_hot_ void service_quiet_check(struct service *s); /* with each sample: ends what is over */
void service_quiet_done(struct service *s);        /* after the control server */
void service_on_silence(struct control_request *request, const char *argument, void *userdata);
void service_on_unsilence(struct control_request *request, const char *argument, void *userdata);
void service_on_acknowledge(struct control_request *request, const char *argument, void *userdata);

/* service_health.c: what goes wrong behind the daemon. */
_hot_ void service_health_check(struct service *s, double monotonic);
void service_health_channels(struct service *s); /* counts them: may wait for a disk */
/* Seconds for which the writer hangs in one job, or 0 when that is not long. */
double service_disk_stuck(const struct writer_status *w, double monotonic);
/* Events wait for long, and somebody is to take them. */
bool service_courier_silent(const struct service *s, const struct spool_status *spool);

/* service_who.c: what a person can ask the witness. */
void service_on_who(struct control_request *request, const char *argument, void *userdata);
void service_on_top(struct control_request *request, const char *argument, void *userdata);

/* service_control.c: what a person can ask. */
extern const struct control_method service_methods[];
extern const size_t service_method_count;

/* service_view.c: the STATUS= line, and what --watch prints. */
void service_status_text(const struct service *s, char buffer[SERVICE_STATUS_MAX]);
void service_troubles(const struct service *s, struct troubles *ret);
void service_watch_print(struct service *s);
