/* SPDX-License-Identifier: MIT */
/* Finds configuration files over several folders with systemd's rules of precedence. */
#include "config/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/problems.h"

/* One name in one folder. */
struct found {
        char *name;
        char *path;
        size_t folder; /* index: lower wins */
        bool mask;
};

struct finds {
        struct found *list;
        size_t count;
};

static void finds_done(struct finds *f)
{
        for (size_t i = 0; i < f->count; i++) {
                free(f->list[i].name);
                free(f->list[i].path);
        }
        free(f->list);
        *f = (struct finds){ 0 };
}

static int compare_found(const void *a, const void *b)
{
        const struct found *x = a, *y = b;
        int by_name = strcmp(x->name, y->name);

        if (by_name != 0)
                return by_name;
        return x->folder < y->folder ? -1 : x->folder > y->folder;
}

static bool is_mask(int dirfd, const char *name)
{
        struct stat st;

        if (fstatat(dirfd, name, &st, 0) < 0)
                return false;
        return (S_ISREG(st.st_mode) && st.st_size == 0) ||
               (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)); /* /dev/null */
}

static int add_found(struct finds *f, int dirfd, const char *folder, size_t index, const char *name)
{
        struct found *grown = reallocarray(f->list, f->count + 1, sizeof(*grown)), *n;

        if (!grown)
                return -ENOMEM;
        f->list = grown;
        n = &grown[f->count];
        *n = (struct found){
                .name = strdup(name),
                .path = path_join(folder, name),
                .folder = index,
                .mask = is_mask(dirfd, name),
        };
        if (!n->name || !n->path) {
                free(n->name);
                free(n->path);
                return -ENOMEM;
        }
        f->count++;
        return 0;
}

/* Adds what has the suffix. 0, -ENOMEM, or the negative errno of the folder. */
static int scan_folder(const char *folder, size_t index, const char *suffix, struct finds *f)
{
        DIR *dir = opendir(folder);
        size_t first = f->count;
        struct dirent *e;
        int r = 0;

        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        while (r == 0) {
                errno = 0;
                e = readdir(dir);
                if (!e) {
                        r = -errno;
                        break;
                }
                if (e->d_name[0] == '.' || !has_suffix(e->d_name, suffix))
                        continue;
                if (f->count - first >= CONFIG_FILES_MAX)
                        r = -E2BIG;
                else
                        r = add_found(f, dirfd(dir), folder, index, e->d_name);
        }
        closedir(dir);
        return r;
}

/* Scans FOLDER + below for all folders. The first error of a folder is returned after all. */
static int scan(const char *const *folders, const char *below, const char *suffix,
                struct problems *problems, struct finds *f)
{
        int first = 0;

        for (size_t i = 0; folders[i]; i++) {
                _cleanup_free_ char *path =
                        below ? path_join(folders[i], below) : strdup(folders[i]);
                int r = path ? scan_folder(path, i, suffix, f) : -ENOMEM;

                if (r == -ENOMEM)
                        return r;
                if (r == -E2BIG)
                        problems_add(problems, path, 0, "more than %d files", CONFIG_FILES_MAX);
                else if (r < 0)
                        problems_add(problems, path, 0, "cannot be read: %s", strerror(-r));
                if (first == 0)
                        first = r;
        }
        if (f->count > 0)
                qsort(f->list, f->count, sizeof(f->list[0]), compare_found);
        return first;
}

