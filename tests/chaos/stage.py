# SPDX-License-Identifier: MIT
"""Daemon and courier as they are together: a machine whose /proc a test writes, receivers whose
answers it chooses, kills and faults; and the books: what was announced against what has arrived."""

import ctypes
import json
import mmap
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../service"))
sys.dont_write_bytecode = True

import webhook_server  # noqa: E402
from courier_kit import Place, BUILD, SECRETS  # noqa: E402
from test_daemon import Daemon  # noqa: E402

FAULTS = f"{BUILD}/tests/chaos/faults.so"
DIMENSIONS = ("SUnreclaim", "PageTables", "Percpu")
QUIET = 20 << 10  # KiB: below all limits
LEVELS = {"warning": 400 << 10, "critical": 900 << 10}
RULES = "".join(f"""[{name.lower()}-large]
dimension = {name}
detect = ratio
warning = 300M
critical = 600M
for = 0s
clear-for = 1s
summary = {name} is large
explain = E
action = A
""" for name in DIMENSIONS)
EVENT_NAME = re.compile(r"(\d{20})-([0-9a-f]{32})\.json")


class Control:
    """The page that the preload library looks at; see faults.c."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(b"\0" * mmap.PAGESIZE)
        self.path = path
        self.file = open(path, "r+b")
        self.page = mmap.mmap(self.file.fileno(), mmap.PAGESIZE)

    def close(self):
        self.page.close()
        self.file.close()

    def clock(self, seconds):
        self.page[0:8] = struct.pack("q", seconds)

    def disk(self, error):
        """Every call that would change a file (of FAULTS_DISK, if that is given) fails with this
        errno; 0: none does."""
        self.page[8:12] = struct.pack("i", error)

    def calls(self):
        return struct.unpack("I", self.page[12:16])[0]

    def failed(self):
        return struct.unpack("I", self.page[16:20])[0]


class Announced:
    """Every event that has stood in new/, by the kernel's word, in the order of its coming."""

    MOVED_TO = 0x80

    def __init__(self, folder):
        self.names = []
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        assert libc.inotify_add_watch(self.fd, folder.encode(), self.MOVED_TO) >= 0
        self.ending = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def close(self):
        self.ending = True
        self.thread.join()
        os.close(self.fd)

    def _read(self):
        while not self.ending:
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            data = os.read(self.fd, 65536)
            at = 0
            while at < len(data):
                mask, size = struct.unpack_from("=xxxxIxxxxI", data, at)
                assert not mask & 0x4000, "the kernel's queue has overflown"
                name = data[at + 16:at + 16 + size].rstrip(b"\0").decode()
                if EVENT_NAME.fullmatch(name):
                    self.names.append(name)
                at += 16 + size

    def ids(self):
        return [EVENT_NAME.fullmatch(name)[2] for name in self.names]


