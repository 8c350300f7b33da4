# SPDX-License-Identifier: MIT
"""Part one: the daemon and the courier with nothing to do, beside the floor and an empty
program."""
import glob
import os
import re
import shutil
import signal
import struct
import subprocess
import time

from programs import Manager, Program, difference, memory, snapshot, spread, table

TRIES = 4  # of a measurement that an alert spoils: a daemon that tells of something is not idle
WARM_SECONDS = 8  # the first ticks fill caches and say what was found at the start


def attribution_key(build):
    """True when this build can switch off looking for culprits."""
    with open(f"{build}/etc/kmemwatch.conf", encoding="utf-8") as f:
        return re.search(r"^[#;]?\s*attribution\s*=", f.read(), re.M) is not None


def watchdog_usec(build, unit):
    with open(f"{build}/etc/{unit}", encoding="utf-8") as f:
        found = re.search(r"^WatchdogSec=(\d+)(s|min)?$", f.read(), re.M)
    return int(found[1]) * (60 if found[2] == "min" else 1) * 1000000 if found else 0


class Lineup:
    """The programs to compare, each with folders of its own."""

    def __init__(self, build, folder):
        self.build = build
        self.folder = folder
        self.manager = Manager(f"{folder.path}/notify")
        self.both = attribution_key(build)

    def config(self, name, settings=""):
        place = self.folder.make(name, "config")
        os.makedirs(f"{place}/channels.d", exist_ok=True)
        shutil.copy(f"{self.build}/etc/kmemwatch.conf", place)
        if settings:
            os.makedirs(f"{place}/kmemwatch.conf.d", exist_ok=True)
            with open(f"{place}/kmemwatch.conf.d/bench.conf", "w", encoding="utf-8") as f:
                f.write(settings)
        return place

    def environment(self, unit):
        return {"NOTIFY_SOCKET": self.manager.path,
                "WATCHDOG_USEC": str(watchdog_usec(self.build, unit))}

    def daemon_command(self, name, settings=""):
        return [f"{self.build}/kmemwatchd", "--rules", "rules",
                "--config", self.config(name, settings),
                "--state", self.folder.make(name, "state"),
                "--runtime", self.folder.make(name, "runtime")]

    def start(self, name, more=None, wrap=()):
        bench = f"{self.build}/tests/bench"
        environment = dict(more or {})
        if name in ("floor", "empty"):
            command = [f"{bench}/{name}"]
        elif name == "courier":
            config = self.config(name)
            with open(f"{config}/channels.d/hook.ini", "w", encoding="utf-8") as f:
                f.write("[channel]\ntype = webhook\nurl = http://127.0.0.1:9/\n")
            command = [f"{self.build}/kmemwatch-courier", "--config", config,
                       "--spool", self.folder.make(name, "spool"),
                       "--state", self.folder.make(name, "state"),
                       "--runtime", self.folder.make(name, "runtime")]
            environment.update(self.environment("kmemwatch-courier.service"))
        else:
            off = name == "daemon without attribution"
            command = self.daemon_command(name.replace(" ", "-"),
                                          "[daemon]\nattribution = no\n" if off else "")
            environment.update(self.environment("kmemwatch.service"))
        return Program(name.replace(" ", "-"), [*wrap, *command], self.folder.path, environment)

    def names(self):
        return ["floor", "empty", "daemon", *(["daemon without attribution"] if self.both else []),
                "courier"]


def had_alert(lineup):
    """Whether a daemon told of something since the last question; forgets it."""
    found = glob.glob(f"{lineup.folder.path}/daemon*/state/spool/new/*")
    for folder in glob.glob(f"{lineup.folder.path}/daemon*"):
        if os.path.isdir(folder):
            shutil.rmtree(folder)
    return bool(found)


def quiet(lineup, measure_it, *arguments):
    """What measure_it returns, from a time in which no alert fired."""
    for _ in range(TRIES):
        result = measure_it(lineup, *arguments)
        if not had_alert(lineup):
            return result
        print("  ... an alert fired: once more", flush=True)
    raise RuntimeError("this machine is not quiet enough: an alert fires each time")


def one_round(lineup, order, seconds):
    """All of them at the same time, their ticks apart from each other."""
    running = []
    try:
        for name in order:
            running.append((name, lineup.start(name)))
            time.sleep(1.0 / len(order))
        time.sleep(WARM_SECONDS)
        before = {name: snapshot(program) for name, program in running}
        time.sleep(seconds)
        result = {}
        for name, program in running:
            if not program.runs():
                raise RuntimeError(f"{name} ended: {program.last_words()}")
            result[name] = {**difference(before[name], snapshot(program)), **memory(program)}
        return result
    finally:
        for _, program in running:
            program.stop()


def allocations(lineup, names, seconds):
    """Of each program per tick: of the thread that samples, and of others."""
    running = []
    counters = [f"{lineup.folder.path}/{name}.counter" for name in names]
    preload = os.path.abspath(f"{lineup.build}/tests/bench/count_allocations.so")

    def read():
        counts = []
        for counter in counters:
            with open(counter, "rb") as f:
                counts.append(struct.unpack("<2Q", f.read(16)))
        return counts

    try:
        for name, counter in zip(names, counters):
            running.append(lineup.start(name, {"LD_PRELOAD": preload, "BENCH_COUNTER": counter}))
        time.sleep(WARM_SECONDS)
        before = read()
        time.sleep(seconds)
        return [[(b - a) / seconds for a, b in zip(*both)] for both in zip(before, read())]
    finally:
        for program in running:
            program.stop()


