#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules that follow slab caches and cgroups: kmemwatchd as a process, on machines whose caches and
cgroups the test makes. Most of the time is waiting for the next reading."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402
from test_daemon import Daemon  # noqa: E402

LARGE = ("[large]\ndimension = {}\nfollow = 4\ndetect = ratio\nwarning = 40M\nfor = 0s\n"
         "clear-for = 5s\nsummary = It is large\nexplain = E.\naction = A.\n")


class Machine(Daemon):
    """With slab caches and cgroups of so many MiB."""

    def slabs(self, sizes):
        lines = ["slabinfo - version: 2.1", "# name            <active_objs> ..."]
        for name, mib in sizes.items():
            pages = mib * 256
            lines.append(f"{name} {pages * 8} {pages * 8} 512 8 1 : tunables 0 0 0 : slabdata "
                         f"{pages} {pages} 0")
        self.write("proc/slabinfo", "\n".join(lines) + "\n")
        # As long as it has not moved slabinfo is not read.
        with open(f"{self.path}/root/proc/meminfo", encoding="utf-8") as f:
            text = f.read()
        self.write("proc/meminfo", re.sub(r"SUnreclaim: .*",
                                          f"SUnreclaim: {sum(sizes.values()) * 1024} kB", text))

    def cgroups(self, sizes):
        """In place of those that were there, in one step."""
        tree = f"{self.path}/root/sys/fs/cgroup"
        shutil.rmtree(tree + ".new", ignore_errors=True)
        os.makedirs(tree + ".new")
        for path, mib in [("", sum(sizes.values()))] + list(sizes.items()):
            os.makedirs(f"{tree}.new{path}", exist_ok=True)
            with open(f"{tree}.new{path}/memory.stat", "w", encoding="utf-8") as f:
                f.write(f"anon 4096\nkernel {mib << 20}\nslab_reclaimable 0\n"
                        f"slab_unreclaimable {mib << 20}\nslab {mib << 20}\n")
        with open(f"{tree}.new/cgroup.controllers", "w", encoding="utf-8") as f:
            f.write("cpu memory pids\n")
        shutil.rmtree(tree + ".old", ignore_errors=True)
        if os.path.exists(tree):
            os.rename(tree, tree + ".old")
        os.rename(tree + ".new", tree)

    def write(self, name, text):
        path = f"{self.path}/root/{name}"
        if os.path.exists(path):
            os.chmod(path, 0o644)
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def answer(self):
        code, text = self.ask("status", "--json")
        assert code in (0, 1, 3), text
        return json.loads(text)["daemon"]

    def family(self, name):
        found = [f for f in self.answer()["families"] if f["family"] == name]
        return found[0] if found else None

    def wait_members(self, *names):
        self.wait(lambda: {m["dimension"] for m in self.answer()["members"]} == set(names), 90)


def test_cache():
    """The one cache that is too large is named, over a kill too; it ends with the cache."""
    with Machine() as d:
        d.slabs({"dentry": 30, "filp": 20, "leaky": 1, "kmalloc-64": 2, "small": 1})
        d.start(d.rules(LARGE.format("slab:*")))
        d.wait_members("slab:dentry", "slab:filp", "slab:kmalloc-64", "slab:leaky")
        assert d.family("slab")["found"] == 5
        d.slabs({"dentry": 30, "filp": 20, "leaky": 50, "kmalloc-64": 2, "small": 1})
        event = d.wait_events("firing")[0]
        assert event["alert"]["dimension"] == "slab:leaky", event
        assert ":large:slab:leaky:" in event["dedup_key"], event
        assert event["culprits"][0]["kind"] == "cache", event
        assert event["culprits"][0]["name"] == "leaky", event
        code, text = d.ask("explain", "slab:leaky")
        assert code == 0 and "slab:leaky is 50 MiB" in text, text
        assert "4 of 5 slab caches followed" in d.status()[1], d.status()[1]
        d.wait(lambda: os.path.exists(f"{d.path}/state/alerts.state"))
        d.kill()
        d.start(d.rules(LARGE.format("slab:*")))
        d.wait(lambda: d.family("slab") and d.family("slab")["readings"] >= 1)
        assert d.status()[0] == 1, "the alert goes on"
        d.slabs({"dentry": 30, "filp": 20, "kmalloc-64": 2, "small": 1})
        d.wait(lambda: len(d.events()) == 2, 120)
        ended = d.events()[1]
        assert ended["event"] == "resolved", ended
        assert ended["alert"]["id"] == event["alert"]["id"], ended
        assert "no longer there" in ended["text"], ended
        assert d.stop() == 0


def test_cgroups():
    """The innermost is named, by its whole name; thousands are followed in memory of fixed size."""
    container = "/kubepods.slice/cri-containerd-" + "4f1c2a9b" * 8 + ".scope"
    with Machine() as d:
        d.cgroups({"/system.slice": 90, "/system.slice/a.service": 1, "/kubepods.slice": 60,
                   container: 60})
        d.start(d.rules(LARGE.format("cgroup:*/slab")))
        event = d.wait_events("firing")[0]
        assert re.fullmatch("cgroup:~[0-9a-f]{8}~cri-containerd-4f1c2a9b[0-9a-f]*/slab",
                            event["alert"]["dimension"]), event
        assert event["culprits"][0]["kind"] == "cgroup", event
        assert event["culprits"][0]["name"] == container, event
        before = d.answer()["cost"]["resident_bytes"]
        d.cgroups({f"/run-{i}.scope": 1 + i % 3 for i in range(4500)})
        d.wait(lambda: d.family("cgroup")["found"] > 4000, 150)
        d.wait_output("more in /sys/fs/cgroup than 4096")
        assert d.family("cgroup")["cut"] and d.family("cgroup")["followed"] <= 4
        grown = d.answer()["cost"]["resident_bytes"] - before
        assert grown < 3 << 20, grown
        assert d.stop() == 0


def test_rules_change():
    """A reload begins and ends the reading, and what was followed goes on."""
    with Machine() as d:
        d.slabs({"dentry": 30, "leaky": 50})
        d.start(d.rules(LARGE.format("SUnreclaim").replace("follow = 4\n", "")))
        assert d.answer()["families"] == [] and d.answer()["members"] == []
        d.rules(LARGE.format("slab:*"))
        d.process.send_signal(1)
        d.wait_members("slab:dentry", "slab:leaky")
        d.rules(LARGE.format("slab:leaky").replace("follow = 4\n", "") +
                LARGE.format("slab:d*").replace("[large]", "[d]"))
        d.process.send_signal(1)
        d.wait_output("2 rules")
        d.wait_members("slab:dentry", "slab:leaky")
        d.rules(LARGE.format("slabs:*"))
        d.process.send_signal(1)
        d.wait_output("did you mean slab")
        assert d.stop() == 0


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
