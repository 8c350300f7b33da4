# SPDX-License-Identifier: MIT
"""Part four: how long the daemon takes to start with what it knew before, to reload, to stop."""
import glob
import os
import re
import shutil
import signal
import subprocess
import time

from idle import Lineup
from programs import Program

RUN_SECONDS = 3


def once(lineup, command, environment):
    """Milliseconds from exec to READY, of a reload, and from SIGTERM to the end."""
    saved = max(glob.glob(f"{lineup.folder.path}/*/runtime/learned.state"), default=None)
    began = time.time()
    program = Program("start", command, lineup.folder.path, environment)
    try:
        ready = lineup.manager.when("READY=1", program.started)
        time.sleep(RUN_SECONDS)
        asked = time.monotonic()
        program.process.send_signal(signal.SIGHUP)
        reloaded = lineup.manager.when("READY=1", asked)
        stopped = program.stop()
        if not ready or not reloaded or stopped is None:
            raise RuntimeError(f"the daemon does not start, reload or stop: {program.last_words()}")
        state = f"{lineup.folder.path}/start/runtime/learned.state"
        fresh = os.path.exists(state) and os.stat(state).st_mtime >= began
        return (ready - program.started) * 1e3, (reloaded - asked) * 1e3, stopped * 1e3, \
            saved is not None, fresh
    finally:
        program.stop()


def longest_gap(lineup, command, environment, seconds):
    """Seconds between two samples, with a reload each two seconds; None without strace."""
    if not shutil.which("strace"):
        return None
    program = Program("start", command, lineup.folder.path, environment)
    trace = f"{lineup.folder.path}/reload.strace"
    try:
        lineup.manager.when("READY=1", program.started)
        with subprocess.Popen(["strace", "-f", "-qq", "-ttt", "-e", "trace=pread64", "-o", trace,
                               "-p", str(program.pid)], stderr=subprocess.DEVNULL) as tracer:
            time.sleep(1.5)
            for _ in range(seconds // 2):
                program.process.send_signal(signal.SIGHUP)
                time.sleep(2.1)
            tracer.send_signal(signal.SIGINT)
        times = []
        with open(trace, encoding="utf-8", errors="replace") as f:
            for line in f:
                if "MemTotal" in line:
                    times.append(float(re.match(r"\d+\s+([\d.]+)", line)[1]))
        return max((b - a for a, b in zip(times, times[1:])), default=None)
    finally:
        program.stop()


def measure(build, folder, rounds, verdicts):
    lineup = Lineup(build, folder)
    command = lineup.daemon_command("start")
    environment = lineup.environment("kmemwatch.service")
    print(f"  start, reload, stop: {rounds + 1} times ...", flush=True)
    once(lineup, command, environment)  # learns something to restore
    results = [once(lineup, command, environment) for _ in range(rounds)]
    verdicts.at_most("start to READY with restored state, ms", [r[0] for r in results], 50, 0)
    verdicts.note("reload, ms", [r[1] for r in results], 0)
    verdicts.at_most("stop, ms", [r[2] for r in results], 100, 0)
    verdicts.at_most("starts without a saved state", [sum(not r[3] for r in results)], 0, 0)
    verdicts.at_most("stops without saving it", [sum(not r[4] for r in results)], 0, 0)
    gap = longest_gap(lineup, command, environment, 8)
    if gap is not None:
        verdicts.at_most("reload: longest time between two samples, s", [gap], 1.2, 2)
    lineup.manager.close()
