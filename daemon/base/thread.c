/* SPDX-License-Identifier: MIT */
/* Threads that leave signals to the event loop. */
#include "base/thread.h"

#include <signal.h>

int thread_start(const pthread_attr_t *attributes, void *(*run)(void *argument), void *argument,
                 pthread_t *ret)
{
        sigset_t all, before;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int r = pthread_create(ret, attributes, run, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}
