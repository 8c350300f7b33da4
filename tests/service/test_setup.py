#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kmemwatch setup beside a running courier: with and without questions, and what it refuses."""

import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import webhook_server  # noqa: E402
from courier_kit import BUILD, HOOK_TOKEN, Place, ROUTING_KEY  # noqa: E402
from runner import run_tests  # noqa: E402


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Setup:
    """A receiver, and a courier without channels."""

    def __enter__(self):
        self.server, self.receiver = webhook_server.start()
        self.port = self.server.server_address[1]
        self.place = Place(self.port)
        self.place.start()
        self.place.wait(self.place.status)
        return self

    def __exit__(self, *_):
        self.place.__exit__()
        self.server.shutdown()
        self.server.server_close()

    def command(self, *arguments):
        return [f"{BUILD}/kmemwatch", "setup", *arguments, "--config", f"{self.place.path}/config",
                "--runtime", f"{self.place.path}/runtime"]

    def run(self, *arguments, text=""):
        done = subprocess.run(self.command(*arguments), input=text, capture_output=True, text=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def files(self):
        return sorted(os.listdir(f"{self.place.path}/config/channels.d"))

    def mode(self, name):
        return stat.S_IMODE(os.stat(f"{self.place.path}/config/{name}").st_mode)


def test_without_questions():
    with Setup() as s:
        code, out, err = s.run("webhook", "--name", "archive", "--url",
                               f"http://127.0.0.1:{s.port}/hook", "--secret", "-",
                               text=HOOK_TOKEN + "\n")
        assert code == 0, (out, err)
        assert "Accepted" in out and HOOK_TOKEN not in out + err
        assert s.mode("channels.d/archive.ini") == 0o644
        assert s.mode("secrets/archive") == 0o600
        request, = s.receiver.snapshot()
        assert request["accepted"] and not request["errors"], request["errors"]
        # Again: nothing is overwritten unless that is asked for.
        code, out, err = s.run("webhook", "--name", "archive", "--url", "http://127.0.0.1:1/")
        assert code == 2 and "--replace" in err
        code, out, err = s.run("webhook", "--name", "archive", "--replace", "--url",
                               "http://127.0.0.1:1/")
        assert code == 1 and "Not delivered" in out and "--replace" in err, (out, err)
        assert s.files() == ["archive.ini"] and not os.path.exists(
            f"{s.place.path}/config/secrets/archive")


def test_questions():
    """What is typed as a secret does not show."""
    with Setup() as s:
        controller, terminal = pty.openpty()
        process = subprocess.Popen(s.command("webhook"), stdin=terminal, stdout=terminal,
                                   stderr=terminal, close_fds=True)
        os.close(terminal)
        seen = ""
        for question, answer in (("Name", "hooks"), ("Address", f"http://127.0.0.1:{s.port}/hook"),
                                 ("Token", HOOK_TOKEN)):
            end = time.monotonic() + 20
            while question not in seen.rpartition("\n")[2]:
                assert time.monotonic() < end, seen
                seen += os.read(controller, 4096).decode()
            os.write(controller, answer.encode() + b"\n")
        try:
            while data := os.read(controller, 4096):
                seen += data.decode()
        except OSError:
            pass  # the other side of a terminal is closed
        os.close(controller)
        assert process.wait(60) == 0, seen
        assert "Accepted" in seen and HOOK_TOKEN not in seen and "[webhook]" in seen
        assert s.files() == ["hooks.ini"]


def play(command, *lines, end=None):
    """Answers the questions of a program at a terminal of its own; what it shows, exit status."""
    process, controller = pty.fork()
    if process == 0:
        os.execv(command[0], command)
    seen = b""
    for line in lines:
        # A question is what nothing follows.
        while not seen.endswith(b": ") or select.select([controller], [], [], 0.2)[0]:
            seen += os.read(controller, 4096)
        seen += b"\n" if line.endswith("\n") else b"^"
        os.write(controller, line.encode())
    echo = None
    if end:
        end(process)
        echo = bool(termios.tcgetattr(controller)[3] & termios.ECHO)
    try:
        while data := os.read(controller, 4096):
            seen += data
    except OSError:
        pass  # the other side of a terminal is closed
    os.close(controller)
    return seen.decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), echo


def test_wrong_answers():
    """Asked again, and what was wrong is said in words that fit."""
    with Setup() as s:
        shown, code, _ = play(s.command(), "pigeon\n", "webhook\n", "on call\n", "oncall\n",
                              "127.0.0.1/hook\n", "\n", f"http://127.0.0.1:{s.port}/hook\n", "\n")
        assert code == 0 and "Accepted" in shown, shown
        assert '"pigeon" is no kind of receiver' in shown and "is not an address" in shown, shown
        assert s.files() == ["oncall.ini"]
        shown, code, _ = play(s.command("pagerduty"), "p\n", "x\n", "y\n", "z\n")
        assert code == 2 and shown.count("not a routing key") == 3, shown
        assert s.files() == ["oncall.ini"]


