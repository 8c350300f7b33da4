#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The report in a browser: laid out at the width of a phone and of a desk, light and dark, no text
over other text or cut; one file that fetches nothing and runs nothing, whatever is in it. The
pictures stay in build/report/ to be looked at."""

import html
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "service"))
from runner import run_tests  # noqa: E402

BUILD = os.environ.get("KMW_BUILD", "build/release")
OUT = "build/report"
WIDTHS = (360, 1280)
VOID = {"meta", "link", "br", "img", "hr", "path", "rect", "polygon"}


def browser():
    return shutil.which("chromium") or shutil.which("chromium-browser")


def chromium(*options):
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}", *options],
            capture_output=True, text=True, timeout=120, check=True).stdout


def make(name, *options):
    os.makedirs(OUT, exist_ok=True)
    path = f"{OUT}/{name}.html"
    done = subprocess.run([f"{BUILD}/kmemwatch", "report", *options, "-o", path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as f:
        return f.read()


class Reader(html.parser.HTMLParser):
    """Every element closed in its order, and a list of all of them."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> in {self.open}"
        self.open.pop()


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == [], reader.open
    return reader.seen


def check_alone(page):
    """Nothing is fetched, nothing runs."""
    seen = read(page)
    for tag, attributes in seen:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed"), tag
        for name in attributes:
            assert not name.startswith("on") and name not in ("src", "srcset", "style"), (tag, name)
        assert tag == "a" or "href" not in attributes
    assert "@import" not in page and "url(" not in page
    return seen


def check_readable(seen):
    """What a screen reader needs: a language, headings in order, a name for each picture."""
    assert ("html", {"lang": "en"}) in seen
    levels = [int(tag[1]) for tag, _ in seen if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels
    ids = [a["id"] for _, a in seen if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes in seen:
        if tag == "svg":
            assert attributes["role"] == "img" and attributes["aria-labelledby"] in ids


def check_layout(name, page):
    with open(f"{HERE}/layout.js", encoding="utf-8") as f:
        script = f.read()
    for width in WIDTHS:
        frame = os.path.abspath(f"{OUT}/{name}-{width}-frame.html")
        with open(frame, "w", encoding="utf-8") as f:
            f.write(f'<!doctype html><body style="margin:0"><iframe id="f" width="{width}" '
                    f'height="4000" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
                    f"<pre id=out></pre><script>{script}\n"
                    "f.onload = () => { out.textContent = JSON.stringify(layoutFaults(f)) }"
                    "</script>")
        dom = chromium("--virtual-time-budget=5000", "--dump-dom", f"file://{frame}")
        found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)
        assert found and found[1], "the page was not measured"
        faults = json.loads(html.unescape(found[1]))
        assert faults == [], f"{name} at {width}: {faults[:5]}"
        for dark in (False, True):
            shot = os.path.abspath(f"{OUT}/{name}-{width}{'-dark' if dark else ''}.png")
            chromium(f"--window-size={max(width, 500)},2400", f"--screenshot={shot}",
                     *(["--blink-settings=preferredColorScheme=0"] if dark else []),
                     f"file://{frame}")
        os.unlink(frame)


def check(name, *options):
    page = make(name, *options)
    check_readable(check_alone(page))
    if not browser():
        return page, "no chromium here"
    check_layout(name, page)
    return page, None


def trace(rows, columns="MemTotal,MemFree,MemAvailable,SUnreclaim,SReclaimable,Slab,KernelStack,"
                        "PageTables,Percpu,VmallocUsed,threads"):
    f = tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8")
    f.write(f"time,{columns}\n")
    for row in rows:
        f.write(",".join(str(c) for c in row) + "\n")
    f.flush()
    return f


def leak(seconds=14400, step=20, rate=40):
    """SUnreclaim grows by 40 KiB/s from half of the time on."""
    for t in range(0, seconds, step):
        grown = max(0, t - seconds // 2) * rate
        yield (1795152600 + t, 8000000, 4000000, 6000000 - grown, 200000 + grown + t % 7 * 12,
               300000 + t % 11 * 9, 500000 + grown, 4000, 20000 + t % 3 * 4, 3000, 30000,
               250 + t % 5)


def test_faults():
    """The recorded faults: many alerts, all over."""
    page, skip = check("faults", "--rules", "rules", "--trace", "tests/replay/traces/vm-b.csv")
    assert page.count("<article") >= 5 and "alerts spoke" in page
    return skip


def test_leak():
    with trace(leak()) as f:
        page, skip = check("leak", "--rules", "rules", "--trace", f.name)
    assert re.search(r"there was one alert|alerts spoke", page)
    assert "Unreclaimable slab grows" in page and 'class="cone"' in page
    return skip


def test_calm():
    with trace((t, 8000000, 4000000, 6000000, 200000, 300000, 500000, 4000, 20000, 3000, 30000, 250)
               for t in range(1795152600, 1795152600 + 1200)) as f:
        page, skip = check("calm", "--rules", "rules", "--trace", f.name)
    assert "nothing went wrong" in page and "No rule spoke" in page
    return skip


def test_hostile():
    """Text from elsewhere stays text: names of columns, and the words of an own rule."""
    name = "x<script>alert(1)</script>&amp;\"'"
    with tempfile.TemporaryDirectory() as rules:
        with open(f"{rules}/evil.ini", "w", encoding="utf-8") as f:
            f.write("[evil]\ndimension = SUnreclaim\ndetect = ratio\nper = MemTotal\n"
                    "warning = 1%\nfor = 0s\n"
                    "summary = </title><script>alert(2)</script>\n"
                    "explain = <img src=x onerror=alert(3)> `a </p><b>` and `open\n"
                    "action = \u202egnihton od\n"
                    "runbook = https://x/?a=1&lt=2\n")
        with trace(leak(4000), "MemTotal,MemFree,MemAvailable,SUnreclaim,SReclaimable,Slab,"
                               "KernelStack,PageTables,Percpu,VmallocUsed,threads") as f:
            page, skip = check("hostile", "--rules", rules, "--trace", f.name)
    seen = read(page)
    assert not any(tag in ("script", "img") for tag, _ in seen)
    assert ("a", {"rel": "noreferrer", "href": "https://x/?a=1&lt=2"}) in seen
    assert "&lt;script&gt;alert(2)" in page and "\u202e" not in page
    assert name not in page
    return skip


def test_no_sources():
    """No daemon, no history, no journal: a page that says so, and no failure."""
    with tempfile.TemporaryDirectory() as empty:
        page, skip = check("nothing", "--state", empty, "--runtime", empty, "-D", empty)
    assert "daemon does not answer" in page and "cannot be read" in page
    return skip


def test_refused():
    for options, said in ((["--since", "1h", "--until", "2h"], "not before"),
                          (["--trace", "/nonexistent"], "/nonexistent"),
                          (["--alert", "ffff", "-D", "/tmp"], "ffff")):
        done = subprocess.run([f"{BUILD}/kmemwatch", "report", "-o", "/dev/null", *options],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 2 and said in done.stderr, (options, done)


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 2))
