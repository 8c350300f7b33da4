#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kmemwatch who and top against a running daemon: top in terminals of several sizes, how it ends,
and what it prints where there is no terminal."""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata

from runner import run_tests

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("KMW_BUILD", "build/release"))
TOOL = BUILD + "/kmemwatch"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Daemon:
    """Watches this machine; what it sees is not looked at closely."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="kmemwatch-top-")
        self.runtime = self.folder + "/run"
        for name in ("run", "state", "config"):
            os.mkdir(f"{self.folder}/{name}")
        self.log = open(self.folder + "/log", "wb")
        self.process = subprocess.Popen(
            [BUILD + "/kmemwatchd", "--rules", ROOT + "/rules", "--config", self.folder + "/config",
             "--state", self.folder + "/state", "--runtime", self.runtime],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while run(self, "top", "--once").returncode != 0:
            assert time.monotonic() < end, open(self.folder + "/log").read()
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.folder)


def run(daemon, *words, **environment):
    return subprocess.run([TOOL, *words, "--runtime", daemon.runtime], capture_output=True,
                          text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
                          env={**os.environ, "LC_ALL": "C.UTF-8", **environment})


def columns_of(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Screen:
    """A terminal: knows alternate screen, cursor to the corner, erasing, and colours; anything else
    that steers is a fault, and so is a character beyond the last column."""

    STEER = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")

    def __init__(self, width, height):
        self.resize(width, height)
        self.alternate = self.hidden = False
        self.colours = 0
        self.pending = ""

    def resize(self, width, height):
        self.width, self.height = width, height
        self.lines = [""] * height
        self.row = 0

    def take(self, text):
        text = self.pending + text
        self.pending = ""
        while text:
            if text[0] == "\x1b":
                match = self.STEER.match(text)
                if not match:
                    assert len(text) < 12, f"unknown sequence {text[:12]!r}"
                    self.pending = text
                    return
                self.steer(*match.groups())
                text = text[match.end():]
                continue
            char, text = text[0], text[1:]
            if char == "\n":
                self.row += 1
                assert self.row < self.height, "it scrolls"
                self.lines[self.row] = ""
            elif char != "\r":
                self.lines[self.row] += char
                assert columns_of(self.lines[self.row]) <= self.width, \
                    f"wider than {self.width}: {self.lines[self.row]!r}"

    def steer(self, numbers, letter):
        if numbers + letter in ("?1049h", "?1049l"):
            self.alternate = letter == "h"
            self.lines = [""] * self.height
        elif numbers + letter in ("?25h", "?25l"):
            self.hidden = letter == "l"
        elif letter == "H" and not numbers:
            self.row = 0
            self.lines[0] = ""
        elif numbers + letter == "2J":
            self.lines = [""] * self.height
        elif letter == "J" and not numbers:
            self.lines[self.row:] = [""] * (self.height - self.row)
        elif letter == "K" and not numbers:
            self.lines[self.row] = ""
        elif letter == "m":
            self.colours += 1
        else:
            assert numbers + letter in ("?7h", "?7l"), f"unknown sequence {numbers}{letter}"


class Terminal:
    """kmemwatch top in a pty of this size."""

    def __init__(self, daemon, width, height, *options, **environment):
        self.screen = Screen(width, height)
        self.text = ""
        pid, self.master = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            os.execve(TOOL, [TOOL, "top", "--runtime", daemon.runtime, *options],
                      {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm", **environment})
        self.pid = pid
        self.status = None
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self, seconds, until=None):
        """What comes in this time; ends early when `until` is on the screen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if until and any(until in line for line in self.screen.lines):
                return True
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return until is None
            piece = piece.decode("utf-8", "replace")
            self.text += piece
            self.screen.take(piece)
        return until is None

    def modes(self):
        return termios.tcgetattr(self.master)[3] & (termios.ICANON | termios.ECHO)

    def resize(self, width, height):
        # A picture for the old size may be under way.
        self.screen.resize(max(width, self.screen.width), max(height, self.screen.height))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.read(1)
        self.screen.resize(width, height)

    def end(self, seconds=5):
        self.read(0.3)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                return
            self.read(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it does not end")


def test_sizes():
    with Daemon() as daemon:
        for width, height in ((80, 24), (120, 40), (40, 20), (60, 12), (30, 8), (200, 50)):
            t = Terminal(daemon, width, height)
            assert t.read(8, "q quit"), f"{width}x{height}: {t.screen.lines}"
            assert t.screen.alternate and t.screen.hidden
            assert any("SUnreclaim" in line for line in t.screen.lines), t.screen.lines
            os.write(t.master, b"q")
            t.end()
            assert os.WIFEXITED(t.status) and os.WEXITSTATUS(t.status) == 0, t.status
            assert not t.screen.alternate and not t.screen.hidden, t.text[-200:]


def test_refreshes_and_resizes():
    with Daemon() as daemon:
        t = Terminal(daemon, 80, 24)
        assert t.read(8, "q quit")
        clocks = set()
        for _ in range(30):
            t.read(0.1)
            clocks |= set(re.findall(r"\d\d:\d\d:\d\d", t.screen.lines[0]))
        assert len(clocks) >= 3, f"each second: {clocks}"
        t.resize(40, 10)
        t.read(2)
        assert any(line for line in t.screen.lines), "draws anew"
        t.resize(132, 43)
        t.read(2)
        assert any("TREND" in line or "NOW" in line for line in t.screen.lines)
        # Keys: another window, something without a meaning, at once.
        os.write(t.master, b"w")
        assert t.read(3, "window: 10 min"), t.screen.lines
        os.write(t.master, b"x \x1b[A")
        t.read(0.5)
        os.write(t.master, b"q")
        t.end()


def test_gives_the_terminal_back():
    with Daemon() as daemon:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, None):
            t = Terminal(daemon, 80, 24)
            before = termios.ICANON | termios.ECHO
            assert t.read(8, "q quit")
            assert t.modes() == 0, "keys come without Enter and are not shown"
            if number:
                os.kill(t.pid, number)
            else:
                os.write(t.master, b"\x03")
            t.end()
            assert t.text.rstrip().endswith(LEAVE), f"{number}: {t.text[-60:]!r}"
            assert t.modes() == before, number


def test_stops_and_goes_on():
    with Daemon() as daemon:
        t = Terminal(daemon, 80, 24)
        assert t.read(8, "q quit")
        os.kill(t.pid, signal.SIGTSTP)
        t.read(1)
        assert not t.screen.alternate, "the terminal is given back while it is stopped"
        assert os.waitpid(t.pid, os.WUNTRACED | os.WNOHANG)[1] & 0xff == 0x7f, "stopped"
        os.kill(t.pid, signal.SIGCONT)
        assert t.read(5, "q quit") and t.screen.alternate
        os.write(t.master, b"q")
        t.end()


def test_colours():
    with Daemon() as daemon:
        for options, environment, wanted in (((), {}, True), ((), {"NO_COLOR": "1"}, False),
                                             (("--no-colour",), {}, False),
                                             ((), {"TERM": "dumb"}, False)):
            t = Terminal(daemon, 80, 24, *options, **{"NO_COLOR": "", **environment})
            assert t.read(8, "q quit")
            os.write(t.master, b"q")
            t.end()
            assert (t.screen.colours > 0) == wanted, (options, environment)


def test_daemon_goes_and_comes():
    with Daemon() as daemon:
        t = Terminal(daemon, 80, 24)
        assert t.read(8, "q quit")
        daemon.process.terminate()
        daemon.process.wait(10)
        assert t.read(5, "cannot be reached"), t.screen.lines
        assert any("SUnreclaim" in line for line in t.screen.lines), "what was known stays"
        os.write(t.master, b"q")
        t.end()
        done = run(daemon, "top")
        assert done.returncode == 4 and "cannot be reached" in done.stderr, done
        assert ENTER not in done.stdout
        assert run(daemon, "who").returncode == 4


def test_without_a_terminal():
    with Daemon() as daemon:
        for words in (("top",), ("top", "--once")):
            done = run(daemon, *words)
            assert done.returncode == 0 and "\x1b" not in done.stdout, done
            assert "SUnreclaim" in done.stdout and "q quit" not in done.stdout, done.stdout
            assert max(columns_of(line) for line in done.stdout.splitlines()) <= 80
        done = run(daemon, "top", "--json", "--once")
        answer = json.loads(done.stdout)
        assert answer["daemon"]["dimensions"] and "growers" in answer["top"], done.stdout
        assert done.stdout.count("\n") == 1
        lines = subprocess.Popen([TOOL, "top", "--json", "--interval", "100ms", "--runtime",
                                  daemon.runtime], stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            assert json.loads(lines.stdout.readline())["version"] == 1
        lines.stdout.close()
        lines.wait(10)  # nobody reads any more: that ends it


def test_who():
    with Daemon() as daemon:
        done = run(daemon, "who")
        assert done.returncode == 0 and done.stdout, done
        done = run(daemon, "who", "KernelStack", "--since", "0s")
        assert done.returncode == 0 and done.stdout.startswith("KernelStack is "), done
        assert "process" in done.stdout and "HAS" in done.stdout, done.stdout
        done = run(daemon, "who", "PageTables", "--since", "0s", "--json")
        answer = json.loads(done.stdout)
        assert answer["dimension"] == "PageTables" and answer["sizes"] is True, done.stdout
        assert answer["culprits"][0]["bytes"] > 0
        for wrong in ("Nonsense", "a b c", "x" * 500, "SUnreclaim;", "--", "\x1b[31m"):
            done = run(daemon, "who", wrong)
            if wrong != "--":
                assert done.returncode == 2 and "\x1b" not in done.stderr, (wrong, done)


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 4))