class Stage:
    """Use as a context. env: of the two programs, for the preload library."""

    def __init__(self, faults=()):
        self.server, self.receiver = webhook_server.start()
        self.server6, _ = webhook_server.start(host="::1", receiver=self.receiver)
        self.place = Place(self.server.server_address[1])
        self.daemon = Daemon("interval = 200ms")
        self.rules = self.daemon.rules(RULES)
        self.values = dict.fromkeys(DIMENSIONS, QUIET)
        self.lock = threading.Lock()
        self.daemon_output = ""
        self.kills = {"daemon": 0, "courier": 0}
        self.control = Control(f"{self.daemon.path}/control")
        self.faults = dict(faults)
        self.announced = Announced(f"{self.place.path}/spool/new")
        self.write_proc()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(self.daemon_output + self.daemon.output + self.place.output, file=sys.stderr)
        else:
            self.no_secrets()
        self.place.__exit__()
        self.daemon.__exit__()
        self.control.close()
        self.announced.close()
        for server in (self.server, self.server6):
            server.shutdown()
            server.server_close()

    def url(self, path, host="127.0.0.1", server=None):
        return f"http://{host}:{(server or self.server).server_address[1]}{path}"

    def channels(self):
        """One of each kind, fast enough for a test."""
        self.place.channel("ops", "type = slack", "secret = slack", "timeout = 1s", "group = 1s",
                           "interval = 100ms")
        self.place.channel("oncall", "type = pagerduty", "secret = pagerduty", "timeout = 1s",
                           "interval = 100ms", f"url = {self.url('/pagerduty/v2/enqueue')}")
        self.place.channel("archive", "type = webhook", "secret = hook", "timeout = 1s",
                           f"url = {self.url('/hook')}")
        self.place.channel("six", "type = webhook", "timeout = 1s",
                           f"url = {self.url('/hook6', '[::1]', self.server6)}")

    # --- the machine ---

    def write_proc(self):
        path = f"{self.daemon.path}/root/proc/meminfo"
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        for i, line in enumerate(lines):
            name = line.split(":")[0]
            if name in self.values:
                lines[i] = f"{name}: {self.values[name]} kB"
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        os.rename(path + ".new", path)

    def set(self, **kib):
        with self.lock:
            self.values.update(kib)
            self.write_proc()

    def reboot(self, number):
        """Another boot from the next start on; what lay in /run is gone."""
        path = f"{self.daemon.path}/root/proc/sys/kernel/random/boot_id"
        os.chmod(path, 0o644)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{number:08x}-0000-4000-8000-000000000000\n")
        for folder in (f"{self.daemon.path}/runtime", f"{self.place.path}/runtime"):
            shutil.rmtree(folder)
            os.mkdir(folder)

    # --- the programs ---

    def environment(self, who):
        env = {"LD_PRELOAD": os.path.abspath(FAULTS), "FAULTS_CONTROL": self.control.path}
        if self.faults.get("who", who) == who:
            env.update({k: str(v) for k, v in self.faults.items() if k.startswith("FAULTS_")})
        return env

    def start_daemon(self):
        env = self.environment("daemon")
        if "FAULTS_KIND" in env:
            env.setdefault("FAULTS_BELOW", self.daemon.path)
        # Both folders: state and spool.
        env["FAULTS_BELOW"] = os.path.commonpath([self.daemon.path, self.place.path])
        self.daemon.start(self.rules, options=("--spool", f"{self.place.path}/spool"), env=env)

    def start_courier(self, wait=True):
        env = self.environment("courier")
        env["FAULTS_BELOW"] = self.place.path
        # The output of the one before stays; this line comes when it can be reloaded.
        line, before = "delivering from", self.place.output.count("delivering from")
        self.place.start(env=env)
        if wait:
            self.place.wait(lambda: self.place.output.count(line) > before)

    def kill_daemon(self):
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.kills["daemon"] += 1
        time.sleep(0.01)  # what its pipe still holds
        self.daemon_output += self.daemon.output
        self.daemon.told = self.daemon.output = ""

    def kill_courier(self):
        self.place.kill()
        self.kills["courier"] += 1

    def output(self):
        return self.daemon_output + self.daemon.output + self.place.output

    def stop(self):
        assert self.daemon.stop() == 0, self.daemon.output
        assert self.place.stop() == 0, self.place.output

    # --- the end ---

    def calm(self, seconds=60):
        """All is well again: nothing is wrong with receivers, disk and machine; until all has
        arrived."""
        self.receiver.roulette = None
        self.control.disk(0)
        self.set(**dict.fromkeys(DIMENSIONS, QUIET))
        end = time.monotonic() + seconds
        hurried = time.monotonic()
        calm_since = None
        while time.monotonic() < end:
            begin = time.monotonic()
            for who, process in (("daemon", self.daemon.process), ("courier", self.place.process)):
                assert process.poll() is None, f"the {who} ended by itself\n{self.output()}"
            if [n for n in self.place.list("new") if n.endswith(".json")] or self.is_busy():
                calm_since = None
            elif calm_since is None:
                calm_since = time.monotonic()
            # On a busy machine one look takes seconds, in which the last event may come.
            elif begin - calm_since > 2:
                return
            if time.monotonic() - hurried > 3:
                self.place.process.send_signal(signal.SIGHUP)  # ends all waiting
                hurried = time.monotonic()
            time.sleep(0.05)
        raise AssertionError(f"not empty within {seconds} s: {self.place.list('new')}\n"
                             f"{self.output()}")

    def is_busy(self):
        """An alert is open, an event waits in the daemon's memory for the disk, or the courier has
        something under way."""
        if any(c["state"] != "idle" for c in self.place.status()["channels"]):
            return True
        done = subprocess.run([f"{BUILD}/kmemwatch", "--runtime", f"{self.daemon.path}/runtime",
                               "status", "--json"], capture_output=True, text=True, timeout=20,
                              check=False)
        if not done.stdout:
            return True
        daemon = json.loads(done.stdout)["daemon"]
        return daemon["alerts"] or daemon["spool"]["held"] > 0

    def no_secrets(self):
        for secret in SECRETS:
            assert secret not in self.output(), f"secret in the output\n{self.output()}"
        for folder in (self.place.path, self.daemon.path):
            for base, _, names in os.walk(folder):
                if "/config" in base:
                    continue
                for name in names:
                    try:
                        with open(os.path.join(base, name), "rb") as f:
                            data = f.read(1 << 20)
                    except OSError:
                        continue
                    for secret in SECRETS:
                        assert secret.encode() not in data, f"secret in {base}/{name}"


# --- the books ---

