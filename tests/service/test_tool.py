#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The person's tool as a process: each command against a running daemon and courier on a recorded
machine, and without them; what it prints, and its exit codes."""

import json
import os
import pty
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from courier_kit import HOOK_TOKEN, SECRETS  # noqa: E402
from runner import run_tests  # noqa: E402
from test_courier import Setup  # noqa: E402
from test_daemon import BUILD, Daemon, ROOT, RULE, set_slab  # noqa: E402
from test_history import Journal, entry  # noqa: E402

COMMANDS = ("status", "alerts", "explain", "check", "record", "replay", "test", "send-test")


def tool(*arguments, **process):
    """Exit code, standard output, standard error."""
    done = subprocess.run([f"{BUILD}/kmemwatch", *arguments], capture_output=True, text=True,
                          timeout=30, check=False, **process)
    return done.returncode, done.stdout, done.stderr


def on_terminal(*command, columns=100, seconds=20, until=None, environment=()):
    """What a program prints on a terminal of its own; ended when `until` has come."""
    leader, follower = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": str(columns),
           "LC_ALL": "C.UTF-8", **dict(environment)}
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
                             env=env)
    os.close(follower)
    text = ""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and not (until and until in text):
            text += os.read(leader, 4096).decode("utf-8", "replace")
    except OSError:
        pass  # the program has ended
    if until:
        child.terminate()
    threading.Thread(target=lambda: drain(leader), daemon=True).start()
    code = child.wait(20)
    return code, text


def drain(leader):
    try:
        while os.read(leader, 4096):
            pass
    except OSError:
        pass
    os.close(leader)


def test_usage():
    for arguments, code in ((("--help",), 0), (("--version",), 0), (("help", "replay"), 0),
                            ((), 2), (("statsu",), 2), (("status", "--jsno"), 2),
                            (("explain",), 2), (("record", "--for", "soon"), 2)):
        is_code, out, err = tool(*arguments)
        assert is_code == code, f"{arguments}: {is_code}\n{out}{err}"
        assert (out if code == 0 else err).strip(), arguments
    assert "status" in tool("statsu")[2], "a near word is offered"
    for command in COMMANDS:
        code, out, err = tool(command, "--help")
        assert code == 0 and f"kmemwatch {command}" in out and not err, out + err
    for program in ("kmemwatchd", "kmemwatch-courier"):
        for arguments, code in ((["--help"], 0), (["--version"], 0), (["--nonsense"], 2),
                                (["word"], 2), (["--log-level", "loud"], 2)):
            done = subprocess.run([f"{BUILD}/{program}", *arguments], capture_output=True,
                                  timeout=20, check=False)
            assert done.returncode == code, f"{program} {arguments}: {done}"


def test_nobody_there():
    with Daemon() as d:
        for command in (["status"], ["alerts"], ["explain", "SUnreclaim"],
                        ["send-test", "ops"]):
            code, out, err = tool("--runtime", f"{d.path}/runtime", *command)
            assert code == 4 and f"{d.path}/runtime" in err and not out, (out, err)


def test_status_and_alerts():
    with Daemon("interval = 200ms") as d:
        d.start(d.rules(RULE))
        d.wait_status(0, "SUnreclaim")
        code, text = d.ask("status", "--json")
        status = json.loads(text)
        assert code == 0 and status["daemon"]["rules"]["active"] == 1, text
        assert "No active alerts" in d.ask("alerts")[1]
        assert json.loads(d.ask("alerts", "--json")[1])["alerts"] == []

        set_slab(d, 900 * 1024)
        d.wait_status(1, "SUnreclaim")
        code, text = d.ask("alerts")
        assert code == 1 and "WARNING" in text and "slab-large" in text, text
        code, text = d.ask("alerts", "--json")
        alert = json.loads(text)["alerts"][0]
        assert code == 1 and alert["rule"] == "slab-large" and alert["severity"] == "warning"

        code, text = d.ask("explain", "slab-large")
        assert code == 0 and "900 MiB" in text and "300 MiB" in text, text
        code, text = d.ask("explain", "SUnreclaim", "--json")
        assert code == 0 and json.loads(text), text
        code, text = d.ask("explain", "slab-larg")
        assert code == 2 and "slab-large" in text, text
        assert d.stop() == 0


def test_terminal():
    """On a terminal: colours, its width, and the table of --watch."""
    with Daemon("interval = 200ms") as d:
        d.start(d.rules(RULE))
        d.wait_output("watching")
        command = [f"{BUILD}/kmemwatch", "--runtime", f"{d.path}/runtime", "status"]
        code, coloured = on_terminal(*command)
        assert code == 0 and "SUnreclaim" in coloured and "\x1b[" in coloured, coloured
        code, plain = on_terminal(*command, "--no-colour")
        assert code == 0 and "\x1b[" not in plain, plain
        code, plain = on_terminal(*command, environment={"NO_COLOR": "1"})
        assert code == 0 and "\x1b[" not in plain, plain
        assert d.stop() == 0
    with Daemon("interval = 200ms") as d:
        for columns in (60, 100):
            code, text = on_terminal(
                f"{BUILD}/kmemwatchd", "--root", f"{d.path}/root", "--rules", d.rules(RULE),
                "--config", f"{d.path}/config", "--state", f"{d.path}/state", "--runtime",
                f"{d.path}/runtime", "--watch", columns=columns, until="KernelStack")
            assert code == 0 and "SUnreclaim" in text and "KernelStack" in text, text


def test_send_test():
    with Setup() as (place, receiver), Daemon() as d:
        place.start("--runtime", f"{d.path}/runtime")
        d.start("rules", options=["--spool", f"{place.path}/spool"])
        d.wait_output("watching")
        place.wait(lambda: os.path.exists(f"{d.path}/runtime/kmemwatch-courier.socket"))
        code, text = d.ask("send-test", "ops")
        assert code == 0 and "Accepted." in text and "status 200" in text, text
        receiver.script({"path": "/hook", "faults": [
            {"kind": "status", "status": 403, "body": f"bad token {HOOK_TOKEN}"}]})
        code, text = d.ask("send-test", "archive")
        assert code == 1 and "403" in text, text
        assert not any(secret in text for secret in SECRETS), text
        code, text = d.ask("send-test", "archive", "--json")
        assert code == 0 and json.loads(text)["accepted"] is True, text
        code, text = d.ask("send-test", "nobody")
        assert code == 1 and "archive" in text, text
        code, text = d.ask("--config", f"{place.path}/config", "status")
        assert code == 0 and "oncall" in text and "pagerduty" in text, text
        code, text = d.ask("--config", f"{place.path}/config", "status", "--json")
        assert len(json.loads(text)["courier"]["channels"]) == 3, text
        assert place.stop() == 0
        code, text = d.ask("--config", f"{place.path}/config", "status")
        assert code == 3 and "courier" in text, "channels, and nobody who serves them"
        assert d.stop() == 0


def test_check():
    with Daemon() as d:
        good, bad = d.rules(RULE), f"{d.path}/bad"
        os.makedirs(bad)
        with open(f"{bad}/x.ini", "w", encoding="utf-8") as f:
            f.write(RULE.replace("warning", "warnign"))
        config = ("--config", f"{d.path}/config")
        code, out, err = tool(*config, "check", good)
        assert code == 0 and "1 rule" in out, out + err
        code, out, err = tool(*config, "check", bad)
        assert code == 1 and "x.ini:4: unknown key warnign; did you mean warning?" in out + err
        assert tool(*config, "check", "--quiet", good)[1:] == ("", "")
        with open(f"{d.path}/config/channels.d/x.ini", "w", encoding="utf-8") as f:
            f.write("[channel]\ntype = telegraph\n")
        code, out, err = tool(*config, "check", good)
        assert code == 1 and "telegraph" in out + err, out + err
        code, out, err = tool(*config, "check", f"{d.path}/nothing")
        assert code in (1, 2) and "nothing" in out + err, out + err


def keys_of(value):
    """Every name in it, at any depth; those of `changes` are dimensions."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key != "changes":
                yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def test_json_is_documented():
    """Every --json is one object of version 1, and kmemwatch-formats(7) names all that is in it."""
    with open("contrib/man/kmemwatch-formats.7", encoding="utf-8") as f:
        page = f.read().replace("\\", "")
    names = set(re.findall(r"\w+", page))
    now = time.time()
    bad = RULE.replace("warning", "warnign")
    with Daemon() as d, Journal(entry(now - 60, "firing")) as j:
        os.makedirs(f"{d.path}/bad")
        with open(f"{d.path}/bad/x.ini", "w", encoding="utf-8") as f:
            f.write(bad)
        d.start(d.rules(RULE))
        d.wait_output("watching")
        for command in (("status",), ("alerts",), ("explain", "*"), ("who", "SUnreclaim"),
                        ("top", "--once"), ("history", "-D", j.path), ("check", f"{d.path}/bad"),
                        ("silence", "*", "--for", "1h", "--why", "x"), ("status",),
                        ("unsilence", "*")):
            code, text = d.ask(*command, "--json")
            assert code in (0, 1, 3), (command, text)
            value = json.loads(text)
            assert value["version"] == 1, (command, text)
            unknown = set(keys_of(value)) - names
            assert not unknown, (command, unknown)
        assert d.stop() == 0
    code, text, _ = tool("check", "--json", "rules")
    assert (code, json.loads(text)["faults"]) == (0, [])


