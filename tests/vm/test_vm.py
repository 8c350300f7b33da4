#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The installed package in machines with a kernel of their own (Debian's, in qemu): our module
leaks in each of the ways that a driver does, programs in units and containers do the same, and each
alert must come soon and name the right object, the right share and the right cgroup. A second
machine is leaked until the OOM killer comes: the alert comes long before it with a time that holds,
and another one is told while no memory is left. Prints TAP. Skips, and says why, where this cannot
run."""
import fcntl
import glob
import json
import os
import re
import signal
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from guest import HOST, ROOT, TOOLS, Guest, Image  # noqa: E402
from machine import Results, Skip, require_machine, wait_for  # noqa: E402
from receivers import Receivers  # noqa: E402

WORK = f"{ROOT}/build/vm"
FAULT = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}/tests/faults/fault"
# Image included; what is not done by then is not reported, and so counts as failed.
LIMIT = 590
# Detectors answer after 60 s; some more for a busy machine.
WARM_UP = 72
# From one fault to the next: deep looks for culprits take at most a hundredth of the time, and
# under emulation one costs up to 0.2 s; what was saved while learning serves for the rest.
PAUSE = 15
# From the moment the leak is there to the alert with its culprit. Rules wait 3 s, the look for the
# culprit takes 2 at most; the rest is for an emulated machine on a busy one.
SOON = 15
NOBODY = "65534"
# Alerts of their own, each of which waits for so long while less than a tenth of the memory is
# there. How long a machine takes from there to the OOM killer differs, but then it has none for
# half a minute: what becomes due meanwhile has nothing to be said with.
LATE = range(4, 84, 8)
# From such an alert to its message.
LATE_SECONDS = 5
LEAK = "/sys/module/leak/parameters/run"
CONTAINER = "0123456789abcdef" * 4
MIB = 1 << 20


class Fault:
    """What is done, which rule must speak, and whom it must name first."""

    def __init__(self, name, rule, size, kind, culprit, begin=None, end=None, cgroup=None):
        self.name = name
        self.rule = rule
        self.size = size          # bytes that come of it; None: not known beforehand
        self.kind = kind          # of the first culprit
        self.culprit = culprit    # its name or label, as a pattern
        self.cgroup = cgroup      # whom it is charged to; None: nobody
        self.since = "1min"       # when it began, for a person who asks
        self.begin = begin
        self.end = end


def leak(name, rule, command, size, kind, culprit):
    return Fault(name, rule, size, kind, culprit, f"echo {command} >{LEAK}", f"echo free >{LEAK}")


def in_unit(fault, rule, size, kind, culprit, scope=False):
    """By one of the injectors: in a service, or in the scope of a container."""
    unit = f"docker-{CONTAINER}.scope" if scope else "victim.service"
    start = f"systemd-run -q --collect -p TasksMax=infinity --unit={unit} "
    run = f"/opt/fault {fault} --hold 300"
    return Fault("fault " + fault + (" in a container" if scope else ""), rule, size, kind, culprit,
                 start + (f"--scope {run} >/dev/null 2>&1 & sleep 2" if scope else
                          f"-p LimitNOFILE=500000 {run}"),
                 f"systemctl stop {unit}", CONTAINER[:12] if scope else "victim.service")


SLAB = "slab-unreclaimable-spike"
# Those that move the same number stand apart: one is over before the next begins.
FAULTS = [
    leak("kmalloc of 1 KiB", SLAB, "kmalloc 1024 49152", 48 * MIB, "cache", "kmalloc-1k"),
    leak("vmalloc", "vmalloc-spike", "vmalloc 65536 600", 600 * 68 << 10, "caller", "leak_vmalloc"),
    leak("kmalloc of 16 KiB", SLAB, "kmalloc 16384 3072", 48 * MIB, "large-kmalloc", ""),
    leak("percpu", "percpu-spike", "percpu 8192 1500", 1500 * 2 * 8192, None, None),
    leak("a cache of the module's own", SLAB, "cache 512 98304", 48 * MIB, "cache",
         "leaked_object"),
    leak("kernel threads", "kernel-stack-spike", "thread 16 700", 700 * 16 << 10, "process",
         "leaker"),
    in_unit("sysv 48M", SLAB, 48 * MIB, "cache|large-kmalloc", ""),
    in_unit("pagetables 40M", "page-tables-spike", 40 * MIB, "process", "fault"),
    in_unit("dentries 150000", "slab-reclaimable-spike", None, "cache", "dentry"),
    in_unit("threads 700", "kernel-stack-spike", 700 * 16 << 10, "process", "fault", scope=True),
    in_unit("sockets 24000", SLAB, None, "cache", "UNIX"),
]
# This number is the median of five minutes: it is given its time beside the last of the others.
SLOW = in_unit("pipes 100M", "unaccounted-spike", 100 * MIB, None, None)
SLOW.begin, SLOW.end = (text.replace("victim", "pipes") for text in (SLOW.begin, SLOW.end))
SLOW.cgroup, SLOW.since = "pipes.service", "10min"
SLOW_SECONDS, SLOW_BESIDE = 240, 3


class Watched(Guest):
    """A guest with both services running and told where the receivers are."""

    def __init__(self, image, name, memory, results):
        self.folder = f"{WORK}/{name}"
        os.makedirs(self.folder, exist_ok=True)
        super().__init__(image, name, memory, self.folder)
        self.check = lambda text, good, detail="": results.check(f"{name}: {text}", good, detail)
        self.note = lambda text: results.note(f"{name}: {text}")
        self.receivers = None

    def shell(self, command, **options):
        return self.run("bash", "-c", command, **options)

    def start(self):
        self.boot()
        self.note("booted")
        self.receivers = Receivers(self.folder, host=HOST)
        self.receivers.configure(self)
        done = self.shell("/opt/busybox insmod /opt/leak.ko && "
                          "systemctl start kmemwatch kmemwatch-courier ballast", timeout=120)
        self.check("both services start", done.returncode == 0, done.stderr + self.words())
        return time.monotonic()

    def words(self):
        return self.shell("journalctl --no-pager -n 40 -u kmemwatch -u kmemwatch-courier").stdout

    def alerts(self):
        try:
            return json.loads(self.run("kmemwatch", "alerts", "--json").stdout)["alerts"]
        except (ValueError, KeyError):
            return []

    def firing(self, rule, since):
        """The alert of this rule that fired since then."""
        for alert in self.alerts():
            if alert["rule"] == rule and alert["state"] == "firing" and \
                    seconds_of(alert["fired"]) >= since - 1:
                return alert
        return None

    def told(self, alert):
        """Its events that arrived at the receiver, oldest first."""
        return [event for request in self.receivers.all_requests()
                if request["path"] == "/hook" and request["accepted"]
                for event in [json.loads(request["body"])]
                if event["alert"]["id"] == alert]

    def clock(self):
        return float(self.run("date", "+%s.%N").stdout or "nan")

    def answers(self):
        return self.run("true").returncode == 0

    def close(self):
        self.stop()
        if self.receivers:
            self.receivers.stop()


def seconds_of(text):
    """Unix seconds of the daemon's times."""
    whole, _, rest = text.rstrip("Z").partition(".")
    stamp = time.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    return time.mktime(stamp) - time.timezone + float("0." + (rest or "0"))


