#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the daemon holds on to and what it does without: a tick allocates nothing, its memory is
locked and bounded, and it has no socket but unix sockets and no child."""

import os
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
        assert allocations() > 100, "it counts"
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


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 16))
