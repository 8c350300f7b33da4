#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The simulator: the same seed is the same trace, and what it writes is what a kernel could say."""
import csv
import json
import os
import subprocess
import tempfile
import unittest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KMW_BUILD", os.path.join(REPOSITORY, "build/release"))
PROGRAM = os.path.join(BUILD, "tests/simulate/simulate")
SCENARIOS = subprocess.run([PROGRAM, "--list"], capture_output=True, text=True,
                           check=True).stdout.split()


def simulate(folder, *arguments):
    trace, labels = os.path.join(folder, "t.csv"), os.path.join(folder, "t.json")
    subprocess.run([PROGRAM, *map(str, arguments), "-o", trace, "--labels", labels], check=True,
                   stderr=subprocess.DEVNULL)
    with open(trace) as t, open(labels) as l:
        text = t.read()
        return text, list(csv.DictReader(text.splitlines())), json.load(l)


class Simulate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_one(self, *arguments):
        return simulate(self.folder.name, *arguments)

    def test_same_seed_same_trace(self):
        for scenario in SCENARIOS:
            first = self.run_one("--seed", 7, "--scenario", scenario)
            self.assertEqual(first[0], self.run_one("--seed", 7, "--scenario", scenario)[0])
            self.assertNotEqual(first[0], self.run_one("--seed", 8, "--scenario", scenario)[0])

    def test_numbers_of_a_kernel(self):
        for seed in range(1, 40):
            _, rows, meta = self.run_one("--seed", seed)
            where = "seed %d" % seed
            self.assertEqual(len(rows), meta["rows"], where)
            self.assertEqual(rows[0]["stack_kib"], "16", where)
            for row in rows:
                v = {k: float(x) for k, x in row.items() if x and k != "host_kind"}
                for name in ("SReclaimable", "SUnreclaim", "PageTables", "Percpu", "VmallocUsed"):
                    self.assertEqual(v.get(name, 0) % 4, 0, where)
                self.assertEqual(v.get("KernelStack", 0) % 16, 0, where)
                if {"Slab", "SReclaimable", "SUnreclaim"} <= v.keys():
                    self.assertEqual(v["Slab"], v["SReclaimable"] + v["SUnreclaim"], where)
                if {"MemTotal", "MemFree", "MemAvailable"} <= v.keys():
                    self.assertGreater(v["MemFree"], 0, where)
                    self.assertLess(max(v["MemFree"], v["MemAvailable"]), v["MemTotal"], where)

    def test_hosts_of_all_sizes(self):
        total, cpus = [], []
        for seed in range(1, 120):
            _, rows, _ = self.run_one("--seed", seed, "--scenario", "quiet", "--hours", 0.2)
            total.append(float(rows[0]["MemTotal"]) / 2 ** 20)
            cpus.append(int(rows[0]["cpus"]))
        self.assertLess(min(total), 1)
        self.assertGreater(max(total), 1000)
        self.assertEqual(min(cpus), 1)
        self.assertEqual(max(cpus), 256)

    def test_a_leak_is_in_the_trace(self):
        checked = 0
        for seed in range(1, 40):
            _, rows, meta = self.run_one("--seed", seed, "--scenario", "leak")
            labels = [l for l in meta["labels"] if l["kind"] == "growth"]
            self.assertEqual(len(labels), 1, "seed %d" % seed)
            label = labels[0]
            self.assertLessEqual(label["start"], label["end"])
            self.assertAlmostEqual(max(b for _, b in label["grown"]) / label["bytes"], 1, delta=0.2)
            if label["bytes"] < 20 * label["life_bytes"] or label["shape"] == "sawtooth":
                continue
            column = [(float(r["time"]), float(r[label["dimensions"][0]] or "nan")) for r in rows]
            before = [v for t, v in column if t <= label["start"]][-1]
            end = [v for t, v in column if t <= label["end"]][-1]
            # Only when nothing else may have moved it: a host that boots fills up meanwhile.
            self.assertGreater((end - before) * 1024, 0.5 * label["bytes"], "seed %d" % seed)
            checked += 1
        self.assertGreater(checked, 10)

    def test_quiet_has_no_faults(self):
        for scenario in ("quiet", "boot"):
            for seed in range(1, 10):
                meta = self.run_one("--seed", seed, "--scenario", scenario)[2]
                self.assertFalse([l for l in meta["labels"] if l["kind"] != "neutral"])

    def test_length_and_interval(self):
        _, rows, meta = self.run_one("--seed", 3, "--scenario", "quiet", "--hours", 2,
                                     "--interval", 5)
        self.assertEqual(meta["interval"], 5)
        self.assertAlmostEqual(len(rows), 2 * 3600 / 5, delta=0.2 * len(rows))

    def test_refused(self):
        for wrong in (["--scenario", "nonsense"], ["--hours", "-1"], ["--nonsense"], ["extra"]):
            done = subprocess.run([PROGRAM, *wrong], capture_output=True)
            self.assertEqual(done.returncode, 2, wrong)


unittest.main()
