# SPDX-License-Identifier: MIT
"""Holds what was measured against a table of floors and ceilings, and says so in TAP."""
import re

import scoring

KINDS = ("growth", "spike", "drop")


def clear(found, percent=0.2):
    """What nobody could take for noise, for too little to matter, or for a cache in use."""
    label = found.label
    return (abs(label["bytes"]) >= 5 * label.get("life_bytes", 0)
            and abs(label.get("percent", 100)) >= percent
            and label["dimensions"][0] != "SReclaimable")


def measures(prefix, cases):
    """All that a line of the table can ask for, by name."""
    result = {}
    days = sum(c.days for c in cases)
    found = [f for c in cases for f in c.found]
    for kind in KINDS:
        of_kind = [f for f in found if f.label["kind"] == kind]
        for name, part in ((kind, of_kind), (kind + " clear", [f for f in of_kind if clear(f)]),
                           (kind + " big", [f for f in of_kind if clear(f, 1)])):
            if part:
                result["%s found %s" % (prefix, name)] = sum(f.fit for f in part) / len(part)
    if days:
        count = sum(scoring.incidents([a.time for a in c.false()]) for c in cases)
        result[prefix + " incidents a day"] = count / days
        notices = sum(len(c.false(pages=False)) for c in cases)
        result[prefix + " notices a day"] = notices / days
    return result


def read(path):
    lines = []
    with open(path) as f:
        for line in f:
            line = line.split("#")[0].strip()
            if not line:
                continue
            m = re.fullmatch(r"(.+?)\s+(>=|<=)\s+([0-9.]+)", line)
            if not m:
                raise SystemExit("%s: not understood: %s" % (path, line))
            lines.append((m[1], m[2], float(m[3])))
    return lines


def check(path, recorded, simulated):
    known = {**measures("recorded", recorded), **measures("simulated", simulated)}
    results = []
    for case in recorded:
        results.append((case.error is None, "replay of " + case.name, case.error))
    broken = [c for c in simulated if c.error]
    results.append((not broken, "replay of %d simulated traces" % len(simulated),
                    broken and "%s: %s" % (broken[0].name, broken[0].error)))
    for name, sign, limit in read(path):
        value = known.get(name)
        good = value is not None and (value >= limit if sign == ">=" else value <= limit)
        results.append((good, "%s %s %g" % (name, sign, limit),
                        "it is %s" % ("unknown" if value is None else "%.4g" % value)))
    for number, (good, name, why) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if good else "not ok", number, name))
        if not good:
            print("# " + str(why))
    for name in sorted(known):
        print("# %s: %.4g" % (name, known[name]))
    print("1..%d" % len(results))
    return 0 if all(good for good, _, _ in results) else 1
