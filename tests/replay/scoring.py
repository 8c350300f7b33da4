# SPDX-License-Identifier: MIT
"""What the alerts of one trace are worth, given its labels. README.md says how it counts."""
import bisect
import csv
import json

# Which kinds of alert answer which kind of truth. A number out of proportion is a way to say that
# it has grown.
FITS = {"growth": {"growth", "ratio"}, "spike": {"spike"}, "drop": {"drop"}}
MERGE = 600  # seconds: firings closer than that are one incident, as whoever is woken counts


class Alert:
    """A firing. `pages` is false for a notice, which only the journal hears."""

    def __init__(self, event, pages):
        self.time = float(event["time"])
        self.rule, self.kind = event["rule"], event["kind"]
        self.dimension = event["dimension"].split("/")[0]
        self.severity = event["severity"]
        self.pages, self.event = pages, event
        self.verdict = None  # "credited", "ignored" or "false"


def alerts_of(lines):
    """Firings, in order of time. An alert that escalates from notice fires when it does."""
    found, quiet = [], set()
    for line in lines:
        if not line.strip():
            continue
        event = json.loads(line)
        name, key = event["event"], (event["rule"], event["dimension"])
        notice = event["severity"] == "notice"
        if name == "firing":
            found.append(Alert(event, not notice))
            if notice:
                quiet.add(key)
        elif name == "escalated" and not notice and key in quiet:
            found.append(Alert(event, True))
            quiet.discard(key)
        elif name in ("resolved", "adopted"):
            quiet.discard(key)
    return sorted(found, key=lambda a: a.time)


def concerns(label, alert):
    dimensions = label["dimensions"]
    return (label["start"] <= alert.time <= label["end"]
            and ("*" in dimensions or alert.dimension in dimensions))


def leaked_at(label, time, value_at):
    """Bytes that the fault had added by then: its own account, or what the trace shows."""
    grown = label.get("grown")
    if grown:
        times = [g[0] for g in grown]
        i = bisect.bisect_right(times, time)
        if i == 0:
            return grown[0][1]
        if i == len(grown):
            return grown[-1][1]
        (t0, b0), (t1, b1) = grown[i - 1], grown[i]
        return b0 + (b1 - b0) * (time - t0) / (t1 - t0) if t1 > t0 else b1
    before = value_at(label["dimensions"][0], label["start"])
    after = value_at(label["dimensions"][0], time)
    return None if before is None or after is None else after - before


class Found:
    """A label and what was said of it."""

    def __init__(self, label, meta):
        self.label, self.meta = label, meta
        self.fit = self.any = False
        self.delay = self.leaked = None


def score_trace(meta, alerts, value_at=lambda dimension, time: None):
    """A list of Found; marks the verdict on each alert."""
    truths = [l for l in meta["labels"] if l["kind"] != "neutral"]
    for alert in alerts:
        alert.verdict = "ignored" if any(concerns(l, alert) for l in meta["labels"]) else "false"
    results = []
    for label in truths:
        found = Found(label, meta)
        # For what harms nobody at once a line in the journal is the right answer.
        quiet_is_right = label["kind"] == "drop" or label["dimensions"][0] == "SReclaimable"
        heard = [a for a in alerts if concerns(label, a) and (a.pages or quiet_is_right)]
        right = [a for a in heard if a.kind in FITS[label["kind"]]]
        found.any, found.fit = bool(heard), bool(right)
        for alert in right:
            alert.verdict = "credited"
        if right:
            found.delay = right[0].time - label["start"]
            found.leaked = leaked_at(label, right[0].time, value_at)
        results.append(found)
    return results


def incidents(times):
    count, last = 0, None
    for t in times:
        if last is None or abs(t - last) > MERGE:
            count += 1
        last = t
    return count


class Trace:
    """The columns of a trace, in bytes where the file has KiB."""

    COUNTS = {"time", "threads", "cpus", "possible_cpus", "cgroups"}

    def __init__(self, path):
        self.columns = {}
        with open(path, newline="") as f:
            rows = csv.reader(f)
            names = next(rows)
            for name in names:
                self.columns[name] = []
            for row in rows:
                for name, cell in zip(names, row):
                    if name != "host_kind":
                        unit = 1 if name in self.COUNTS else 1024
                        self.columns[name].append(float(cell) * unit if cell else None)
        self.time = self.columns.get("time", [])
        # With a clock that steps back, times are in order only if sorted.
        self.order = sorted(range(len(self.time)), key=self.time.__getitem__)
        self.sorted_time = [self.time[i] for i in self.order]

    def value_at(self, dimension, time):
        column = self.columns.get(dimension)
        i = bisect.bisect_right(self.sorted_time, time) - 1
        while column and i >= 0:
            if column[self.order[i]] is not None:
                return column[self.order[i]]
            i -= 1
        return None