# --- one machine: who is it? -----------------------------------------------------------------


def find_faults(guest, alive):
    started = guest.start()
    hurry(guest)
    time.sleep(max(0, started + WARM_UP - time.monotonic()))
    for number, fault in enumerate(FAULTS):
        if not alive():
            return
        if number == len(FAULTS) - SLOW_BESIDE:
            begin_fault(guest, SLOW)
        begun = time.monotonic()
        # Alerts that overlap are one incident, and told as one.
        wait_for(lambda: not any(alert["state"] == "firing" for alert in guest.alerts()), 40, 1)
        end_fault(guest, fault, begin_fault(guest, fault), SOON)
        time.sleep(max(0, begun + PAUSE - time.monotonic()))
    end_fault(guest, SLOW, 0, SLOW_SECONDS)
    state = guest.show("kmemwatch", "NRestarts", "ActiveState")
    guest.check("the daemon never ended", state == {"NRestarts": "0", "ActiveState": "active"},
                state)
    guest.check("every request obeyed the receivers' rules", not guest.receivers.faults(),
                "\n".join(guest.receivers.faults()))


def hurry(guest):
    """An alert is over when its number is well for some seconds, and nothing else happens here that
    would have to be told from a fault: waiting longer proves nothing."""
    for path in glob.glob(f"{ROOT}/rules/*.ini"):
        with open(path, encoding="utf-8") as file:
            spikes = re.findall(r"^\[(.*-spike)\]", file.read(), re.MULTILINE)
        folder = f"/etc/kmemwatch/rules.d/{os.path.basename(path)}.d"
        guest.run("mkdir", "-p", folder)
        guest.write(f"{folder}/hurry.ini",
                    "".join(f"[{rule}]\nclear-for = 4s\nfor = 3s\n" for rule in spikes) or
                    "; none\n")
    done = guest.run("systemctl", "reload", "kmemwatch")
    guest.check("rules can be changed", done.returncode == 0, done.stderr + guest.words())


