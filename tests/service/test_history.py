#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kmemwatch history over journals made for it: what is shown, what is refused."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from runner import run_tests

BUILD = os.environ.get("KMW_BUILD", "build/release")
REMOTE = "/lib/systemd/systemd-journal-remote"


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def entry(seconds, event, **fields):
    """An entry as journald keeps it; a field given as None is left out, bytes may be any."""
    all_fields = {
        "__REALTIME_TIMESTAMP": str(int(seconds * 1e6)),
        "__MONOTONIC_TIMESTAMP": str(int(seconds * 1e6) % 10**12),
        "_BOOT_ID": "0123456789abcdef0123456789abcdef",
        "_UID": "0",
        "_HOSTNAME": "db1",
        "SYSLOG_IDENTIFIER": "kmemwatchd",
        "MESSAGE": "a message",
        "KMEMWATCH_EVENT": event,
        "KMEMWATCH_TIME": rfc3339(seconds),
        "KMEMWATCH_SEVERITY": "warning",
        "KMEMWATCH_PREVIOUS_SEVERITY": "ok",
        "KMEMWATCH_RULE": "slab-growth",
        "KMEMWATCH_DIMENSION": "SUnreclaim",
        "KMEMWATCH_KIND": "growth",
        "KMEMWATCH_UNIT": "bytes",
        "KMEMWATCH_VALUE": "1048576",
        "KMEMWATCH_TEXT": "SUnreclaim grows",
        "KMEMWATCH_ALERT_ID": "a" * 32,
        "KMEMWATCH_EVENT_ID": "b" * 32,
    }
    all_fields.update(fields)
    out = b""
    for name, value in all_fields.items():
        if value is None:
            continue
        value = value if isinstance(value, bytes) else value.encode()
        if b"\n" in value or not value.isascii():
            out += name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
        else:
            out += name.encode() + b"=" + value + b"\n"
    return out + b"\n"


