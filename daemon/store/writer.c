/* SPDX-License-Identifier: MIT */
/* The threads that do all waiting for disks and for journald, so that sampling never does. One
 * mutex guards the lanes and is never held while a job runs. */
#include "store/writer.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/thread.h"
#include "store/passing.h"
#include "store/ring.h"

enum {
        /* sd_journal_sendv and the printf family stay below 30 KiB; untouched pages cost nothing */
        STACK_SIZE = 256 * 1024,
};

/* While stopping, a failed job is tried again after this many seconds. */
static const double STOPPING_PAUSE = 0.1;

struct lane {
        struct ring jobs; /* of struct job, the data behind it */
        double retry_at;  /* CLOCK_MONOTONIC: not before; 0 when the first was not tried yet */
        double pause;     /* seconds, the next one */
        int error;
};

/* A thread and the lanes it serves. */
struct worker {
        struct writer *writer;
        pthread_t thread;
        pthread_cond_t wake; /* a job, or the end */
        unsigned lanes;      /* bit per lane */
        unsigned turn;       /* the lane that is looked at first, so that none starves */
        double busy_since;
        enum writer_lane busy_lane;
        bool started;
        bool ended; /* it touches nothing any more */
};

/* In this order they end: what the disk's thread has to say goes through the journal's. */
enum { DISK, JOURNAL, WORKERS };

struct writer {
        pthread_mutex_t lock;
        pthread_cond_t progress; /* for writer_free: a job is done, or a thread has ended */
        struct worker workers[WORKERS];

        struct lane lanes[WRITER_PASSING]; /* JOURNAL, DURABLE and RETRY */
        struct passing passing;

        uint64_t done, failed;
        bool held, due;     /* passing jobs wake nobody; some would have */
        bool stopping;      /* no pauses any more, end when empty */
        bool give_up;       /* end now, with what is left */
        unsigned abandoned; /* writer_free has gone because a thread hung, and so many had not
                               ended: the last of them frees everything */
};

/* What was picked to run. */
struct pick {
        const struct job *job;
        unsigned lane;
        struct passing_slot *passing;
};

/* moment: CLOCK_MONOTONIC, which the conditions were told to use. */
static void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, double moment)
{
        struct timespec t = { .tv_sec = (time_t)moment };

        t.tv_nsec = (long)((moment - (double)t.tv_sec) * 1e9);
        (void)pthread_cond_timedwait(condition, lock, &t);
}

static void destroy(struct writer *w)
{
        for (size_t i = 0; i < ELEMENTS_OF(w->lanes); i++)
                ring_done(&w->lanes[i].jobs);
        passing_done(&w->passing);
        pthread_cond_destroy(&w->progress);
        for (size_t i = 0; i < WORKERS; i++)
                pthread_cond_destroy(&w->workers[i].wake);
        pthread_mutex_destroy(&w->lock);
        free(w);
}

/* True with a job that may run now. Else *ret_wake is when one may, INFINITY when none waits. */
static bool pick_job(struct worker *k, double now, struct pick *ret, double *ret_wake)
{
        struct writer *w = k->writer;
        double wake = INFINITY;

        for (unsigned i = 0; i < WRITER_LANE_COUNT; i++) {
                struct pick p = { .lane = (k->turn + i) % WRITER_LANE_COUNT };

                if (p.lane == WRITER_PASSING && w->held && !w->stopping)
                        continue;
                if (!(k->lanes & 1u << p.lane) || (p.lane == WRITER_RETRY && w->stopping))
                        continue;
                if (p.lane == WRITER_PASSING) {
                        p.passing = passing_first(&w->passing);
                        p.job = p.passing ? &p.passing->job : NULL;
                } else {
                        struct lane *lane = &w->lanes[p.lane];

                        p.job = ring_first(&lane->jobs);
                        if (p.job && lane->retry_at > now) {
                                wake = MIN_OF(wake, lane->retry_at);
                                continue;
                        }
                }
                if (p.job) {
                        *ret = p;
                        return true;
                }
        }
        *ret_wake = wake;
        return false;
}