def begin_fault(guest, fault):
    """When, by the guest's clock."""
    begun = guest.clock()
    done = guest.shell(fault.begin)
    guest.check(f"{fault.name}: can be made", done.returncode == 0, done.stderr)
    return begun


def end_fault(guest, fault, begun, soon):
    reached = time.monotonic()
    alert = wait_for(lambda: guest.firing(fault.rule, begun), soon, 0.5)
    if guest.check(f"{fault.name}: {fault.rule} fires in {time.monotonic() - reached:.0f} s", alert,
                   json.dumps(guest.alerts(), indent=1) + guest.words()):
        look_at_culprits(guest, fault, alert)
    done = guest.shell(fault.end)
    guest.check(f"{fault.name}: can be undone", done.returncode == 0, done.stderr)


def look_at_culprits(guest, fault, alert):
    """In the event that was sent. A notice is not sent, and where the look took too long the event
    left without: then in the answer to a person."""
    told = None
    if alert["severity"] != "notice":
        told = wait_for(lambda: guest.told(alert["alert_id"]), SOON, 0.5)
        guest.check(f"{fault.name}: it is told", told, guest.words())
    event = next((e for e in told or () if e["culprits"] or not fault.kind), None)
    if event:
        where, change = "the event", event["alert"]["grown"]
    else:
        done = guest.run("kmemwatch", "who", alert["dimension"], "--since", fault.since, "--json",
                         user=NOBODY if alert["severity"] == "notice" else None)
        if not guest.check(f"{fault.name}: kmemwatch who answers", done.returncode == 0,
                           done.stdout + done.stderr):
            return
        event = json.loads(done.stdout)
        where, change = "who", event["change"]
    seen = json.dumps({key: event[key] for key in ("culprits", "explained", "charged",
                                                   "unexplained", "culprit_text")}, indent=1)
    guest.note(f"{fault.name}: {event['culprit_text']}; {event['unexplained']}")
    first = event["culprits"][0] if event["culprits"] else {"kind": "", "name": "", "label": ""}
    objects = [c for c in event["culprits"] if c["kind"] != "cgroup"]
    if fault.kind:
        guest.check(f"{fault.name}: {where} names the right one first",
                    re.fullmatch(fault.kind, first["kind"]) and
                    re.search(fault.culprit, first["name"] + " " + first["label"]), seen)
    if fault.kind and not fault.size:
        guest.check(f"{fault.name}: nearly all of it is explained",
                    event["explained"] is not None and event["explained"] > 0.85, seen)
    elif fault.kind and change:
        share = min(fault.size / change, 1)
        found = sum(c["bytes"] for c in objects if re.fullmatch(fault.kind, c["kind"]))
        # The look may have come before the last of it.
        size = min(fault.size, change)
        guest.check(f"{fault.name}: its bytes are right within ten points",
                    abs(found - size) <= 0.1 * fault.size, f"{found} of {size}\n{seen}")
        # Of these only the sum is known, not who asked: named, but not called explained.
        if first["kind"] == "large-kmalloc":
            share = 1 - share
        guest.check(f"{fault.name}: so is the share explained",
                    event["explained"] is not None and abs(event["explained"] - share) <= 0.1,
                    f"{change} bytes more, of which {fault.size}: {share:.2f}\n{seen}")
    cgroups = [c for c in event["culprits"] if c["kind"] == "cgroup"]
    if fault.cgroup:
        guest.check(f"{fault.name}: and the right cgroup",
                    cgroups and fault.cgroup in cgroups[0]["name"] + cgroups[0]["label"], seen)
    else:
        guest.check(f"{fault.name}: and no cgroup", not cgroups or cgroups[0]["share"] < 0.1, seen)


# --- the other: until nothing is left ----------------------------------------------------------


class Console(threading.Thread):
    """When the kernel said what, by this machine's clock."""

    def __init__(self, guest):
        super().__init__(daemon=True)
        self.guest = guest
        self.seen = []
        self.ended = False

    def run(self):
        known = 0
        while not self.ended:
            lines = self.guest.kernel_log().splitlines()
            for line in lines[known:]:
                if "leak: " in line or "Killed process" in line:
                    self.seen.append((time.time(), line))
            known = len(lines)
            time.sleep(0.2)

    def times(self, words):
        return [moment for moment, line in self.seen if words in line]


