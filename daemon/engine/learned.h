/* SPDX-License-Identifier: MIT */
/* What the engine knows, as bytes: what it learned (each minute to the runtime folder) and the
 * alerts that are open (at each change to the state folder). Both are read back by the same build
 * on the same machine; another version is refused by its number and sizes, never guessed at. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct engine;

enum {
        LEARNED_VERSION = 1,
        OPEN_ALERTS_VERSION = 1,
};

/* Bytes that learned_encode writes now. */
size_t learned_size(const struct engine *e);
void learned_encode(const struct engine *e, void *buffer);

/* Takes over what matches: series by what they measure. Before the first sample. Returns how many
 * series were restored, or -EBADMSG when the bytes are not what this version writes (nothing has
 * changed then). */
int learned_decode(struct engine *e, const void *data, size_t size);

/* Open alerts: firing ones and those with an event that is not announced yet. */
size_t open_alerts_size(const struct engine *e);
void open_alerts_encode(const struct engine *e, void *buffer);

/* Takes over the alerts of rules that are still there; an event that was not announced is owed
 * again under its old identity. Before the first sample, after learned_decode. wall: Unix seconds
 * now. Returns how many alerts were restored, or -EBADMSG. *ret_gone: how many belong to rules that
 * are no longer there. */
int open_alerts_decode(struct engine *e, const void *data, size_t size, double wall,
                       unsigned *ret_gone);
