#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Quiet hours of the built courier's channels: nothing new is told in them, whatever is killed, and
what is still wrong at their end is told then.

    tests/service/test_courier_quiet.py [NAME...]

Needs no root. The hours end seconds after the start: a time zone of our own says so.
"""

import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import webhook_server  # noqa: E402
from courier_kit import Place, make_event  # noqa: E402
from runner import run_tests  # noqa: E402

SEED = int(os.environ.get("COURIER_SEED", time.time_ns() % 1_000_000))
HOURS = "quiet = 02:00-04:00"
PATHS = ("/slack", "/pagerduty", "/hook")


def zone(seconds_left):
    """TZ in which it is 04:00 so many seconds from now; and when that is."""
    end = int(time.time()) + seconds_left
    ahead = (4 * 3600 - end) % 86400
    west = ahead > 43200
    offset = 86400 - ahead if west else ahead
    text = f"{offset // 3600:02d}:{offset // 60 % 60:02d}:{offset % 60:02d}"
    return f"KMW{'+' if west else '-'}{text}", end


class Quiet:
    """A receiver, and a courier whose three channels have quiet hours that end soon."""

    def __init__(self, seconds_left, *keys):
        self.server, self.receiver = webhook_server.start()
        self.place = Place(self.server.server_address[1])
        port = self.place.port
        keys = (HOURS, "timeout = 1s", *keys)
        self.place.channel("ops", "type = slack", "secret = slack", "group = 0s", *keys)
        self.place.channel("oncall", "type = pagerduty", "secret = pagerduty",
                           f"url = http://127.0.0.1:{port}/pagerduty/v2/enqueue", *keys)
        self.place.channel("archive", "type = webhook", "secret = hook",
                           f"url = http://127.0.0.1:{port}/hook", *keys)
        self.timezone, self.end = zone(seconds_left)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.place.__exit__()
        self.server.shutdown()
        self.server.server_close()

    def start(self):
        self.place.start(env={"TZ": self.timezone})

    def told(self, path):
        """[(what, alert)] in the order in which they were taken."""
        result = []
        for request in self.receiver.snapshot():
            assert not request["errors"], request
            if not request["path"].startswith(path) or not request["accepted"]:
                continue
            body = json.loads(request["body"])
            text = request["body"]
            if "send-test" in text:
                continue
            word = {"/pagerduty": lambda: body["event_action"],
                    "/slack": lambda: "resolved" if "RESOLVED" in text else "firing",
                    "/hook": lambda: body["event"]}[path]()
            result.append((word, next(n for n in "ABCDEFGH" if f"SUnreclaim{n}" in text)))
        return result

    def put(self, name, event, severity="warning", previous="ok"):
        alert = make_event(name.lower() * 32, event, severity, previous)
        alert["dedup_key"] = f"key-SUnreclaim{name}"
        alert["alert"]["dimension"] = f"SUnreclaim{name}"
        alert["summary"] = f"SUnreclaim{name} grows"
        self.place.put(alert)

    def over(self, name):
        self.put(name, "resolved", "ok", "warning")


def test_hours():
    """Nothing new in them, ends at once, what came and went never, the rest when they are over."""
    with Quiet(8) as q:
        q.start()
        place = q.place
        q.put("A", "firing")
        q.put("B", "firing")
        q.over("C")  # its begin was told before
        q.over("B")

        def ends_are_told():
            return q.told("/slack") and q.told("/hook") and len(q.told("/pagerduty")) == 2
        place.wait(ends_are_told)
        q.put("A", "escalated", "critical", "warning")
        place.wait(lambda: place.channel_status("ops")["held"] == 2)
        status = place.channel_status("ops")
        assert status["state"] == "quiet" and status["waiting"] == 2, status
        until = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(q.end))
        assert status["quiet_until"].startswith(until), (status, until)
        test = json.loads(place.call("SendTest", "ops"))
        assert test["accepted"] and test["quiet_until"].startswith(until), test

        def daemon_is_told():
            return os.path.exists(f"{place.path}/spool/courier/held")
        place.wait(daemon_is_told)
        held = place.read("courier/held").split()
        assert held[0] == "1" and int(held[2]) == q.end and held[4] == "0", held
        assert abs(int(held[1]) - time.time()) < 10 and int(held[3]) == place.sequence, held
        assert time.time() < q.end, "too slow"
        # C of those that take single messages; PagerDuty closes what it may have, too.
        for path in PATHS:
            expected = {("resolve", "C"), ("resolve", "B")} if path == "/pagerduty" else \
                {("resolved", "C")}
            assert set(q.told(path)) == expected, (path, q.told(path))

        place.wait_empty()
        assert time.time() >= q.end
        assert q.told("/slack")[1:] == [("firing", "A")], q.told("/slack")
        assert q.told("/pagerduty")[2:] == [("trigger", "A")], q.told("/pagerduty")
        assert q.told("/hook")[1:] == [("firing", "A"), ("escalated", "A")], q.told("/hook")
        place.wait_output("of 1 alert that came and went nothing is told")
        assert place.channel_status("ops")["quiet_until"] is None
        # All that is left lies there on purpose until the end: the daemon takes it so.
        assert int(place.read("courier/held").split()[2]) == q.end


def test_except():
    """What is critical passes, with what came before it, and so does its end."""
    with Quiet(6, "quiet-except = critical") as q:
        q.start()
        q.put("A", "firing")
        q.put("B", "firing")
        q.put("B", "escalated", "critical", "warning")
        q.place.wait(lambda: all(q.told(path) for path in PATHS))
        q.over("B")
        q.place.wait(lambda: ("resolve", "B") in q.told("/pagerduty") and
                     ("resolved", "B") in q.told("/slack"))
        assert time.time() < q.end, "too slow"
        for path in PATHS:
            assert all(name == "B" for _, name in q.told(path)), q.told(path)
        q.place.wait_empty()
        for path in PATHS:
            assert q.told(path)[-1][1] == "A", q.told(path)


def test_kills():
    """Killed at any moment: nothing new is told in the hours, nothing is lost, no begin twice."""
    with Quiet(9) as q:
        rng = random.Random(SEED)
        q.start()
        for name in "ABCDEF":
            q.put(name, "firing")
            time.sleep(rng.uniform(0, 0.3))
            if rng.random() < 0.7:
                q.place.kill()
                q.start()
            if name in "BD":
                q.over(name)
            time.sleep(rng.uniform(0, 0.3))
        for path in PATHS:
            assert all(word.startswith("resolve") for word, _ in q.told(path)), q.told(path)
        assert time.time() < q.end, "too slow"
        while time.time() < q.end + 2:
            time.sleep(rng.uniform(0.05, 0.5))
            q.place.kill()
            q.start()
        q.place.wait_empty()
        for path in PATHS:
            begins = {name for word, name in q.told(path) if not word.startswith("resolve")}
            assert begins == set("ACEF"), (path, q.told(path))
        assert not [n for n in q.place.list("dead") if n.endswith(".json")]


def test_reload():
    """Hours that are taken out of the file end at once, and those that are put in begin so."""
    with Quiet(600) as q:
        q.start()
        q.put("A", "firing")
        q.place.wait(lambda: q.place.channel_status("archive")["held"] == 1)
        url = f"url = http://127.0.0.1:{q.place.port}/hook"
        q.place.channel("archive", "type = webhook", "secret = hook", url)
        q.place.reload()
        q.place.wait(lambda: q.told("/hook") == [("firing", "A")])
        q.place.wait(lambda: q.place.read("courier/held").split()[4] == "0")
        q.place.channel("archive", "type = webhook", "secret = hook", url, HOURS)
        q.place.reload()
        q.place.wait(lambda: q.place.channel_status("archive")["quiet_until"])
        q.put("B", "firing")
        q.over("A")
        q.place.wait(lambda: q.told("/hook")[1:] == [("resolved", "A")])
        assert q.told("/slack") == [] and q.place.channel_status("archive")["held"] == 1


if __name__ == "__main__":
    print(f"COURIER_SEED={SEED}")
    sys.exit(run_tests(globals(), 4))
