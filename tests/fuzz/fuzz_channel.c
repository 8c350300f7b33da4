/* SPDX-License-Identifier: MIT */
/* A channel's file, and after a zero byte what the file of its secret holds: whatever is accepted
 * becomes a request, and no message repeats the secret. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "config/problems.h"
#include "deliver/channel_file.h"
#include "deliver/lane.h"
#include "deliver/own_letter.h"
#include "deliver/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(const char *path, const void *data, size_t size)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, data, size) != (ssize_t)size)
                abort();
        (void)close(fd);
}

static void use(const struct channel *c)
{
        struct parcel p = { 0 };
        struct request r = { 0 };
        struct letter m;
        struct lane lane = { 0 };
        char *beat = NULL;
        char text[] = "an answer, as a receiver may give it";
        channel_pace(c, &lane);
        if (own_letter_test("ops", 1795151696.5, &m) < 0 || parcel_add(&p, &m) < 0)
                abort();
        (void)channel_wants(c, parcel_last(&p));
        if (channel_request(c, &p, FORM_FULL, &r) >= 0)
                request_done(&r);
        if (channel_heartbeat_address(c, &beat) >= 0)
                secret_free(beat);
        channel_redact(c, text);
        parcel_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char folder[] = "/tmp/kmw-fuzz-channel-XXXXXX", file[96], secret[96], secrets[96];
        const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
        size_t length = end ? (size_t)(end - data) : size;
        if (!mkdtemp(folder))
                abort();
        snprintf(file, sizeof(file), "%s/x.ini", folder);
        snprintf(secrets, sizeof(secrets), "%s/secrets", folder);
        snprintf(secret, sizeof(secret), "%s/s", secrets);
        if (mkdir(secrets, 0700) < 0)
                abort();
        put(file, data, length);
        if (end)
                put(secret, end + 1, size - length - 1);

        struct problems problems = { 0 };
        struct channel_set set = { 0 };
        if (channel_set_load(folder, folder, NULL, SECRET_REQUIRED, &problems, &set) >= 0) {
                assert(set.count + set.left_out_count <= CHANNELS_MAX);
                for (size_t i = 0; i < set.count; i++)
                        use(set.channels[i]);
        }
        channel_set_done(&set);
        problems_done(&problems);
        (void)unlink(secret);
        (void)rmdir(secrets);
        (void)unlink(file);
        (void)rmdir(folder);
        return 0;
}
