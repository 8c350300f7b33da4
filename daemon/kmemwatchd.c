/* SPDX-License-Identifier: MIT */
/* kmemwatchd: watches the kernel's memory. argv in, exit code out. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/log.h"
#include "base/macros.h"
#include "engine/service.h"

static const char usage[] =
        "kmemwatchd [OPTIONS]\n"
        "Watches the memory of the Linux kernel and tells when it goes wrong.\n"
        "\n"
        "  --rules DIR       use the rules in DIR alone\n"
        "  --config DIR      instead of /etc/kmemwatch\n"
        "  --state DIR       instead of /var/lib/kmemwatch\n"
        "  --runtime DIR     instead of /run/kmemwatch\n"
        "  --spool DIR       instead of STATE/spool\n"
        "  --root DIR        read /proc, /sys and /etc below DIR (a recorded machine)\n"
        "  --host-name NAME  this machine's name in alerts, instead of the kernel's\n"
        "  --seed TRACE      learn from a trace what is usual, in the first days\n"
        "  --log-level WORD  err, warning, notice, info or debug\n"
        "  --watch           print what it sees every ten seconds\n"
        "  --journal         send alerts to the journal also when run in the foreground\n"
        "  --help, --version\n"
        "\n"
        "Signals: HUP reads the rules and settings again, TERM and INT stop.\n"
        "Exit code: 0 stopped, 1 cannot sample or start, 2 usage.\n"
        "\n"
        "Example, in the foreground as any user:\n"
        "  kmemwatchd --rules rules --state /tmp/k --runtime /tmp/k --watch\n"
        "See kmemwatchd(8), and kmemwatch(1) for asking it.\n";

int main(int argc, char **argv)
{
        enum {
                RULES = 256,
                CONFIG,
                STATE,
                RUNTIME,
                SPOOL,
                ROOT,
                HOST_NAME,
                SEED,
                LEVEL,
                WATCH,
                JOURNAL,
                HELP,
                RELEASE
        };
        static const struct option options[] = {
                { "rules", required_argument, NULL, RULES },
                { "config", required_argument, NULL, CONFIG },
                { "state", required_argument, NULL, STATE },
                { "runtime", required_argument, NULL, RUNTIME },
                { "spool", required_argument, NULL, SPOOL },
                { "root", required_argument, NULL, ROOT },
                { "host-name", required_argument, NULL, HOST_NAME },
                { "seed", required_argument, NULL, SEED },
                { "log-level", required_argument, NULL, LEVEL },
                { "watch", no_argument, NULL, WATCH },
                { "journal", no_argument, NULL, JOURNAL },
                { "help", no_argument, NULL, HELP },
                { "version", no_argument, NULL, RELEASE },
                { 0 },
        };
        struct service_options o = { .log_level = -1 };
        int option;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (option) {
                case RULES:
                        o.places.rules = optarg;
                        break;
                case CONFIG:
                        o.places.config = optarg;
                        break;
                case STATE:
                        o.places.state = optarg;
                        break;
                case RUNTIME:
                        o.places.runtime = optarg;
                        break;
                case SPOOL:
                        o.places.spool = optarg;
                        break;
                case ROOT:
                        o.root = optarg;
                        break;
                case HOST_NAME:
                        o.host_name = optarg;
                        break;
                case SEED:
                        o.seed = optarg;
                        break;
                case LEVEL:
                        o.log_level = log_priority_by_name(optarg);
                        if (o.log_level < 0) {
                                fprintf(stderr,
                                        "kmemwatchd: --log-level %s: not one of " LOG_PRIORITY_WORDS
                                        "\n",
                                        optarg);
                                return 2;
                        }
                        break;
                case WATCH:
                        o.watch = true;
                        break;
                case JOURNAL:
                        o.journal = true;
                        break;
                case 'h':
                case HELP:
                        fputs(usage, stdout);
                        return 0;
                case RELEASE:
                        puts("kmemwatchd " KMW_VERSION);
                        return 0;
                default:
                        fputs("Try `kmemwatchd --help`.\n", stderr);
                        return 2;
                }
        }
        if (optind < argc) {
                fprintf(stderr, "kmemwatchd: unexpected argument \"%s\"; try `kmemwatchd --help`\n",
                        argv[optind]);
                return 2;
        }
        log_open("kmemwatchd", o.log_level < 0 ? LOG_INFO : o.log_level);
        return service_run(&o);
}
