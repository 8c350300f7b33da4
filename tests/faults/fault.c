/* SPDX-License-Identifier: MIT */
/* Makes one number of the kernel's memory grow and gives it back:
 *
 *   fault KIND AMOUNT [--ramp SECONDS] [--hold SECONDS]
 *
 * Prints "grown" when the amount is reached and "undone" when all is given back, so that a test can
 * wait for either. Ends after --hold, or at SIGTERM, SIGINT, SIGHUP. A worker process holds the
 * memory; the supervisor outlives it and cleans up what does not end with it. */
#include "fault.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
        STEPS_PER_SECOND = 10,  /* of a ramp: finer than the daemon's tick */
        RAMP_MAX = 7 * 86400,   /* seconds */
        HOLD_DEFAULT = 10 * 60, /* a test that forgets it does not leave it behind */
        HOLD_MAX = 7 * 86400,
};

static const struct fault_kind *const KINDS[] = {
        &fault_threads, &fault_sysv,    &fault_dentries, &fault_pagetables,
        &fault_epoll,   &fault_sockets, &fault_pipes,
};

static _Noreturn void usage(void)
{
        fprintf(stderr, "usage: fault KIND AMOUNT [--ramp SECONDS] [--hold SECONDS]\n");
        for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
                fprintf(stderr, "  %-11s %s, at most %" PRIu64 "\n", KINDS[i]->name,
                        KINDS[i]->amount, KINDS[i]->max);
        exit(2);
}

/* Digits with an optional K, M or G. */
static uint64_t parse_amount(const char *text, uint64_t max)
{
        char *end;
        uint64_t value;
        int shift = 0;

        errno = 0;
        value = strtoull(text, &end, 10);
        if (end == text || text[0] == '-' || errno)
                usage();
        if (*end == 'K')
                shift = 10;
        else if (*end == 'M')
                shift = 20;
        else if (*end == 'G')
                shift = 30;
        if (shift)
                end++;
        if (*end || value > max >> shift) {
                fprintf(stderr, "fault: %s is not a number up to %" PRIu64 "\n", text, max);
                exit(2);
        }
        return value << shift;
}

static void sleep_seconds(double seconds)
{
        struct timespec t = { .tv_sec = (time_t)seconds };

        t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
        (void)nanosleep(&t, NULL);
}

static int work(const struct fault_kind *kind, uint64_t amount, uint64_t ramp, uint64_t hold)
{
        uint64_t steps = ramp ? ramp * STEPS_PER_SECOND : 1, from = 0;

        for (uint64_t step = 1; step <= steps; step++) {
                uint64_t to = step == steps
                                      ? amount
                                      : (uint64_t)((double)amount * (double)step / (double)steps);
                int r = kind->grow(from, to);

                if (r < 0) {
                        fprintf(stderr,
                                "fault: %s stopped between %" PRIu64 " and %" PRIu64 ": %s\n",
                                kind->name, from, to, strerror(-r));
                        return 1;
                }
                from = to;
                if (ramp)
                        sleep_seconds(1.0 / STEPS_PER_SECOND);
        }
        printf("grown: %s %" PRIu64 "\n", kind->name, amount);
        fflush(stdout);
        sleep_seconds((double)hold);
        return 0;
}

int main(int argc, char **argv)
{
        const struct fault_kind *kind = NULL;
        uint64_t amount, ramp = 0, hold = HOLD_DEFAULT;
        sigset_t ending;
        pid_t worker, supervisor = getpid();
        int status = 0, r, signal_number;
        bool failed = false;

        if (argc < 3)
                usage();
        for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
                if (strcmp(argv[1], KINDS[i]->name) == 0)
                        kind = KINDS[i];
        if (!kind)
                usage();
        amount = parse_amount(argv[2], kind->max);
        for (int i = 3; i < argc; i += 2) {
                if (i + 1 < argc && strcmp(argv[i], "--ramp") == 0)
                        ramp = parse_amount(argv[i + 1], RAMP_MAX);
                else if (i + 1 < argc && strcmp(argv[i], "--hold") == 0)
                        hold = parse_amount(argv[i + 1], HOLD_MAX);
                else
                        usage();
        }

        /* Blocked before the fork: none gets lost between it and sigwaitinfo. */
        sigemptyset(&ending);
        sigaddset(&ending, SIGTERM);
        sigaddset(&ending, SIGINT);
        sigaddset(&ending, SIGHUP);
        sigaddset(&ending, SIGCHLD);
        sigprocmask(SIG_BLOCK, &ending, NULL);

        r = kind->prepare ? kind->prepare() : 0;
        if (r < 0) {
                fprintf(stderr, "fault: cannot prepare %s: %s\n", kind->name, strerror(-r));
                return 1;
        }
        worker = fork();
        if (worker < 0) {
                perror("fault: fork");
                failed = true;
        } else if (worker == 0) {
                /* When the supervisor is killed, so is the worker; it may be dead already. */
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != supervisor)
                        _exit(1);
                _exit(work(kind, amount, ramp, hold));
        }
        while (worker > 0) {
                signal_number = sigwaitinfo(&ending, NULL);
                if (signal_number > 0 && signal_number != SIGCHLD)
                        kill(worker, SIGKILL); /* it has nothing of its own to clean up */
                r = waitpid(worker, &status, signal_number == SIGCHLD ? WNOHANG : 0);
                if (r == worker)
                        break;
        }
        if (kind->undo)
                kind->undo();
        printf("undone: %s\n", kind->name);
        return failed || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}