static void settle_lasting(struct writer *w, struct lane *lane, int r)
{
        lane->error = r;
        if (r == 0) {
                ring_remove(&lane->jobs);
                lane->retry_at = 0;
                lane->pause = WRITER_PAUSE_MIN;
                return;
        }
        lane->retry_at = clock_monotonic() + (w->stopping ? STOPPING_PAUSE : lane->pause);
        lane->pause = MIN_OF(lane->pause * 2, (double)WRITER_PAUSE_MAX);
}

static void settle(struct worker *k, const struct pick *p, int r)
{
        struct writer *w = k->writer;

        r = MIN_OF(r, 0);
        if (r == 0)
                w->done++;
        else
                w->failed++;
        if (p->passing) {
                p->passing->state = PASSING_FREE;
                w->passing.error = r;
        } else {
                settle_lasting(w, &w->lanes[p->lane], r);
        }
        k->turn = (p->lane + 1) % WRITER_LANE_COUNT;
}

/* Nothing comes any more: also not from a thread that ends before this one. */
static bool may_end(const struct worker *k)
{
        const struct writer *w = k->writer;

        for (const struct worker *other = w->workers; other < k; other++)
                if (!other->ended)
                        return false;
        return w->stopping;
}

static void wake_all(struct writer *w)
{
        for (size_t i = 0; i < WORKERS; i++)
                pthread_cond_signal(&w->workers[i].wake);
}

static void *writer_thread(void *argument)
{
        struct worker *k = argument;
        struct writer *w = k->writer;

        pthread_mutex_lock(&w->lock);
        while (!w->give_up) {
                double now = clock_monotonic(), wake;
                struct pick p;
                int r;

                if (!pick_job(k, now, &p, &wake)) {
                        if (isfinite(wake))
                                wait_until(&k->wake, &w->lock, wake);
                        else if (may_end(k))
                                break;
                        else
                                pthread_cond_wait(&k->wake, &w->lock);
                        continue;
                }
                if (p.passing)
                        p.passing->state = PASSING_RUNS;
                k->busy_since = now;
                k->busy_lane = (enum writer_lane)p.lane;
                pthread_mutex_unlock(&w->lock);

                r = p.job->run(p.job->userdata, p.job->name, p.job->data, p.job->size);

                pthread_mutex_lock(&w->lock);
                k->busy_since = NAN;
                settle(k, &p, r);
                pthread_cond_signal(&w->progress);
        }
        k->ended = true;
        pthread_cond_signal(&w->progress);
        wake_all(w);
        bool last = w->abandoned > 0 && --w->abandoned == 0;
        pthread_mutex_unlock(&w->lock);
        if (last)
                destroy(w);
        return NULL;
}

static int start_thread(struct worker *k, const char *name)
{
        pthread_attr_t attributes;
        int r;

        r = pthread_attr_init(&attributes);
        if (r != 0)
                return -r;
        r = pthread_attr_setstacksize(&attributes, STACK_SIZE);
        if (r == 0)
                r = thread_start(&attributes, writer_thread, k, &k->thread);
        pthread_attr_destroy(&attributes);
        k->started = r == 0;
        if (r == 0)
                (void)pthread_setname_np(k->thread, name);
        return -r;
}

int writer_new(struct writer **ret)
{
        static const size_t SIZES[] = {
                [WRITER_JOURNAL] = WRITER_JOURNAL_BYTES,
                [WRITER_DURABLE] = WRITER_DURABLE_BYTES,
                [WRITER_RETRY] = WRITER_RETRY_BYTES,
        };
        struct writer *w = calloc(1, sizeof(*w));
        pthread_condattr_t monotonic;
        int r = 0;

        if (!w)
                return -ENOMEM;
        /* glibc would give each thread a heap of its own and reserve 64 MiB of addresses for it,
         * all of which count against RLIMIT_MEMLOCK when the daemon locks its memory. */
        (void)mallopt(M_ARENA_MAX, 1);
        pthread_mutex_init(&w->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&w->progress, &monotonic);
        for (size_t i = 0; i < WORKERS; i++) {
                w->workers[i].writer = w;
                w->workers[i].busy_since = NAN;
                pthread_cond_init(&w->workers[i].wake, &monotonic);
        }
        pthread_condattr_destroy(&monotonic);
        w->workers[JOURNAL].lanes = 1u << WRITER_JOURNAL;
        w->workers[DISK].lanes = ~w->workers[JOURNAL].lanes;
        for (size_t i = 0; r == 0 && i < ELEMENTS_OF(w->lanes); i++) {
                w->lanes[i].pause = WRITER_PAUSE_MIN;
                r = ring_init(&w->lanes[i].jobs, SIZES[i]);
        }
        if (r == 0)
                r = start_thread(&w->workers[DISK], "kmw-writer");
        if (r == 0)
                r = start_thread(&w->workers[JOURNAL], "kmw-journal");
        if (r < 0) {
                (void)writer_free(w, 0, NULL);
                return r;
        }
        *ret = w;
        return 0;
}

