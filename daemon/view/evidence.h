/* SPDX-License-Identifier: MIT */
/* What a kernel developer asks for first, gathered while it is still true: the kernel's own tables
 * of its memory, cgroups, modules, versions, and the samples before. Bounded, and without secrets:
 * addresses of the kernel and words of the boot command line that look like keys are hidden. */
#pragma once

#include <stddef.h>

struct procfs;

struct evidence_sources {
        const struct procfs *procfs;
        const char *state;  /* folder with the history file; NULL none */
        const char *status; /* the daemon's answers as JSON; NULL none */
        const char *reason; /* why it is gathered, for a person */
        double now;         /* Unix seconds */
};

enum {
        EVIDENCE_FILE_MAX = 8 * 1024 * 1024, /* of one file; vmallocinfo of a busy host has 2 MiB */
        EVIDENCE_CGROUPS_MAX = 400,
        EVIDENCE_CGROUP_DEPTH = 5, /* kubepods.slice/…/pod/container */
        EVIDENCE_KEEP = 8,         /* archives */
        EVIDENCE_KEEP_BYTES = 64 * 1024 * 1024,
};

/* Writes the archive to fd. 0 or negative errno; what cannot be read is said inside of it. */
int evidence_write(int fd, const struct evidence_sources *s);

/* In place: hides kernel addresses. Returns the new length. */
size_t evidence_hide_addresses(char *text, size_t length);

/* In place: the value of each NAME=VALUE whose name speaks of a key, password, token, secret or
 * credential becomes "(hidden)" where there is room, else is cut. Returns the new length. */
size_t evidence_hide_secrets(char *text, size_t length);

/* Removes the oldest archives until what is left fits the bounds. 0 or negative errno. */
int evidence_rotate(int dirfd);
