/* SPDX-License-Identifier: MIT */
/* The commands and options of the person's tool, and their help. */
#include <assert.h>

#include "base/macros.h"
#include "view/options.h"

#define BIT(option) (UINT64_C(1) << (option))

static const struct option_text OPTIONS[] = {
        [OPTION_RUNTIME] = { "runtime", 0, "DIR",
                             "where the sockets of kmemwatchd and courier are, instead\n"
                             "of /run/kmemwatch and /run/kmemwatch-courier",
                             true },
        [OPTION_CONFIG] = { "config", 0, "DIR", "the settings, instead of /etc/kmemwatch", true },
        [OPTION_STATE] = { "state", 0, "DIR", "the state, instead of /var/lib/kmemwatch", true },
        [OPTION_RULES] = { "rules", 0, "DIR", "the rules of this folder alone", false },
        [OPTION_CHANNELS] = { "channels", 0, "DIR", "the channels of this folder", false },
        [OPTION_ROOT] = { "root", 0, "DIR", "read DIR/proc, a recorded machine", false },
        [OPTION_OUTPUT] = { "output", 'o', "FILE", "write to FILE", false },
        [OPTION_KIND] = { "kind", 0, "KIND", "the machine was physical, vm or container", false },
        [OPTION_INTERVAL] = { "interval", 0, "TIME",
                              "time between samples or pictures, 1s when not\ngiven", false },
        [OPTION_MEMBERS] = { "members", 0, "NAMES",
                             "also these slab caches and cgroups: slab:*, or\n"
                             "slab:kmalloc-*,cgroup:*/slab",
                             false },
        [OPTION_FOR] = { "for", 0, "TIME", "for this time, as 10min or 2h", false },
        [OPTION_WHY] = { "why", 0, "REASON", "the reason, for those who wonder", false },
        [OPTION_ALERTS] = { "alerts", 0, NULL, "print events as JSON lines, which is the default",
                            false },
        [OPTION_SCORES] = { "scores", 0, NULL, "print an anomaly score of each value, as CSV",
                            false },
        [OPTION_ONLY] = { "only", 0, "PATTERN", "the tests whose names fit, as in a shell", false },
        [OPTION_EXPLAIN] = { "explain", 0, "NAME",
                             "instead of events, why the rules say what they say\n"
                             "(a rule or dimension, as in kmemwatch explain)",
                             false },
        [OPTION_AT] = { "at", 0, "TIME",
                        "at that time instead of the end: +2h, Unix seconds, or\n"
                        "2026-01-05T03:00:00Z",
                        false },
        [OPTION_SINCE] = { "since", 'S', "TIME",
                           "from then on: 24h, \"2 days ago\", yesterday, 14:30,\n"
                           "\"2026-01-05 14:30\" or 2026-01-05T03:00:00Z",
                           false },
        [OPTION_UNTIL] = { "until", 'U', "TIME", "up to then, given in the same way", false },
        [OPTION_LINES] = { "lines", 'n', "COUNT", "the newest alone, so many of them", false },
        [OPTION_FOLLOW] = { "follow", 'f', NULL,
                            "go on with what comes; begins with the newest 10\n"
                            "unless --since or --lines says otherwise",
                            false },
        [OPTION_RULE] = { "rule", 0, "NAME",
                          "this rule or dimension alone, or those that fit a\npattern as in a shell",
                          false },
        [OPTION_HOST] = { "host", 0, "NAME", "of this machine alone, or of a pattern, with -D",
                          false },
        [OPTION_DIRECTORY] = { "directory", 'D', "DIR",
                               "the journal in this folder instead of the machine's own", false },
        [OPTION_ALERT] = { "alert", 0, "ID", "around this alert; the beginning of its id will do",
                           false },
        [OPTION_TRACE] = { "trace", 0, "FILE", "of a recorded trace instead of this machine",
                           false },
        [OPTION_REQUESTS] = { "requests", 0, "DIR",
                              "only if alerts have asked for it there: into the state's\n"
                              "folder evidence, where the newest are kept",
                              false },
        [OPTION_ONCE] = { "once", 0, NULL, "once instead of again and again", false },
        [OPTION_NAME] = { "name", 0, "NAME", "of the channel; its type when not given", false },
        [OPTION_SECRET] = { "secret", 0, "FILE",
                            "the secret is the line in FILE, - is standard input", false },
        [OPTION_URL] = { "url", 0, "URL", "the address", false },
        [OPTION_REPLACE] = { "replace", 0, NULL, "in place of a channel of this name", false },
        [OPTION_SERVE] = { "serve", 0, NULL,
                           "answer one HTTP request from standard input on standard\n"
                           "output, as kmemwatch-metrics.socket starts it",
                           false },
        [OPTION_TEXTFILE] = { "textfile", 0, "FILE",
                              "replace FILE (- prints), in the older format that\n"
                              "node_exporter's textfile collector and promtool read",
                              false },
        [OPTION_JSON] = { "json", 0, NULL, "print JSON", false },
        [OPTION_QUIET] = { "quiet", 'q', NULL, "print faults only", false },
        [OPTION_NO_PAGER] = { "no-pager", 0, NULL, "straight to the terminal", false },
        [OPTION_NO_COLOUR] = { "no-colour", 0, NULL, "no colours; $NO_COLOR says the same", true },
        [OPTION_HELP] = { "help", 'h', NULL, "this help, or that of a command", true },
        [OPTION_VERSION] = { "version", 0, NULL, "the version", true },
};
static_assert(ELEMENTS_OF(OPTIONS) == OPTION_COUNT, "each option has its text");

