# SPDX-License-Identifier: MIT
"""Parts two and three: many dimensions, and a month replayed."""
import json
import os
import subprocess

from programs import run_measured, spread, table

MONTH_ROWS = 30 * 86400
VALUES_IN_ROW = 9
FEEDS = 2_000_000  # dimensions x rows x repeats, so that the small sizes take long enough too
DIMENSION_ROWS = 300  # a second apart: what the limits are for
# Nine days: by then all horizons, the half hours of a week and the last hour are there, and nothing
# grows any more. An interval of five minutes, so that it does not take nine days.
LONG_ROWS, LONG_INTERVAL, LONG_SIZE = 2600, 300, 1000
LONG_MOST = 2.0  # KiB, on average of the four kinds of rules


def feed_dimensions(build, size, rows, repeats, interval=1):
    done = subprocess.run([f"{build}/tests/bench/dimensions", str(size), str(rows), str(repeats),
                           str(interval)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def dimensions(build, sizes, rounds, verdicts):
    results = {}
    print(f"  {', '.join(f'{s:,}' for s in sizes)} dimensions, {rounds} rounds ...", flush=True)
    for _ in range(rounds):
        for size in sizes:
            repeats = max(1, FEEDS // (size * DIMENSION_ROWS))
            results.setdefault(size, []).append(
                feed_dimensions(build, size, DIMENSION_ROWS, repeats))
    rows = []
    for size, own in results.items():
        rows.append([f"{size:,}"] +
                    [spread([r[key] for r in own], digits) for key, digits in
                     (("ns", 0), ("plain_ns", 0))] +
                    [spread([r["ns"] / r["plain_ns"] for r in own], 1),
                     f"{own[0]['bytes']:.0f}", spread([r["start_ms"] for r in own], 1)])
    table(f"Dimensions with one rule each, fed for {DIMENSION_ROWS // 60} minutes: "
          "a sample, for one of them",
          ["dimensions", "ns", "plain loop ns", "ratio", "bytes", "start ms"], rows)
    if 1000 in results and max(sizes) > 1000:
        most = max(sizes)
        verdicts.at_most(f"{most:,} dimensions: time of each / at 1,000",
                         [a["ns"] / b["ns"] for a, b in zip(results[most], results[1000])], 2.0, 2)
        verdicts.at_most(f"{most:,} dimensions: KiB each",
                         [r["bytes"] / 1024 for r in results[most]], 2.0, 2)
    if max(sizes) >= LONG_SIZE:
        fed = feed_dimensions(build, LONG_SIZE, LONG_ROWS, 1, LONG_INTERVAL)
        verdicts.at_most(f"{LONG_SIZE:,} dimensions after {fed['fed_seconds'] // 86400} days: "
                         "KiB each", [fed["bytes"] / 1024], LONG_MOST, 2)


def members(build, seconds, rounds, verdicts):
    """Slots of a rule that follows slab caches, of 1,000 that there are."""
    results = {}
    print(f"  members, {rounds} rounds ...", flush=True)
    for _ in range(rounds):
        for follow in (0, 32, 256):
            done = subprocess.run([f"{build}/tests/bench/members", str(follow), "1000",
                                   str(seconds)], capture_output=True, text=True, check=True)
            results.setdefault(follow, []).append(json.loads(done.stdout))
    table("A rule that follows members of 1,000: a tick of the engine",
          ["followed", "us", "KiB", "us to take in a reading"],
          [[str(follow), spread([r["tick_us"] for r in own], 2), f"{own[0]['kib']:.0f}",
            spread([r["table_us"] for r in own], 0)] for follow, own in results.items()])
    verdicts.at_most("256 members: us of a tick for each",
                     [(a["tick_us"] - b["tick_us"]) / 256
                      for a, b in zip(results[256], results[0])], 0.1, 3)
    verdicts.at_most("256 members: KiB each",
                     [(a["kib"] - b["kib"]) / 256
                      for a, b in zip(results[256], results[0])], 2.0, 2)


def make_trace(build, path, rows):
    if os.path.exists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "wb") as f:
        subprocess.run([f"{build}/tests/bench/make_trace", str(rows)], stdout=f, check=True)
    os.rename(path + ".new", path)


def replay(build, rows, rounds, verdicts):
    whole, tenth = (f"build/bench/trace-{n}.csv" for n in (rows, rows // 10))
    make_trace(build, whole, rows)
    make_trace(build, tenth, rows // 10)
    print(f"  replay of {rows:,} rows, {rounds} rounds ...", flush=True)
    commands = {"wc -l": ["wc", "-l", whole],
                "plain strtod": [f"{build}/tests/bench/plain_parse", whole],
                "replay": [f"{build}/kmemwatch", "replay", "--rules", "rules", whole],
                "replay of a tenth": [f"{build}/kmemwatch", "replay", "--rules", "rules", tenth]}
    results = {name: [run_measured(command) for _ in range(rounds)]
               for name, command in commands.items()}
    values = rows * VALUES_IN_ROW
    rate = [values / r["cpu"] / 1e6 for r in results["replay"]]
    rows_out = []
    for name, own in results.items():
        rows_out.append([name, spread([r["cpu"] for r in own], 2),
                         spread([r["wall"] for r in own], 2), spread([r["peak"] for r in own], 1)])
    table(f"A trace of {rows:,} rows, {values:,} values", ["", "CPU s", "wall s", "peak MiB"],
          rows_out)
    verdicts.at_least("replay: million values a second", rate, 5.0, 2)
    for other in ("wc -l", "plain strtod"):
        verdicts.note(f"replay: CPU / {other}",
                      [a["cpu"] / max(b["cpu"], 0.001) for a, b in
                       zip(results["replay"], results[other])], 1)
    verdicts.at_most("replay: peak of the whole / of a tenth",
                     [a["peak"] / b["peak"] for a, b in
                      zip(results["replay"], results["replay of a tenth"])], 1.1, 2)
