#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recorder's bookkeeping: every plan can be read, and labels say what happened."""
import glob
import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("record", os.path.join(HERE, "record"))
record = importlib.util.module_from_spec(importlib.util.spec_from_loader("record", loader))
loader.exec_module(record)


def plan_of(text):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(text)
        f.flush()
        return record.read_plan(f.name)


def labels_of(done, foreign=()):
    rows = [dict(time=str(t), MemTotal="1000000", SUnreclaim=str(1000 + (500 if t >= 100 else 0)))
            for t in range(600)]
    recording = types.SimpleNamespace(done=done, foreign=list(foreign))
    return record.Recording.labels(recording, rows)


def fault(**more):
    return dict(dict(fault="sysv", shape="spike", start=100, grown=101, end=160), **more)


class Plans(unittest.TestCase):
    def test_all_of_them(self):
        plans = sorted(glob.glob(os.path.join(HERE, "plans/*.plan")))
        self.assertGreater(len(plans), 3)
        for path in plans:
            plan = record.read_plan(path)
            for act in plan["acts"]:
                self.assertLess(act["at"] + act.get("ramp", 0), plan["length"], path)

    def test_lines(self):
        plan = plan_of("length 2min\n1min fault sysv 3M slow 20 hold 5 # why\n5s work burst\n"
                       "6s fault threads 7 spike\n")
        self.assertEqual(plan["length"], 120)
        self.assertEqual(plan["acts"], [
            dict(at=60, fault="sysv", amount=3 << 20, shape="slow", ramp=20, hold=5),
            dict(at=5, work="burst"),
            dict(at=6, fault="threads", amount=7, shape="spike", ramp=0, hold=60)])
        for wrong in ("1min fault nothing 3M spike", "1min work nothing", "1x work burst",
                      "1min fault sysv 3Q spike"):
            self.assertRaises(SystemExit, plan_of, wrong)


class Labels(unittest.TestCase):
    def test_one_fault(self):
        truth, over = labels_of([fault()])
        self.assertEqual((truth["kind"], truth["dimensions"], truth["start"], truth["end"]),
                         ("spike", ["SUnreclaim", "Slab"], 100, 160))
        self.assertEqual((truth["bytes"], truth["percent"]), (500 * 1024, 0.05))
        self.assertEqual((over["kind"], over["start"], over["end"]),
                         ("neutral", 160, 160 + record.RELEASE))

    def test_growth_may_be_told_after_it_stopped(self):
        truth = labels_of([fault(shape="stairs", grown=150)])[0]
        self.assertEqual((truth["kind"], truth["end"]), ("growth", 150 + record.TAIL))

    def test_side_effects_are_neutral(self):
        labels = labels_of([fault(fault="tmpfs")])
        self.assertIn(["SReclaimable"], [l["dimensions"] for l in labels])

    def test_disturbed(self):
        for sightings, kinds in (
                ([("sysv", 120)], ["neutral", "neutral"]),
                ([("threads", 120)], ["spike", "neutral", "neutral"]),
                ([("threads", 110), ("threads", 120)], ["spike", "neutral", "neutral"]),
                ([("sysv", 400)], ["spike", "neutral", "neutral"])):
            self.assertEqual([l["kind"] for l in labels_of([fault()], sightings)], kinds, sightings)

    def test_json(self):
        text = record.compact(dict(trace="x.csv", labels=labels_of([fault()])))
        self.assertEqual(json.loads(text)["trace"], "x.csv")


unittest.main()