class Journal:
    def __init__(self, *entries):
        self.path = tempfile.mkdtemp(prefix="kmw-journal-")
        self.add(*entries)

    def add(self, *entries):
        made = subprocess.run([REMOTE, "-o", f"{self.path}/remote.journal", "-"],
                              input=b"".join(entries), capture_output=True, check=False)
        assert made.returncode == 0, made.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def history(self, *options):
        done = subprocess.run([f"{BUILD}/kmemwatch", "history", "-D", self.path, *options],
                              capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def events(self, *options):
        code, out, err = self.history("--json", *options)
        assert code == 0, err
        return json.loads(out)["events"]


def test_order_and_choice():
    now = time.time()
    with Journal(entry(now - 40 * 86400, "firing", KMEMWATCH_RULE="old"),
                 entry(now - 3 * 86400, "firing"),
                 entry(now - 2 * 86400, "resolved", KMEMWATCH_SEVERITY="ok",
                       KMEMWATCH_PREVIOUS_SEVERITY="warning"),
                 entry(now - 3600, "firing", KMEMWATCH_RULE="stack-spike",
                       KMEMWATCH_DIMENSION="KernelStack"),
                 entry(now - 60, None, KMEMWATCH_EVENT=None)) as j:
        assert [e["event"] for e in j.events()] == ["firing", "resolved", "firing"]
        assert [e["rule"] for e in j.events("--since", "60d")][0] == "old"
        assert [e["rule"] for e in j.events("--since", "24h")] == ["stack-spike"]
        assert len(j.events("--since", "60d", "--until", "1d")) == 3
        assert [e["dimension"] for e in j.events("--rule", "stack-*")] == ["KernelStack"]
        assert len(j.events("--rule", "SUnreclaim")) == 2
        moment = rfc3339(now - 7200).replace("+00:00", "Z")
        assert j.events("--since", moment)[0]["value"] == 1048576
        assert len(j.events("--since", "60d", "-U", "2 hours ago")) == 3
        assert len(j.events("-S", "2 hours ago")) == 1
        assert [e["event"] for e in j.events("--lines", "2")] == ["resolved", "firing"]
        code, out, _ = j.history()
        assert code == 0 and out.count(b"SUnreclaim grows") == 3, out
        assert b"resolved" in out and b"warning" in out and b"db1" not in out
        code, _, err = j.history("--since", "1h", "--until", "2h")
        assert code == 2 and b"not before" in err
        tomorrow = time.strftime("%Y-%m-%d", time.localtime(now + 2 * 86400))
        code, _, err = j.history("--since", tomorrow)
        assert code == 2 and b"not come yet" in err


def test_many_hosts():
    """Of journals that were collected from many machines, each event names its own."""
    now = time.time()
    with Journal(entry(now - 60, "firing"), entry(now - 30, "firing", _HOSTNAME="web7")) as j:
        _, out, _ = j.history()
        lines = [line for line in out.decode().splitlines() if "warning" in line]
        assert "db1  warning" in lines[0] and "web7  warning" in lines[1], out
        assert [e["host"] for e in j.events()] == ["db1", "web7"]
        assert [e["host"] for e in j.events("--host", "web*")] == ["web7"]
        assert j.events("--host", "web") == []


def lines_of(program):
    for line in program.stdout:
        yield json.loads(line)


def test_follow():
    """What is written while it follows is told, once; what was before, only the newest."""
    now = time.time()
    with Journal(*(entry(now - 600 + i, "firing", KMEMWATCH_VALUE=str(i))
                   for i in range(15))) as j:
        follower = subprocess.Popen(
            [f"{BUILD}/kmemwatch", "history", "-f", "--json", "-D", j.path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            events = lines_of(follower)
            assert [next(events)["value"] for _ in range(10)] == list(range(5, 15))
            for value in (77, 78):
                j.add(entry(time.time(), "resolved", KMEMWATCH_VALUE=str(value)),
                      entry(time.time(), None, KMEMWATCH_EVENT=None))
                event = next(events)
                assert (event["event"], event["value"]) == ("resolved", value), event
            assert follower.poll() is None
        finally:
            follower.kill()
            follower.communicate()


def in_terminal(command, **environment):
    """What a person sees, and with which pager."""
    done = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30, check=False,
                          env={**os.environ, "TERM": "xterm", **environment})
    return done.returncode, done.stdout


def test_pager():
    with Journal(entry(time.time() - 60, "firing")) as j:
        command = f"{BUILD}/kmemwatch history -D {j.path}"
        paged = {"PAGER": "sed s/^/paged:/", "SYSTEMD_PAGER": "sed s/^/ours:/"}
        code, out = in_terminal(command, **paged)
        assert code == 0 and "ours:" in out and "SUnreclaim grows" in out
        for options, environment in ((" --no-pager", paged), (" --json", paged),
                                     ("", {**paged, "TERM": "dumb"}), ("", {"PAGER": "cat"}),
                                     ("", {**paged, "SYSTEMD_PAGER": ""})):
            code, out = in_terminal(command + options, **environment)
            assert code == 0 and "SUnreclaim grows" in out and ":/" not in out, out
            assert "paged:" not in out and "ours:" not in out, (options, environment)
        code, out = in_terminal(command, SYSTEMD_PAGER="/nonexistent --at-all")
        assert code == 0 and "SUnreclaim grows" in out, out
        code, out = in_terminal(command, SYSTEMD_PAGER="true")
        assert code == 0 and "SUnreclaim" not in out, out


def test_any_bytes():
    """What stands in the journal steers neither the terminal nor JSON."""
    now = time.time()
    with Journal(entry(now - 5, "firing", KMEMWATCH_TEXT=b"evil \x1b[2J\xff\n\"quoted\"",
                       KMEMWATCH_RULE=b"r\xc3\xa4\x07", KMEMWATCH_VALUE="1e999",
                       KMEMWATCH_STARTED="yesterday", KMEMWATCH_SEVERITY="terrible",
                       KMEMWATCH_UNIT=None)) as j:
        event, = j.events()
        assert event["value"] is None and event["started"] is None
        code, out, _ = j.history()
        assert code == 0 and b"\x1b" not in out and b"\x07" not in out and b"\xff" not in out


def test_nothing_and_no_journal():
    with Journal(entry(time.time() - 90 * 86400, "firing")) as j:
        code, out, _ = j.history()
        assert code == 0 and b"Nothing was told" in out
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([f"{BUILD}/kmemwatch", "history", "-D", empty],
                              capture_output=True, check=False)
        assert done.returncode == 2 and b"there is no journal in it" in done.stderr
    done = subprocess.run([f"{BUILD}/kmemwatch", "history", "-D", "/nonexistent"],
                          capture_output=True, check=False)
    assert done.returncode == 2 and b"/nonexistent" in done.stderr
    done = subprocess.run([f"{BUILD}/kmemwatch", "history", "--since", "soon"],
                          capture_output=True, check=False)
    assert done.returncode == 2 and b"--since soon" in done.stderr


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 4))
