/* SPDX-License-Identifier: MIT */
/* For LD_PRELOAD: makes calls that touch files below one folder fail, and sets the clock. What it
 * does is told by the environment, and while the program runs by a page that a test has mapped too.
 *
 *   FAULTS_BELOW    the folder; nothing fails elsewhere
 *   FAULTS_AT       the number of the one call that fails, from 1
 *   FAULTS_RATE     so many of a thousand calls fail, by FAULTS_SEED
 *   FAULTS_KIND     ENOSPC, EIO, EINTR, EROFS, EDQUOT, SHORT (half of a write is done), or ANY
 *   FAULTS_READS    1: reading counts too
 *   FAULTS_CONTROL  a file of struct control
 *   FAULTS_DISK     the folder to which control.all is confined
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
        _Atomic int64_t clock_offset; /* seconds, added to the time of day */
        _Atomic int32_t all;          /* an errno: every call that would change a file fails */
        _Atomic uint32_t calls;       /* that were counted */
        _Atomic uint32_t failed;
};

struct folder {
        char path[PATH_MAX];
        size_t length;
};

static struct {
        bool ready;
        struct folder below, disk;
        uint32_t at, rate;
        int kind; /* an errno, SHORT or ANY */
        bool reads;
        _Atomic uint64_t seed;
        struct control *control, own;
} faults;

enum { SHORT = -1, ANY = -2 };

static const struct {
        const char *name;
        int kind;
} kinds[] = {
        { "ENOSPC", ENOSPC }, { "EIO", EIO },     { "EINTR", EINTR }, { "EROFS", EROFS },
        { "EDQUOT", EDQUOT }, { "SHORT", SHORT }, { "ANY", ANY },
};

static uint32_t number(const char *name)
{
        const char *value = getenv(name);
        return value ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

static void set_folder(const char *name, struct folder *ret)
{
        const char *value = getenv(name);
        if (value && realpath(value, ret->path))
                ret->length = strlen(ret->path);
}

__attribute__((constructor)) static void begin(void)
{
        const char *kind = getenv("FAULTS_KIND");
        const char *control = getenv("FAULTS_CONTROL");
        set_folder("FAULTS_BELOW", &faults.below);
        set_folder("FAULTS_DISK", &faults.disk);
        faults.at = number("FAULTS_AT");
        faults.rate = number("FAULTS_RATE");
        faults.seed = number("FAULTS_SEED");
        faults.reads = number("FAULTS_READS") > 0;
        for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i].name, kind) == 0)
                        faults.kind = kinds[i].kind;
        faults.control = &faults.own;
        int fd = control ? open(control, O_RDWR | O_CLOEXEC) : -1;
        if (fd >= 0) {
                void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED,
                                  fd, 0);
                if (page != MAP_FAILED)
                        faults.control = page;
                (void)close(fd);
        }
        faults.ready = true;
}

/* splitmix64 */
static uint64_t random_next(void)
{
        uint64_t x = atomic_fetch_add(&faults.seed, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
}

/* Where a call does something. */
enum { ELSEWHERE = 0, BELOW = 1, DISK = 2 };

static bool is_in(const struct folder *f, const char *path)
{
        return f->length > 0 && strncmp(path, f->path, f->length) == 0;
}

static int place_of(const char *path)
{
        bool disk = faults.disk.length > 0 ? is_in(&faults.disk, path) : is_in(&faults.below, path);
        return (is_in(&faults.below, path) ? BELOW : 0) | (disk ? DISK : 0);
}

static int place_of_fd(int fd)
{
        char link[64], path[PATH_MAX];
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, path, sizeof(path) - 1);
        if (n <= 0)
                return ELSEWHERE;
        path[n] = '\0';
        return place_of(path);
}

static int place_of_name(int dirfd, const char *path)
{
        if (path[0] == '/')
                return place_of(path);
        return dirfd != AT_FDCWD ? place_of_fd(dirfd) : ELSEWHERE;
}

