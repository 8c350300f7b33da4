/* SPDX-License-Identifier: MIT */
/* Which files a list of folders holds, as systemd sees it: a file in an earlier folder hides those
 * of its name in later ones, a link to /dev/null or an empty file masks the name, and
 * NAME.SUFFIX.d/ holds drop-ins. Hidden files and other suffixes are ignored. */
#pragma once

#include <stddef.h>

struct problems;

enum {
        CONFIG_FOLDERS_MAX = 8,
        CONFIG_FILES_MAX = 1024, /* files, and drop-ins of one file: more is a wrong folder */
};

struct config_file_source {
        char *name;   /* "slab.ini" */
        char **paths; /* highest precedence first; none when the name is masked */
        size_t path_count;
        char **drop_ins; /* in the order to apply: sorted by name over all folders */
        size_t drop_in_count;
};

struct config_files {
        struct config_file_source *list; /* sorted by name */
        size_t count;
};

/* folders: NULL-terminated, highest precedence first; one that does not exist is skipped. suffix:
 * ".ini". 0, -ENOMEM, or the negative errno of a folder that cannot be read, which is also added to
 * problems; *ret then holds what was found in the others. */
int config_files_find(const char *const *folders, const char *suffix, struct problems *problems,
                      struct config_files *ret);
void config_files_done(struct config_files *f);
