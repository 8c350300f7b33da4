/* SPDX-License-Identifier: MIT */
/* `kmemwatch evidence`: for a person who asks, and for the alerts that asked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/macros.h"
#include "base/places.h"
#include "base/procfs.h"
#include "base/text.h"
#include "base/units.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/evidence.h"

/* It is read by others' tools and mailed: nobody waits for it, so the daemon may take its time. */
static const double TIMEOUT = 10;

static enum exit_code problem(const char *what, int error)
{
        fprintf(stderr, "kmemwatch evidence: %s: %s\n", what, strerror(-error));
        return EXIT_USAGE;
}

/* "2026-11-20T051456Z": RFC 3339 without what is awkward in a file's name. */
static const char *stamp(double now, char buffer[FORMAT_MAX])
{
        char text[FORMAT_MAX];
        size_t to = 0;
        (void)format_time_utc(now, text);
        for (size_t i = 0; text[i] && text[i] != '.'; i++)
                if (text[i] != ':')
                        buffer[to++] = text[i];
        buffer[to++] = 'Z';
        buffer[to] = '\0';
        return buffer;
}

static int write_archive(const struct options *o, const struct places *places, int dirfd,
                         const char *name, const char *reason, double now)
{
        _cleanup_(procfs_done) struct procfs procfs = { .root_fd = -1 };
        _cleanup_free_ char *status = NULL;
        char why_not[ASK_PROBLEM_MAX];
        int r = procfs_init(&procfs, o->root);
        if (r < 0)
                return r;
        (void)ask(o, PROGRAM_DAEMON, "Status", "", TIMEOUT, &status, why_not);
        const struct evidence_sources sources = {
                .procfs = &procfs,
                .state = places->state,
                .status = status,
                .reason = reason,
                .now = now,
        };
        /* For root alone, or the group that the folder gives it: it says much about a machine. */
        _cleanup_close_ int fd =
                openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd < 0)
                return -errno;
        r = evidence_write(fd, &sources);
        if (r >= 0 && fsync(fd) < 0 && errno != EINVAL) /* a pipe needs none */
                r = -errno;
        if (r < 0)
                (void)unlinkat(dirfd, name, 0);
        return r;
}

static enum exit_code for_person(const struct options *o, const struct places *places)
{
        char name[128], time[FORMAT_MAX];
        double now = clock_realtime();
        snprintf(name, sizeof(name), "kmemwatch-evidence-%s.tar.gz", stamp(now, time));
        const char *path = o->output ? o->output : name;
        int r = write_archive(o, places, AT_FDCWD, path, "Asked for by a person.", now);
        if (r < 0)
                return problem(path, r);
        printf("%s\n", path);
        return EXIT_FINE;
}

/* Takes the requests away first: one that cannot be fulfilled must not come back for ever. Returns
 * how many there were; their names, with spaces between, in text. */
static int take_requests(int dirfd, struct text *text)
{
        _cleanup_(closedirp) DIR *d = list_folder(dirfd);
        struct dirent *entry;
        int count = 0;
        if (!d)
                return -errno;
        while ((entry = readdir(d))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (unlinkat(dirfd, entry->d_name, 0) < 0)
                        return -errno;
                count++;
                char clean[64];
                text_add(text, " %s", utf8_clean(entry->d_name, clean, sizeof(clean)));
        }
        return count;
}

static enum exit_code for_alerts(const struct options *o, const struct places *places)
{
        char reason[1024], name[128], time[FORMAT_MAX];
        struct text t;
        double now = clock_realtime();
        text_init(&t, reason, sizeof(reason));
        text_add(&t, "Asked for by critical alerts:");
        _cleanup_close_ int requests = open(o->requests, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (requests < 0)
                return problem(o->requests, -errno);
        int r = take_requests(requests, &t);
        if (r <= 0)
                return r < 0 ? problem(o->requests, r) : EXIT_FINE;
        _cleanup_free_ char *folder = path_join(places->state, "evidence");
        _cleanup_close_ int fd = folder ? open_directory(folder, 0750) : -ENOMEM;
        if (fd < 0)
                return problem(folder ? folder : "memory", TAKE_FD(fd));
        snprintf(name, sizeof(name), "%s.tar.gz", stamp(now, time));
        r = write_archive(o, places, fd, name, reason, now);
        if (r >= 0)
                r = evidence_rotate(fd);
        if (r < 0)
                return problem(folder, r);
        printf("%s/%s\n", folder, name);
        return EXIT_FINE;
}

enum exit_code evidence_run(const struct options *o)
{
        const struct place_options options = { .config = o->config, .state = o->state };
        struct places places;
        if (places_init(&places, &options, "/run/kmemwatch") < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        enum exit_code code = o->requests ? for_alerts(o, &places) : for_person(o, &places);
        places_done(&places);
        return code;
}