def test_record_and_replay():
    with Daemon() as d:
        trace = f"{d.path}/t.csv"
        code, out, err = tool("record", "--root", ROOT, "--interval", "200ms", "--for", "1s", "-o",
                              trace)
        assert code == 0, out + err
        with open(trace, encoding="utf-8") as f:
            lines = f.read().splitlines()
        assert lines[0].startswith("time,") and "SUnreclaim" in lines[0] and len(lines) >= 5, lines
        code, out, err = tool("record", "--root", ROOT, "--interval", "200ms", "--for", "400ms")
        assert code == 0 and out.startswith("time,"), out + err
        assert tool("record", "--root", f"{d.path}/nowhere")[0] == 2
        assert tool("record", "-o", f"{d.path}/nowhere/t.csv", "--for", "1s")[0] == 2

        rules = ("--rules", d.rules(RULE))
        assert tool("replay", *rules, trace)[:2] == (0, "")
        made = f"{d.path}/made.csv"
        with open(made, "w", encoding="utf-8") as f:
            f.write("time,MemTotal,SUnreclaim\n")
            f.writelines(f"{1700000000 + i},8000000,{100000 if i < 60 else 900000}\n"
                         for i in range(120))
        code, out, err = tool("replay", *rules, made)
        assert code == 0 and json.loads(out)["event"] == "firing", out + err
        code, out, err = tool("replay", "--scores", *rules, made)
        assert code == 0 and out.count("\n") == 1 + 2 * 120, out[:200] + err
        code, out, err = tool("replay", "--explain", "slab-large", "--at", "+100s", *rules, made)
        assert code == 0 and "slab-large" in out, out + err
        code, out, err = tool("replay", "--explain", "slab-large", "--json", *rules, made)
        assert code == 0 and json.loads(out), out + err
        assert tool("replay", "--explain", "nobody", *rules, made)[0] == 2
        with open(made, "a", encoding="utf-8") as f:
            f.write("1700000200,8000000,many\n")
        code, out, err = tool("replay", *rules, made)
        assert code == 2 and f"{made}:122:" in err, err
        for path in (d.path, f"{d.path}/nothing.csv", "/dev/null"):
            code, out, err = tool("replay", *rules, path)
            assert code == 2 and path in err, (path, out, err)


def test_rule_tests():
    with Daemon() as d:
        path = f"{d.path}/t.test"
        with open(path, "w", encoding="utf-8") as f:
            f.write("[large slab is told]\nhost = 8G\nstart = SUnreclaim 100M\n"
                    "steps = hold for 2min, up: SUnreclaim jump 800M for 5min\n"
                    "expect = firing warning slab-large within 1min of up\n"
                    "[nothing is told]\nhost = 8G\nstart = SUnreclaim 100M\n"
                    "steps = hold for 2min, SUnreclaim jump 800M for 5min\n"
                    "expect = nothing\n")
        rules = ("--rules", d.rules(RULE))
        code, out, err = tool("test", *rules, path)
        assert code == 1 and "1 passed, 1 failed" in out, out + err
        code, out, err = tool("test", *rules, "--only", "large*", path)
        assert code == 0 and "1 passed, 0 failed" in out, out + err
        assert tool("test", *rules, f"{d.path}/none.test")[0] == 2


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 8))
