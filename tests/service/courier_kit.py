# SPDX-License-Identifier: MIT
"""What tests of the courier need: a spool with events, channels, a running courier, its socket."""

import json
import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

BUILD = os.environ.get("KMW_BUILD", "build/release")
ROUTING_KEY = "R0ut1ngKeyR0ut1ngKeyR0ut1ngKey99"
SLACK_PATH = "/slack/services/T0SECRET/B0SECRET/XXXXXXXXXXXXSECRET"
HOOK_TOKEN = "hook-token-SECRET"
SECRETS = (ROUTING_KEY, SLACK_PATH, "XXXXXXXXXXXXSECRET", HOOK_TOKEN)


def hex_id(rng=random):
    return f"{rng.getrandbits(128):032x}"


def make_event(alert_id, event="firing", severity="warning", previous="ok", highest=None, **more):
    """An event as the daemon writes it."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".250Z"
    ends = event in ("resolved", "adopted")
    highest = highest or (previous if ends else severity)
    value = {
        "version": 1, "id": hex_id(), "event": event, "time": now, "severity": severity,
        "previous_severity": previous, "highest_severity": highest,
        "trigger": event == "firing", "resolve": ends,
        "dedup_key": f"machine/host/slab-unreclaimable-growth/SUnreclaim/{alert_id[:8]}",
        "alert": {"id": alert_id, "rule": "slab-unreclaimable-growth", "dimension": "SUnreclaim",
                  "kind": "growth", "started": now, "duration_seconds": 720, "start_value": 3.3e8,
                  "peak": 1.4e9, "grown": 1.1e9},
        "summary": "Unreclaimable slab grows steadily <b>&amp; fast</b>",
        "explain": "Memory of the kernel that nothing can free grows & grows. " * 6,
        "action": "Look at slabtop -sc for the cache <that> grows. " * 5,
        "runbook": "https://example.com/runbook?rule=slab&kind=growth",
        "text": "SUnreclaim 315 MiB → 1.3 GiB, +220 MiB/h, full in about 9 h",
        "value": 1.4e9, "unit": "bytes", "baseline": 3.3e8, "spread": 4e6, "limit": 6.7e7,
        "value_bytes": 1.4e9, "baseline_bytes": 3.3e8, "rate_bytes_per_hour": 2.3e8,
        "rate_error_bytes_per_hour": 6e6, "exhausts_at": "2037-01-01T00:00:00Z",
        "exhausts_earliest": "2036-12-31T23:00:00Z", "exhausts_latest": "2037-01-01T02:00:00Z",
        "mem_available_bytes": 8e9, "score": 0.97,
        "recent": {"interval_seconds": 60,
                   "values": [3.3e8 + i * 1.8e7 for i in range(59)] + [None]},
        "host": {"name": "db1", "machine_id": "0" * 32, "boot_id": "1" * 32,
                 "kernel": "6.1.0-41-amd64", "kind": "vm", "kind_name": "kvm", "cpus": 8,
                 "possible_cpus": 8, "numa_nodes": 1, "mem_total_bytes": 1.6e10},
        "culprits": [],
    }
    value.update(more)
    return value


class Place:
    """Folders of one courier. Use as a context: it is removed at the end, the courier killed."""

    def __init__(self, port, **channel_keys):
        self.folder = tempfile.TemporaryDirectory(prefix="kmemwatch-courier-")
        self.path = self.folder.name
        self.port = port
        self.sequence = 0
        self.process = None
        self.output = ""
        self.reader = None
        for name in ("spool/tmp", "spool/new", "spool/dead", "config/channels.d", "config/secrets",
                     "runtime"):
            os.makedirs(f"{self.path}/{name}")
        self.secret("slack", f"http://127.0.0.1:{port}{SLACK_PATH}\n")
        self.secret("pagerduty", ROUTING_KEY + "\n")
        self.secret("hook", HOOK_TOKEN + "\n")
        self.channel_keys = channel_keys

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Asked to stop before it is killed: only then does a build with --coverage tell what it
        # ran.
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        self.folder.cleanup()

    def secret(self, name, text, mode=0o600):
        path = f"{self.path}/config/secrets/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def channel(self, name, *lines):
        with open(f"{self.path}/config/channels.d/{name}.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\n" + "".join(line + "\n" for line in lines))

    def three_channels(self):
        self.channel("ops", "type = slack", "secret = slack", "timeout = 1s", "group = 0s")
        self.channel("oncall", "type = pagerduty", "secret = pagerduty", "timeout = 1s",
                     f"url = http://127.0.0.1:{self.port}/pagerduty/v2/enqueue")
        self.channel("archive", "type = webhook", "secret = hook", "timeout = 1s",
                     f"url = http://127.0.0.1:{self.port}/hook")

    def put(self, event, name=None):
        """Announces an event (or bytes) as the daemon does."""
        self.sequence += 1
        data = event if isinstance(event, bytes) else json.dumps(event).encode()
        event_id = hex_id() if isinstance(event, bytes) else event["id"]
        name = name or f"{self.sequence:020d}-{event_id}.json"
        with open(f"{self.path}/spool/tmp/{name}", "wb") as f:
            f.write(data)
        os.rename(f"{self.path}/spool/tmp/{name}", f"{self.path}/spool/new/{name}")
        return name

    def list(self, folder):
        return sorted(os.listdir(f"{self.path}/spool/{folder}"))

    def read(self, name):
        with open(f"{self.path}/spool/{name}", encoding="utf-8") as f:
            return f.read()

    # --- the program ---

    def start(self, *options, env=(), **process):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "JOURNAL_STREAM")}
        # A proxy of the environment must not be asked: nobody listens there.
        environment.update(http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9",
                           ALL_PROXY="http://127.0.0.1:9", no_proxy="")
        environment.update(env)
        self.process = subprocess.Popen(
            [f"{BUILD}/kmemwatch-courier", "--config", f"{self.path}/config", "--spool",
             f"{self.path}/spool", "--runtime", f"{self.path}/runtime", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, **process)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, pipe):
        for line in pipe:
            self.output += line.decode("utf-8", "replace")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()
        self.process = None

    def stop(self):
        """Exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=10)
        self.reader.join()
        self.process.stdout.close()
        self.process = None
        return status

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def wait(self, what, seconds=20):
        """Until what() is true; its value, or a failure that names it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = what()
            if value:
                return value
            if self.process and self.process.poll() is not None:
                status = self.process.returncode
                raise AssertionError(f"the courier ended with {status}:\n{self.output}")
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s: {what.__doc__ or what.__name__}\n"
                             f"new: {self.list('new')}\ndead: {self.list('dead')}\n{self.output}")

    def wait_empty(self, seconds=20):
        def spool_is_empty():
            return not self.list("new")
        self.wait(spool_is_empty, seconds)

    def wait_output(self, text, seconds=10):
        def output_has():
            return text in self.output
        output_has.__doc__ = f"output has {text!r}"
        self.wait(output_has, seconds)

    def call(self, method, argument="", seconds=10):
        return dbus_call(f"{self.path}/runtime/kmemwatch-courier.socket", method, argument, seconds)

    def status(self):
        return json.loads(self.call("Status"))

    def channel_status(self, name):
        return next(c for c in self.status()["channels"] if c["name"] == name)


class DBusError(Exception):
    pass


def _align(data, to):
    return data + b"\0" * (-len(data) % to)


def _string(text):
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw + b"\0"


def _field(code, kind, text):
    value = _string(text) if kind != "g" else bytes([len(text)]) + text.encode() + b"\0"
    return bytes([code, 1]) + kind.encode() + b"\0" + value


def _receive(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise DBusError("hung up")
        data += part
    return data


def dbus_call(path, method, argument, seconds):
    """One call over D-Bus without a bus; the reply's string, or DBusError with the refusal."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(seconds)
        end = time.monotonic() + seconds
        while True:
            try:
                sock.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        # BEGIN goes with the rest, as sd-bus does it: its server does not look for a message that
        # comes in one piece with BEGIN.
        sock.sendall(b"\0AUTH ANONYMOUS 30\r\nBEGIN\r\n")
        line = b""
        while not line.endswith(b"\r\n"):
            line += _receive(sock, 1)
        if not line.startswith(b"OK"):
            raise DBusError(line.decode())
        body = _string(argument)
        fields = b""
        for field in (_field(1, "o", "/io/kmemwatch"), _field(2, "s", "io.kmemwatch.Courier1"),
                      _field(3, "s", method), _field(8, "g", "s")):
            fields = _align(fields, 8) + field
        header = struct.pack("<cBBBIII", b"l", 1, 0, 1, len(body), 1, len(fields)) + fields
        sock.sendall(_align(header, 8) + body)
        while True:
            head = _receive(sock, 16)
            order = "<" if head[0:1] == b"l" else ">"
            body_size, _, field_size = struct.unpack(order + "III", head[4:16])
            _receive(sock, field_size + (-field_size % 8))
            body = _receive(sock, body_size)
            if head[1] in (2, 3):  # return, error
                text = body[4:-1].decode("utf-8", "replace")
                if head[1] == 3:
                    raise DBusError(text)
                return text
