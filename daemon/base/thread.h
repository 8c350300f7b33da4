/* SPDX-License-Identifier: MIT */
/* Threads beside the event loop. */
#pragma once

#include <pthread.h>

/* pthread_create for a thread that gets no signal: they belong to the event loop of the main one. 0
 * or a positive error, as there. */
int thread_start(const pthread_attr_t *attributes, void *(*run)(void *argument), void *argument,
                 pthread_t *ret);
