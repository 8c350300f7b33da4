#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The installed package in a real system: `make install` into a minimal Debian, booted with
systemd-nspawn, both units started, real faults of the kernel's memory made from outside (the
container's kernel is ours), and the alerts looked for in the journal and at a server that stands
for Slack, PagerDuty and a webhook. Prints TAP. Skips, and says why, where this cannot run."""
import fcntl
import glob
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from machine import (Container, Fault, Results, Skip, debian_tree, make_install,  # noqa: E402
                     meminfo, require_machine, wait_for)
from past import look_at_past  # noqa: E402
from receivers import Receivers  # noqa: E402

WORK = f"{ROOT}/build/service"
FAULT = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}/tests/faults/fault"
# The whole test; what is not done by then is not reported, and so counts as failed.
LIMIT = 570
# Detectors answer after 60 s; some more for a busy machine.
WARM_UP = 70
# About what the faults and their ends take.
FAULTS = 150
# What the numbers may do meanwhile, in MiB. Who else makes faults on this machine right now spoils
# what is learned as normal.
CALM = {"KernelStack": 10, "SUnreclaim": 50, "PageTables": 50}
NOBODY = "65534"
DAEMON = "kmemwatch.service"
COURIER = "kmemwatch-courier.service"
OTHER_UNITS = ("kmemwatch-evidence.path", "kmemwatch-evidence.service", "kmemwatch-metrics.socket",
               "kmemwatch-metrics@1.service", "kmemwatch-textfile.timer",
               "kmemwatch-textfile.service")


def files_below(folder):
    return sorted(os.path.join(where, name)[len(folder):]
                  for where, _, names in os.walk(folder) for name in names)


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class Test:
    def __init__(self, results):
        self.results = results
        self.check = results.check
        self.container = None
        self.receivers = None
        self.faults = []

    # --- installing -------------------------------------------------------------------------

    def install(self, tree):
        scratch = f"{WORK}/scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        done = make_install(ROOT, scratch)
        self.check("make install", done.returncode == 0, done.stdout + done.stderr)
        installed = files_below(scratch)
        expected = ["/usr/bin/kmemwatch", "/usr/sbin/kmemwatchd", "/usr/sbin/kmemwatch-courier",
                    "/usr/lib/systemd/system/kmemwatch.service",
                    "/usr/lib/systemd/system/kmemwatch-courier.service",
                    "/usr/lib/sysusers.d/kmemwatch.conf", "/usr/lib/tmpfiles.d/kmemwatch.conf",
                    "/usr/lib/systemd/catalog/kmemwatch.catalog"]
        expected += ["/usr/lib/kmemwatch/rules.d/" + os.path.basename(rule)
                     for rule in glob.glob(f"{ROOT}/rules/*.ini")]
        missing = [path for path in expected if path not in installed]
        self.check("everything is where systemd looks for it", not missing, missing)
        self.check("the secrets' folder is root's alone",
                   mode_of(f"{scratch}/etc/kmemwatch/secrets") == 0o700)
        channels = glob.glob(f"{scratch}/etc/kmemwatch/channels.d/*.ini")
        self.check("no channel is switched on by installing", not channels, channels)

        config = f"{scratch}/etc/kmemwatch/kmemwatch.conf"
        with open(config, "a", encoding="utf-8") as file:
            file.write("# mine\n")
        done = make_install(ROOT, scratch)
        with open(config, encoding="utf-8") as file:
            self.check("a second install keeps a changed file in /etc",
                       done.returncode == 0 and file.read().endswith("# mine\n"), done.stderr)
        done = make_install(ROOT, scratch, "uninstall")
        left = files_below(scratch)
        self.check("uninstall leaves what was changed and nothing else",
                   done.returncode == 0 and left == ["/etc/kmemwatch/kmemwatch.conf"],
                   done.stderr + "\n".join(left))
        self.install_package(tree)

    def install_package(self, tree):
        """Into the tree that will be booted: the package, or where there is no debhelper what make
        install installs."""
        if not shutil.which("dh"):
            done = make_install(ROOT, tree)
            self.check("make install into the tree", done.returncode == 0, done.stderr)
            return
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
        done = subprocess.run(["make", "-C", ROOT, "--no-print-directory", "deb"], env=env,
                              capture_output=True, text=True, check=False, timeout=400)
        self.check("make deb", done.returncode == 0, done.stdout + done.stderr)
        package = done.stdout.strip().splitlines()[-1]
        # Nothing runs in there yet: what has to be started is enabled, and would start at boot.
        done = subprocess.run(["dpkg", f"--root={tree}", "-i", package], capture_output=True,
                              text=True, check=False, timeout=120)
        self.check("the package is installed into the tree", done.returncode == 0,
                   done.stdout + done.stderr)
        for unit in (DAEMON, COURIER):
            # The test starts them when its receivers are there.
            for link in glob.glob(f"{tree}/etc/systemd/system/*.wants/{unit}"):
                os.unlink(link)

    # --- starting ---------------------------------------------------------------------------

    def configure(self):
        run = self.container.run
        for words in (["systemd-sysusers"], ["systemd-tmpfiles", "--create", "kmemwatch.conf"],
                      ["journalctl", "--update-catalog"], ["systemctl", "daemon-reload"]):
            done = run(*words)
            self.check(" ".join(words), done.returncode == 0, done.stderr)
        done = run("systemd-analyze", "verify", "--man=no", DAEMON, COURIER, *OTHER_UNITS)
        self.check("systemd-analyze verify has nothing to say",
                   done.returncode == 0 and not done.stderr, done.stderr)
        self.receivers.configure(self.container)
        for path, mode in (("/var/lib/kmemwatch", 0o711), ("/var/lib/kmemwatch/spool", 0o2750)):
            self.check(f"{path} has mode {mode:o}", mode_of(self.container.path(path)) == mode,
                       oct(mode_of(self.container.path(path))))

    def state(self, unit):
        return self.container.show(unit, "ActiveState", "SubState", "MainPID", "NRestarts",
                                   "StatusText", "Result", "ExecMainStatus")

    def start(self, unit):
        done = self.container.run("systemctl", "start", unit)
        state = self.state(unit)
        good = done.returncode == 0 and state.get("ActiveState") == "active"
        self.check(f"{unit} reaches READY", good, f"{done.stderr}\n{state}\n{self.words_of(unit)}")
        return good

    def words_of(self, unit):
        return self.container.run("journalctl", "--no-pager", "-n", "30", "-u", unit).stdout

    def look_at_services(self):
        state = self.state(DAEMON)
        said = re.search(r"\d+ dimensions.* \d+ alerts, \d+ queued", state["StatusText"])
        self.check("STATUS= says what is seen", said, state)
        daemon = self.inside_pid(state["MainPID"])
        status = status_of(daemon)
        self.check("the daemon holds CAP_DAC_READ_SEARCH and nothing else",
                   int(status["CapEff"], 16) == 1 << 2 and int(status["CapBnd"], 16) == 1 << 2 and
                   status["NoNewPrivs"] == "1", status)
        self.check("the daemon filters system calls", status["Seccomp"] == "2", status["Seccomp"])
        self.check("the daemon has no network",
                   os.readlink(daemon + "/ns/net") !=
                   os.readlink(f"/proc/{self.container.leader}/ns/net"))
        listed = subprocess.run(
            ["nsenter", "-t", os.path.basename(daemon), "-m", "--", "ls", "/etc/kmemwatch/secrets"],
            capture_output=True, text=True, check=False)
        self.check("the daemon does not see the secrets", not listed.stdout, listed.stdout)

        status = status_of(self.inside_pid(self.state(COURIER)["MainPID"]))
        self.check("the courier holds no capability",
                   int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0, status)

        done = self.container.run("kmemwatch", "status", user=NOBODY)
        self.check("kmemwatch status answers an ordinary user",
                   done.returncode in (0, 1) and "SUnreclaim" in done.stdout,
                   f"exit {done.returncode}\n{done.stdout}{done.stderr}")
        done = self.container.run("kmemwatch", "status", "--json", user=NOBODY)
        cost = json.loads(done.stdout or '{"daemon": {"cost": {}}}')["daemon"]["cost"]
        self.check("what the daemon costs can be measured within its sandbox",
                   cost.get("resident_bytes", 0) > 1e6 and cost.get("engine_bytes", 0) > 1e4, cost)
        done = self.container.run("kmemwatch", "alerts", "--json", user=NOBODY)
        self.check("kmemwatch alerts --json is JSON", is_json(done.stdout), done.stdout)
        done = self.container.run("kmemwatch", "check")
        self.check("kmemwatch check finds no fault in what is installed", done.returncode == 0,
                   done.stdout + done.stderr)
        for channel in self.receivers.channels:
            done = self.container.run("kmemwatch", "send-test", channel)
            self.check(f"kmemwatch send-test {channel} is accepted", done.returncode == 0,
                       f"exit {done.returncode}\n{done.stdout}{done.stderr}")
            self.check(f"send-test {channel} shows no secret",
                       not self.receivers.reveals_secret(done.stdout + done.stderr),
                       done.stdout + done.stderr)

    def inside_pid(self, pid):
        """The container's process `pid` as this machine's /proc knows it."""
        for status in glob.glob("/proc/[0-9]*/status"):
            try:
                with open(status, encoding="ascii", errors="replace") as lines:
                    for line in lines:
                        if line.startswith("NSpid:") and line.split()[-1] == str(pid) and \
                                os.readlink(os.path.dirname(status) + "/ns/pid") == \
                                os.readlink(f"/proc/{self.container.leader}/ns/pid"):
                            return os.path.dirname(status)
            except OSError:
                continue
        raise RuntimeError(f"no process {pid} in the container")

    # --- reloading --------------------------------------------------------------------------

    def reload(self):
        before = self.state(DAEMON)
        broken = "/etc/kmemwatch/rules.d/broken.ini"
        self.container.write(broken, "[odd]\ndimension = SUnreclaim\ndetect = wonders\n")
        done = self.container.run("systemctl", "reload", DAEMON)
        after = self.state(DAEMON)
        self.check("systemctl reload with a broken rule fails", done.returncode != 0, done.stderr)
        self.check("the daemon stays up as it was",
                   after["ActiveState"] == "active" and after["MainPID"] == before["MainPID"],
                   after)
        words = wait_for(lambda: [entry for entry in self.container.journal("-u", DAEMON)
                                  if f"{broken}:3" in str(entry.get("MESSAGE"))], 10)
        self.check("the journal names file and line", words, self.words_of(DAEMON))

        # Past systemd's own check: a bare SIGHUP meets the daemon's.
        self.container.run("systemctl", "kill", "-s", "HUP", "--kill-who=main", DAEMON)
        time.sleep(2)
        done = self.container.run("kmemwatch", "status")
        self.check("after a bare SIGHUP the old set stays",
                   self.state(DAEMON)["MainPID"] == before["MainPID"] and
                   "SUnreclaim" in done.stdout,
                   done.stdout + done.stderr)

        os.unlink(self.container.path(broken))
        # A drop-in for one key of a shipped rule.
        os.makedirs(self.container.path("/etc/kmemwatch/rules.d/kernel-stack.ini.d"), exist_ok=True)
        self.container.write("/etc/kmemwatch/rules.d/kernel-stack.ini.d/words.ini",
                             "[kernel-stack-spike]\nsummary = Our own words for it\n")
        done = self.container.run("systemctl", "reload", DAEMON)
        self.check("systemctl reload with good rules works",
                   done.returncode == 0 and wait_for(
                       lambda: self.state(DAEMON)["SubState"] == "running", 10),
                   done.stderr + self.words_of(DAEMON))
        done = self.container.run("systemctl", "reload", COURIER)
        self.check("systemctl reload of the courier works", done.returncode == 0,
                   done.stderr + self.words_of(COURIER))

    def silence(self):
        """By whom it may be said, over a restart of the service."""
        words = ("kmemwatch", "silence", "Percpu", "--for", "1h", "--why", "the service test")
        done = self.container.run(*words, user=NOBODY)
        self.check("an ordinary user may not silence anything",
                   done.returncode == 1 and "kmemwatch-admin" in done.stderr, done)
        done = self.container.run("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                                  "--groups=kmemwatch-admin", *words)
        self.check("a member of kmemwatch-admin may",
                   done.returncode == 0 and "could not be saved" not in done.stdout, done)
        done = self.container.run("systemctl", "restart", DAEMON)
        shown = wait_for(lambda: "the service test" in self.container.run(
            "kmemwatch", "alerts", user=NOBODY).stdout, 10)
        self.check("a silence lasts over a restart", done.returncode == 0 and shown,
                   self.words_of(DAEMON))
        entries = self.container.journal("MESSAGE_ID=006dcc36161e420d8eba38ce4369dd01")
        self.check("the journal knows of the silence",
                   len(entries) == 1 and entries[0].get("KMEMWATCH_WHY") == "the service test" and
                   NOBODY in str(entries[0].get("MESSAGE")), entries)
        done = self.container.run("kmemwatch", "unsilence", "Percpu")
        self.check("root ends a silence", done.returncode == 0, done)

    def learn(self):
        """Waits until the detectors know what is normal. When it was not, because somebody else
        makes such faults on this machine, begins again from an empty state as long as there is time
        for the rest of the test."""
        self.results.note(f"the detectors learn for {WARM_UP} s")
        begun, seen = time.monotonic(), []
        while time.monotonic() < begun + WARM_UP:
            seen.append(meminfo())
            moved = [f"{name} moved by {change >> 20} MiB" for name, most in CALM.items()
                     if (change := max(s[name] for s in seen) - min(s[name] for s in seen)) >
                     most << 20]
            if moved and time.monotonic() - self.results.start < LIMIT - WARM_UP - FAULTS:
                self.results.note("this machine is not calm, once more: " + ", ".join(moved))
                self.container.run("systemctl", "stop", DAEMON)
                self.container.run("sh", "-c", "rm -rf /var/lib/kmemwatch/*.state /run/kmemwatch/*")
                time.sleep(5)
                self.container.run("systemctl", "start", DAEMON)
                begun, seen = time.monotonic(), []
            time.sleep(0.5)

    # --- faults -----------------------------------------------------------------------------

    def alerts(self, event, dimension, since, kind="spike"):
        return [entry for entry in self.container.journal(
            "SYSLOG_IDENTIFIER=kmemwatchd", f"KMEMWATCH_EVENT={event}",
            f"KMEMWATCH_DIMENSION={dimension}", f"KMEMWATCH_KIND={kind}")
            if int(entry["__REALTIME_TIMESTAMP"]) / 1e6 >= since - 1]

    def firing(self, dimension, since, at_least):
        """The entry that says it fires, or has become, that severe."""
        severities = {"notice": ("notice", "warning", "critical"),
                      "warning": ("warning", "critical")}[at_least]
        return [entry for event in ("firing", "escalated")
                for entry in self.alerts(event, dimension, since)
                if entry.get("KMEMWATCH_SEVERITY") in severities]

    def inject(self, kind, amount, dimension, at_least="warning"):
        fault = Fault(FAULT, kind, amount)
        self.faults.append(fault)
        self.results.note(fault.words)
        if not self.check(f"the fault \"{kind} {amount}\" can be made", fault.grown, fault.words):
            return fault, None
        found = wait_for(lambda: self.firing(dimension, fault.begun, at_least), 20)
        delay = time.time() - fault.reached
        self.check(f"{kind}: {dimension} fires as a {at_least} or more within 20 s ({delay:.0f} s)",
                   found, self.words_of(DAEMON) + self.container.run("kmemwatch", "status").stdout)
        return fault, found[0] if found else None

    def look_at_entry(self, entry, rule):
        """One firing entry against the documented fields."""
        if not entry:
            return
        priority = {"notice": "5", "warning": "4", "critical": "2"}
        name = entry["KMEMWATCH_DIMENSION"]
        self.check(f"{name}: rule and priority",
                   entry.get("KMEMWATCH_RULE") == rule and
                   entry.get("PRIORITY") == priority.get(entry.get("KMEMWATCH_SEVERITY")), entry)
        numbers = ("KMEMWATCH_VALUE_BYTES", "KMEMWATCH_BASELINE_BYTES")
        self.check(f"{name}: value and baseline are bytes, the value above",
                   all(entry.get(key, "").isdigit() for key in numbers) and
                   int(entry[numbers[0]]) > int(entry[numbers[1]]), entry)
        self.check(f"{name}: identity of 32 hex digits",
                   len(entry.get("KMEMWATCH_ALERT_ID", "")) == 32 and
                   set(entry["KMEMWATCH_ALERT_ID"]) <= set("0123456789abcdef"), entry)
        self.check(f"{name}: it is the daemon's own entry", entry.get("_SYSTEMD_UNIT") == DAEMON,
                   entry)
        explained = self.container.run("journalctl", "-q", "--no-pager", "-x",
                                       f"MESSAGE_ID={entry.get('MESSAGE_ID')}").stdout
        # The rule's own words are in it, not only the catalog's.
        self.check(f"{name}: journalctl -x explains it",
                   "Subject:" in explained and "What to look at first:" in explained and
                   "@KMEMWATCH" not in explained, explained)

    def look_at_delivery(self, entry, seconds=20):
        """The alert at each of the three receivers."""
        if not entry:
            return
        alert = entry["KMEMWATCH_ALERT_ID"]
        for channel in self.receivers.channels:
            got = wait_for(lambda c=channel: self.receivers.opened(c, alert), seconds)
            self.check(f"{entry['KMEMWATCH_DIMENSION']}: {channel} was told", got,
                       self.words_of(COURIER))

    def look_at_end(self, entry, ended, seconds=100):
        """It is over: in the journal under the same identity, and at the receivers."""
        if not entry:
            return
        alert, dimension = entry["KMEMWATCH_ALERT_ID"], entry["KMEMWATCH_DIMENSION"]
        found = wait_for(lambda: [e for e in self.alerts("resolved", dimension, ended)
                                  if e["KMEMWATCH_ALERT_ID"] == alert], seconds, 1)
        self.check(f"{dimension}: resolved after the fault ended "
                   f"({time.time() - ended:.0f} s)", found, self.words_of(DAEMON))
        if not found:
            return
        self.check(f"{dimension}: resolved has priority 6", found[0].get("PRIORITY") == "6",
                   found[0])
        if entry["KMEMWATCH_SEVERITY"] == "notice":
            return
        for channel in self.receivers.channels:
            got = wait_for(lambda c=channel: self.receivers.closed(c, alert), 20)
            self.check(f"{dimension}: {channel} was told that it is over", got,
                       self.words_of(COURIER))

    def make_faults(self):
        memory = meminfo()
        total = memory["MemTotal"]
        big = max(200 << 20, int(total * 0.005))  # the rules' limits are shares of MemTotal
        ends = []

        # One that is plainly there, seen by everybody.
        threads = max(3000, int(total * 0.0005) // 16384)
        fault, entry = self.inject("threads", threads, "KernelStack")
        self.look_at_entry(entry, "kernel-stack-spike")
        self.check("KernelStack: the words of the drop-in are used",
                   entry and "Our own words for it" in json.dumps(
                       self.receivers.all_requests()) + json.dumps(entry), entry)
        self.look_at_delivery(entry)
        done = self.container.run("kmemwatch", "status", user=NOBODY)
        self.check("kmemwatch status exits with 1 while a warning is active", done.returncode == 1,
                   f"exit {done.returncode}\n{done.stdout}{done.stderr}")
        done = self.container.run("kmemwatch", "alerts", user=NOBODY)
        self.check("kmemwatch alerts names it", "kernel-stack-spike" in done.stdout, done.stdout)
        fault.end()
        ends.append((entry, time.time()))

        # One that lasts over a restart of the daemon.
        fault, entry = self.inject("sysv", big, "SUnreclaim")
        self.look_at_entry(entry, "slab-unreclaimable-spike")
        self.look_at_delivery(entry)
        restarted = time.time()
        done = self.container.run("systemctl", "restart", DAEMON)
        self.check("systemctl restart", done.returncode == 0, done.stderr + self.words_of(DAEMON))
        listed = wait_for(lambda: entry and entry["KMEMWATCH_ALERT_ID"] in self.container.run(
            "kmemwatch", "alerts", "--json").stdout, 10)
        self.check("the alert is still there after the restart, under its identity", listed,
                   self.container.run("kmemwatch", "alerts", "--json").stdout)
        time.sleep(8)
        again = [e for e in self.alerts("firing", "SUnreclaim", restarted + 1)
                 if entry and e["__REALTIME_TIMESTAMP"] > entry["__REALTIME_TIMESTAMP"]]
        self.check("it is not announced a second time", not again, again)
        fault.end()
        ends.append((entry, time.time()))

        # One that happens while nobody delivers.
        done = self.container.run("systemctl", "stop", COURIER)
        self.check("the courier stops cleanly", done.returncode == 0 and
                   self.state(COURIER)["Result"] == "success", self.state(COURIER))
        fault, entry = self.inject("pagetables", big, "PageTables")
        spool = self.container.path("/var/lib/kmemwatch/spool/new")
        waiting = wait_for(lambda: os.listdir(spool), 10)
        self.check("the event waits in the spool while the courier is down", waiting)
        self.check("no receiver knows of it yet", entry and not any(
            self.receivers.opened(c, entry["KMEMWATCH_ALERT_ID"])
            for c in self.receivers.channels))
        self.start(COURIER)
        self.look_at_entry(entry, "page-tables-spike")
        self.look_at_delivery(entry)
        fault.end()
        ends.append((entry, time.time()))

        # One that is for the journal only: names are cache, and there is memory.
        names = int(max(total * 0.007, memory["SReclaimable"] * 0.6, 64 << 20)) // 430
        fault, entry = self.inject("dentries", names, "SReclaimable", "notice")
        self.look_at_entry(entry, "slab-reclaimable-spike")
        if entry and entry["KMEMWATCH_SEVERITY"] == "notice":
            time.sleep(3)
            self.check("SReclaimable: a notice calls nobody", not any(
                self.receivers.opened(c, entry["KMEMWATCH_ALERT_ID"])
                for c in self.receivers.channels))
        fault.end()
        ends.append((entry, time.time()))

        for entry, ended in ends:
            self.look_at_end(entry, ended)
        look_at_past(self.container, self.check,
                     [entry["KMEMWATCH_ALERT_ID"] for entry, _ in ends if entry])

    # --- the end ----------------------------------------------------------------------------

    def stop_services(self):
        self.check("every request obeyed the receivers' rules", not self.receivers.faults(),
                   "\n".join(self.receivers.faults()))
        spool = self.container.path("/var/lib/kmemwatch/spool")
        emptied = wait_for(lambda: not os.listdir(spool + "/new"), 20)
        self.check("the spool is empty", emptied, os.listdir(spool + "/new"))
        self.check("nothing was given up", not os.listdir(spool + "/dead"),
                   os.listdir(spool + "/dead"))
        for unit in (DAEMON, COURIER):
            before = self.state(unit)
            started = time.monotonic()
            done = self.container.run("systemctl", "stop", unit)
            took = time.monotonic() - started
            state = self.state(unit)
            self.check(f"{unit} stops cleanly in {took:.1f} s",
                       done.returncode == 0 and state["Result"] == "success" and
                       state["ExecMainStatus"] == "0" and took < 10,
                       f"{state}\n{self.words_of(unit)}")
            self.check(f"{unit} never ended by itself", before["NRestarts"] == "0", before)
        done = self.container.run("kmemwatch", "status", user=NOBODY)
        self.check("kmemwatch status exits with 4 when nobody answers", done.returncode == 4,
                   f"exit {done.returncode}\n{done.stdout}{done.stderr}")
        journal = self.container.run("journalctl", "--no-pager", "-o", "export").stdout
        self.check("no secret is in the journal", not self.receivers.reveals_secret(journal))
        # systemd's own words about the reload that had to fail are not theirs.
        errors = [entry for entry in self.container.journal("-p", "err")
                  if entry.get("_SYSTEMD_UNIT") in (DAEMON, COURIER) and
                  "broken.ini" not in str(entry.get("MESSAGE"))]
        self.check("neither complained of an error but the broken rule", not errors,
                   "\n".join(str(entry.get("MESSAGE")) for entry in errors))

    def run(self, release):
        tree = debian_tree(WORK, release)
        self.results.note("the tree is there")
        self.install(tree)
        self.container = Container(tree, f"{WORK}/console.log")
        self.check("the container boots", self.container.boot() == "running",
                   self.container.run("systemctl", "--failed", "--no-pager").stdout)
        self.receivers = Receivers(WORK, inside=self.container.leader)
        self.configure()
        if not self.start(DAEMON) or not self.start(COURIER):
            return
        self.look_at_services()
        self.reload()
        self.silence()
        self.learn()
        self.make_faults()
        self.stop_services()

    def clean(self):
        for fault in self.faults:
            fault.end()
        if self.receivers:
            self.receivers.stop()
        if self.container:
            self.container.stop()


def status_of(process):
    with open(process + "/status", encoding="ascii", errors="replace") as lines:
        return dict(line.split(":\t", 1) for line in lines.read().splitlines() if ":\t" in line)


def is_json(text):
    try:
        json.loads(text)
        return True
    except ValueError:
        return False


def give_up(number, _frame):
    raise RuntimeError(f"ended by signal {number}" if number != signal.SIGALRM
                       else f"not done within {LIMIT} s")


def main():
    os.makedirs(WORK, exist_ok=True)
    results = Results()
    test = Test(results)
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, give_up)
    try:
        release = require_machine("systemd-nspawn", "nsenter")
        lock = open(f"{WORK}/lock", "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at a time would share tree and faults
        signal.alarm(LIMIT)
        test.run(release)
    except Skip as reason:
        print(f"ok {results.number + 1} # SKIP service test: {reason}")
        return 77 if not results.failed else 1
    except Exception as error:  # pylint: disable=broad-except
        import traceback
        results.check("the test itself", False, f"{error}\n{traceback.format_exc()}")
    finally:
        signal.alarm(0)
        test.clean()
    print(f"1..{results.number}")
    return results.failed > 0


sys.exit(main())
