/* SPDX-License-Identifier: MIT */
/* What the engine learned, as bytes, each minute to the runtime folder: the detectors' structs as
 * they are. Read back in the same boot of the same machine; another version is refused by its
 * number and sizes, never guessed at: then it learns anew. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct engine;

enum { LEARNED_VERSION = 11, BASELINES_VERSION = 6 };

/* Bytes that learned_encode writes now. */
size_t learned_size(const struct engine *e);
void learned_encode(const struct engine *e, void *buffer);

/* Takes over what matches: series by what they measure. Before the first sample. Returns how many
 * series were restored, or -EBADMSG when the bytes are not what this version writes (nothing has
 * changed then). */
int learned_decode(struct engine *e, const void *data, size_t size);

/* What outlives a reboot: the season, the baseline of days and what growth is ordinary; written
 * each hour and at stop to the state folder, used when there is nothing of this boot. Otherwise the
 * same. */
size_t baselines_size(const struct engine *e);
void baselines_encode(const struct engine *e, void *buffer);
int baselines_decode(struct engine *e, const void *data, size_t size);
