/* SPDX-License-Identifier: MIT */
/* Heads and records of the history file as bytes. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "store/past_internal.h"
#include "store/state_file.h"

static const char MAGIC[8] = { 'K', 'M', 'W', 'H', 'I', 'S', 'T', '1' };
static const uint32_t ORDER_MARK = 0x01020304;

static const struct tier {
        double step;       /* seconds between two points */
        double span;       /* of a record */
        size_t kept;       /* records */
        size_t per_column; /* bytes */
} TIERS[] = {
        [PAST_SECONDS] = { 1, 60, PAST_SECONDS_KEPT, PAST_CELLS * sizeof(float) },
        [PAST_MINUTES] = { 60, 60, PAST_MINUTES_KEPT, sizeof(struct past_span) },
        [PAST_QUARTERS] = { 900, 900, PAST_QUARTERS_KEPT, sizeof(struct past_span) },
};
static_assert(ELEMENTS_OF(TIERS) == PAST_TIER_COUNT, "each tier has its layout");

double past_step(enum past_tier tier)
{
        return TIERS[tier].step;
}

double past_reach(enum past_tier tier)
{
        return TIERS[tier].span * (double)TIERS[tier].kept;
}

size_t past_records(enum past_tier tier)
{
        return TIERS[tier].kept;
}

static size_t record_space(enum past_tier tier)
{
        return PAST_RECORD_HEAD + TIERS[tier].per_column * PAST_COLUMNS_MAX;
}

bool past_is_time(double t)
{
        return t >= 0 && t < 253402300800.0;
}

double past_record_start(enum past_tier tier, double time)
{
        return floor(time / TIERS[tier].span) * TIERS[tier].span;
}

static size_t record_slot(enum past_tier tier, double start)
{
        return (size_t)((uint64_t)(start / TIERS[tier].span) % TIERS[tier].kept);
}

static off_t slot_place(enum past_tier tier, size_t slot)
{
        size_t at = 2 * sizeof(struct past_head);
        for (int t = 0; t < (int)tier; t++)
                at += TIERS[t].kept * record_space((enum past_tier)t);
        return (off_t)(at + slot * record_space(tier));
}

/* --- head --- */

void past_head_init(struct past_head *h, const char *machine_id)
{
        *h = (struct past_head){ .byte_order = ORDER_MARK };
        memcpy(h->magic, MAGIC, sizeof(MAGIC));
        snprintf(h->machine_id, sizeof(h->machine_id), "%s", machine_id);
}

static uint32_t head_crc(const struct past_head *h)
{
        return state_crc32c(h, offsetof(struct past_head, crc));
}

static bool head_is_good(const struct past_head *h)
{
        if (memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0 || h->byte_order != ORDER_MARK ||
            h->crc != head_crc(h) || h->columns > PAST_COLUMNS_MAX)
                return false;
        for (size_t i = 0; i < h->columns; i++)
                if (!memchr(h->column[i].name, 0, sizeof(h->column[i].name)))
                        return false;
        return memchr(h->machine_id, 0, sizeof(h->machine_id));
}

static ssize_t read_at(int fd, void *buffer, size_t size, off_t at)
{
        ssize_t n;
        do
                n = pread(fd, buffer, size, at);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

static int write_at(int fd, const void *data, size_t size, off_t at)
{
        const char *p = data;
        while (size > 0) {
                ssize_t n = pwrite(fd, p, size, at);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                p += n;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

int past_head_read(int fd, struct past_head *ret, struct past_head *copy)
{
        bool found = false;
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > PAST_FILE_MAX)
                return -EBADMSG;
        if (st.st_size == 0)
                return 0;
        for (off_t i = 0; i < 2; i++) {
                ssize_t n = read_at(fd, copy, sizeof(*copy), i * (off_t)sizeof(*copy));
                if (n < 0)
                        return (int)n;
                if (n == sizeof(*copy) && head_is_good(copy) &&
                    (!found || copy->generation > ret->generation)) {
                        *ret = *copy;
                        found = true;
                }
        }
        return found ? 1 : -EBADMSG;
}

int past_head_write(int fd, struct past_head *h)
{
        h->generation++;
        h->crc = head_crc(h);
        int r = write_at(fd, h, sizeof(*h), (off_t)((h->generation + 1) % 2 * sizeof(*h)));
        return r < 0 ? r : fdatasync(fd) < 0 ? -errno : 0;
}

int past_head_find(const struct past_head *h, const char *name)
{
        for (size_t i = 0; i < h->columns; i++)
                if (strcmp(h->column[i].name, name) == 0)
                        return (int)i;
        return -1;
}

/* --- records --- */

static uint32_t record_crc(const struct past_record *b, size_t numbers)
{
        struct {
                double time;
                uint32_t columns, none;
        } head = { b->time, b->columns, 0 };
        return state_crc32c(&head, sizeof(head)) ^ state_crc32c(b->cells, numbers);
}

bool past_slot_read(int fd, enum past_tier tier, size_t slot, struct past_record *ret)
{
        ssize_t n = read_at(fd, ret, record_space(tier), slot_place(tier, slot));
        if (n < PAST_RECORD_HEAD || ret->columns > PAST_COLUMNS_MAX || !past_is_time(ret->time))
                return false;
        size_t numbers = TIERS[tier].per_column * ret->columns;
        return (size_t)n >= PAST_RECORD_HEAD + numbers && ret->crc == record_crc(ret, numbers) &&
               record_slot(tier, ret->time) == slot;
}

bool past_record_read(int fd, enum past_tier tier, double start, struct past_record *ret)
{
        return past_slot_read(fd, tier, record_slot(tier, start), ret) && ret->time == start;
}

int past_record_write(int fd, enum past_tier tier, struct past_record *b)
{
        size_t numbers = TIERS[tier].per_column * b->columns;
        b->crc = record_crc(b, numbers);
        return write_at(fd, b, PAST_RECORD_HEAD + numbers,
                        slot_place(tier, record_slot(tier, b->time)));
}
