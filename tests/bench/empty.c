/* SPDX-License-Identifier: MIT */
/* A program on the daemon's libraries that does nothing: each library has been used once, then an
 * event loop waits for ever. What the daemon takes in memory is told as a multiple of this. */
#include <ini.h>
#include <jansson.h>
#include <math.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

static int take_nothing(void *user, const char *section, const char *name, const char *value)
{
        (void)user;
        (void)section;
        (void)name;
        (void)value;
        return 1;
}

int main(int argc, char **argv)
{
        sd_event *loop = NULL;
        (void)argv;
        json_t *object = json_object();
        json_object_set_new(object, "number", json_real(exp(argc) + log(argc)));
        char *text = json_dumps(object, JSON_COMPACT);
        if (!text || ini_parse_string("[section]\nkey = value\n", take_nothing, NULL) != 0 ||
            sd_event_default(&loop) < 0 || sd_event_set_watchdog(loop, 0) < 0)
                return 1;
        (void)sd_notify(0, "READY=1");
        return sd_event_loop(loop) < 0;
}
