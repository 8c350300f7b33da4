#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the daemon holds on to and what it does without: a tick allocates nothing, its memory is
locked and bounded, it has no socket but unix sockets and no child, and callers that mean no good
get neither memory nor time of it."""

import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402
from test_daemon import Daemon, RULE, set_slab  # noqa: E402

COUNTER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../bench/count_allocations.c")


def number(daemon, name):
    """Of /proc/PID/status."""
    return int(next(line.split()[1] for line in daemon.proc("status").splitlines()
                    if line.startswith(name + ":")))


def test_tick_allocates_nothing():
    """Counted in the running daemon, all its threads and libraries included."""
    with Daemon("interval = 200ms") as d:
        preload, counter = f"{d.path}/count.so", f"{d.path}/count"
        if subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O2", "-o", preload,
                           COUNTER], capture_output=True, check=False).returncode != 0:
            return "no compiler"
        os.environ["BENCH_COUNTER"], os.environ["LD_PRELOAD"] = counter, preload
        try:
            d.start()
        finally:
            del os.environ["LD_PRELOAD"]

        def allocations():
            with open(counter, "rb") as f:
                return struct.unpack("<Q", f.read(8))[0]

        def ticks():
            return int(next(line.split()[1] for line in d.proc("status").splitlines()
                            if line.startswith("voluntary_ctxt_switches")))
        assert allocations() > 10, "it counts"
        time.sleep(4)
        before, begin = allocations(), ticks()
        time.sleep(6)
        assert ticks() - begin > 20, "it samples meanwhile"
        assert allocations() == before, f"{allocations() - before} in 30 ticks"
        d.ask("status")
        assert allocations() > before, "an answer allocates"
        assert d.stop() == 0
    return None


def test_memory_is_locked_and_bounded():
    with Daemon("interval = 200ms") as d:
        d.start(d.rules(RULE))
        if "memory cannot be locked" in d.output:
            return "memory cannot be locked here"
        time.sleep(2)
        assert number(d, "VmLck") > 1024, "all that is mapped, as it is used"
        first = number(d, "VmRSS")
        for _ in range(3):
            set_slab(d, 900 * 1024)
            d.wait_status(1, "1 warning")
            for _ in range(10):
                assert d.ask("alerts")[0] == 1
            set_slab(d, 30 * 1024)
            d.wait_status(0, "no alerts")
        assert number(d, "VmRSS") - first < 2048, "what an alert takes was there before"
        assert number(d, "VmRSS") < 16384
        assert d.stop() == 0
    return None


def test_no_network():
    """Nor anybody to send: all its sockets are unix sockets, and it starts no program."""
    with Daemon("interval = 200ms") as d:
        d.start(d.rules(RULE))
        set_slab(d, 900 * 1024)
        d.wait_events("firing")
        with open("/proc/net/unix", encoding="utf-8") as f:
            unix = {line.split()[6] for line in f if line[0] != "N"}
        folder, seen = f"/proc/{d.process.pid}/fd", 0
        for fd in os.listdir(folder):
            target = os.readlink(f"{folder}/{fd}")
            if target.startswith("socket:["):
                seen += 1
                assert target[8:-1] in unix, f"{fd}: {target}"
        assert seen > 0, "its control socket"
        for task in os.listdir(f"/proc/{d.process.pid}/task"):
            assert d.proc(f"task/{task}/children") == ""
        assert d.stop() == 0


def call_bytes(serial, method, argument):
    """A call of a method of the daemon as it stands on the wire (D-Bus, little-endian)."""
    def text(value):
        return struct.pack("<I", len(value)) + value + b"\0"
    fields = b""
    for code, kind, value in ((1, b"o", b"/io/kmemwatch"), (2, b"s", b"io.kmemwatch.Daemon1"),
                              (3, b"s", method), (8, b"g", b"s")):
        fields += b"\0" * (-len(fields) % 8) + bytes([code, 1]) + kind + b"\0"
        fields += bytes([len(value)]) + value + b"\0" if kind == b"g" else text(value)
    body = text(argument)
    head = b"l\1\0\1" + struct.pack("<III", len(body), serial, len(fields)) + fields
    return head + b"\0" * (-len(head) % 8) + body


def test_callers_delay_no_tick():
    """Strangers who ask for all at once, read nothing, stop in the middle and come again."""
    seed = int(os.environ.get("KMW_SEED", random.randrange(1 << 32)))
    print(f"callers: KMW_SEED={seed}")
    rng = random.Random(seed)
    with Daemon("interval = 200ms") as d:
        d.start()
        time.sleep(1)
        first, begin = number(d, "VmRSS"), time.monotonic()

        def samples():
            return json.loads(d.ask("status", "--json")[1])["daemon"]["samples"]
        before, callers = samples(), []
        while time.monotonic() < begin + 5:
            if len(callers) > 6:  # eight of one user are let in; one is left for the question
                callers.pop(rng.randrange(len(callers))).close()
            caller = socket.socket(socket.AF_UNIX)
            caller.connect(f"{d.path}/runtime/kmemwatchd.socket")
            caller.setblocking(False)
            data = b"\0AUTH ANONYMOUS\r\nBEGIN\r\n"
            for serial in range(1, rng.randrange(2, 8)):
                data += call_bytes(serial, rng.choice((b"Explain", b"Status", b"Alerts", b"Silence",
                                                       b"Unsilence", b"Nothing")),
                                   rng.choice((b"*", b"", b"*?" * 9000, b"[" * 20000, b"\xff")))
            try:
                caller.send(data[:rng.randrange(1, len(data) + 1)])
            except OSError:
                pass
            callers.append(caller)
            time.sleep(rng.random() * 0.01)
        for caller in callers:
            caller.close()
        time.sleep(0.2)
        passed, taken = time.monotonic() - begin, samples() - before
        assert taken > 0.6 * passed / 0.2, f"{taken} samples in {passed:.1f} s"
        assert number(d, "VmRSS") - first < 8192, "what they sent and never read is let go"
        assert d.stop() == 0


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 16))