WRITES = re.compile(r"^(open|openat|creat)\(.*O_(WRONLY|RDWR|CREAT)|"
                    r"^(rename|renameat|renameat2|unlink|unlinkat|mkdir|mkdirat|link|linkat|"
                    r"symlink|fsync|fdatasync|ftruncate|truncate)\(")


def count_calls(path, sampler):
    """Calls by name, and how many of them write files: by the thread that samples, and by others,
    which save what was learned once a minute."""
    calls, own, others = {}, 0, 0
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            thread, call = line.split(None, 1)
            found = re.match(r"([a-z_0-9]+)\(", call)
            if found:
                calls[found[1]] = calls.get(found[1], 0) + 1
                if WRITES.match(call):
                    own += int(thread) == sampler
                    others += int(thread) != sampler
    return calls, own, others


def system_calls(lineup, names, seconds):
    """Of each program what count_calls() says; None without strace."""
    if not shutil.which("strace"):
        return None
    running, tracers, traces = [], [], []
    try:
        for name in names:
            running.append(lineup.start(name))
        time.sleep(WARM_SECONDS)
        for name, program in zip(names, running):
            traces.append(f"{lineup.folder.path}/{name}.strace")
            tracers.append(subprocess.Popen(
                ["strace", "-f", "-qq", "-o", traces[-1], "-p", str(program.pid)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(seconds)
    finally:
        for tracer in tracers:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        for program in running:
            program.stop()
    return [count_calls(trace, program.pid) for trace, program in zip(traces, running)]


def measure(build, folder, rounds, seconds, verdicts):
    lineup = Lineup(build, folder)
    names = lineup.names()
    results = {name: [] for name in names}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}, {seconds} s ...", flush=True)
        order = names[number % len(names):] + names[:number % len(names)]
        for name, result in quiet(lineup, one_round, order, seconds).items():
            results[name].append(result)
    rows = []
    for name in names:
        own = results[name]
        rows.append([name] + [spread([r[key] for r in own], digits) for key, digits in
                              (("cpu_ms", 3), ("resident", 2), ("private", 2), ("wakeups", 2))])
    table("Idle, one sample a second: median (range) of the rounds",
          ["", "CPU ms/s", "resident MiB", "private MiB", "wake-ups/s"], rows)

    def against(name, key, other, what):
        """Both of the same round, so that a loud neighbour counts for both."""
        return [what(mine[key], its[key]) for mine, its in zip(results[name], results[other])]

    def ratio(mine, its):
        return mine / its if its > 0 else float("inf")

    def excess(mine, its):
        return mine - its

    # The limits are for sampling and judging; what finding culprits may take comes on top.
    off = "daemon without attribution" if lineup.both else "daemon"
    verdicts.at_most(f"{off}: CPU of a tick / floor", against(off, "cpu_ms", "floor", ratio),
                     1.5, 2)
    verdicts.at_most(f"{off}: resident / empty program", against(off, "resident", "empty", ratio),
                     1.25, 2)
    verdicts.at_most(f"{off}: private dirty above the empty program, MiB",
                     against(off, "private", "empty", excess), 0.3, 2)
    # What is written each minute wakes a second thread once; where the folders lie on a disk, and
    # not in /run, that thread may wait for it some times more.
    verdicts.at_most("daemon: wake-ups a second", [r["wakeups"] for r in results["daemon"]], 1.1,
                     2)
    verdicts.at_most("courier: wake-ups a minute",
                     [r["wakeups"] * 60 for r in results["courier"]], 1.0, 1,
                     slack=60.0 / seconds)
    if lineup.both:
        verdicts.at_most("attribution: CPU, ms a second", against("daemon", "cpu_ms", off, excess),
                         0.02, 3)
        verdicts.at_most("attribution: private dirty, MiB",
                         against("daemon", "private", off, excess), 1.0, 2)
        verdicts.note("daemon with attribution: CPU of a tick / floor",
                      against("daemon", "cpu_ms", "floor", ratio), 2)
        verdicts.note("daemon with attribution: resident / empty program",
                      against("daemon", "resident", "empty", ratio), 2)

    tick(lineup, rounds, min(seconds, 20), verdicts)
    lineup.manager.close()


def tick(lineup, rounds, seconds, verdicts):
    names = [name for name in lineup.names() if name.startswith(("floor", "daemon"))]
    allocated, traced = [], []
    for number in range(rounds):
        print(f"  allocations and system calls, {number + 1} of {rounds}, {seconds} s each ...",
              flush=True)
        allocated.append(quiet(lineup, allocations, names, seconds))
        calls = quiet(lineup, system_calls, names, seconds)
        if calls:
            traced.append(calls)

    def per_tick(name, what):
        """Of each round: own allocations, others', calls, files written, others'."""
        at = names.index(name)
        if what < 2:
            return [one[at][what] for one in allocated]
        if what == 2:
            return [sum(one[at][0].values()) / seconds for one in traced]
        return [one[at][what - 2] / seconds for one in traced]

    table("A tick: median (range) of the rounds",
          ["", "allocations", "by other threads", "system calls", "files written",
           "by other threads"],
          [[name, *(spread(per_tick(name, what), 2) for what in range(5))] for name in names])
    for name in names[1:]:
        verdicts.at_most(f"{name}: allocations a tick", per_tick(name, 0), 0.0, 2)
    if traced:
        calls = traced[-1][names.index("daemon")][0]
        print("\n  the daemon's calls a tick: " + ", ".join(
            f"{call} {count / seconds:.2f}"
            for call, count in sorted(calls.items(), key=lambda item: -item[1])))
        for name in names[1:]:
            verdicts.at_most(f"{name}: files written a tick", per_tick(name, 3), 0.0, 2)
