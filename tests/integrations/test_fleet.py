#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many hosts. Three daemons and couriers, each courier in a network of its own, report to a cluster
of two real Alertmanagers with the configuration in contrib/: one cause is one page. And a real
systemd-journal-upload takes a daemon's entries to systemd-journal-remote.

    tests/integrations/test_fleet.py [NAME...]

Needs root, for the namespaces.
"""
import ctypes
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.path.insert(0, ROOT + "/tests/integrations")
sys.dont_write_bytecode = True

from courier_kit import BUILD, Place  # noqa: E402
from runner import run_tests  # noqa: E402
from test_alertmanager import (Alertmanager, MISSING, Pages, PROGRAM,  # noqa: E402
                               free_port)
from test_daemon import Daemon, RULE, set_slab  # noqa: E402

HOSTS = ("web1", "web2", "web3")
EXAMPLE = f"{ROOT}/contrib/alertmanager/alertmanager.yml"
SYSTEMD = "/lib/systemd"
CLONE_NEWNET = 0x40000000


def example(pages_port):
    """The shipped example, in a hurry, and with somebody to page."""
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    for key, value in (("group_wait", "3s"), ("group_interval", "3s")):
        text, count = re.subn(rf"{key}: \w+", f"{key}: {value}", text)
        assert count == 1, key
    text, count = re.subn("- name: somebody", "\\g<0>\n    webhook_configs:\n"
                          f"      - url: http://127.0.0.1:{pages_port}/", text)
    assert count == 1
    return text


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


class Network:
    """A bridge, and a network namespace for each host on it. Others may run this test, too."""

    def __init__(self):
        number = os.getpid()
        self.bridge = f"kmw{number % 100000}"
        self.prefix = f"10.{200 + number % 50}.{number // 50 % 250}"
        self.address = f"{self.prefix}.1"
        self.holders = []
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.address}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def host(self):
        """What a process of the new host calls before it begins."""
        # The namespace lives as long as somebody is in it.
        holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.holders.append(holder)
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{holder.pid}/ns/net") == own:
            time.sleep(0.01)
        number = len(self.holders)
        inside = ["nsenter", "-t", str(holder.pid), "-n", "ip"]
        run("ip", "link", "add", f"{self.bridge}.{number}", "master", self.bridge, "type", "veth",
            "peer", "name", "eth0", "netns", str(holder.pid))
        run("ip", "link", "set", f"{self.bridge}.{number}", "up")
        run(*inside, "address", "add", f"{self.prefix}.{number + 1}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        libc = ctypes.CDLL(None, use_errno=True)
        place = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        def enter():
            if libc.setns(place, CLONE_NEWNET) != 0:
                os._exit(99)
        return enter

    def stop(self):
        for holder in self.holders:
            holder.kill()
            holder.wait()
        subprocess.run(["ip", "link", "delete", self.bridge], check=False)


class Host:
    """A daemon on a machine of that name, and its courier."""

    def __init__(self, name, urls, enter):
        self.daemon = Daemon("interval = 200ms")
        with open(f"{self.daemon.path}/root/proc/sys/kernel/hostname", "w",
                  encoding="utf-8") as file:
            file.write(name + "\n")
        self.place = Place(0)
        self.place.channel("am", "type = alertmanager", f"url = {' '.join(urls)}", "interval = 1s")
        set_slab(self.daemon, 30 * 1024)
        self.daemon.start(self.daemon.rules(RULE + "critical = 600M\n"))
        self.place.start("--spool", f"{self.daemon.path}/state/spool", preexec_fn=enter)

    def stop(self):
        self.place.__exit__()
        self.daemon.__exit__()


class Recorder:
    """Takes what an Alertmanager would take."""

    def __init__(self, address):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                seen.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.url = f"http://{address}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Fleet:
    def __init__(self):
        self.parts = []
        self.pages = self.add(Pages())
        self.network = self.add(Network())
        config, address = example(self.pages.port), self.network.address
        ports = [free_port(), free_port()]
        self.members = []
        for own, other in (ports, ports[::-1]):
            self.members.append(self.add(Alertmanager(
                config, address, (f"--cluster.listen-address={address}:{own}",
                                  f"--cluster.peer={address}:{other}", "--cluster.peer-timeout=2s",
                                  "--cluster.settle-timeout=2s"))))
        self.recorder = self.add(Recorder(address))
        urls = [f"http://{address}:{m.port}" for m in self.members]
        self.hosts = [self.add(Host(name, urls + [self.recorder.url], self.network.host()))
                      for name in HOSTS]

    def add(self, part):
        self.parts.append(part)
        return part

    def stop(self):
        for part in reversed(self.parts):
            part.stop()

    def slab(self, kib):
        for host in self.hosts:
            set_slab(host.daemon, kib)

    def shown(self, status, severity):
        """[hosts] of each page."""
        return [sorted(a["labels"]["instance"] for a in p["alerts"] if a["status"] == status)
                for p in self.pages.list
                if p["status"] == status and p["groupLabels"]["severity"] == severity]


def test_one_page():
    """One cause on three hosts is one page of the whole cluster; a silence; what is worse; the end.
    """
    if not PROGRAM:
        return MISSING
    if os.geteuid() != 0:
        return "needs root: network namespaces"
    fleet = Fleet.__new__(Fleet)
    try:
        fleet.__init__()
        first, second = fleet.members
        first.wait(lambda: json.loads(first.get("/api/v2/status"))["cluster"]["status"] == "ready",
                   "a cluster")

        fleet.slab(400 * 1024)
        for member in fleet.members:
            member.wait(lambda m=member: len(m.alerts(severity="warning")) == 3, "all at both")
        first.wait(lambda: fleet.shown("firing", "warning"), "a page")
        ends = [a["endsAt"] for a in first.alerts()]
        first.wait(lambda: all(a["endsAt"] > max(ends) for a in first.alerts()), "sent again")
        time.sleep(5)  # for what a second member, or a group's next round, would add
        assert fleet.shown("firing", "warning") == [list(HOSTS)], fleet.pages.list

        # One of them is known, there; then it gets worse everywhere.
        now = time.time()
        first.post("/api/v2/silences", {
            "matchers": [{"name": "instance", "value": "web2", "isRegex": False, "isEqual": True}],
            "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 600)),
            "createdBy": "test", "comment": "known"})
        fleet.slab(900 * 1024)
        first.wait(lambda: fleet.shown("firing", "critical"), "a page that it is worse")
        time.sleep(3)
        assert fleet.shown("firing", "critical") == [["web1", "web3"]], fleet.pages.list

        fleet.slab(30 * 1024)
        first.wait(lambda: fleet.shown("resolved", "critical"), "the page that it is over", 30)
        assert fleet.shown("resolved", "critical")[-1] == ["web1", "web3"], fleet.pages.list
        for member in fleet.members:
            member.wait(lambda m=member: not m.alerts(), "nothing is left")
        # The end is said again and again, and is the same each time.
        over = [a for a in fleet.recorder.seen if a["labels"]["instance"] == "web1" and
                a["labels"]["severity"] == "critical"]
        count = len(over)
        fleet.hosts[0].place.wait(lambda: len(
            [a for a in fleet.recorder.seen if a["labels"] == over[-1]["labels"]]) >= count + 3)
        last = [a for a in fleet.recorder.seen if a["labels"] == over[-1]["labels"]][-3:]
        assert len({a["endsAt"] for a in last}) == 1 and len({a["startsAt"] for a in last}) == 1
        for host in fleet.hosts:
            assert host.daemon.stop() == 0
            assert not host.place.list("dead")
    finally:
        fleet.stop()
    return None


JOURNAL = """
set -e
mount --make-rprivate /
for place in /run /var/log /usr/local/lib /var/lib/systemd/catalog; do
    mount -t tmpfs tmpfs $place
