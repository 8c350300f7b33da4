#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The channel alertmanager against Debian's prometheus-alertmanager, really started on loopback:
two members of a cluster, grouping over three hosts, a silence, a member that forgets everything.

    tests/integrations/test_alertmanager.py [NAME...]

Needs no root.
"""
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.dont_write_bytecode = True

from courier_kit import Place, hex_id, make_event  # noqa: E402
from runner import run_tests  # noqa: E402

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
MISSING = "prometheus-alertmanager is not installed"
# As contrib/alertmanager/alertmanager.yml, which test_fleet.py takes itself, but without its times.
CONFIG = """
route:
  receiver: pages
  group_by: [alertname, severity]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
inhibit_rules:
  - source_matchers: [severity = critical]
    target_matchers: [severity = warning]
    equal: [alertname, instance, dimension]
receivers:
  - name: pages
    webhook_configs:
      - url: http://127.0.0.1:%d/
        send_resolved: true
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Pages:
    """What Alertmanager tells people."""

    def __init__(self):
        pages = self.list = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                pages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def firing(self, rule):
        return [p for p in self.list if p["status"] == "firing" and
                p["groupLabels"]["alertname"] == rule]

    def resolved(self, rule):
        return [p for p in self.list if p["status"] == "resolved" and
                p["groupLabels"]["alertname"] == rule]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Alertmanager:
    def __init__(self, config, address="127.0.0.1", options=("--cluster.listen-address=",)):
        self.folder = tempfile.mkdtemp(prefix="kmemwatch-alertmanager-")
        self.address = address
        self.port = free_port()
        self.options = options
        with open(f"{self.folder}/config.yml", "w", encoding="utf-8") as file:
            file.write(config)
        self.process = None
        self.start()

    def start(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, f"--config.file={self.folder}/config.yml",
                 f"--storage.path={self.folder}/data", *self.options,
                 f"--web.listen-address={self.address}:{self.port}"], stdout=log, stderr=log)
        self.wait(lambda: self.get("/-/ready"), "ready")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.address}:{self.port}{path}",
                                        timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def post(self, path, value):
        request = urllib.request.Request(f"http://{self.address}:{self.port}{path}",
                                         json.dumps(value).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def alerts(self, **labels):
        """Those that fire now, silenced or not; (labels, annotations, ...)."""
        found = json.loads(self.get("/api/v2/alerts") or "[]")
        return [a for a in found if all(a["labels"].get(k) == v for k, v in labels.items())]

    def wait(self, ask, what, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = ask()
            if answer:
                return answer
            time.sleep(0.05)
        with open(f"{self.folder}/log", encoding="utf-8") as log:
            raise AssertionError(f"not within {seconds} s: {what}\n{log.read()[-3000:]}")


class Setup:
    """Alertmanagers, whoever they page, and a courier that resends each second."""

    def __init__(self, members=1):
        self.pages = Pages()
        self.members = [Alertmanager(CONFIG % self.pages.port) for _ in range(members)]
        self.place = Place(0)
        urls = " ".join(f"http://127.0.0.1:{m.port}" for m in self.members)
        self.place.channel("am", "type = alertmanager", f"url = {urls}", "interval = 1s")

    def __enter__(self):
        self.place.start()
        return self

    def __exit__(self, *_):
        self.place.__exit__()
        for member in self.members:
            member.stop()
        self.pages.stop()

    def event(self, alert_id, event="firing", severity="warning", previous="ok", highest=None,
              host="db1"):
        value = make_event(alert_id, event, severity, previous, highest)
        value["host"]["name"] = host
        self.place.put(value)
        return value


def test_life_of_an_alert():
    """Firing, worse, over: one alert of each severity, and the right one at each time."""
    if not PROGRAM:
        return MISSING
    with Setup() as s:
        am, alert = s.members[0], hex_id()
        sent = s.event(alert)
        found = am.wait(lambda: am.alerts(alertname="slab-unreclaimable-growth"), "the alert")
        assert len(found) == 1 and found[0]["labels"] == {
            "alertname": "slab-unreclaimable-growth", "severity": "warning", "instance": "db1",
            "job": "kmemwatch", "dimension": "SUnreclaim"}, found
        assert found[0]["annotations"]["description"] == sent["text"], found
        assert found[0]["annotations"]["runbook_url"] == sent["runbook"], found
        s.place.wait_empty()
        s.event(alert, "escalated", "critical", "warning", "critical")
        am.wait(lambda: am.alerts(severity="critical") and not am.alerts(severity="warning"),
                "critical alone")
        s.event(alert, "eased", "warning", "critical", "critical")
        am.wait(lambda: am.alerts(severity="warning") and not am.alerts(severity="critical"),
                "warning alone")
        # Else it is over before anybody was told.
        am.wait(lambda: s.pages.firing("slab-unreclaimable-growth"), "a page")
        s.event(alert, "resolved", "ok", "warning", "critical")
        am.wait(lambda: not am.alerts(), "none any more")
        # The end is told for minutes, and none of it brings the alert back.
        time.sleep(3)
        assert not am.alerts(), am.alerts()
        am.wait(lambda: s.pages.resolved("slab-unreclaimable-growth"), "the page that it is over")
        s.place.wait_empty()
        assert not s.place.list("dead")


def test_one_page_for_many_hosts():
    """The same rule on three hosts is one group, so one page; a fourth joins it."""
    if not PROGRAM:
        return MISSING
    with Setup() as s:
        am = s.members[0]
        for host in ("web1", "web2", "web3"):
            s.event(hex_id(), host=host)
        am.wait(lambda: s.pages.firing("slab-unreclaimable-growth"), "a page")
        page = am.wait(lambda: [p for p in s.pages.list if len(p["alerts"]) == 3], "all three")[0]
        assert {a["labels"]["instance"] for a in page["alerts"]} == {"web1", "web2", "web3"}, page
        time.sleep(3)
        assert len(s.pages.list) <= 2, "more than one page (and one update) for one cause"


def test_silence():
    """What is silenced there pages nobody, however often it is sent again."""
    if not PROGRAM:
        return MISSING
    with Setup() as s:
        am = s.members[0]
        now = time.time()

        def when(seconds):
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + seconds))
        am.post("/api/v2/silences", {
            "matchers": [{"name": "instance", "value": "db1", "isRegex": False, "isEqual": True}],
            "startsAt": when(0), "endsAt": when(600), "createdBy": "test", "comment": "known"})
        s.event(hex_id())
        s.event(hex_id(), host="db2")
        am.wait(lambda: am.alerts(instance="db1"), "the alert")
        assert am.wait(lambda: [a for a in am.alerts(instance="db1")
                                if a["status"]["silencedBy"]], "that it is silenced")
        page = am.wait(lambda: s.pages.list, "a page for the other host")[0]
        time.sleep(2)
        hosts = {a["labels"]["instance"] for p in s.pages.list for a in p["alerts"]}
        assert hosts == {"db2"}, page