def exhaust(guest, alive):
    started = guest.start()
    console = Console(guest)
    console.start()
    late_rules(guest)
    # The guest's numbers of each second, to hold the daemon's estimates against.
    guest.shell("systemd-run -q --unit=record -p OOMScoreAdjust=-950 "
                "kmemwatch record -o /run/r.csv")
    time.sleep(max(0, started + WARM_UP - time.monotonic()))
    slow_leak(guest, console, alive)
    if alive():
        sudden_leak(guest, console)
    console.ended = True
    for unit in ("kmemwatch", "kmemwatch-courier", "systemd-journald"):
        state = guest.show(unit, "NRestarts", "ActiveState")
        guest.check(f"{unit} has lived through it",
                    state == {"NRestarts": "0", "ActiveState": "active"},
                    f"{state}\n" + "\n".join(line for _, line in console.seen))


def late_rules(guest):
    guest.write("/etc/kmemwatch/rules.d/late.ini", "".join(f"""[late-{seconds}]
dimension = MemTotal
detect = ratio
warning = 1M
only-if = MemAvailable < 10%
for = {seconds}s
clear-for = 1s
summary = Memory is gone
explain = It was leaked.
action = None.
""" for seconds in LATE))
    done = guest.run("systemctl", "reload", "kmemwatch")
    guest.check("rules can be added", done.returncode == 0, done.stderr + guest.words())


def slow_leak(guest, console, alive):
    """3 MiB a second, so that it takes minutes."""
    begun, guest_begun = time.time(), guest.clock()
    guest.shell(f"echo vmalloc 61440 0 48 >{LEAK}")
    guest.note("leaks 3 MiB a second")
    if not wait_for(lambda: console.times("leak: gives back") or not alive(), 330, 1):
        guest.check("slow leak: the OOM killer comes", False, guest.kernel_log()[-2000:])
        return
    oom = console.times("the OOM killer comes")[0]
    guest.note(f"the OOM killer came after {oom - begun:.0f} s and killed "
               f"{len(console.times('Killed process'))}")
    # Until it can answer again.
    wait_for(guest.answers, 60, 2)
    trace = guest.run("cat", "/run/r.csv").stdout
    gone = when_gone(trace, guest_begun)
    events = [json.loads(r["body"]) for r in guest.receivers.all_requests()
              if r["path"] == "/hook" and r["accepted"]]
    events = [e for e in events if e["alert"]["dimension"] == "VmallocUsed"]
    first = next((e for e in events if e["severity"] in ("warning", "critical")), None)
    if guest.check("slow leak: a warning arrives", first, guest.words()):
        left = 1 - (seconds_of(first["time"]) - guest_begun) / (gone - guest_begun)
        guest.check(f"slow leak: it does with {left:.0%} of the time left", left > 0.6, first)
        guest.check("slow leak: it names the function",
                    first["culprits"] and "leak_vmalloc" in first["culprits"][0]["name"],
                    first["culprit_text"])
    timed = [e for e in events if e["exhausts_at"] and seconds_of(e["time"]) < gone]
    if guest.check("slow leak: an event says when memory is gone", timed, events):
        event = timed[0]
        said, at = seconds_of(event["exhausts_at"]), seconds_of(event["time"])
        guest.check(f"slow leak: {gone - at:.0f} s before, it says {said - at:.0f}",
                    gone - at > 30 and abs(said - gone) <= 0.3 * (gone - at), event)
        guest.check("slow leak: it names the function too, though there is no time for a look",
                    event["culprits"] and "leak_vmalloc" in event["culprits"][0]["name"],
                    event["culprit_text"])


def when_gone(trace, since):
    """When MemAvailable was first below 3 % of MemTotal, which is what the daemon estimates."""
    lines = trace.splitlines()
    names = lines[0].split(",")
    for line in lines[1:]:
        row = dict(zip(names, line.split(",")))
        if len(row) == len(names) and float(row["time"]) > since and \
                float(row["MemAvailable"]) < 0.03 * float(row["MemTotal"]):
            return float(row["time"])
    return float("nan")


