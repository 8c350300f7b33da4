# SPDX-License-Identifier: MIT
"""The checks of axe-core (https://github.com/dequelabs/axe-core), which finds what a screen reader
or weak eyes stumble over: names, roles, headings, tables, contrast. Not in Debian: npm fetches
it."""

import html
import json
import os
import re
import shutil
import subprocess
import threading

VERSION = "4.10.3"
FOLDER = "build/axe"
SCRIPT = f"{FOLDER}/node_modules/axe-core/axe.min.js"
LOCK = threading.Lock()


def missing():
    """Why it cannot be asked, or None."""
    with LOCK:
        if os.path.exists(SCRIPT):
            return None
        if not shutil.which("npm"):
            return "no npm here, which would fetch axe-core"
        os.makedirs(FOLDER, exist_ok=True)
        try:
            done = subprocess.run(
                ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--prefix", FOLDER, f"axe-core@{VERSION}"],
                capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return "npm does not get axe-core"
        return None if done.returncode == 0 and os.path.exists(SCRIPT) else \
            "npm does not get axe-core"


def faults(pages, chromium, path, *options):
    """For each page sentences on what is wrong with it. chromium: runs, returns what it prints."""
    with open(SCRIPT, encoding="utf-8") as f:
        script = f.read()
    run = ("axe.run(document, {resultTypes: ['violations']}).then(r => parent.postMessage({"
           "index: INDEX, passed: r.passes.length, faults: r.violations.map(v => v.id + ': ' + "
           "v.help + ': ' + v.nodes.map(n => n.html.slice(0, 200)).slice(0, 2))}))")
    with open(path, "w", encoding="utf-8") as f:
        f.write("<!doctype html><body><pre id=out></pre><script>const all = [];"
                "onmessage = e => { all.push(e.data); out.textContent = JSON.stringify(all) }"
                "</script>")
        for i, page in enumerate(pages):
            # The page forbids all scripts.
            page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
            page = page.replace("</body>", f"<script>{script}</script><script>"
                                f"{run.replace('INDEX', str(i))}</script></body>")
            f.write(f'<iframe width="1280" height="4000" srcdoc="{html.escape(page)}"></iframe>')
    dom = chromium("--virtual-time-budget=30000", "--dump-dom", *options,
                   f"file://{os.path.abspath(path)}")
    os.unlink(path)
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)
    results = json.loads(html.unescape(found[1])) if found and found[1] else []
    assert len(results) == len(pages), "axe-core did not finish"
    assert all(r["passed"] > 10 for r in results), results
    return [r["faults"] for r in sorted(results, key=lambda r: r["index"])]
