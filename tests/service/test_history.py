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
        code, out, _ = j.history()
        assert code == 0 and out.count(b"SUnreclaim grows") == 3, out
        assert b"resolved" in out and b"warning" in out


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
    done = subprocess.run([f"{BUILD}/kmemwatch", "history", "-D", "/nonexistent"],
                          capture_output=True, check=False)
    assert done.returncode == 2 and b"/nonexistent" in done.stderr
    done = subprocess.run([f"{BUILD}/kmemwatch", "history", "--since", "soon"],
                          capture_output=True, check=False)
    assert done.returncode == 2 and b"--since soon" in done.stderr


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 4))