static size_t count_left(struct writer *w)
{
        struct writer_lane_status passing;
        size_t left;

        passing_status(&w->passing, &passing);
        left = passing.waiting;
        for (size_t i = 0; i < ELEMENTS_OF(w->lanes); i++)
                if (i != WRITER_RETRY)
                        left += w->lanes[i].jobs.count;
        return left;
}

static bool all_ended(const struct writer *w)
{
        for (size_t i = 0; i < WORKERS; i++)
                if (w->workers[i].started && !w->workers[i].ended)
                        return false;
        return true;
}

int writer_free(struct writer *w, double seconds, size_t *ret_left)
{
        double deadline = clock_monotonic() + fmax(seconds, 0);
        pthread_t ending[WORKERS];
        unsigned stuck = 0, running = 0, count = 0;

        if (!w)
                return 0;
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        for (size_t i = 0; i < ELEMENTS_OF(w->lanes); i++)
                w->lanes[i].retry_at = 0;
        wake_all(w);
        while (!all_ended(w) && clock_monotonic() < deadline)
                wait_until(&w->progress, &w->lock, deadline);
        w->give_up = true;
        wake_all(w);
        if (ret_left)
                *ret_left = count_left(w);
        for (size_t i = 0; i < WORKERS; i++) {
                struct worker *k = &w->workers[i];

                if (!k->started)
                        continue;
                running += !k->ended;
                if (!k->ended && !isnan(k->busy_since)) {
                        pthread_detach(k->thread);
                        stuck++;
                } else {
                        ending[count++] = k->thread;
                }
        }
        w->abandoned = stuck > 0 ? running : 0;
        pthread_mutex_unlock(&w->lock);
        /* What hangs may come back at once and free everything: w is not ours from here on. */
        for (unsigned i = 0; i < count; i++)
                pthread_join(ending[i], NULL);
        if (stuck > 0)
                return -EBUSY;
        destroy(w);
        return 0;
}

static int lasting_submit(struct lane *lane, const struct job *head, const char *name,
                          const void *data)
{
        struct job *j;

        if (head->size > WRITER_JOB_MAX)
                return -EMSGSIZE;
        j = ring_add(&lane->jobs, sizeof(*j) + head->size);
        if (!j)
                return -ENOBUFS;
        job_fill(j, head, name, j + 1, data);
        return 0;
}

static void copy_data(void *data, size_t size, const void *from)
{
        if (size > 0)
                memcpy(data, from, size);
}

/* Ends the submitting of a job: r is what came of it. The thread is woken when it can have the
 * lock: otherwise it would wake twice. */
static int unlock_and_wake(struct writer *w, enum writer_lane lane, int r)
{
        bool held = lane == WRITER_PASSING && w->held;

        w->due |= held;
        pthread_mutex_unlock(&w->lock);
        if (r == 0 && !held)
                pthread_cond_signal(&w->workers[lane == WRITER_JOURNAL ? JOURNAL : DISK].wake);
        return r;
}