static int add_path(char ***list, size_t *count, char **path)
{
        char **grown = reallocarray(*list, *count + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        *list = grown;
        grown[(*count)++] = TAKE_PTR(*path);
        return 0;
}

static int find_drop_ins(const char *const *folders, const char *suffix, struct problems *problems,
                         struct config_file_source *source)
{
        _cleanup_free_ char *below = NULL;
        struct finds f = { 0 };
        int r, kept = 0;

        if (asprintf(&below, "%s.d", source->name) < 0) {
                below = NULL;
                return -ENOMEM;
        }
        r = scan(folders, below, suffix, problems, &f);
        for (size_t i = 0; i < f.count && r != -ENOMEM && kept == 0; i++) {
                bool hidden = i > 0 && strcmp(f.list[i].name, f.list[i - 1].name) == 0;

                if (!hidden && !f.list[i].mask)
                        kept = add_path(&source->drop_ins, &source->drop_in_count, &f.list[i].path);
        }
        finds_done(&f);
        return kept < 0 ? kept : r;
}

/* All of one name, f->list[*next] and those after it. */
static int add_source(struct finds *f, size_t *next, struct config_files *files)
{
        struct config_file_source *grown, *s;
        bool masked = false;
        size_t i = *next;

        grown = reallocarray(files->list, files->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        files->list = grown;
        s = &grown[files->count++];
        *s = (struct config_file_source){ 0 };
        s->name = TAKE_PTR(f->list[i].name);
        for (;;) {
                masked = masked || f->list[i].mask;
                if (!masked && add_path(&s->paths, &s->path_count, &f->list[i].path) < 0)
                        return -ENOMEM;
                i++;
                if (i >= f->count || strcmp(f->list[i].name, s->name) != 0)
                        break;
        }
        *next = i;
        return 0;
}

static bool is_known(const struct config_files *files, const char *name)
{
        for (size_t i = 0; i < files->count; i++)
                if (strcmp(files->list[i].name, name) == 0)
                        return true;
        return false;
}

/* Drop-ins in NAME.ini.d without a NAME.ini: somebody overrides what is not there. */
static int find_orphans(const char *const *folders, const char *suffix,
                        const struct config_files *files, struct problems *problems)
{
        _cleanup_free_ char *folder_suffix = NULL;
        struct finds f = { 0 };
        int r;

        if (asprintf(&folder_suffix, "%s.d", suffix) < 0) {
                folder_suffix = NULL;
                return -ENOMEM;
        }
        r = scan(folders, NULL, folder_suffix, problems, &f);
        for (size_t i = 0; i < f.count && r == 0; i++) {
                struct finds drop_ins = { 0 };
                char *name = f.list[i].name;

                name[strlen(name) - strlen(".d")] = 0;
                if (is_known(files, name))
                        continue;
                r = scan((const char *const[]){ f.list[i].path, NULL }, NULL, suffix, problems,
                         &drop_ins);
                for (size_t k = 0; k < drop_ins.count; k++)
                        if (!drop_ins.list[k].mask)
                                problems_add(problems, drop_ins.list[k].path, 0,
                                             "overrides %s, but there is no such file", name);
                finds_done(&drop_ins);
        }
        finds_done(&f);
        return r;
}

int config_files_find(const char *const *folders, const char *suffix, struct problems *problems,
                      struct config_files *ret)
{
        struct config_files files = { 0 };
        struct finds f = { 0 };
        int r = scan(folders, NULL, suffix, problems, &f), first = r;

        for (size_t next = 0; next < f.count && r != -ENOMEM;)
                r = add_source(&f, &next, &files);
        for (size_t i = 0; i < files.count && r != -ENOMEM; i++)
                if (files.list[i].path_count > 0) {
                        r = find_drop_ins(folders, suffix, problems, &files.list[i]);
                        first = first < 0 ? first : r;
                }
        if (r != -ENOMEM && first == 0)
                r = first = find_orphans(folders, suffix, &files, problems);
        finds_done(&f);
        if (r == -ENOMEM) {
                config_files_done(&files);
                return r;
        }
        *ret = files;
        return first;
}

void config_files_done(struct config_files *f)
{
        for (size_t i = 0; i < f->count; i++) {
                struct config_file_source *s = &f->list[i];

                for (size_t k = 0; k < s->path_count; k++)
                        free(s->paths[k]);
                for (size_t k = 0; k < s->drop_in_count; k++)
                        free(s->drop_ins[k]);
                free(s->paths);
                free(s->drop_ins);
                free(s->name);
        }
        free(f->list);
        *f = (struct config_files){ 0 };
}