done
mkdir -p /run/systemd/journal /run/log/journal /usr/local/lib/systemd/catalog
cp {root}/etc/kmemwatch.catalog /usr/local/lib/systemd/catalog/
{systemd}/systemd-journald & journald=$!
while [ ! -S /run/systemd/journal/socket ]; do sleep 0.05; done
{daemon} & daemon=$!
for i in $(seq 200); do
    journalctl --sync
    journalctl -q -t kmemwatchd KMEMWATCH_EVENT=firing -o cat | grep -q . && break
    sleep 0.1
done
kill $daemon; wait $daemon || true
journalctl --sync
mkdir {folder}/remote
{systemd}/systemd-journal-remote --listen-http=127.0.0.1:{port} --output={folder}/remote \
    & remote=$!
for i in $(seq 50); do
    timeout 10 {systemd}/systemd-journal-upload --follow=no --url=http://127.0.0.1:{port} \
        --save-state={folder}/state && break
    sleep 0.1
done
kill $remote; wait $remote || true
kill $journald; wait $journald || true
journalctl --update-catalog
journalctl -D {folder}/remote KMEMWATCH_EVENT=firing -o json > {folder}/events
journalctl -D {folder}/remote KMEMWATCH_EVENT=firing -x --no-pager > {folder}/explained
{build}/kmemwatch history -D {folder}/remote --json > {folder}/history
"""


def test_journal_remote():
    """An alert's entry arrives in the journal of another host with all its fields; `journalctl -x`
    and `kmemwatch history` read it there."""
    if os.geteuid() != 0:
        return "needs root: a mount namespace with a journald of its own"
    for program in ("systemd-journald", "systemd-journal-remote", "systemd-journal-upload"):
        if not os.path.exists(f"{SYSTEMD}/{program}"):
            return f"{program} is not installed"
    with Daemon("interval = 200ms") as d, \
            tempfile.TemporaryDirectory(prefix="kmemwatch-fleet-") as folder:
        rules = d.rules(RULE)
        set_slab(d, 400 * 1024)
        build = os.path.abspath(BUILD)
        daemon = " ".join([f"{build}/kmemwatchd", "--journal", "--root", f"{d.path}/root",
                           "--rules", rules, "--config", f"{d.path}/config",
                           "--state", f"{d.path}/state", "--runtime", f"{d.path}/runtime"])
        done = subprocess.run(["unshare", "-m", "bash", "-c", JOURNAL.format(
            root=ROOT, systemd=SYSTEMD, daemon=daemon, folder=folder, port=free_port(),
            build=build)], capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        with open(f"{folder}/events", encoding="utf-8") as file:
            entries = [json.loads(line) for line in file]
        assert len(entries) == 1, entries
        entry = entries[0]
        for key in ("RULE", "DIMENSION", "KIND", "SEVERITY", "VALUE_BYTES", "ALERT_ID", "TEXT",
                    "EXPLAIN", "ACTION", "SUMMARY"):
            assert entry.get(f"KMEMWATCH_{key}"), (key, entry)
        assert entry["KMEMWATCH_DIMENSION"] == "SUnreclaim" and entry["PRIORITY"] == "4", entry
        assert re.fullmatch("[0-9a-f]{32}", entry["MESSAGE_ID"]), entry
        with open(f"{folder}/explained", encoding="utf-8") as file:
            text = file.read()
        assert "Defined-By: kmemwatch" in text and entry["KMEMWATCH_EXPLAIN"] in text, text
        with open(f"{folder}/history", encoding="utf-8") as file:
            history = file.read()
        assert entry["KMEMWATCH_ALERT_ID"] in history, history
    return None


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 2))