def arrivals(requests):
    """[(ids in the message, request)] of those that were taken."""
    result = []
    for request in requests:
        if not request["accepted"]:
            continue
        body = json.loads(request["body"])
        if request["path"].startswith("/hook"):
            ids = [e["id"] for e in body.get("also", [])] + [body["id"]]
        elif request["path"].startswith("/pagerduty"):
            details = body["payload"]["custom_details"]
            ids = details.get("event_ids", details["event_id"]).split(",")
        else:
            ids = []
            blocks = list(body["blocks"])
            for attachment in body.get("attachments", []):
                blocks += attachment["blocks"]
            for block in blocks:
                ids += [i for i in block.get("block_id", "").split(",") if i]
        result.append((ids, request))
    return result


def given_up(stage):
    """{(id, channel)} of dead/; each with its reason there and in the log."""
    found = set()
    for name in stage.place.list("dead"):
        match = re.fullmatch(r"(\d{20})-([0-9a-f]{32})\.(.+)\.reason", name)
        if match and match[3] != "json":
            assert f"Channel {match[3]}: event given up" in stage.place.output, name
            found.add((match[2], match[3]))
    return found


def events_seen(stage):
    """{id: event} as the webhooks got them; an id means one event, whenever it comes."""
    events = {}
    for request in stage.receiver.snapshot():
        if not request["path"].startswith("/hook"):
            continue
        body = json.loads(request["body"])
        for event in body.get("also", []) + [body]:
            if event["alert"]["rule"] == "kmemwatch-channel":
                continue  # the courier's own
            event = {k: v for k, v in event.items() if k not in ("also", "events")}
            known = events.setdefault(event["id"], event)
            for key in ("dedup_key", "event", "time", "trigger", "resolve", "sequence"):
                assert known[key] == event[key], f"{key} of {event['id']} has changed:\n" \
                    f"{known}\n{event}"
    return events


def check_books(stage, channels=(("archive", "/hook"), ("six", "/hook6"), ("ops", "/slack"),
                                 ("oncall", "/pagerduty"))):
    """Compares what was announced with what has arrived, one by one. Returns what was counted."""
    for request in stage.receiver.snapshot():
        assert not request["errors"], (request["errors"], request["body"])
    events = events_seen(stage)
    # One whose file was there when a call failed, or the daemon was killed, stands there again.
    again = len(stage.announced.names)
    announced = list(dict.fromkeys(stage.announced.ids()))
    dead = given_up(stage)
    counts = {"announced": len(announced), "announced again": again - len(announced),
              "given up": len(dead), "repeated": 0}
    unknown = [i for i in announced if i not in events]
    assert not unknown, f"lost on their way to all webhooks: {unknown} of {announced}"

    order = {i: n for n, i in enumerate(announced)}
    alerts = {}
    for event_id in announced:
        alerts.setdefault(events[event_id]["dedup_key"], []).append(events[event_id])
    for key, list_of in alerts.items():
        types = [(e["trigger"], e["resolve"]) for e in list_of]
        assert types[0] == (True, False), f"{key} does not begin with a trigger: {list_of}"
        assert types[-1] == (False, True), f"{key} was not closed: {list_of}"
        assert types.count((True, False)) == types.count((False, True)) == 1, (key, types)

    for channel, path in channels:
        requests = [r for r in stage.receiver.snapshot()
                    if r["path"] == path or r["path"].startswith(path + "/")]
        first = {}
        number = 0
        for ids, request in arrivals(requests):
            number += 1
            for event_id in ids:
                counts["repeated"] += event_id in first
                first.setdefault(event_id, number)
        meant = [i for i in announced if wants(channel, events[i])]
        lost = [i for i in meant if i not in first and (i, channel) not in dead]
        assert not lost, f"lost for {channel}: {[(i, events[i]['event']) for i in lost]}"
        for key, list_of in alerts.items():
            came = [(first[e["id"]], order[e["id"]]) for e in list_of if e["id"] in first]
            assert [n for n, _ in came] == sorted(n for n, _ in came), \
                f"{channel}: events of {key} came out of their order"
        counts[channel] = number
    check_last_word(stage, alerts)
    return counts


def wants(channel, event):
    """As the courier sees it: PagerDuty needs no word of what changes within an incident."""
    if channel != "oncall":
        return True
    return event["trigger"] or event["resolve"] or event["event"] == "escalated"


def check_last_word(stage, alerts):
    """What PagerDuty was told last of each alert is its end."""
    last = {}
    for request in stage.receiver.snapshot():
        if request["path"].startswith("/pagerduty") and request["accepted"]:
            body = json.loads(request["body"])
            last[body["dedup_key"]] = body["event_action"]
    for key in list(alerts) + [k for k in last if k.startswith("kmemwatch-channel/")]:
        assert last.get(key) == "resolve", f"the incident {key} stays open: {last.get(key)}"
