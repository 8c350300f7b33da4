/* SPDX-License-Identifier: MIT */
/* SysV messages that nobody receives: SUnreclaim and nothing else.
 *
 * They live in an IPC namespace of the fault's own where that is allowed, and end with it even when
 * everything is killed. Else they are queues of this machine's namespace, whose ids the supervisor
 * sees in shared memory and removes. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <unistd.h>

enum {
        MESSAGE = 8192 - 64, /* below the default kernel.msgmax */
        QUEUES_MAX = 32000,  /* the default kernel.msgmni */
};

struct queues {
        atomic_int count;
        int ids[QUEUES_MAX];
};
static struct queues *queues;

static int prepare(void)
{
        queues = mmap(NULL, sizeof(*queues), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        return queues == MAP_FAILED ? -errno : 0;
}

/* 2 GiB instead of 16 KiB a queue; without the right to it we take many queues. */
static void lift_limit(void)
{
        static const char limit[] = "2000000000";
        int fd = open("/proc/sys/kernel/msgmnb", O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return;
        (void)!write(fd, limit, sizeof(limit) - 1);
        (void)close(fd);
}

static int queue_add(void)
{
        int count = atomic_load(&queues->count), id;

        if (count == QUEUES_MAX)
                return -ENOSPC;
        id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
        if (id < 0)
                return -errno;
        queues->ids[count] = id;
        atomic_store(&queues->count, count + 1);
        return 0;
}

static int grow(uint64_t from, uint64_t to)
{
        static struct {
                long type;
                char text[MESSAGE];
        } message = { .type = 1 };
        static uint64_t sent;
        int r;

        (void)from;
        if (atomic_load(&queues->count) == 0) {
                if (unshare(CLONE_NEWIPC) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0)
                        lift_limit();
                r = queue_add();
                if (r < 0)
                        return r;
        }
        while (sent < to) {
                int id = queues->ids[atomic_load(&queues->count) - 1];

                if (msgsnd(id, &message, sizeof(message.text), IPC_NOWAIT) == 0) {
                        sent += sizeof(message.text);
                        continue;
                }
                if (errno != EAGAIN)
                        return -errno;
                r = queue_add();
                if (r < 0)
                        return r;
        }
        return 0;
}

/* In a namespace of the worker's own the ids mean nothing here: they are refused, or nobody's. */
static void undo(void)
{
        for (int i = 0; i < atomic_load(&queues->count); i++)
                (void)msgctl(queues->ids[i], IPC_RMID, NULL);
}

const struct fault_kind fault_sysv = {
        .name = "sysv",
        .amount = "bytes of messages",
        .max = (uint64_t)8 << 30,
        .grow = grow,
        .prepare = prepare,
        .undo = undo,
};
