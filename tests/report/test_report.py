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
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "service"))
import axe  # noqa: E402
from runner import run_tests  # noqa: E402
from test_history import Journal, entry, rfc3339  # noqa: E402

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


def make(name, *options, code=0):
    os.makedirs(OUT, exist_ok=True)
    path = f"{OUT}/{name}.html"
    done = subprocess.run([f"{BUILD}/kmemwatch", "report", *options, "-o", path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    # What is missing in it is said where a cron job's mail shows it.
    assert bool(done.stderr) == (code != 0), done.stderr
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


def layout_faults(name, pages):
    """What overlaps, is cut or leaves the page, for each (page, width): all in one browser."""
    with open(f"{HERE}/layout.js", encoding="utf-8") as f:
        script = f.read()
    path = os.path.abspath(f"{OUT}/{name}-frames.html")
    with open(path, "w", encoding="utf-8") as f:
        f.write('<!doctype html><body style="margin:0">')
        for page, width in pages:
            f.write(f'<iframe width="{width}" height="4000" style="border:0;display:block" '
                    f'srcdoc="{html.escape(page)}"></iframe>')
        f.write(f"<pre id=out></pre><script>{script}\n"
                "onload = () => { out.textContent = JSON.stringify(Array.from("
                "document.querySelectorAll('iframe'), layoutFaults)) }</script>")
    dom = chromium("--virtual-time-budget=5000", "--dump-dom", f"file://{path}")
    os.unlink(path)
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)
    assert found and found[1], "the page was not measured"
    return json.loads(html.unescape(found[1]))


def opened(page):
    return page.replace("<details>", "<details open>")


def check_layout(name, page):
    faults = layout_faults(name, [(p, w) for p in (page, opened(page)) for w in WIDTHS])
    assert faults == [[]] * 4, f"{name}: {faults}"


def take_pictures(name, page):
    """On a phone at night and on a desk by day, to be looked at."""
    for width, *options in ((360, "--blink-settings=preferredColorScheme=0"), (1280,)):
        frame = os.path.abspath(f"{OUT}/{name}-{width}-frame.html")
        with open(frame, "w", encoding="utf-8") as f:
            f.write(f'<!doctype html><body style="margin:0"><iframe width="{width}" height="4000" '
                    f'style="border:0" srcdoc="{html.escape(page)}"></iframe>')
        shot = os.path.abspath(f"{OUT}/{name}-{width}.png")
        chromium(f"--window-size={max(width, 500)},2400", f"--screenshot={shot}", *options,
                 f"file://{frame}")
        os.unlink(frame)


def check_paper(name, page):
    """Printed: every alert and number is there, black on white."""
    path = os.path.abspath(f"{OUT}/{name}")
    chromium(f"--print-to-pdf={path}.pdf", "--no-pdf-header-footer", f"file://{path}.html")
    if not shutil.which("pdftotext"):
        return "no pdftotext here"
    text = subprocess.run(["pdftotext", "-raw", f"{path}.pdf", "-"], capture_output=True, text=True,
                          check=True).stdout
    text = "".join(text.split())  # long names break anywhere
    for title in re.findall("<h[123]>(.*?)</h[123]>", page):
        words = html.unescape(re.sub("<[^>]*>", " ", title)).split()
        assert words[-1] in text, f"{name}: no {title} on paper"
    return None


def check_read_aloud(name, page):
    skip = axe.missing()
    if skip:
        return skip
    # One page in the dark: the colours are the same in all.
    options = ["--blink-settings=preferredColorScheme=0"] if name == "incident" else []
    faults, = axe.faults([opened(page)], chromium, f"{OUT}/{name}-axe.html", *options)
    assert faults == [], f"{name}: {faults}"
    return None


def check(name, *options, code=0):
    page = make(name, *options, code=code)
    check_readable(check_alone(page))
    if not browser():
        return page, "no chromium here"
    check_layout(name, page)
    take_pictures(name, page)
    return page, check_paper(name, page) or check_read_aloud(name, page)


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
    # Why: the tests in words, each with its limit.
    assert re.search(r"<li>[^<]*is no noise[^<]*asked is at least[^<]*</li>", page), page
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
        page, skip = check("nothing", "--state", empty, "--runtime", empty, "-D", empty, code=3)
    assert "daemon does not answer" in page and "cannot be read" in page
    assert "Every number" not in page
    return skip


def test_layout_check_works():
    """What the checks are for, put into a page on purpose."""
    good = make("good", "--rules", "rules", "--trace", "tests/replay/traces/vm-b.csv")
    if not browser():
        return "no chromium here"
    faults = (
        ('<p style="position:absolute;top:0;left:0">over the title</p>', "one over the other"),
        ('<p style="width:4em;overflow:hidden;white-space:nowrap">a long sentence, cut</p>',
         "cut: a long"),
        ('<p style="margin-left:-3em">to the left of all</p>', "leaves the page: to the left"),
        ('<p style="width:2000px">wide</p>', "the page is "))
    found = layout_faults("bad", [(good.replace("<main>", f"<main>{fault}", 1), 360)
                                  for fault, _ in faults])
    for (fault, said), list_ in zip(faults, found):
        assert any(f.startswith(said) for f in list_), (fault, list_)
    if axe.missing():
        return axe.missing()
    faults = (('<html lang="en">', "<html>", "html-has-lang"),
              ("--faint:#59636e", "--faint:#c9c3ce", "color-contrast"),
              ("<h3>", "<h6>", "heading-order"))
    for old, _, _ in faults:
        assert old in good
    found = axe.faults([good.replace(old, new, 1) for old, new, _ in faults], chromium,
                       f"{OUT}/bad-axe.html")
    for (_, _, said), list_ in zip(faults, found):
        assert any(f.startswith(said) for f in list_), (said, list_)
    return None


CULPRITS = """310 MiB (98 %) cache dentry (merged with ext4_inode_cache): 120000 more: all new
46.9 MiB (15 %) process java: 3000 more threads
12.2 MiB cgroup docker-3f4e5d6c7b8a9f0e1d2c3b4a59687786a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0.scope
1 GiB (3 %) caller <script>alert(1)</script>"""


def incident(now):
    """Four dimensions on a container host at once."""
    for i, (rule, dimension, severity) in enumerate((
            ("slab-unreclaimable-spike", "SUnreclaim", "critical"),
            ("kernel-stack-spike", "KernelStack", "warning"),
            ("vmalloc-spike", "VmallocUsed", "warning"),
            ("page-tables-spike", "PageTables", "notice"))):
        yield entry(
            now - 900 + i, "firing", KMEMWATCH_RULE=rule, KMEMWATCH_DIMENSION=dimension,
            KMEMWATCH_SEVERITY=severity, KMEMWATCH_KIND="spike", KMEMWATCH_ALERT_ID=f"{i}" * 32,
            KMEMWATCH_SUMMARY=f"{dimension} jumped up", KMEMWATCH_STARTED=rfc3339(now - 905),
            KMEMWATCH_TEXT=f"{dimension} jumped by 310 MiB to 2.31 GiB (normal: 2 GiB)",
            KMEMWATCH_CULPRIT="98 % of it is dentry, in container 3f4e5d6c7b8a of pod payments",
            KMEMWATCH_CULPRITS=CULPRITS, KMEMWATCH_UNEXPLAINED="2 % is kmalloc above 8 KiB",
            KMEMWATCH_INCIDENT="SUnreclaim +310 MiB, KernelStack +46.9 MiB and VmallocUsed +58.9 "
                               "MiB moved together",
            KMEMWATCH_WHY="is sudden: the last step in usual ones: 34.2, asked is more than 6",
            KMEMWATCH_EXPLAIN="Many objects at once.", KMEMWATCH_ACTION="See `slabtop -o`.",
            KMEMWATCH_RUNBOOK="https://example.com/runbooks/" + rule)


def test_incident():
    now = time.time()
    with Journal(*incident(now)) as j, tempfile.TemporaryDirectory() as empty:
        page, skip = check("incident", "--state", empty, "--runtime", empty, "-D", j.path)
        assert page.count("<article") == 4 and "Kernel memory of db1" in page
        one = make("incident-one", "--state", empty, "--runtime", empty, "-D", j.path, "--alert",
                   "1111")
        assert one.count("<article") == 1 and "KernelStack jumped up" in one
    words = re.search('<p class="lead">(.*?)</p>', page)[1]
    assert words.count(". ") <= 2 and "98 % of it is dentry" in words, words
    rows = re.findall("<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", page)
    assert len(rows) == 16
    assert rows[0] == ("310\u00a0MiB", "98 %", "slab cache <b>dentry (merged with "
                       'ext4_inode_cache)</b><span class="note"> 120000 more: all new'
                       "</span>"), rows[0]
    assert rows[2][1] == "" and rows[2][2].startswith("cgroup <b>docker-3f4e"), rows[2]
    assert rows[3][:2] == ("1\u00a0GiB", "3 %") and "&lt;script&gt;" in rows[3][2]
    for words in ("Not explained:", "moved together", "asked is more than 6"):
        assert page.count(words) == 4, words
    return skip


def test_fleet():
    """The journals of many machines: each alert names its own, and no numbers of this one are put
    beside them."""
    now = time.time()
    events = [entry(now - 600 + i, "firing", _HOSTNAME=host, KMEMWATCH_ALERT_ID=f"{i:032x}",
                    KMEMWATCH_SUMMARY="Slab grows")
              for i, host in enumerate(("web1", "web2", "db1"))]
    with Journal(*events) as j, tempfile.TemporaryDirectory() as empty:
        places = ("--state", empty, "--runtime", empty, "-D", j.path)
        page, skip = check("fleet", *places)
        assert "Kernel memory of 3 machines" in page and "numbers are with the machines" in page
        for host in ("web1", "web2", "db1"):
            assert f"{host}: SUnreclaim, rule slab-growth" in page
        assert "<svg" not in page and "does not answer" not in page
        page = make("fleet-one", *places, "--host", "web2")
        assert "Kernel memory of web2" in page and page.count("<article") == 1
        page = make("fleet-web", *places, "--host", "web*")
        assert "Kernel memory of 2 machines" in page and page.count("<article") == 2
    return skip


def test_many_numbers():
    """Thirty, with names as long as a cgroup's."""
    names = [f"pool_{i:032x}_of_one_driver" for i in range(30)]
    rows = ((1795152600 + t, 8000000, 4000000, 6000000,
             *(20000 + i * 1000 + t % (7 + i) for i in range(30))) for t in range(600))
    with tempfile.TemporaryDirectory() as rules, \
            trace(rows, "MemTotal,MemFree,MemAvailable," + ",".join(names)) as f:
        with open(f"{rules}/many.ini", "w", encoding="utf-8") as r:
            for i, name in enumerate(names):
                r.write(f"[r{i}]\ndimension = {name}\ndetect = spike\nwarning = 1G\n"
                        "summary = s\nexplain = e\naction = a\n")
        page, skip = check("many", "--rules", rules, "--trace", f.name)
    assert page.count("<svg") == 31  # and MemAvailable
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
