#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""That the benchmark measures what it says: short runs of each part, and figures that are known
beforehand. No time is judged here."""
import contextlib
import io
import os
import subprocess
import sys
import time
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import bulk  # noqa: E402
import idle  # noqa: E402
import start  # noqa: E402
from programs import Folder, Program, difference, memory, run_measured, snapshot  # noqa: E402

BUILD = os.environ.get("KMW_BUILD", "build/release")


def script(name):
    loader = SourceFileLoader(name, f"{HERE}/{name}")
    module = module_from_spec(spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Measures(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()

    def tearDown(self):
        self.folder.remove()

    def run_python(self, code, seconds):
        program = Program("python", [sys.executable, "-c", code], self.folder.path)
        try:
            time.sleep(0.7)
            before = snapshot(program)
            time.sleep(seconds)
            return difference(before, snapshot(program)), memory(program)
        finally:
            program.stop()

    def test_wakeups_and_memory(self):
        cost, size = self.run_python(
            "import time\nx = bytearray(b'a' * (40 << 20))\nwhile 1: time.sleep(0.1)", 2)
        self.assertAlmostEqual(cost["wakeups"], 10, delta=2)
        self.assertGreater(size["private"], 40)
        self.assertGreater(size["resident"], size["private"])
        self.assertLess(cost["cpu_ms"], 100)

    def test_cpu(self):
        cost, _ = self.run_python("while 1: pass", 0.5)
        self.assertGreater(cost["cpu_ms"], 50)

    def test_peak_is_the_childs_own(self):
        small = run_measured(["sleep", "0.1"])
        large = run_measured([sys.executable, "-c",
                              "import time; x = b'a' * (60 << 20); time.sleep(0.1)"])
        self.assertLess(small["peak"], 5)
        self.assertGreater(large["peak"], 60)
        with self.assertRaises(RuntimeError):
            run_measured(["false"])

    def test_file_writes_are_told_from_reads(self):
        path = f"{self.folder.path}/trace"
        with open(path, "w", encoding="utf-8") as f:
            f.write('7 pread64(3, "MemTotal", 8192, 0) = 1400\n'
                    '7 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 4\n'
                    '8 openat(AT_FDCWD, "/a", O_WRONLY|O_CREAT, 0600) = 4\n'
                    '8 renameat(4, "a", 4, "b") = 0\n'
                    '8 fsync(4 <unfinished ...>\n'
                    '8 <... fsync resumed>) = 0\n')
        calls, own, others = idle.count_calls(path, 8)
        self.assertEqual((own, others), (3, 0))
        self.assertEqual(idle.count_calls(path, 7)[1:], (0, 3))
        self.assertEqual(calls, {"pread64": 1, "openat": 2, "renameat": 1, "fsync": 1})


class Limits(unittest.TestCase):
    def test_median_decides(self):
        verdicts = script("bench").Verdicts()
        verdicts.at_most("a", [1.0, 1.1, 9.0], 1.1, 1)
        verdicts.at_least("b", [5.0, 4.0, 4.0], 5, 1)
        verdicts.at_most("c", [2.0], 1.0, 1, slack=1.0)
        verdicts.note("d", [3.0], 1)
        self.assertEqual([row[3] for row in verdicts.rows], ["ok", "FAILS", "ok", ""])
        self.assertEqual(verdicts.failed, 1)


class Parts(unittest.TestCase):
    """Each part once, as short as it can be."""

    def setUp(self):
        self.folder = Folder()
        self.verdicts = script("bench").Verdicts()
        self.warm = idle.WARM_SECONDS
        idle.WARM_SECONDS = 1

    def tearDown(self):
        idle.WARM_SECONDS = self.warm
        self.folder.remove()

    def run_part(self, part, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            part(*arguments, self.verdicts)
        return output.getvalue(), {row[0]: row[1] for row in self.verdicts.rows}

    def test_idle(self):
        text, rows = self.run_part(idle.measure, BUILD, self.folder, 1, 3)
        self.assertRegex(text, r"floor +0\.\d+ ")
        self.assertAlmostEqual(float(rows["daemon: wake-ups a second"]), 1, delta=0.7)
        name = "daemon without attribution"
        self.assertGreater(float(rows[f"{name}: CPU of a tick / floor"]), 0.2)
        self.assertGreater(float(rows[f"{name}: resident / empty program"]), 0.3)
        self.assertEqual(rows[f"{name}: allocations a tick"], "0.00")
        self.assertRegex(text, rf"\n +{name} +0\.00 ")

    def test_start(self):
        _, rows = self.run_part(start.measure, BUILD, self.folder, 1)
        self.assertGreater(float(rows["start to READY with restored state, ms"]), 0)
        self.assertEqual(rows["starts without a saved state"], "0")
        self.assertEqual(rows["stops without saving it"], "0")

    def test_dimensions(self):
        text, _ = self.run_part(bulk.dimensions, BUILD, [10, 100], 1)
        self.assertRegex(text, r"\n +100 +\d+ +\d+ ")

    def test_members(self):
        text, rows = self.run_part(bulk.members, BUILD, 600, 1)
        self.assertRegex(text, r"\n +256 +\d+\.\d+ ")
        self.assertGreater(float(rows["256 members: KiB each"]), 0)

    def test_replay(self):
        _, rows = self.run_part(bulk.replay, BUILD, 20000, 1)
        self.assertGreater(float(rows["replay: million values a second"]), 0)
        counted = subprocess.run([f"{BUILD}/tests/bench/plain_parse",
                                  "build/bench/trace-20000.csv"], capture_output=True, text=True,
                                 check=True)
        self.assertTrue(counted.stdout.startswith("180000 values"), counted.stdout)


if __name__ == "__main__":
    unittest.main()