/* What this call is to do: 0 as ever, an errno, or SHORT. */
static int choose(int place, bool writes)
{
        static const int any[] = { ENOSPC, EIO, EINTR, SHORT };
        if (!faults.ready || place == ELSEWHERE || (!writes && !faults.reads))
                return 0;
        uint32_t call = atomic_fetch_add(&faults.control->calls, 1) + 1;
        int fault = writes && place & DISK ? faults.control->all : 0;
        if (fault == 0 &&
            (faults.at ? call == faults.at : faults.rate > 0 && random_next() % 1000 < faults.rate))
                fault = faults.kind == ANY ? any[random_next() % 4] : faults.kind;
        if (fault != 0)
                atomic_fetch_add(&faults.control->failed, 1);
        return fault;
}

#define REAL(name)                     \
        static __typeof__(&name) real; \
        if (!real)                     \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* -1 with errno set for a fault that a call without a length can have. */
#define FAIL_AT(place, writes)                                  \
        do {                                                    \
                int fault_ = choose(place, writes);             \
                if (fault_ != 0) {                              \
                        errno = fault_ == SHORT ? EIO : fault_; \
                        return -1;                              \
                }                                               \
        } while (0)

ssize_t write(int fd, const void *data, size_t size)
{
        REAL(write);
        int fault = fd > STDERR_FILENO ? choose(place_of_fd(fd), true) : 0;
        if (fault == SHORT)
                return real(fd, data, size > 1 ? size / 2 : size);
        if (fault != 0) {
                errno = fault;
                return -1;
        }
        return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
        REAL(pwrite);
        int fault = choose(place_of_fd(fd), true);
        if (fault == SHORT)
                return real(fd, data, size > 1 ? size / 2 : size, offset);
        if (fault != 0) {
                errno = fault;
                return -1;
        }
        return real(fd, data, size, offset);
}

ssize_t read(int fd, void *data, size_t size)
{
        REAL(read);
        int fault = faults.reads ? choose(place_of_fd(fd), false) : 0;
        if (fault == SHORT)
                return real(fd, data, size > 1 ? size / 2 : size);
        if (fault != 0) {
                errno = fault;
                return -1;
        }
        return real(fd, data, size);
}

int fsync(int fd)
{
        REAL(fsync);
        FAIL_AT(place_of_fd(fd), true);
        return real(fd);
}

int fchmod(int fd, mode_t mode)
{
        REAL(fchmod);
        FAIL_AT(place_of_fd(fd), true);
        return real(fd, mode);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
        REAL(renameat);
        FAIL_AT(place_of_name(to_fd, to), true);
        return real(from_fd, from, to_fd, to);
}

int unlinkat(int fd, const char *name, int flags)
{
        REAL(unlinkat);
        FAIL_AT(place_of_name(fd, name), true);
        return real(fd, name, flags);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
        REAL(linkat);
        FAIL_AT(place_of_name(to_fd, to), true);
        return real(from_fd, from, to_fd, to, flags);
}

int mkdirat(int fd, const char *name, mode_t mode)
{
        REAL(mkdirat);
        FAIL_AT(place_of_name(fd, name), true);
        return real(fd, name, mode);
}

int openat(int fd, const char *name, int flags, ...)
{
        REAL(openat);
        va_list arguments;
        va_start(arguments, flags);
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        bool writes = (flags & O_ACCMODE) != O_RDONLY;
        FAIL_AT(place_of_name(fd, name), writes);
        return real(fd, name, flags, mode);
}

/* --- the clock --- */

int clock_gettime(clockid_t clock, struct timespec *t)
{
        REAL(clock_gettime);
        int r = real(clock, t);
        if (r == 0 && faults.ready && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                t->tv_sec += faults.control->clock_offset;
        return r;
}

time_t time(time_t *ret)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_REALTIME, &t);
        if (ret)
                *ret = t.tv_sec;
        return t.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
        struct timespec t;
        (void)zone;
        (void)clock_gettime(CLOCK_REALTIME, &t);
        ret->tv_sec = t.tv_sec;
        ret->tv_usec = t.tv_nsec / 1000;
        return 0;
}
