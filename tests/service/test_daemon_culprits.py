#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who is behind an alert: kmemwatchd as a process, on a machine recorded before and after a growth,
and on this one with real faults. Half of the time is waiting until it knows what is normal."""

import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402
from test_daemon import BUILD, Daemon  # noqa: E402

GROWTH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../roots/debian12-growth")
FAULT = f"{BUILD}/tests/faults/fault"
LEARNING = 130  # seconds until a spike of each dimension can be told

SPIKES = "".join(
    f"[{name}]\ndimension = {dimension}\ndetect = spike\nwarning = {least}\nfor = 0s\n"
    f"clear-for = 5s\nsummary = {dimension} jumped\nexplain = E.\naction = A.\n"
    for name, dimension, least in (("stacks", "KernelStack", "4M"),
                                   ("vmalloc", "VmallocUsed", "4M"),
                                   ("unreclaimable", "SUnreclaim", "4M"),
                                   ("tables", "PageTables", "4M")))


class Recorded(Daemon):
    """On the machine of before; grow() makes it that of after."""

    def __init__(self, settings=""):
        super().__init__(settings)
        shutil.rmtree(f"{self.path}/root")
        shutil.copytree(f"{GROWTH}/before", f"{self.path}/root", symlinks=True)

    def grow(self):
        os.rename(f"{self.path}/root", f"{self.path}/before")
        shutil.copytree(f"{GROWTH}/after", f"{self.path}/after", symlinks=True)
        for name in ("proc", "sys"):
            source, target = f"{self.path}/after/{name}", f"{self.path}/before/{name}"
            shutil.rmtree(target)
            shutil.copytree(source, target, symlinks=True)
        os.rename(f"{self.path}/before", f"{self.path}/root")


def who(d, *arguments):
    code, text = d.ask("who", "--json", *arguments)
    assert code == 0, text
    return json.loads(text)


def named(answer, kind):
    return [c["name"] for c in answer["culprits"] if c["kind"] == kind]


def live(d, rules):
    """On this machine, not on a recorded one."""
    shutil.rmtree(f"{d.path}/root")
    os.symlink("/", f"{d.path}/root")
    d.start(rules)


def test_restart_in_between():
    """What a growth is compared with outlives the daemon, a kill and a stop alike."""
    with Recorded() as d:
        d.start(d.rules(SPIKES))
        d.wait(lambda: who(d, "SUnreclaim", "--since", "0s")["deep"])
        assert d.stop() == 0
        assert os.path.exists(f"{d.path}/runtime/witness.state")
        d.grow()
        d.start(d.rules(SPIKES))
        answer = who(d, "SUnreclaim", "--since", "10min")
        assert not answer["sizes"], answer
        assert named(answer, "cache")[0] == "PING", answer
        assert d.stop() == 0


def test_off():
    """Without attribution nobody is named, and asking says so; turned on, it answers."""
    with Recorded("attribution = no") as d:
        d.start(d.rules(SPIKES))
        code, text = d.ask("who")
        assert code == 2 and "attribution" in text, (code, text)
        d.settings("attribution = yes")
        d.process.send_signal(1)
        d.wait(lambda: d.ask("who", "--since", "0s")[0] == 0)
        assert d.stop() == 0


def first_trigger(d, seconds):
    """The first event of an incident, and how long after the sample it was announced."""
    folder = f"{d.path}/state/spool/new"
    before = set(os.listdir(folder)) if os.path.exists(folder) else set()

    def found():
        for name in sorted(set(os.listdir(folder)) - before) if os.path.exists(folder) else ():
            with open(f"{folder}/{name}", encoding="utf-8") as f:
                event = json.load(f)
            if event["trigger"]:
                return event, os.stat(f"{folder}/{name}").st_mtime
        return None

    d.wait(found, seconds)
    return found()


def parse_time(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_real_faults():
    """Threads are one incident whose culprit is their process; messages are the caches they lie in.
    Both leave within two seconds of the sample that showed them."""
    if os.geteuid() != 0:
        return "needs root: /proc/slabinfo"
    if not os.path.exists(FAULT):
        return f"{FAULT} is not built"
    with Daemon() as d:
        live(d, d.rules(SPIKES))
        time.sleep(LEARNING)

        with subprocess.Popen([FAULT, "threads", "3000", "--hold", "60"],
                              stdout=subprocess.DEVNULL) as fault:
            event, announced = first_trigger(d, 20)
            fault.terminate()
        assert announced - parse_time(event["time"]) < 2.5, event
        assert event["culprits"][0]["name"] == "fault" or \
            [c["name"] for c in event["culprits"] if c["kind"] == "process"][0] == "fault", event
        assert event["explained"] > 0.9, event
        assert event["incident"]["cause"] == "KernelStack", event
        moved = {m["dimension"] for m in event["incident"]["moved"]}
        assert {"KernelStack", "VmallocUsed", "SUnreclaim"} <= moved, event
        d.wait(lambda: d.events()[-1]["resolve"], 60)
        triggers = [e["alert"]["rule"] for e in d.events() if e["trigger"]]
        assert len(triggers) == 1, triggers
        assert {e["dedup_key"] for e in d.events()} == {event["dedup_key"]}
        words = " ".join(d.output.split())
        assert "Who: " in words and "of it is fault" in words, d.output
        assert "Incident: with it moved VmallocUsed +" in words, d.output

        time.sleep(60)  # a snapshot without the threads, to compare with
        with subprocess.Popen([FAULT, "sysv", "64M", "--hold", "60"],
                              stdout=subprocess.DEVNULL) as fault:
            event, announced = first_trigger(d, 20)
            fault.terminate()
        assert announced - parse_time(event["time"]) < 2.5, event
        assert event["alert"]["dimension"] == "SUnreclaim", event
        caches = [c["name"] for c in event["culprits"] if c["kind"] == "cache"]
        assert caches, event
        assert all("kmalloc" in c or "msg" in c for c in caches[:2]), event
        assert event["explained"] > 0.85, event
        assert d.stop() == 0


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
