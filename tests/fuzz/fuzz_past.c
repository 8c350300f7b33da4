/* SPDX-License-Identifier: MIT */
/* The file of the past, damaged in the places that the input names (see fuzz.h), the checksum of
 * its head right again: it is refused, or what is read from it lies in its time and order, and the
 * next minute can be written. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "fuzz.h"
#include "store/past_internal.h"
#include "store/state_file.h"

/* A quarter of an hour begins here. */
static const double START = 1795152600;
enum { COLUMNS = 2, MINUTES = 3, BLOCK = 4096, BLOCKS_MAX = 32 };

static char folder[40];
static int folder_fd = -1;

static void remove_folder(void)
{
        char command[64];
        (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
        (void)!system(command);
}

static int put_minute(double start)
{
        static const char *const names[COLUMNS] = { "Slab", "Percpu" };
        char aside[PAST_ASIDE_MAX];
        struct past_minute *m = calloc(1, past_minute_size(COLUMNS));
        require(m != NULL);
        m->start = start;
        m->columns = COLUMNS;
        for (size_t i = 0; i < COLUMNS; i++) {
                (void)snprintf(past_minute_columns(m)[i].name, PAST_NAME_MAX, "%s", names[i]);
                for (size_t k = 0; k < PAST_CELLS; k++)
                        past_minute_cells(m)[i * PAST_CELLS + k] = (float)(i * 100 + k);
        }
        int r = past_write(folder_fd, "h", m, aside);
        free(m);
        return r;
}

/* The blocks of a good file that are not all zero, and where they lie. */
static struct {
        size_t size, count;
        struct {
                off_t at;
                unsigned char bytes[BLOCK];
        } blocks[BLOCKS_MAX];
} good;

static void restore(const unsigned char (*blocks)[BLOCK])
{
        int fd = openat(folder_fd, "h", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        require(fd >= 0 && ftruncate(fd, (off_t)good.size) == 0);
        for (size_t i = 0; i < good.count; i++)
                require(pwrite(fd, blocks[i], BLOCK, good.blocks[i].at) == BLOCK);
        require(ftruncate(fd, (off_t)good.size) == 0);
        (void)close(fd);
}

static void check_points(const struct past *h)
{
        for (size_t column = 0; column < past_columns(h); column++) {
                const struct past_column *c = past_column(h, column);
                require(strlen(c->name) <= PAST_NAME_MAX && past_find(h, c->name) >= 0);
                for (int tier = 0; tier < PAST_TIER_COUNT; tier++) {
                        struct past_point *points = NULL;
                        size_t count = 0;
                        double from = START - 3600, to = START + 3600;
                        require(past_read(h, (enum past_tier)tier, column, from, to, &points,
                                          &count) == 0);
                        for (size_t i = 0; i < count; i++) {
                                require(points[i].time >= from - past_step((enum past_tier)tier) &&
                                        points[i].time < to);
                                require(i == 0 || points[i].time > points[i - 1].time);
                        }
                        free(points);
                }
        }
}

/* In memory where there is such a folder: each input is synced several times. */
static void make_good(void)
{
        static const unsigned char zeros[BLOCK];
        unsigned char bytes[BLOCK];
        struct stat st;
        if (mkdtemp(strcpy(folder, "/dev/shm/kmemwatch-fuzz-XXXXXX")) == NULL)
                require(mkdtemp(strcpy(folder, "/tmp/kmemwatch-fuzz-XXXXXX")) != NULL);
        (void)atexit(remove_folder);
        folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < MINUTES; i++)
                require(put_minute(START + 60 * i) == 0);
        int fd = openat(folder_fd, "h", O_RDONLY | O_CLOEXEC);
        require(fd >= 0 && fstat(fd, &st) == 0);
        good.size = (size_t)st.st_size;
        for (off_t at = 0; at < st.st_size; at += BLOCK) {
                memset(bytes, 0, sizeof(bytes));
                require(pread(fd, bytes, BLOCK, at) > 0);
                if (at >= (off_t)(2 * sizeof(struct past_head)) && memcmp(bytes, zeros, BLOCK) == 0)
                        continue;
                require(good.count < BLOCKS_MAX);
                good.blocks[good.count].at = at;
                memcpy(good.blocks[good.count++].bytes, bytes, BLOCK);
        }
        (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static unsigned char blocks[BLOCKS_MAX][BLOCK];
        struct past_head heads[2];
        struct past *h = NULL;
        if (good.size == 0)
                make_good();
        if (size < 2)
                return 0;
        for (size_t i = 0; i < good.count; i++)
                memcpy(blocks[i], good.blocks[i].bytes, BLOCK);
        /* One bit: patches go anywhere, or into the heads, whose checksums are then made right. */
        bool in_heads = data[0] & 1;
        apply_patches((struct part){ data + 1, size - 1 }, blocks,
                      in_heads ? sizeof(heads) : good.count * BLOCK);
        if (in_heads) {
                memcpy(heads, blocks, sizeof(heads));
                for (size_t i = 0; i < ELEMENTS_OF(heads); i++)
                        heads[i].crc = state_crc32c(&heads[i], offsetof(struct past_head, crc));
                memcpy(blocks, heads, sizeof(heads));
        }
        restore(blocks);
        int r = past_open(folder_fd, "h", &h);
        require(r == 0 || r == -EBADMSG);
        if (r == 0) {
                check_points(h);
                past_close(h);
        }
        require(put_minute(START + 60 * MINUTES) == 0);
        require(past_open(folder_fd, "h", &h) == 0);
        check_points(h);
        past_close(h);
        return 0;
}
