#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""State files of other versions: what an older one wrote is taken over or set aside, what a newer
one wrote is set aside, and the daemon runs in any case.

recorded/ was written by the first version: an alert of slab-large that is firing and was told, and
what was learned beside it (payload versions 1, 5 and 2)."""

import gzip
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402
from test_daemon import BUILD, Daemon, RULE, set_slab  # noqa: E402

OLD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded")
FAULTS = os.path.abspath(f"{BUILD}/tests/chaos/faults.so")
DEDUP_KEY = "kmemwatch::vm:slab-large:SUnreclaim:1795165463.318"
PLACES = {"alerts": "state", "baselines": "state", "learned": "runtime"}


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def with_version(data, version):
    """The same file as a program of another version would have written it."""
    head = data[:12] + struct.pack("<I", version) + data[16:156]
    return head + struct.pack("<I", crc32c(head)) + data[160:]


def put_old(daemon, change=lambda data: data):
    for name, place in PLACES.items():
        with gzip.open(f"{OLD}/{name}.state.gz") as f:
            data = f.read()
        with open(f"{daemon.path}/{place}/{name}.state", "wb") as f:
            f.write(change(data))


def test_older():
    """The alert goes on under its name, and is closed under it."""
    with Daemon("interval = 200ms") as d:
        put_old(d)
        set_slab(d, 900 * 1024)
        d.start(d.rules(RULE))
        d.wait_output("1 open alert goes on from before")
        for name in ("learned", "baselines"):  # no version of these reads those of another
            if name in d.output:
                assert f"{name}.state is set aside as {name}.state.bad-" in d.output, d.output
                assert "it is from another version of kmemwatchd" in d.output
        d.wait_status(1, "1 warning")
        set_slab(d, 30 * 1024)
        event = d.wait_events("resolved")[0]
        assert event["dedup_key"] == DEDUP_KEY and event["resolve"]
        assert d.stop() == 0


def test_newer():
    with Daemon("interval = 200ms") as d:
        put_old(d, lambda data: with_version(data, 1000))
        with open(f"{d.path}/state/silences.state", "wb") as f:
            f.write(b"KMWSTATE from far away")
        set_slab(d, 900 * 1024)
        d.start(d.rules(RULE))
        for name in (*PLACES, "silences"):
            d.wait_output(f"{name}.state is set aside as {name}.state.bad-")
        assert d.wait_events("firing")[0]["dedup_key"] != DEDUP_KEY
        assert d.stop() == 0


def test_upgrade():
    """What no version of learned state can tell another, the history on the disk tells."""
    if not os.path.exists(FAULTS):
        return f"{FAULTS} is not built"
    with Daemon("interval = 200ms") as d:
        rules, clock = d.rules(RULE), f"{d.path}/clock"
        # A quarter of an hour counts as soon as all of it is of this number: two hours pass.
        for hours in range(3):
            with open(clock, "wb") as f:
                f.write(struct.pack("q", 3600 * hours).ljust(4096, b"\0"))
            d.start(rules, env={"LD_PRELOAD": FAULTS, "FAULTS_CONTROL": clock})
            d.wait_status(0, "no alerts")
            again = "what is usual here is learned again from the history: 9 dimensions, "
            assert (again in d.output) == (hours == 2), d.output
            assert ("baselines.state is set aside" in d.output) == (hours == 2), d.output
            assert d.stop() == 0
            if hours < 1:
                continue
            for name in ("runtime/learned", "state/baselines"):
                with open(f"{d.path}/{name}.state", "rb") as f:
                    data = f.read()
                with open(f"{d.path}/{name}.state", "wb") as f:
                    f.write(with_version(data, 1))
    return None


def test_moved_away():
    """Somebody puts the folder aside, and an empty one in its place: what comes then is kept and
    announced there, not in the one that nobody looks at."""
    with Daemon("interval = 200ms") as d:
        rules = d.rules(RULE)
        d.start(rules)
        d.wait_status(0, "no alerts")
        os.rename(f"{d.path}/state", f"{d.path}/old")
        os.mkdir(f"{d.path}/state", 0o711)
        set_slab(d, 900 * 1024)
        d.wait_events("firing")
        d.wait(lambda: os.path.exists(f"{d.path}/state/alerts.state"))
        d.kill()
        d.start(rules)
        d.wait_output("1 open alert goes on from before")
        assert d.stop() == 0


def test_cut():
    """However short a file was cut, the daemon starts, and says what it does not know."""
    for size in (0, 1, 159, 160, 161, 700):
        with Daemon("interval = 200ms") as d:
            put_old(d, lambda data, size=size: data[:size])
            d.start(d.rules(RULE))
            d.wait_output("alerts.state is set aside")
            assert d.stop() == 0


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 16))
