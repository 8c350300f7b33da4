/* SPDX-License-Identifier: MIT */
/* kmemwatch.conf and two drop-ins, cut at 0x1e, as both programs read them: whatever stands there,
 * every setting is one that the program can run with. */
#include <fcntl.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "config/config_file.h"
#include "config/keys.h"
#include "config/problems.h"
#include "deliver/settings.h"
#include "engine/settings.h"
#include "fuzz.h"

static char folder[] = "/tmp/kmemwatch-fuzz-XXXXXX";
static const char *const files[] = { "c", "c.d/a.conf", "c.d/b.conf" };

static void remove_folder(void)
{
        char path[64];
        for (size_t i = ELEMENTS_OF(files); i-- > 0;) {
                (void)snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
                (void)unlink(path);
        }
        (void)snprintf(path, sizeof(path), "%s/c.d", folder);
        (void)rmdir(path);
        (void)rmdir(folder);
}

static int make_folder(void)
{
        char path[64];
        require(mkdtemp(folder) != NULL);
        (void)atexit(remove_folder);
        (void)snprintf(path, sizeof(path), "%s/c.d", folder);
        require(make_directory(path, 0700) == 0);
        return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put_files(int fd, struct part rest)
{
        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                struct part part = i + 1 < ELEMENTS_OF(files) ? next_part(&rest) : rest;
                int file = openat(fd, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                require(file >= 0 && write_all(file, part.data, part.size) == 0);
                (void)close(file);
        }
}

/* Ranges are asked of the table, so that a new key is checked too. */
static void check_keys(const struct key_table *t, const void *target)
{
        const char *bytes = target;
        for (size_t i = 0; i < t->count; i++) {
                const struct key *k = &t->keys[i];
                double number = 0;
                const char *text = NULL;
                int choice = 0;
                switch (k->type) {
                case KEY_BYTES:
                case KEY_PERCENT:
                case KEY_DURATION:
                case KEY_NUMBER:
                        memcpy(&number, bytes + k->offset, sizeof(number));
                        require(number - number == 0);
                        require(k->max <= k->min || (number >= k->min && number <= k->max));
                        break;
                case KEY_TEXT:
                        memcpy(&text, bytes + k->offset, sizeof(text));
                        require(!text || utf8_valid(text));
                        require(!text || k->max <= 0 || strlen(text) <= (size_t)k->max);
                        break;
                case KEY_CHOICE:
                        memcpy(&choice, bytes + k->offset, sizeof(choice));
                        require(choice >= 0);
                        for (int c = 0; c <= choice; c++)
                                require(k->choices[c] != NULL);
                        break;
                default:
                        break;
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static int fd = -1;
        struct daemon_settings daemon = { 0 };
        struct courier_settings courier = { 0 };
        const struct config_part both[] = { { daemon_key_table(), &daemon },
                                            { courier_key_table(), &courier } };
        struct problems problems = { 0 };
        char path[64], line[512];

        if (fd < 0)
                fd = make_folder();
        put_files(fd, (struct part){ data, size });
        (void)snprintf(path, sizeof(path), "%s/c", folder);
        require(config_file_load(path, both, ELEMENTS_OF(both), &problems) == 0);
        check_keys(daemon_key_table(), &daemon);
        check_keys(courier_key_table(), &courier);
        require(daemon.log_level >= LOG_ERR && daemon.log_level <= LOG_DEBUG);
        require(courier.log_level >= LOG_ERR && courier.log_level <= LOG_DEBUG);
        for (size_t i = 0; i < problems.count; i++)
                require(utf8_valid(problem_format(&problems.list[i], line, sizeof(line))));
        courier_settings_done(&courier);
        problems_done(&problems);
        return 0;
}
