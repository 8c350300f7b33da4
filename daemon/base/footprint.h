/* SPDX-License-Identifier: MIT */
/* What a program that runs for years gives back after its start. */
#pragma once

/* Calls run(argument) on a thread of its own and waits for its end: the deep stack that it needed
 * and what the allocator kept at hand for it end with the thread, and what it has freed is free in
 * large pieces. Where there is no thread, on this one. */
void run_apart(void (*run)(void *argument), void *argument);

/* Unmaps what the program and its libraries have had read from their files so far: code and
 * constants that only the start needed then cost nothing, and are not locked for ever where memory
 * is. What is needed again comes from the page cache at its first use. */
void give_back_program(void);

/* Gives free memory of the heap back. */
void give_back_heap(void);

/* Locks what is mapped now, page by page as it is used, now or later; what is mapped later needs
 * another call. So nothing that has been used once has to be read from a disk when memory is short,
 * and what never is used costs nothing. 0 or negative errno: the limit (RLIMIT_MEMLOCK) counts all
 * that is mapped. */
int lock_used_memory(void);
