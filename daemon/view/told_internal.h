/* SPDX-License-Identifier: MIT */
/* What told.c and told_journal.c share. */
#pragma once

#include "view/told.h"

/* The texts of an event and the fields of the journal that they stand in. */
struct told_text {
        size_t at;
        const char *field;
};
enum { TOLD_TEXTS = 15 };
extern const struct told_text told_texts[TOLD_TEXTS];

const char **told_text(struct told *t, size_t i);

/* What it owns, not itself. */
void told_free(struct told *t);