def test_interrupted():
    """^C at a question for a secret leaves a terminal that shows what is typed."""
    with Setup() as s:
        shown, code, echo = play(s.command("slack"), "\n", "\x03", end=lambda _: time.sleep(0.5))
        assert code == -signal.SIGINT and echo and "Written" not in shown, (shown, code, echo)


def test_by_template():
    """What Discord and the others need besides the address."""
    with Setup() as s:
        shutil.copytree(f"{ROOT}/etc/templates", f"{s.place.path}/config/templates")
        for name in ("discord", "mattermost", "teams"):
            code, out, err = s.run(name, "--secret", "-",
                                   text=f"http://127.0.0.1:{s.port}/any/{HOOK_TOKEN}\n")
            assert code == 0 and HOOK_TOKEN not in out + err, (out, err)
            with open(f"{s.place.path}/config/channels.d/{name}.ini", encoding="utf-8") as file:
                text = file.read()
            assert f"template = {name}.json" in text and "url = {secret}" in text, text
        paths = [r["path"] for r in s.receiver.snapshot()]
        assert paths == [f"/any/{HOOK_TOKEN}"] * 3, paths
        code, out, err = s.run("opsgenie", "--secret", "-", "--url",
                               f"http://127.0.0.1:{s.port}/any/v2/alerts",
                               text="k3y-of-this-test\n")
        assert code == 0 and "k3y-of-this-test" not in out + err, (out, err)
        request = s.receiver.snapshot()[-1]
        assert request["headers"]["Authorization"] == "GenieKey k3y-of-this-test", request


def test_cluster():
    """Each member of an Alertmanager's cluster is tried."""
    with Setup() as s:
        url = f"http://127.0.0.1:{s.port}/any"
        code, out, err = s.run("alertmanager", "--url", f"{url}/a {url}/b")
        assert code == 0 and out.count("Accepted") == 2, (out, err)
        assert [r["path"] for r in s.receiver.snapshot()] == [
            f"/any/{member}/api/v2/alerts" for member in "ab"]


def test_replace_question():
    """Whether it may replace a channel is asked before the rest."""
    with Setup() as s:
        with open(f"{s.place.path}/config/channels.d/hooks.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\n")
        controller, terminal = pty.openpty()
        with subprocess.Popen(s.command("webhook"), stdin=terminal, stdout=terminal,
                              stderr=terminal, close_fds=True) as process:
            os.close(terminal)
            os.write(controller, b"hooks\n\n")
            seen = ""
            try:
                while data := os.read(controller, 4096):
                    seen += data.decode()
            except OSError:
                pass
            os.close(controller)
        assert process.returncode == 2 and "Replace it?" in seen and "Address" not in seen, seen


def test_refused():
    """Nothing is written that the courier would not take."""
    with Setup() as s:
        key = f"{s.place.path}/key"
        with open(key, "w", encoding="utf-8") as f:
            f.write("two\nlines\n")
        for arguments, text, said in (
                (("carrier-pigeon",), "", "slack, pagerduty, webhook"),
                (("slack", "--name", "s"), "", "--secret FILE"),
                (("slack", "--name", "s", "--secret", "/nonexistent"), "", "/nonexistent"),
                (("slack", "--name", "s", "--secret", "-"), "not an address\n", "address"),
                (("slack", "--name", "s", "--secret", "-"), "http://h.example.com/x\n", "https://"),
                (("pagerduty", "--name", "p", "--secret", key), "", "key"),
                (("pagerduty", "--secret", "-", "--name", "../x"), ROUTING_KEY, "letters"),
                (("webhook",), "", "--url"),
                ((), "", "there are slack, "),
                (("discord", "--secret", "-"), "https://discord.com/api/1/x\n", "template"),
                (("webhook", "--url", "ftp://x/"), "", "address"),
                (("webhook", "--url", "https://x/\n[channel]"), "", "")):
            code, out, err = s.run(*arguments, text=text)
            assert code == 2 and said in err, (arguments, code, out, err)
            assert ROUTING_KEY not in out + err
        assert s.files() == [] and s.receiver.snapshot() == []


def test_receiver_refuses():
    with Setup() as s:
        s.receiver.script({"path": "/hook", "faults": [{"kind": "status", "status": 403,
                                                        "body": "no"}]})
        code, out, _ = s.run("webhook", "--url", f"http://127.0.0.1:{s.port}/hook")
        assert code == 1 and "Refused" in out and "403" in out


def test_no_courier():
    with Setup() as s:
        assert s.place.stop() == 0
        code, out, err = s.run("webhook", "--url", f"http://127.0.0.1:{s.port}/hook")
        assert code == 3 and "webhook.ini" in out and "send-test webhook" in err


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 5))