def test_every_member():
    """Both members of a cluster are told; one that was away gets what it has missed."""
    if not PROGRAM:
        return MISSING
    with Setup(members=2) as s:
        first, second = s.members
        names = {c["name"] for c in s.place.status()["channels"]}
        assert names == {"am.1", "am.2"}, names
        alert = hex_id()
        s.event(alert)
        for member in s.members:
            member.wait(member.alerts, "the alert at both")
        second.kill()
        s.event(alert, "escalated", "critical", "warning", "critical")
        first.wait(lambda: first.alerts(severity="critical"), "the first is not held up")
        second.start()
        second.wait(lambda: second.alerts(severity="critical"), "the second, later", 30)


def test_sent_again():
    """A member that has forgotten all hears of the alert again, from a courier that was killed and
    started anew, too."""
    if not PROGRAM:
        return MISSING
    with Setup() as s:
        am, alert = s.members[0], hex_id()
        s.event(alert)
        am.wait(am.alerts, "the alert")
        s.place.wait_empty()
        ends = am.alerts()[0]["endsAt"]
        am.wait(lambda: am.alerts()[0]["endsAt"] > ends, "a later end, each time it is sent")
        am.kill()
        shutil.rmtree(f"{am.folder}/data", ignore_errors=True)
        s.place.kill()
        am.start()
        assert not am.alerts()
        s.place.start()
        am.wait(am.alerts, "the alert, once more")
        # While it is away the channel fails, and recovers.
        am.kill()
        s.place.wait(lambda: s.place.channel_status("am")["last_error"])
        am.start()
        am.wait(am.alerts, "the alert, after an outage", 30)
        s.place.wait(lambda: not s.place.channel_status("am")["last_error"])


def test_quiet_hours():
    """What it does not know yet waits; what it knows is sent again all the same, else it would take
    it for over."""
    if not PROGRAM:
        return MISSING
    with Setup() as s:
        am = s.members[0]
        s.event(hex_id(), host="db1")
        am.wait(lambda: am.alerts(instance="db1"), "the alert")
        s.place.wait_empty()
        url = f"url = http://127.0.0.1:{am.port}"
        hours = time.strftime("quiet = %a 00:00-24:00")
        s.place.channel("am", "type = alertmanager", url, "interval = 1s", hours)
        s.place.reload()
        s.place.wait(lambda: s.place.channel_status("am")["quiet_until"])
        s.event(hex_id(), host="db2")
        s.place.wait(lambda: s.place.channel_status("am")["held"] == 1)
        ends = am.alerts(instance="db1")[0]["endsAt"]
        am.wait(lambda: am.alerts(instance="db1")[0]["endsAt"] > ends, "db1's, again")
        assert not am.alerts(instance="db2")
        s.place.channel("am", "type = alertmanager", url, "interval = 1s")
        s.place.reload()
        am.wait(lambda: am.alerts(instance="db2"), "db2's, when they are over")


def test_example():
    """The configuration in contrib/ is one."""
    if not shutil.which("amtool"):
        return "amtool is not installed"
    done = subprocess.run(["amtool", "check-config",
                           f"{ROOT}/contrib/alertmanager/alertmanager.yml"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return None


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
