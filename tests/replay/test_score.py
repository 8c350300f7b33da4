#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The judge must be right before it judges: intervals against tables, verdicts on small cases."""
import json
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import confidence  # noqa: E402
import drawing  # noqa: E402
import floors  # noqa: E402
import scoring  # noqa: E402


def event(time, name="firing", severity="warning", kind="growth", dimension="SUnreclaim",
          rule="r"):
    return dict(time=time, event=name, severity=severity, kind=kind, dimension=dimension, rule=rule)


def label(kind="growth", dimension="SUnreclaim", start=100, end=200, **more):
    return dict(kind=kind, dimensions=[dimension], start=start, end=end, bytes=1000, **more)


def score(labels, events, value_at=lambda d, t: None):
    alerts = scoring.alerts_of(json.dumps(e) for e in events)
    found = scoring.score_trace(dict(labels=labels), alerts, value_at)
    return found, [a.verdict for a in alerts]


class Confidence(unittest.TestCase):
    def test_wilson(self):
        # L. D. Brown, T. T. Cai, A. DasGupta 2001; and by hand: no hit has 0 as its lower end.
        for hits, n, low, high in ((0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634),
                                   (81, 263, 0.2553, 0.3662)):
            got = confidence.wilson(hits, n)
            self.assertAlmostEqual(got[0], low, 3)
            self.assertAlmostEqual(got[1], high, 3)
        self.assertEqual(confidence.wilson(0, 0), (0, 1))

    def test_poisson(self):
        # Garwood's table. Nothing seen in three days still allows 1.23 a day.
        for count, low, high in ((0, 0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668),
                                 (20, 12.217, 30.888), (100, 81.364, 121.627)):
            got = confidence.poisson(count, 1)
            self.assertAlmostEqual(got[0], low, 2)
            self.assertAlmostEqual(got[1], high, 2)
        self.assertAlmostEqual(confidence.poisson(0, 3)[1], 1.2297, 3)
        low, high = confidence.poisson(2000, 1)
        self.assertAlmostEqual(low, 1913.3, delta=2)
        self.assertAlmostEqual(high, 2089.6, delta=2)


class Scoring(unittest.TestCase):
    def test_verdicts(self):
        neutral = dict(kind="neutral", dimensions=["*"], start=300, end=400)
        side = dict(kind="neutral", dimensions=["Slab"], start=100, end=200)
        cases = [
            # events, found by its kind, by any, verdicts
            ([event(150)], True, True, ["credited"]),
            ([event(150, kind="ratio", dimension="SUnreclaim/MemTotal")], True, True, ["credited"]),
            ([event(150, kind="spike")], False, True, ["ignored"]),
            ([event(150, dimension="PageTables")], False, False, ["false"]),
            ([event(150, dimension="Slab")], False, False, ["ignored"]),
            ([event(99)], False, False, ["false"]),
            ([event(201)], False, False, ["false"]),
            ([event(350, dimension="Percpu")], False, False, ["ignored"]),
            ([event(150, severity="notice")], False, False, ["ignored"]),
            ([event(250, severity="notice")], False, False, ["false"]),
            # Told in the journal first, then to a person: the second one counts.
            ([event(120, severity="notice"), event(180, "escalated")], True, True,
             ["ignored", "credited"]),
            # Paged already: getting worse is no news, and no second false alarm.
            ([event(90), event(180, "escalated", "critical")], False, False, ["false"]),
            ([event(120, severity="notice"), event(130, "resolved", "ok"),
              event(180, "escalated")], False, False, ["ignored"]),
        ]
        for events, fit, any_kind, verdicts in cases:
            found, got = score([label(), side, neutral], events)
            self.assertEqual((found[0].fit, found[0].any, got), (fit, any_kind, verdicts), events)

    def test_a_notice_is_right_for_what_harms_nobody(self):
        for kind, dimension in (("drop", "SUnreclaim"), ("growth", "SReclaimable")):
            events = [event(150, severity="notice", kind=kind, dimension=dimension)]
            self.assertTrue(score([label(kind, dimension)], events)[0][0].fit)

    def test_first_one_counts(self):
        found, _ = score([label(grown=[[100, 0], [200, 1000]])], [event(150), event(160)])
        self.assertEqual(found[0].delay, 50)
        self.assertEqual(found[0].leaked, 500)

    def test_leaked_by_the_trace(self):
        found, _ = score([label()], [event(150)], lambda d, t: {100: 7, 150: 10}[t])
        self.assertEqual(found[0].leaked, 3)

    def test_incidents(self):
        for times, count in (([], 0), ([0], 1), ([0, 600, 1200], 1), ([0, 601], 2),
                             ([1000, 0], 2)):
            self.assertEqual(scoring.incidents(times), count, times)

    def test_trace(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
            f.write("time,Slab,threads,host_kind\n10,1,5,vm\n12,,6,\n11,3,7,\n")
            f.flush()
            trace = scoring.Trace(f.name)
        # Time goes back in the last row.
        self.assertEqual([trace.value_at("Slab", t) for t in (9, 10, 11, 12, 99)],
                         [None, 1024, 3072, 3072, 3072])
        self.assertEqual(trace.value_at("threads", 12), 6)
        self.assertIsNone(trace.value_at("Percpu", 12))


class Floors(unittest.TestCase):
    def test_lines(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("# why\nsimulated found growth >= 0.9  # because\n\nx y <= 1\n")
            f.flush()
            self.assertEqual(floors.read(f.name), [("simulated found growth", ">=", 0.9),
                                                   ("x y", "<=", 1)])
            f.write("nonsense\n")
            f.flush()
            self.assertRaises(SystemExit, floors.read, f.name)


class Drawing(unittest.TestCase):
    def test_ticks(self):
        self.assertEqual([drawing.nice_step(s, 5) for s in (5, 9, 100, 0.3)], [1, 2, 20, 0.1])
        self.assertEqual(drawing.clock(90061, 60), "1d 1:01")
        self.assertEqual(drawing.clock(61, 1), "0:01:01")

    def test_picture(self):
        meta = dict(labels=[label(shape="steady")], family="leak", about="<host>", interval=1)
        events = [dict(event(500), baseline=5, unit="bytes", text="a & b", duration_seconds=0)]
        alerts = scoring.alerts_of(json.dumps(e) for e in events)
        found = scoring.score_trace(meta, alerts)

        class Case:
            name, days = "t", 1
            misses = staticmethod(lambda: found)
            false = staticmethod(lambda: alerts)
        case = Case()
        case.meta, case.alerts = meta, alerts
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t.csv")
            with open(path, "w") as f:
                f.write("time,SUnreclaim,MemAvailable\n")
                for t in range(0, 1000):
                    f.write("%d,%d,99\n" % (t, 1000 + t))
            drawing.draw_case(case, path, folder)
            with open(drawing.finish(folder, [case]) + "/index.html") as f:
                page = f.read()
            self.assertIn("misses of growth", page)
            self.assertIn("false alarms of r", page)
            with open(folder + "/t-1.svg") as f:
                picture = f.read()
            self.assertIn("a &amp; b", picture)
            self.assertIn("&lt;host&gt;", picture)
            self.assertIn("FALSE: r", picture)


unittest.main()