static const struct command COMMANDS[] = {
        [COMMAND_STATUS] = {
                .name = "status",
                .summary = "what is watched, what is wrong, what waits to be delivered",
                .description =
                        "Asks kmemwatchd and kmemwatch-courier and prints the machine, every\n"
                        "dimension (now, what is normal, how fast it grows, the time left until\n"
                        "memory is gone, the last hour), the active alerts with what to look at\n"
                        "first, the channels and their queue, and rules that were left out.\n"
                        "\n"
                        "Exit code: 1 when a warning or critical alert is active, 3 when not all\n"
                        "works (rules left out, a channel broken, the courier not running though\n"
                        "channels are configured), 4 when kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch status\n"
                            "  kmemwatch status --json | jq '.daemon.dimensions[] | .dimension'\n"
                            "  watch -n 5 kmemwatch status\n",
                .options = BIT(OPTION_JSON) | BIT(OPTION_CHANNELS),
        },
        [COMMAND_ALERTS] = {
                .name = "alerts",
                .summary = "active alerts: what they mean and what to look at first",
                .description = "Prints each active alert in full, the worst first, and after them\n"
                               "what is not lasting long enough yet to be one.\n"
                               "\n"
                               "Exit code: 1 when a warning or critical alert is active, 4 when\n"
                               "kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch alerts\n"
                            "  kmemwatch alerts --json | jq -r '.alerts[].text'\n",
                .options = BIT(OPTION_JSON),
        },
        [COMMAND_EXPLAIN] = {
                .name = "explain",
                .argument = "NAME",
                .argument_needed = true,
                .summary = "why a rule says what it says, and what it waits for",
                .description =
                        "Prints every test that a rule's verdict rests on, with its value, limit\n"
                        "and margin, what the rule waits for, and what it would take to fire.\n"
                        "NAME is a rule, a pattern of rules, or a dimension, which stands for all\n"
                        "its rules. kmemwatch replay --explain does the same for a trace.\n"
                        "\n"
                        "Exit code: 2 when nothing is called NAME, 4 when kmemwatchd cannot be\n"
                        "reached.\n",
                .examples = "  kmemwatch explain slab-unreclaimable-growth\n"
                            "  kmemwatch explain KernelStack/threads\n"
                            "  kmemwatch explain '*-spike' --json\n",
                .options = BIT(OPTION_JSON),
        },
        [COMMAND_WHO] = {
                .name = "who",
                .argument = "[DIMENSION]",
                .summary = "who is behind a growth: cache, function, process, cgroup",
                .description =
                        "Lets kmemwatchd look and prints who has made DIMENSION grow in the last hour,\n"
                        "or since --since: what grew (a slab cache, a kernel function, a process)\n"
                        "and who it is charged to (a container, a unit), how much of the growth that\n"
                        "explains, and what it does not. Without DIMENSION: of what grew most.\n"
                        "With --since 0s: who has it, grown or not. Any user may ask.\n"
                        "\n"
                        "Exit code: 2 when that is no such dimension or attribution is off, 4 when\n"
                        "kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch who\n"
                            "  kmemwatch who SUnreclaim --since 10min\n"
                            "  kmemwatch who Percpu --since 0s\n"
                            "  kmemwatch who SUnreclaim --json | jq -r .culprit_text\n",
                .options = BIT(OPTION_SINCE) | BIT(OPTION_JSON),
        },
        [COMMAND_TOP] = {
                .name = "top",
                .summary = "dimensions and who makes them grow, live",
                .description =
                        "Shows every dimension and the top growers of the last minute (or since\n"
                        "--since), refreshed each second. Keys: q quits, w takes the next window\n"
                        "(1min, 10min, 1h, 24h), space asks at once. With --once, or when standard\n"
                        "output is no terminal, prints once. --json prints a line for each refresh.\n"
                        "\n"
                        "Exit code: 4 when kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch top\n"
                            "  kmemwatch top --since 1h --interval 5s\n"
                            "  kmemwatch top --once | mail -s 'kernel memory' root\n"
                            "  kmemwatch top --json | jq -c '.top.growers[0]'\n",
                .options = BIT(OPTION_SINCE) | BIT(OPTION_INTERVAL) | BIT(OPTION_ONCE) |
                           BIT(OPTION_JSON),
        },
        [COMMAND_SILENCE] = {
                .name = "silence",
                .argument = "NAME",
                .argument_needed = true,
                .summary = "tell no channel of a rule or dimension for a time",
                .description =
                        "Alerts of NAME (a rule, a pattern of rules, or a dimension) go to the\n"
                        "journal only, marked, until the time is over, over restarts, too.\n"
                        "Watching goes on: what is still wrong at the end is told then. What was\n"
                        "told before is closed at its receivers when it ends. NAME again replaces\n"
                        "the silence. --for and --why are needed. For root and the members of the\n"
                        "group kmemwatch-admin.\n"
                        "\n"
                        "Exit code: 1 when it was refused, 4 when kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch silence SUnreclaim --for 2h --why 'ticket 4711, leak known'\n"
                            "  kmemwatch silence '*-spike' --for 30min --why 'load test'\n",
                .options = BIT(OPTION_FOR) | BIT(OPTION_WHY) | BIT(OPTION_JSON),
        },
        [COMMAND_UNSILENCE] = {
                .name = "unsilence",
                .argument = "NAME",
                .argument_needed = true,
                .summary = "end a silence before its time",
                .description =
                        "NAME is written as it was silenced; kmemwatch alerts shows what is. What\n"
                        "is still wrong is told at once. For root and the members of the group\n"
                        "kmemwatch-admin.\n"
                        "\n"
                        "Exit code: 1 when it was refused, 4 when kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch unsilence SUnreclaim\n",
                .options = BIT(OPTION_JSON),
        },
        [COMMAND_ACK] = {
                .name = "ack",
                .argument = "NAME",
                .argument_needed = true,
                .summary = "an alert is known: tell no channel until it gets worse",
                .description =
                        "Acknowledges the active alerts of NAME: an alert id, a rule, a pattern of\n"
                        "rules, or a dimension. No channel hears more of them until they get worse\n"
                        "(a higher severity, or markedly more when a reminder is due). Their end is\n"
                        "told. In PagerDuty their incidents are acknowledged. For root and the\n"
                        "members of the group kmemwatch-admin.\n"
                        "\n"
                        "Exit code: 1 when it was refused, 4 when kmemwatchd cannot be reached.\n",
                .examples = "  kmemwatch ack slab-unreclaimable-growth\n"
                            "  kmemwatch ack $(kmemwatch alerts --json | jq -r '.alerts[0].alert_id')\n",
                .options = BIT(OPTION_JSON),
        },
        [COMMAND_HISTORY] = {
                .name = "history",
                .summary = "what was told in the past, from the journal",
                .description =
                        "Prints the events that kmemwatchd has written to the journal, the oldest\n"
                        "first: of the last 7 days, unless --since says otherwise. Who may read the\n"
                        "journal (root, group systemd-journal) may use it; the daemon need not run.\n"
                        "On a terminal a pager shows it ($SYSTEMD_PAGER, $PAGER, or less). With\n"
                        "--follow --json a line for each event.\n"
                        "\n"
                        "Exit code: 2 when there is no journal or it cannot be read.\n",
                .examples = "  kmemwatch history\n"
                            "  kmemwatch history --since yesterday --rule 'slab-*'\n"
                            "  kmemwatch history --since '2026-01-05 14:00' --until '1h ago'\n"
                            "  kmemwatch history -f\n"
                            "  kmemwatch history --since 30d --json | jq -r '.events[].text'\n"
                            "  kmemwatch history -D /var/log/journal/remote --host 'web*'\n",
                .options = BIT(OPTION_SINCE) | BIT(OPTION_UNTIL) | BIT(OPTION_LINES) |
                           BIT(OPTION_FOLLOW) | BIT(OPTION_RULE) | BIT(OPTION_HOST) |
                           BIT(OPTION_DIRECTORY) | BIT(OPTION_NO_PAGER) | BIT(OPTION_JSON),
        },
        [COMMAND_REPORT] = {
                .name = "report",
                .summary = "a page to look at: what happened, each number as a picture",
                .description =
                        "Writes one HTML page that needs nothing else: what happened in two\n"
                        "sentences, the alerts with their culprits and reasons, and every number\n"
                        "with what is normal, its trend and where that leads. Of the last 24\n"
                        "hours, or --since; around one alert; or of a trace, on which the rules\n"
                        "are run as replay does it. Of journals of other machines (-D) the alerts\n"
                        "alone.\n"
                        "\n"
                        "Exit code: 2 when the page cannot be written or the trace is bad, 3 when\n"
                        "the daemon, the journal or the history is missing in it.\n",
                .examples = "  kmemwatch report -o today.html\n"
                            "  kmemwatch report --since 7d -o week.html\n"
                            "  kmemwatch report --alert 4f1c22 -o alert.html\n"
                            "  kmemwatch report -D /var/log/journal/remote -o fleet.html\n"
                            "  kmemwatch report --trace night.csv -o night.html\n",
                .options = BIT(OPTION_SINCE) | BIT(OPTION_UNTIL) | BIT(OPTION_RULE) |
                           BIT(OPTION_ALERT) | BIT(OPTION_TRACE) | BIT(OPTION_OUTPUT) |
                           BIT(OPTION_DIRECTORY) | BIT(OPTION_HOST) | BIT(OPTION_RULES),
        },
        [COMMAND_EVIDENCE] = {
                .name = "evidence",
                .summary = "what a kernel developer asks for, as one archive",
                .description =
                        "Gathers the kernel's tables of its memory (meminfo, slabinfo, vmallocinfo,\n"
                        "vmstat, zoneinfo, cgroups), modules and versions, and the samples before,\n"
                        "into a .tar.gz to attach to a bug report; without addresses of the kernel\n"
                        "and without secrets. As root, or much is missing (the archive says what).\n"
                        "kmemwatch-evidence.path does it at each critical alert.\n",
                .examples = "  kmemwatch evidence\n"
                            "  kmemwatch evidence -o leak.tar.gz\n",
                .options = BIT(OPTION_OUTPUT) | BIT(OPTION_REQUESTS) | BIT(OPTION_ROOT),
        },
        [COMMAND_METRICS] = {
                .name = "metrics",
                .summary = "what status says, as metrics for Prometheus",
                .description =
                        "Prints what status knows in the OpenMetrics text format: every dimension\n"
                        "with its normal level, growth and forecast, the active alerts, the\n"
                        "daemon, the courier and its channels. Names and labels:\n"
                        "kmemwatch-formats(7). systemctl enable --now kmemwatch-metrics.socket\n"
                        "serves it on 127.0.0.1:9709, kmemwatch-textfile.timer writes it for\n"
                        "node_exporter; both are off until then.\n"
                        "\n"
                        "Exit code: 4 when kmemwatchd cannot be reached (kmemwatch_up is 0 then).\n",
                .examples = "  kmemwatch metrics\n"
                            "  kmemwatch metrics --textfile /var/lib/prometheus/node-exporter/"
                            "kmemwatch.prom\n"
                            "  curl http://127.0.0.1:9709/metrics\n",
                .options = BIT(OPTION_SERVE) | BIT(OPTION_TEXTFILE),
        },
        [COMMAND_CHECK] = {
                .name = "check",
                .argument = "[DIR]",
                .summary = "what is wrong with settings, rules and channels",
                .description =
                        "Reads kmemwatch.conf, the rules and the channels as the programs would,\n"
                        "and prints everything that is wrong with file and line. With DIR: the\n"
                        "rules of that folder alone.\n"
                        "\n"
                        "Exit code: 1 when there are faults.\n",
                .examples = "  kmemwatch check\n"
                            "  kmemwatch check ./my-rules\n"
                            "  kmemwatch check --quiet && systemctl reload kmemwatch\n"
                            "  kmemwatch check --json | jq -r '.faults[].text'\n",
                .options = BIT(OPTION_QUIET) | BIT(OPTION_RULES) | BIT(OPTION_CHANNELS) |
                           BIT(OPTION_JSON),
        },
        [COMMAND_RECORD] = {
                .name = "record",
                .summary = "write samples of this machine as a trace",
                .description =
                        "Writes a trace, CSV with a line for each sample, until the time is over\n"
                        "or Ctrl-C. kmemwatch-formats(7) describes it; replay reads it.\n",
                .examples = "  kmemwatch record -o night.csv --for 8h\n"
                            "  kmemwatch record --interval 100ms --for 10s\n"
                            "  kmemwatch record --members 'slab:*,cgroup:*/slab' -o all.csv\n",
                .options = BIT(OPTION_INTERVAL) | BIT(OPTION_FOR) | BIT(OPTION_ROOT) |
                           BIT(OPTION_OUTPUT) | BIT(OPTION_MEMBERS),
        },
        [COMMAND_IMPORT] = {
                .name = "import",
                .argument = "FILE...",
                .argument_needed = true,
                .argument_many = true,
                .summary = "a trace out of what sar, PCP, Prometheus or Netdata saw",
                .description =
                        "Reads what other tools have recorded and writes one trace for replay,\n"
                        "report --trace and kmemwatchd --seed. What a FILE (- is standard input)\n"
                        "holds is seen from itself; several are joined by time:\n"
                        "  sar         sadf -j FILE -- -r ALL -q\n"
                        "  PCP         pmrep -o csv -a ARCHIVE mem.util.slab mem.physmem ...\n"
                        "  Prometheus  /api/v1/query_range of node_exporter's node_memory_*_bytes,\n"
                        "              node_procs_threads and node_dmi_info\n"
                        "  Netdata     /api/v1/data, csv or json, of mem.kernel, mem.slab,\n"
                        "              mem.available and system.ram; and /api/v1/info\n"
                        "Times without a zone are taken as local. What kind of machine it was is in\n"
                        "node_dmi_info and Netdata's info; else say it with --kind, since a virtual\n"
                        "machine has other limits than a physical one.\n"
                        "\n"
                        "Exit code: 2 when a file cannot be read.\n",
                .examples = "  kmemwatch import sar.json --kind vm -o month.csv\n"
                            "  kmemwatch import kernel.csv slab.csv ram.csv info.json >netdata.csv\n"
                            "  sadf -j -- -r ALL -q | kmemwatch import - --kind physical >today.csv\n",
                .options = BIT(OPTION_OUTPUT) | BIT(OPTION_KIND),
        },
        [COMMAND_REPLAY] = {
                .name = "replay",
                .argument = "TRACE",
                .argument_needed = true,
                .summary = "what the rules would have said of a trace",
                .description =
                        "Runs the daemon's own engine over a trace, on the trace's clock, from an\n"
                        "empty state. TRACE is a file, or - for standard input.\n"
                        "\n"
                        "Exit code: 2 when the trace is bad, 3 when rules were left out or\n"
                        "there are none.\n",
                .examples = "  kmemwatch replay night.csv\n"
                            "  kmemwatch replay --rules ./my-rules night.csv\n"
                            "  kmemwatch replay --explain SUnreclaim --at +2h night.csv\n"
                            "  kmemwatch replay --scores night.csv | sort -t, -k4 -g | tail\n",
                .options = BIT(OPTION_RULES) | BIT(OPTION_ALERTS) | BIT(OPTION_SCORES) |
                           BIT(OPTION_EXPLAIN) | BIT(OPTION_AT) | BIT(OPTION_JSON),
        },
        [COMMAND_TEST] = {
                .name = "test",
                .argument = "FILE...",
                .argument_needed = true,
                .argument_many = true,
                .summary = "hold rules against what they are expected to say",
                .description =
                        "Runs rule tests: each describes a machine, what its counters do, and which\n"
                        "alerts must and must not come of it. kmemwatch.tests(5) describes the\n"
                        "files; --output writes the samples of the test that --only names as a\n"
                        "trace for replay.\n"
                        "\n"
                        "Exit code: 1 when a test failed or rules have faults, 2 when a test file\n"
                        "has faults.\n",
                .examples = "  kmemwatch test my-rules.test\n"
                            "  kmemwatch test --rules ./my-rules tests/*.test\n"
                            "  kmemwatch test --only '*leak*' -o leak.csv my-rules.test\n",
                .options = BIT(OPTION_RULES) | BIT(OPTION_ONLY) | BIT(OPTION_OUTPUT) |
                           BIT(OPTION_QUIET),
        },
        [COMMAND_SEND_TEST] = {
                .name = "send-test",
                .argument = "CHANNEL",
                .argument_needed = true,
                .summary = "send a test message to a channel and print what came back",
                .description =
                        "Lets the running courier send a test message to one channel, the name\n"
                        "of its file in channels.d without .ini. For root and the members of the\n"
                        "group kmemwatch-admin.\n"
                        "\n"
                        "Exit code: 1 when it was refused, 4 when the courier cannot be reached.\n",
                .examples = "  kmemwatch send-test slack\n",
                .options = BIT(OPTION_JSON),
        },
        [COMMAND_SETUP] = {
                .name = "setup",
                .argument = "TYPE",
                .summary = "set up Slack, PagerDuty, Alertmanager and others",
                .description =
                        "Asks for what a receiver of this type needs (slack, pagerduty, webhook,\n"
                        "alertmanager, discord, mattermost, teams, opsgenie), writes it to\n"
                        "channels.d and its secret to a file for root alone, restarts the courier,\n"
                        "sends a test and prints what came back. With --name, --secret or --url it\n"
                        "asks nothing. For root.\n"
                        "\n"
                        "Exit code: 1 when the test was refused, 2 when nothing was written, 3 when\n"
                        "the courier does not know the channel yet.\n",
                .examples = "  kmemwatch setup slack\n"
                            "  kmemwatch setup pagerduty --name oncall --secret - <key.txt\n"
                            "  kmemwatch setup webhook --url https://alerts.example.com/k\n",
                .options = BIT(OPTION_NAME) | BIT(OPTION_SECRET) | BIT(OPTION_URL) |
                           BIT(OPTION_REPLACE),
        },
        [COMMAND_HELP] = {
                .name = "help",
                .argument = "[COMMAND]",
                .summary = "this help, or that of a command",
                .description = "Prints help.\n",
                .examples = "  kmemwatch help replay\n",
        },
};
static_assert(ELEMENTS_OF(COMMANDS) == COMMAND_COUNT, "each command has its text");

const struct command *command_get(enum command_id id)
{
        return &COMMANDS[id];
}

const struct option_text *option_get(enum option_id id)
{
        return &OPTIONS[id];
}