def sudden_leak(guest, console):
    """All of it in seconds: what is said of it, is said without memory."""
    guest.shell(f"echo free >{LEAK}; systemctl restart ballast; sleep 3")
    # Calm again, and the rules for when there is none of it ready to speak.
    quiet = wait_for(lambda: not [a for a in guest.alerts() if a["rule"].startswith("late-") and
                                  a["severity"] != "notice"], 90, 1)
    guest.check("between the leaks: all is well again", quiet, guest.words())
    before = len(console.times("the OOM killer comes"))
    begun = guest.clock()
    guest.shell(f"echo kmalloc 4096 0 300000 >{LEAK}")
    if not wait_for(lambda: len(console.times("leak: gives back")) > before, 150, 0.5):
        guest.check("sudden leak: the OOM killer comes", False, guest.kernel_log()[-2000:])
        return
    oom, back = console.times("the OOM killer comes")[before], console.times("gives back")[before]
    said = [e for e in guest.receivers.all_requests() if e["path"] == "/hook" and e["accepted"] and
            e["time"] < back and json.loads(e["body"])["alert"]["rule"] == SLAB]
    guest.check("sudden leak: the alert reaches the receiver"
                + (f", {said[0]['time'] - oom:+.1f} s from the OOM killer" if said else ""),
                said, guest.words())
    wait_for(guest.answers, 60, 2)
    entries = [e for e in guest.journal(f"KMEMWATCH_RULE={SLAB}")
               if int(e["__REALTIME_TIMESTAMP"]) / 1e6 >= begun]
    guest.check("sudden leak: and the journal", entries, guest.words())
    late_alerts(guest, oom, back)
    guest.check("sudden leak: with its culprit",
                any("kmalloc-4k" in str(e.get("KMEMWATCH_CULPRIT")) for e in entries),
                "\n".join(str(e.get("KMEMWATCH_CULPRIT")) for e in entries))


def late_alerts(guest, oom, back):
    """How long each was on its way: from the daemon's clock to ours. The network may drop packets
    for want of memory, and what is sent again is late: so most of them, and all in the end."""
    skew = time.time() - guest.clock()
    due = {e["KMEMWATCH_RULE"]: seconds_of(e["KMEMWATCH_TIME"]) + skew
           for e in guest.journal("KMEMWATCH_DIMENSION=MemTotal", "KMEMWATCH_SEVERITY=warning")}
    due = {rule: moment for rule, moment in due.items() if oom < moment < back}
    guest.check(f"sudden leak: {len(due)} alerts become due when nothing is left", due,
                f"{oom} to {back}\n{guest.words()}")

    def taken():
        return {rule: request["time"] - due[rule] for request in guest.receivers.all_requests()
                if request["path"] == "/hook" and request["accepted"]
                for event in [json.loads(request["body"])]
                for rule in [event["alert"]["rule"]] if event["trigger"] and rule in due}

    wait_for(lambda: set(due) == set(taken()), 60, 1)
    times = taken()
    seconds = ", ".join(f"{t:.1f}" for t in times.values())
    guest.check(f"sudden leak: their messages arrive after {seconds} s", set(due) == set(times),
                f"{due}\n{times}")
    soon = [rule for rule, t in times.items() if due[rule] + t < back and t < LATE_SECONDS]
    guest.check("sudden leak: most of them soon, and while nothing is left",
                len(soon) > len(due) / 2, times)


# --- both --------------------------------------------------------------------------------------


def run_both(results, image, guests):
    """Side by side: most of the time is waiting."""
    failed = threading.Event()

    def part(guest, act):
        try:
            act(guest, lambda: not failed.is_set())
        except Exception as error:  # pylint: disable=broad-except
            if not failed.is_set():
                results.check(f"{guest.name}: the test itself", False,
                              f"{error}\n{traceback.format_exc()}\n{guest.last_words()}")

    threads = []
    for name, memory, act in (("culprits", 768, find_faults), ("exhausted", 480, exhaust)):
        guest = Watched(image, name, memory, results)
        guests.append(guest)
        threads.append(threading.Thread(target=part, args=(guest, act), daemon=True))
        threads[-1].start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(1)
    finally:
        failed.set()


def give_up(number, _frame):
    raise RuntimeError(f"ended by signal {number}" if number != signal.SIGALRM
                       else f"not done within {LIMIT} s")


def main():
    os.makedirs(WORK, exist_ok=True)
    results, guests = Results(), []
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, give_up)
    try:
        if os.uname().machine != "x86_64":
            raise Skip("qemu is set up for x86-64 only")
        release = require_machine(*TOOLS)
        lock = open(f"{WORK}/lock", "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)
        signal.alarm(LIMIT)
        image = Image(WORK, release, [FAULT])
        results.note(f"the image is there: Linux {image.version}")
        run_both(results, image, guests)
    except Skip as reason:
        print(f"ok {results.number + 1} # SKIP vm test: {reason}")
        return 77 if not results.failed else 1
    except Exception as error:  # pylint: disable=broad-except
        results.check("the test itself", False, f"{error}\n{traceback.format_exc()}")
    finally:
        signal.alarm(0)
        for guest in guests:
            guest.close()
    results.note("done")
    print(f"1..{results.number}")
    return results.failed > 0


sys.exit(main())