int writer_submit_made(struct writer *w, writer_job job, void *userdata, const char *name,
                       size_t size, writer_make make, const void *from)
{
        struct job head = {
                .run = job, .userdata = userdata, .submitted = clock_monotonic(), .size = size
        };
        int r;

        if (strlen(name) > WRITER_NAME_MAX)
                return -ENAMETOOLONG;
        /* The thread is not kept from its work for long: it holds no lock while it does it. */
        pthread_mutex_lock(&w->lock);
        r = passing_submit(&w->passing, &head, name, make, from);
        return unlock_and_wake(w, WRITER_PASSING, r);
}

int writer_submit(struct writer *w, enum writer_lane lane, writer_job job, void *userdata,
                  const char *name, const void *data, size_t size)
{
        struct job head = {
                .run = job, .userdata = userdata, .submitted = clock_monotonic(), .size = size
        };
        int r;

        if (strlen(name) > WRITER_NAME_MAX)
                return -ENAMETOOLONG;
        pthread_mutex_lock(&w->lock);
        if (lane == WRITER_PASSING)
                r = passing_submit(&w->passing, &head, name, copy_data, data);
        else
                r = lasting_submit(&w->lanes[lane], &head, name, data);
        return unlock_and_wake(w, lane, r);
}

void writer_hold(struct writer *w)
{
        pthread_mutex_lock(&w->lock);
        w->held = true;
        pthread_mutex_unlock(&w->lock);
}

void writer_release(struct writer *w)
{
        pthread_mutex_lock(&w->lock);
        w->held = false;
        bool due = w->due;
        w->due = false;
        (void)unlock_and_wake(w, WRITER_PASSING, due ? 0 : -EAGAIN);
}

bool writer_has_room(struct writer *w, enum writer_lane lane, size_t size)
{
        bool room;

        if (lane == WRITER_PASSING)
                return size <= WRITER_PASSING_MAX;
        pthread_mutex_lock(&w->lock);
        room = size <= WRITER_JOB_MAX && ring_fits(&w->lanes[lane].jobs, sizeof(struct job) + size);
        pthread_mutex_unlock(&w->lock);
        return room;
}

void writer_status(struct writer *w, struct writer_status *ret)
{
        struct writer_status s = { .waiting_since = NAN };

        pthread_mutex_lock(&w->lock);
        s.busy_since = NAN;
        for (size_t i = 0; i < WORKERS; i++)
                if (isnan(s.busy_since) || w->workers[i].busy_since < s.busy_since) {
                        s.busy_since = w->workers[i].busy_since;
                        s.busy_lane = w->workers[i].busy_lane;
                }
        s.done = w->done;
        s.failed = w->failed;
        for (size_t i = 0; i < ELEMENTS_OF(w->lanes); i++) {
                const struct job *first = ring_first(&w->lanes[i].jobs);

                s.lane[i] = (struct writer_lane_status){
                        .waiting = w->lanes[i].jobs.count,
                        .waiting_since = first ? first->submitted : NAN,
                        .error = w->lanes[i].error,
                };
                if (i == WRITER_RETRY)
                        continue;
                s.waiting += s.lane[i].waiting;
                s.waiting_since = fmin(s.waiting_since, s.lane[i].waiting_since);
        }
        passing_status(&w->passing, &s.lane[WRITER_PASSING]);
        pthread_mutex_unlock(&w->lock);
        for (size_t i = 0; i < WRITER_LANE_COUNT && s.error == 0; i++)
                s.error = s.lane[i].error;
        *ret = s;
}

static double thread_cpu(const struct worker *k)
{
        struct timespec t;
        clockid_t id;

        if (!k->started || k->ended || pthread_getcpuclockid(k->thread, &id) != 0 ||
            clock_gettime(id, &t) < 0)
                return 0;
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void writer_cost(struct writer *w, double *ret_cpu, size_t *ret_resident)
{
        *ret_cpu = 0;
        pthread_mutex_lock(&w->lock);
        *ret_resident = passing_resident(&w->passing);
        for (size_t i = 0; i < ELEMENTS_OF(w->lanes); i++)
                *ret_resident += ring_resident(&w->lanes[i].jobs);
        for (size_t i = 0; i < WORKERS; i++)
                *ret_cpu += thread_cpu(&w->workers[i]);
        pthread_mutex_unlock(&w->lock);
}
