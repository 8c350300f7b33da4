#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kmemwatchd as a process, on a recorded machine, without systemd: what it tells the service
manager, how it ends, what it holds open, and that it is quiet while nothing happens."""

import fcntl
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402

BUILD = os.environ.get("KMW_BUILD", "build/release")
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../roots/vm-6.18")
EVENT = "00000000000000000001-0123456789abcdef0123456789abcdef.json"


class Daemon:
    """Folders of one daemon, a root that the test may change, and the manager's socket."""

    def __init__(self, settings="", watchdog=None):
        self.folder = tempfile.TemporaryDirectory(prefix="kmemwatch-daemon-")
        self.path = self.folder.name
        shutil.copytree(ROOT, f"{self.path}/root", symlinks=True)
        for name in ("config/rules.d", "config/channels.d", "state", "runtime"):
            os.makedirs(f"{self.path}/{name}")
        self.settings(settings)
        self.watchdog = watchdog
        self.told = ""  # to the service manager
        self.output = ""
        self.process = None
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(f"{self.path}/notify")
        threading.Thread(target=self._read_manager, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.manager.close()
        self.folder.cleanup()

    def rules(self, text):
        """A folder with these rules."""
        os.makedirs(f"{self.path}/rules", exist_ok=True)
        with open(f"{self.path}/rules/test.ini", "w", encoding="utf-8") as f:
            f.write(text)
        return f"{self.path}/rules"

    def settings(self, text):
        with open(f"{self.path}/config/kmemwatch.conf", "w", encoding="utf-8") as f:
            f.write(f"[daemon]\n{text}\n")

    def start(self, rules="rules", output=subprocess.PIPE, options=(), env=(), **process):
        environment = {k: v for k, v in os.environ.items()
                       if not k.endswith("_DIRECTORY") and k != "JOURNAL_STREAM"}
        environment["NOTIFY_SOCKET"] = f"{self.path}/notify"
        if self.watchdog:
            environment["WATCHDOG_USEC"] = str(self.watchdog * 1000000)
        environment.update(env)
        before = self.told.count("READY=1")  # of an earlier run
        self.process = subprocess.Popen(
            [f"{BUILD}/kmemwatchd", "--root", f"{self.path}/root", "--rules", rules, "--config",
             f"{self.path}/config", "--state", f"{self.path}/state", "--runtime",
             f"{self.path}/runtime", *options],
            stdout=output, stderr=subprocess.STDOUT, env=environment, **process)
        if output == subprocess.PIPE:
            threading.Thread(target=self._read_output, args=[self.process.stdout],
                             daemon=True).start()
        self.wait(lambda: self.told.count("READY=1") > before)

    def _read_output(self, output):
        for line in output:
            self.output += line.decode("utf-8", "replace")
        output.close()

    def _read_manager(self):
        try:
            while True:
                text = self.manager.recv(4096).decode()
                self.told += text + "\n"
        except OSError:
            pass

    def wait(self, what, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if what():
                return
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s; told: {self.told}\n{self.output}")

    def wait_told(self, text, seconds=20):
        self.wait(lambda: text in self.told, seconds)

    def wait_output(self, text, seconds=20):
        self.wait(lambda: text.lower() in self.output.lower(), seconds)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.told = self.output = ""

    def events(self, spool=None):
        """What the courier would take, in order."""
        folder = f"{spool or self.path + '/state/spool'}/new"
        events = []
        for name in sorted(os.listdir(folder) if os.path.exists(folder) else ()):
            with open(f"{folder}/{name}", encoding="utf-8") as f:
                events.append(json.load(f))
        return events

    def wait_events(self, *types, spool=None):
        self.wait(lambda: [e["event"] for e in self.events(spool)] == list(types), 40)
        return self.events(spool)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def status(self):
        """Exit code and output of `kmemwatch status`."""
        done = subprocess.run([f"{BUILD}/kmemwatch", "--runtime", f"{self.path}/runtime", "status"],
                              capture_output=True, text=True, timeout=20, check=False)
        return done.returncode, done.stdout

    def ask(self, *arguments, **process):
        """Exit code and output, errors included, of the person's tool."""
        done = subprocess.run([f"{BUILD}/kmemwatch", "--runtime", f"{self.path}/runtime",
                               *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=20, check=False, **process)
        return done.returncode, done.stdout

    def wait_status(self, code, text):
        self.wait(lambda: self.status()[0] == code and text in self.status()[1])

    def proc(self, name):
        with open(f"/proc/{self.process.pid}/{name}", encoding="utf-8") as f:
            return f.read()


def test_start_and_stop():
    with Daemon() as d:
        d.start()
        assert d.stop() == 0
        d.wait_told("STOPPING=1", 2)


def test_watchdog_waits_for_samples():
    """An interval longer than the manager's patience: it is told to wait, also after a reload."""
    with Daemon("interval = 30s", watchdog=60) as d:
        d.start()
        d.wait_told("WATCHDOG_USEC=90000000", 2)
        d.settings("interval = 1s")
        d.process.send_signal(signal.SIGHUP)
        d.wait_told("WATCHDOG_USEC=60000000")
        assert d.stop() == 0


def test_watchdog_is_left_alone():
    with Daemon(watchdog=6) as d:
        d.start()
        d.wait_told("WATCHDOG=1")
        assert "WATCHDOG_USEC" not in d.told
        assert d.stop() == 0


def test_meminfo_gone():
    """For a moment it is waited for, for long it is the end, and the manager's business."""
    with Daemon("interval = 500ms") as d:
        d.start()
        meminfo = f"{d.path}/root/proc/meminfo"
        os.unlink(meminfo)
        d.wait_output("cannot sample")
        time.sleep(1.5)
        shutil.copy(f"{ROOT}/proc/meminfo", meminfo)
        d.wait_output("sampling again")
        begin = time.monotonic()
        os.unlink(meminfo)
        assert d.process.wait(timeout=60) == 1
        assert 28 < time.monotonic() - begin < 45, "thirty seconds, whatever the interval is"


def test_meminfo_garbled():
    """Old numbers are not shown as if all were well."""
    with Daemon("interval = 200ms") as d:
        d.start()
        d.wait_status(0, "no alerts")
        meminfo = f"{d.path}/root/proc/meminfo"
        for text in ("", "MemTotal: none", "\0" * 3000, "MemTotal: 99999999999999999999999 kB\n"):
            with open(meminfo, "w", encoding="utf-8") as f:
                f.write(text)
            d.wait_status(3, "degraded: cannot sample /proc/meminfo for")
            d.wait_told("cannot sample /proc/meminfo for")
            shutil.copy(f"{ROOT}/proc/meminfo", meminfo)
            d.wait_status(0, "no alerts")
            d.told = ""
        assert "MemTotal" in d.output
        assert d.stop() == 0


def test_no_rules():
    """Watching without rules looks well and is not."""
    with Daemon() as d:
        rules = f"{d.path}/config/rules.d"
        d.start(rules=rules)
        d.wait_status(3, "degraded: no rules")
        shutil.copy("rules/slab.ini", rules)
        d.process.send_signal(signal.SIGHUP)
        d.wait_status(0, "no alerts")
        with open(f"{rules}/mine.ini", "w", encoding="utf-8") as f:
            f.write("[mine]\n")
        d.process.send_signal(signal.SIGHUP)
        d.wait_status(3, "degraded: not reloaded for")
        assert d.stop() == 0


def test_descriptors():
    """All but the three standard ones are closed in a child."""
    with Daemon() as d:
        d.start()
        for fd in os.listdir(f"/proc/{d.process.pid}/fd"):
            flags = next(line for line in d.proc(f"fdinfo/{fd}").splitlines()
                         if line.startswith("flags"))
            assert int(fd) <= 2 or int(flags.split()[1], 8) & os.O_CLOEXEC, f"{fd}: {flags}"
        assert d.stop() == 0


def test_quiet():
    """While nothing happens nothing is written: no file, no line, no word to the manager."""
    with Daemon("interval = 200ms") as d:
        left = 60 - time.time() % 60
        if left < 8:  # what each minute needs is done when it is full
            time.sleep(left)
        d.start()
        time.sleep(2)

        def number(file, name):
            return int(next(line.split()[1] for line in d.proc(file).splitlines()
                            if line.startswith(name)))
        writes, told = number("io", "syscw"), d.told
        turns = number("status", "voluntary_ctxt_switches")
        time.sleep(3)
        assert number("status", "voluntary_ctxt_switches") - turns > 8, "it samples meanwhile"
        assert number("io", "syscw") == writes and d.told == told
        assert d.stop() == 0


RULE = """[slab-large]
dimension = SUnreclaim
detect = ratio
warning = 300M
for = 0s
clear-for = 1s
summary = S
explain = E
action = A
"""


def set_slab(daemon, kib):
    """SUnreclaim of the root from now on."""
    path = f"{daemon.path}/root/proc/meminfo"
    with open(path, encoding="utf-8") as f:
        lines = [f"SUnreclaim:  {kib} kB\n" if line.startswith("SUnreclaim:") else line
                 for line in f]
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.writelines(lines)
    os.rename(path + ".new", path)


def test_nobody_reads():
    """A terminal that is stopped holds up its alerts, but neither the sampling nor the stop."""
    with Daemon("interval = 200ms") as d:
        there, here = os.pipe()
        fcntl.fcntl(here, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(here, False)
        try:
            while os.write(here, b"x" * 512):
                pass
        except BlockingIOError:
            os.set_blocking(here, True)
        d.start(d.rules(RULE), here)
        os.close(here)
        set_slab(d, 900 * 1024)
        d.wait_told("1 alert (warning)")
        set_slab(d, 30 * 1024)
        d.wait_told("0 alerts, 2 queued")  # its end, too; the writer hangs in the first
        assert d.stop() == 0
        os.close(there)


def test_killed():
    """What was told is not told again, and closed under the same name."""
    with Daemon("interval = 200ms") as d:
        rules = d.rules(RULE)
        set_slab(d, 900 * 1024)
        d.start(rules)
        d.wait_events("firing")
        time.sleep(0.5)  # the next tick notes that it was announced
        d.kill()
        d.start(rules)
        d.wait_output("1 open alert goes on from before")
        time.sleep(1.5)
        assert len(d.events()) == 1
        set_slab(d, 30 * 1024)
        first, last = d.wait_events("firing", "resolved")
        assert first["dedup_key"] == last["dedup_key"] and first["alert"] == {
            **last["alert"], **{k: first["alert"][k] for k in
                                ("duration_seconds", "peak", "grown", "start_value")}}
        assert last["resolve"] and not last["trigger"] and first["id"] != last["id"]
        assert d.stop() == 0


def test_rule_removed():
    """By a reload, and between two runs."""
    for restart in (False, True):
        with Daemon("interval = 200ms") as d:
            rules = d.rules(RULE)
            set_slab(d, 900 * 1024)
            d.start(rules)
            d.wait_events("firing")
            if restart:
                assert d.stop() == 0
                d.rules(RULE.replace("slab-large", "slab-other"))
                d.start(rules)
                d.wait_events("firing", "resolved", "firing")
            else:
                d.rules("")
                d.process.send_signal(signal.SIGHUP)
                d.wait_events("firing", "resolved")
            first, last = d.events()[:2]
            assert last["dedup_key"] == first["dedup_key"] and last["resolve"]
            assert last["alert"]["id"] == first["alert"]["id"] and last["summary"] == "S"
            assert "its rule is no longer there" in last["text"], last["text"]
            assert d.stop() == 0


def test_rule_broken_at_start():
    """A slip of the pen is no end of an incident."""
    with Daemon("interval = 200ms") as d:
        rules = d.rules(RULE)
        set_slab(d, 900 * 1024)
        d.start(rules)
        d.wait_events("firing")
        assert d.stop() == 0
        d.rules(RULE + "colour = red\n")
        d.start(rules)
        d.wait_output("unknown key colour")
        d.wait_output("waits for a rule that was left out")
        time.sleep(1)
        d.wait_events("firing")
        d.rules(RULE)
        d.process.send_signal(signal.SIGHUP)
        d.wait_output("reloaded: 1 rule")
        time.sleep(1)
        d.wait_events("firing")
        set_slab(d, 30 * 1024)
        first, last = d.wait_events("firing", "resolved")
        assert first["alert"]["id"] == last["alert"]["id"]
        assert d.stop() == 0


def test_reboot():
    """The memory that an alert was about has gone."""
    with Daemon("interval = 200ms") as d:
        rules = d.rules(RULE)
        set_slab(d, 900 * 1024)
        d.start(rules)
        d.wait_events("firing")
        d.kill()
        boot_id = f"{d.path}/root/proc/sys/kernel/random/boot_id"
        with open(boot_id, "w", encoding="utf-8") as f:
            f.write("01234567-89ab-cdef-0123-456789abcdef\n")
        d.start(rules)  # it is as large as before: a new incident
        events = d.wait_events("firing", "resolved", "firing")
        old, new = events[0]["dedup_key"], events[2]["dedup_key"]
        assert old != new and events[1]["dedup_key"] == old
        assert "ended by reboot after" in events[1]["text"]
        assert d.stop() == 0


def test_state_is_no_good():
    """It is kept for who wants to look, and the daemon runs."""
    with Daemon("interval = 200ms") as d:
        for folder in ("state", "runtime"):
            for name in ("alerts.state", "learned.state", "baselines.state", "history"):
                with open(f"{d.path}/{folder}/{name}", "wb") as f:
                    f.write(b"KMWSTATE" + os.urandom(500))
        d.start(d.rules(RULE))
        d.wait_output("alerts.state is set aside as alerts.state.bad-")
        d.wait_output("learned.state is set aside as learned.state.bad-")
        assert any(n.startswith("alerts.state.bad-") for n in os.listdir(f"{d.path}/state"))
        set_slab(d, 900 * 1024)
        d.wait_events("firing")
        assert d.stop() == 0
        d.wait_output("history is set aside as history.bad-")
        with open(f"{d.path}/state/history", "rb") as f:
            assert f.read(8) == b"KMWHIST1"
        page = subprocess.run([f"{BUILD}/kmemwatch", "report", "--state", f"{d.path}/state",
                               "--runtime", f"{d.path}/runtime"],
                              capture_output=True, text=True, check=False)
        # Where no journal can be read the page is made and lacks the alerts, which is said.
        assert page.returncode in (0, 3) and "history" not in page.stderr, page.stderr
        assert "<h3>SUnreclaim</h3>" in page.stdout and page.stdout.count("<svg") > 5


def test_evidence():
    """A critical alert asks for it, once; what is gathered is there and the request gone."""
    with Daemon("interval = 200ms") as d:
        d.start(d.rules(RULE.replace("warning = 300M", "warning = 300M\ncritical = 600M")))
        set_slab(d, 400 * 1024)
        d.wait_events("firing")
        assert not os.path.isdir(f"{d.path}/runtime/evidence")
        set_slab(d, 900 * 1024)
        alert = d.wait_events("firing", "escalated")[1]["alert"]["id"]
        for _ in range(50):
            if os.path.exists(f"{d.path}/runtime/evidence/{alert}"):
                break
            time.sleep(0.1)
        assert os.listdir(f"{d.path}/runtime/evidence") == [alert]
        command = [f"{BUILD}/kmemwatch", "evidence", "--requests", f"{d.path}/runtime/evidence",
                   "--state", f"{d.path}/state", "--runtime", f"{d.path}/runtime",
                   "--root", f"{d.path}/root"]
        path = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert os.listdir(f"{d.path}/runtime/evidence") == []
        with tarfile.open(path) as archive:
            names = archive.getnames()
            readme = archive.extractfile("kmemwatch-evidence/README.txt").read().decode()
        assert "kmemwatch-evidence/proc/meminfo" in names
        assert "kmemwatch-evidence/status.json" in names
        assert alert in readme and "/proc/slabinfo" in readme  # the root has none: it is said
        assert subprocess.run(command, capture_output=True, check=True).stdout == b""
        assert d.stop() == 0


def test_seed():
    """Learned from while nothing is known, and only then; a bad one is said, and no more."""
    with Daemon("interval = 200ms") as d:
        trace = f"{d.path}/trace.csv"
        with open(trace, "w", encoding="utf-8") as f:
            f.write("time,MemTotal,MemAvailable,SUnreclaim\n")
            for i in range(3 * 1440):
                f.write(f"{1795152600 + 60 * i},8000000,6000000,{200000 + i % 7 * 100}\n")
        rules = d.rules(RULE)
        d.start(rules, options=["--seed", trace])
        d.wait_output("what is usual here is learned from 4320 samples")
        assert d.stop() == 0
        d.output = ""
        d.start(rules, options=["--seed", trace])
        d.wait_output("going on with what was learned")
        assert d.stop() == 0 and "4320 samples" not in d.output
    with Daemon("interval = 200ms") as d:
        with open(f"{d.path}/bad.csv", "w", encoding="utf-8") as f:
            f.write("time,MemTotal\n1795152600,8000000\n1795152601,many\n")
        d.start(d.rules(RULE), options=["--seed", f"{d.path}/bad.csv"])
        d.wait_output("bad.csv:3")
        d.wait_output("going on without it")
        set_slab(d, 900 * 1024)
        d.wait_events("firing")
        assert d.stop() == 0


def test_quiet_hours():
    """The journal is told, the channels are not; what is still wrong at the end of them is told."""
    with Daemon("interval = 200ms") as d:
        d.start(d.rules(RULE + "quiet = 00:00-24:00\n"))
        set_slab(d, 900 * 1024)
        d.wait_output("quiet hours")
        time.sleep(1)
        assert os.listdir(f"{d.path}/state/spool/new") == []
        d.rules(RULE)
        d.process.send_signal(signal.SIGHUP)
        event, = d.wait_events("firing")
        assert event["trigger"] and event["severity"] == "warning"
        assert d.stop() == 0


def test_second_daemon():
    """Two that write the same files would undo each other's work."""
    with Daemon("interval = 200ms") as d:
        d.start()
        for own in ("state", "runtime"):
            options = {"state": f"{d.path}/state", "runtime": f"{d.path}/runtime",
                       own: f"{d.path}/other"}
            done = subprocess.run(
                [f"{BUILD}/kmemwatchd", "--root", f"{d.path}/root", "--rules", "rules",
                 "--config", f"{d.path}/config", "--state", options["state"], "--runtime",
                 options["runtime"]], capture_output=True, text=True, timeout=20, check=False)
            assert done.returncode == 1 and "another kmemwatchd uses" in done.stderr, done.stderr
        d.wait_status(0, "no alerts")
        assert d.stop() == 0


def test_same_folder():
    """One folder for everything, as in the example of --help."""
    with Daemon("interval = 200ms") as d:
        d.start(options=("--state", f"{d.path}/runtime"))
        d.wait_status(0, "no alerts")
        assert d.stop() == 0
        d.start(options=("--state", f"{d.path}/runtime"))
        d.wait_output("going on with what was learned")
        assert d.stop() == 0


def test_full_disk():
    """Open alerts cannot be saved: their events do not wait for that, and it is said."""
    with Daemon("interval = 200ms") as d:
        small, spool = f"{d.path}/state", f"{d.path}/spool"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small],
                          capture_output=True, check=False).returncode != 0:
            return "a small file system cannot be mounted here"
        try:
            with open(f"{small}/fill", "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(b"x" * 4096)
                except OSError:
                    pass
            rules = d.rules(RULE)
            set_slab(d, 900 * 1024)
            d.start(rules, options=("--spool", spool))
            d.wait_events("firing", spool=spool)
            d.wait_output(f"Cannot write {small}/alerts.state: No space left on device")
            d.wait_told("open alerts not saved: No space left on device", 40)
            os.unlink(f"{small}/fill")
            d.wait_output("alerts.state can be written again", 70)
            d.kill()
            d.start(rules, options=("--spool", spool))
            d.wait_output("1 open alert goes on from before")
            time.sleep(1)
            d.wait_events("firing", spool=spool)
            assert d.stop() == 0
        finally:
            if d.process:
                d.process.kill()
                d.process.wait()
            subprocess.run(["umount", small], check=True)
    return None


class Receiver(http.server.BaseHTTPRequestHandler):
    bodies = []

    def do_POST(self):
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_two_users():
    """As the units run them: the spool is shared through its group, also after it was emptied."""
    daemon, courier, shared = 61001, 61002, 61003
    as_daemon = {"user": daemon, "group": daemon, "extra_groups": [shared], "umask": 0o007}
    as_courier = {"user": courier, "group": courier, "extra_groups": [shared], "umask": 0o007}
    if os.geteuid() != 0:
        return "only root may become others"
    try:
        subprocess.run([f"{BUILD}/kmemwatchd", "--version"], check=True, capture_output=True,
                       **as_daemon)
    except (OSError, subprocess.SubprocessError):
        return "the programs lie where other users cannot run them"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Daemon("interval = 200ms") as d:
        spool, other = f"{d.path}/state/spool", f"{d.path}/courier"
        for path, mode, user, group in ((d.path, 0o755, 0, 0), (f"{d.path}/notify", 0o666, 0, 0),
                                        (f"{d.path}/state", 0o711, daemon, daemon),
                                        (f"{d.path}/runtime", 0o755, daemon, daemon),
                                        (other, 0o755, courier, courier),
                                        (spool, 0o2770, daemon, shared)):
            if not os.path.exists(path):
                os.mkdir(path)
            os.chown(path, user, group)
            os.chmod(path, mode)
        with open(f"{d.path}/config/channels.d/hook.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\ntype = webhook\n"
                    f"url = http://127.0.0.1:{server.server_address[1]}/\n")
        d.start(d.rules(RULE), **as_daemon)
        process = subprocess.Popen(
            [f"{BUILD}/kmemwatch-courier", "--config", f"{d.path}/config", "--spool", spool,
             "--runtime", other], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **as_courier)
        try:
            for i, by_hand in enumerate((False, True, True)):
                if by_hand:
                    subprocess.run(f"rm -rf {spool}/*", shell=True, check=True)
                    time.sleep(1.5 * i)  # who is the first to make them again
                set_slab(d, 900 * 1024)
                d.wait(lambda: len(Receiver.bodies) == 2 * i + 1, 30)
                set_slab(d, 30 * 1024)
                d.wait(lambda: len(Receiver.bodies) == 2 * i + 2, 30)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
        assert d.stop() == 0
    return None


def put_old_event(daemon):
    os.makedirs(f"{daemon.path}/state/spool/new")
    path = f"{daemon.path}/state/spool/new/{EVENT}"
    with open(path, "w", encoding="utf-8") as f:
        f.write("{}")
    os.utime(path, (time.time() - 1000, time.time() - 1000))


def test_nobody_takes_events():
    """An event that waits for long is an error where there is a channel ..."""
    with Daemon() as d:
        put_old_event(d)
        with open(f"{d.path}/config/channels.d/ops.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\n")
        d.start()
        d.wait_output("kmemwatch-courier does not run", 70)
        d.wait_told("nobody takes events")
        d.wait_status(3, "nobody takes events for")
        os.unlink(f"{d.path}/state/spool/new/{EVENT}")  # somebody takes it
        d.wait_output("Events leave the spool", 100)
        d.wait_status(0, "no alerts")
        assert d.stop() == 0


def test_held_back():
    """... none while a courier says that it waits for the end of quiet hours, and one again when
    nobody says so any more."""
    with Daemon() as d:
        put_old_event(d)
        os.mkdir(f"{d.path}/state/spool/courier")
        with open(f"{d.path}/config/channels.d/ops.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\n")

        def hold(written):
            with open(f"{d.path}/state/spool/courier/held", "w", encoding="utf-8") as f:
                f.write(f"1 {written:.0f} {time.time() + 3600:.0f} 9 0 0\n")
        hold(time.time())
        d.start()
        d.wait_told(" 1 queued", 40)
        time.sleep(35)  # more than a look
        assert "does not run" not in d.output and "nobody takes" not in d.told, d.output
        d.kill()
        hold(time.time() - 600)  # and silence since
        d.start()
        d.wait_output("kmemwatch-courier does not run", 100)
        assert d.stop() == 0


def test_no_channels():
    """... and none where nobody is to take it."""
    with Daemon() as d:
        put_old_event(d)
        d.start()
        d.wait_told(", no channels")
        d.wait_output("No channels in", 70)
        assert "error" not in d.output and "nobody takes" not in d.told
        with open(f"{d.path}/config/channels.d/ops.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\n")
        # The daemon is not reloaded; it looks each minute, and tells with the next look.
        d.wait_output("there are channels in", 130)
        assert d.stop() == 0


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 16))
