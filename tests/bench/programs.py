# SPDX-License-Identifier: MIT
"""Starts a program, reads from /proc what it costs, ends it. The peers' script uses it too."""
import glob
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

MIB = 1048576.0


class Manager:
    """The service manager's end of the notify socket."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.told = []  # (monotonic time, text)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while text := self.socket.recv(65536):
                self.told.append((time.monotonic(), text.decode("utf-8", "replace")))
        except OSError:
            pass

    def when(self, word, since=0.0, seconds=10.0):
        """The time at which a line with that word came, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for at, text in list(self.told):
                if at >= since and any(line.startswith(word) for line in text.splitlines()):
                    return at
            time.sleep(0.002)
        return None

    def close(self):
        self.socket.close()
        os.unlink(self.path)


class Program:
    """A running program. Its output goes to FOLDER/NAME.log."""

    def __init__(self, name, command, folder, environment=None, cwd=None):
        self.name = name
        self.log = f"{folder}/{name}.log"
        # What belongs to a service of this machine, if that is what runs the harness.
        env = {k: v for k, v in os.environ.items() if not k.endswith("_DIRECTORY")
               and k not in ("JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")}
        env.update(environment or {})
        with open(self.log, "ab") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=env, cwd=cwd, start_new_session=True)
        self.pid = self.process.pid

    def runs(self):
        return self.process.poll() is None

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "\n".join(log.read().splitlines()[-5:])

    def stop(self, seconds=20.0):
        """Asks it to stop; the seconds that took, or None when it had to be killed."""
        start = time.monotonic()
        if self.runs():
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
            return None
        return time.monotonic() - start

    def processes(self):
        """Itself and, for a peer that starts others, what is in its session."""
        found = [self.pid]
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as stat:
                    after = stat.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            pid = int(path.split("/")[2])
            if int(after[3]) == self.pid and pid != self.pid:
                found.append(pid)
        return found


def snapshot(program):
    """CPU seconds and context switches so far, of all threads."""
    cpu = voluntary = forced = 0
    for pid in program.processes():
        for task in glob.glob(f"/proc/{pid}/task/[0-9]*"):
            try:
                with open(task + "/schedstat", encoding="ascii") as f:
                    cpu += int(f.read().split()[0])
                with open(task + "/status", encoding="utf-8", errors="replace") as f:
                    text = f.read()
            except OSError:
                continue
            voluntary += int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)[1])
            forced += int(re.search(r"^nonvoluntary_ctxt_switches:\s*(\d+)", text, re.M)[1])
    return {"time": time.monotonic(), "cpu": cpu / 1e9, "voluntary": voluntary, "forced": forced}


def difference(before, after):
    seconds = after["time"] - before["time"]
    return {"cpu_ms": (after["cpu"] - before["cpu"]) * 1e3 / seconds,
            "wakeups": (after["voluntary"] - before["voluntary"]) / seconds}


def memory(program):
    """Resident and private dirty MiB."""
    total = {"resident": 0.0, "private": 0.0}
    for pid in program.processes():
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as f:
                text = f.read()
        except OSError:
            continue
        for key, name in (("resident", "Rss"), ("private", "Private_Dirty")):
            found = re.search(rf"^{name}:\s*(\d+) kB", text, re.M)
            total[key] += int(found[1]) / 1024 if found else 0.0
    return total


def run_measured(command):
    """Runs it to its end; CPU and wall seconds, and its peak in MiB. (The peak that wait4() tells
    contains the parent's own memory before exec.)"""
    peak = 0.0
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    status_file = f"/proc/{child.pid}/status"
    while True:
        try:
            with open(status_file, encoding="utf-8", errors="replace") as f:
                found = re.search(r"^VmHWM:\s*(\d+) kB", f.read(), re.M)
                peak = max(peak, int(found[1]) / 1024) if found else peak
        except OSError:
            pass
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.005)
    child.returncode = os.waitstatus_to_exitcode(status)
    errors = child.stderr.read().decode("utf-8", "replace")
    child.stderr.close()
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {child.returncode}: {errors.strip()}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - start, "peak": peak}


class Folder:
    """A folder for everything a run writes; removed at its end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="kmemwatch-bench-")

    def make(self, *parts):
        path = os.path.join(self.path, *parts)
        os.makedirs(path, exist_ok=True)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def spread(values, digits=3):
    """Median and range."""
    values = [v for v in values if v is not None]
    if not values:
        return "-"
    form = f"{{:.{digits}f}}"
    text = form.format(statistics.median(values))
    if len(values) > 1:
        text += f" ({form.format(min(values))} ... {form.format(max(values))})"
    return text


def table(title, head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}\n")
    for row in [head, *rows]:
        line = "  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                         for i, (cell, width) in enumerate(zip(row, widths)))
        print("  " + line.rstrip(), flush=True)
