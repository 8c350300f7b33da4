/* SPDX-License-Identifier: MIT */
/* The floor under any program that watches /proc/meminfo once a second: a timer, two preads, a
 * parse, nothing else. What the daemon costs is told as a multiple of this. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char *const names[] = {
        "MemTotal:",     "MemFree:",       "MemAvailable:", "Buffers:",     "Cached:",
        "AnonPages:",    "Mapped:",        "Shmem:",        "Slab:",        "SReclaimable:",
        "SUnreclaim:",   "KernelStack:",   "PageTables:",   "VmallocUsed:", "Percpu:",
        "KReclaimable:", "SecPageTables:",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static double values[NAMES];
static unsigned long threads;

static void parse(char *text)
{
        for (char *line = text; *line;) {
                char *end = strchr(line, '\n');
                if (!end)
                        return;
                for (size_t i = 0; i < NAMES; i++) {
                        size_t length = strlen(names[i]);
                        if (line[0] == names[i][0] && strncmp(line, names[i], length) == 0) {
                                values[i] = (double)strtoull(line + length, NULL, 10) * 1024;
                                break;
                        }
                }
                line = end + 1;
        }
}

int main(void)
{
        int meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
        int loadavg = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
        int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
        struct itimerspec second = { { 1, 0 }, { 1, 0 } };
        if (meminfo < 0 || loadavg < 0 || timer < 0 || timerfd_settime(timer, 0, &second, NULL) < 0)
                return 1;
        for (;;) {
                char text[8192];
                uint64_t ticks;
                if (read(timer, &ticks, sizeof(ticks)) != sizeof(ticks))
                        return 1;
                ssize_t size = pread(meminfo, text, sizeof(text) - 1, 0);
                if (size < 0)
                        return 1;
                text[size] = '\0';
                parse(text);
                size = pread(loadavg, text, sizeof(text) - 1, 0);
                if (size < 0)
                        return 1;
                text[size] = '\0';
                const char *slash = strchr(text, '/');
                threads = slash ? strtoul(slash + 1, NULL, 10) : 0;
        }
}
