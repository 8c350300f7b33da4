/* SPDX-License-Identifier: MIT */
/* Sets up what the service stands on, and says at the start what a person should know. */
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/footprint.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/units.h"
#include "control/names.h"
#include "engine/open_alert.h"
#include "engine/service_internal.h"
#include "sample/host.h"

const char *service_root(const struct service *s)
{
        return s->options->root ? s->options->root : "";
}

const char *service_sample_error(int error)
{
        return error == -EBADMSG ? "there is no MemTotal in it" : strerror(-error);
}

/* The first sample is taken to be thrown away: a machine that cannot be sampled is told at the
 * start, not half a minute later. */
int service_start_sampling(struct service *s)
{
        const struct sample *sample;
        int r = procfs_init(&s->procfs, s->options->root);
        if (r < 0) {
                log_error("--root %s: %s", service_root(s), strerror(-r));
                return r;
        }
        r = sampler_new(&s->procfs, &s->sampler);
        if (r >= 0 && s->options->host_name)
                sampler_set_host_name(s->sampler, s->options->host_name);
        if (r >= 0)
                r = sampler_take(s->sampler, clock_realtime(), &sample);
        if (r < 0)
                journal_message(&s->journal, MESSAGE_CANNOT_SAMPLE, LOG_ERR,
                                &(struct journal_field){ "ERROR", service_sample_error(r) }, 1,
                                "Cannot sample %s/proc/meminfo: %s", service_root(s),
                                service_sample_error(r));
        return r;
}

/* Two daemons that write the same files would undo each other's work: the second does not start.
 * Where a folder cannot be locked (it is not there, the file system has no locks) nothing is said.
 */
static int lock_folder(const char *path, int *ret_fd)
{
        int fd = open_directory(path, 0755);
        if (fd < 0)
                return 0;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
                log_error("another kmemwatchd uses %s: give this one folders of its own with "
                          "--state and --runtime",
                          path);
                (void)close(fd);
                return -EBUSY;
        }
        *ret_fd = fd;
        return 0;
}

static bool is_same_folder(const char *a, const char *b)
{
        struct stat x, y;
        return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int service_start_outputs(struct service *s)
{
        _cleanup_free_ char *hold = path_join(s->places.state, "unspooled");
        if (!hold)
                return -ENOMEM;
        service_state_open(s); /* the folder above the spool, with the mode that it should have */
        int r = lock_folder(s->places.state, &s->state_lock);
        if (r >= 0 && !is_same_folder(s->places.state, s->places.runtime))
                r = lock_folder(s->places.runtime, &s->runtime_lock);
        if (r < 0)
                return r;
        r = writer_new(&s->writer);
        if (r >= 0)
                r = announcer_new(s->writer, &s->journal, s->places.spool, hold, &s->announcer);
        if (r < 0)
                log_error("cannot start the writer: %s", strerror(-r));
        return r;
}

void service_start_control(struct service *s)
{
        _cleanup_free_ char *path = path_join(s->places.runtime, CONTROL_DAEMON_SOCKET);
        int r = make_directory(s->places.runtime, 0755);
        if (r >= 0)
                r = path ? control_server_new(s->loop, path, CONTROL_DAEMON_INTERFACE,
                                              service_methods, service_method_count, s, &s->control)
                         : -ENOMEM;
        if (r < 0)
                log_warning("no control socket in %s: %s; `kmemwatch status` will not find this "
                            "daemon",
                            s->places.runtime, strerror(-r));
}

static void rehearse_event(const struct event *e, void *userdata)
{
        struct service *s = userdata;
        announcer_rehearse(s->announcer, e);
}

/* Each rule's alert once without telling anybody: its words, and the code that nothing else runs,
 * would otherwise be read from a disk when memory is short. */
static void rehearse(struct service *s)
{
        _cleanup_free_ char *alerts = NULL;
        engine_rehearse(s->engine, rehearse_event, s);
        (void)open_alerts_encode(s->engine, &alerts);
}

static void lock_memory(struct service *s)
{
        /* On fault: only what is used, so that an unused arena costs nothing. */
        if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 && !s->lock_said) {
                log_notice("memory cannot be locked (%s): under memory pressure an alert may be "
                           "late; CAP_IPC_LOCK or a higher RLIMIT_MEMLOCK allows it",
                           strerror(errno));
                s->lock_said = true;
        }
}

/* An answer takes some hundred KiB for a moment, which otherwise would stay locked. */
void service_tidy_heap(struct service *s)
{
        (void)munlockall();
        give_back_heap();
        lock_memory(s);
}

/* What only the start (or a reload) needed goes, what an alert takes comes, and that stays. */
void service_settle_memory(struct service *s)
{
        (void)munlockall(); /* nothing that is locked can be given back */
        give_back_program();
        rehearse(s);
        give_back_heap();
        lock_memory(s);
}

static void say_host(const struct service *s)
{
        static const char *const kinds[] = { "a physical machine", "a virtual machine",
                                             "a container" };
        const struct host_facts *h = sampler_host(s->sampler);
        char memory[FORMAT_MAX];
        log_info("watching %s%s%s%s: %u CPU%s, %s of memory, %zu rule%s, every %g s",
                 kinds[h->kind], *h->kind_name ? " (" : "", h->kind_name, *h->kind_name ? ")" : "",
                 h->cpus_online, h->cpus_online == 1 ? "" : "s", format_bytes(h->mem_total, memory),
                 s->rules.count, s->rules.count == 1 ? "" : "s", s->settings.interval);
        if (h->meminfo_is_lxcfs)
                log_notice("/proc/meminfo comes from lxcfs: it shows this container's view, not "
                           "the host's kernel memory");
        else if (h->kind == HOST_CONTAINER)
                log_notice("in a container: the numbers are those of the whole host's kernel");
}

void service_start_words(struct service *s)
{
        const struct place_options *o = &s->options->places;
        bool folders = s->alerts_file.folder_fd >= 0 && s->learned_file.folder_fd >= 0;
        service_settle_memory(s);
        if (o->config && access(o->config, F_OK) < 0)
                log_warning("--config %s: %s; using the defaults", o->config, strerror(errno));
        if (!folders && geteuid() != 0 && !o->state && !o->runtime)
                log_notice("started by an ordinary user, without a folder to write to: give it "
                           "some with --state DIR and --runtime DIR");
        say_host(s);
        if (s->settings.observe)
                log_notice("mode = observe: alerts are told to the journal as notices, and to no "
                           "channel");
}
