#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages about the shipped rules: one for each, whole HTML, nothing in them that does not exist.

    tests/integrations/test_runbooks.py [NAME...]
"""
import fnmatch
import glob
import html
import html.parser
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402

BUILD = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}"
EMPTY = {"meta", "hr", "link", "br"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rules():
    """{rule: text of its section}"""
    found = {}
    for path in glob.glob(f"{ROOT}/rules/*.ini"):
        for name, body in re.findall(r"^\[([^]]+)\]\n(.*?)(?=^\[|\Z)", read(path), re.M | re.S):
            found[name] = body
    return found


class Reader(html.parser.HTMLParser):
    """Complains of tags that do not close; keeps the text, the links and the code."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.links, self.code = [], "", [], []

    def handle_starttag(self, tag, attrs):
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "code":
            self.code.append("")
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data
        if "code" in self.open:
            self.code[-1] += data


def page(name):
    reader = Reader()
    reader.feed(read(f"{BUILD}/runbooks/{name}.html"))
    assert not reader.open, f"{name}: {reader.open} do not close"
    return reader


def test_pages():
    """Every rule has a page with its words, and there is no page of another."""
    names = rules()
    pages = {os.path.basename(p)[:-len(".html")] for p in glob.glob(f"{BUILD}/runbooks/*.html")}
    assert pages == set(names) | {"index"}, pages ^ set(names)
    for name, body in names.items():
        got = page(name)
        summary = re.search(r"^summary *= (.*)$", body, re.M).group(1)
        assert summary in got.text and f"\nrunbook   = {name}.html\n" in "\n" + body, name
        for part in ("What it means", "What to look at first", "What is behind it in practice",
                     "When it speaks", "If it is wrong", "Further reading"):
            assert part in got.text, f"{name}: no \"{part}\""
        for kind in ("physical", "vm", "container"):
            if re.search(rf"^action-{kind} ", body, re.M):
                assert {"physical": "On a physical machine", "vm": "In a virtual machine",
                        "container": "In a container"}[kind] in got.text, name
        # The reasons beside the limits have come along.
        for comment in re.findall(r"^; (.{20})", body, re.M):
            assert comment in got.text, f"{name}: {comment}"


def test_links():
    """From the index to all, and from each to pages of the kernel's documentation alone."""
    assert set(page("index").links) == {f"{name}.html" for name in rules()}
    for name in rules():
        for link in page(name).links:
            assert link == "index.html" or link.startswith("https://docs.kernel.org/"), link


def test_commands():
    """The commands of ours that a page names exist, with their options."""
    said = {}
    for name in rules():
        for code in page(name).code:
            for line in code.splitlines():
                match = re.match(r"(?:sudo )?kmemwatch ([a-z-]+)(.*)", html.unescape(line))
                if not match:
                    continue
                command, rest = match.groups()
                if command not in said:
                    said[command] = subprocess.run([f"{BUILD}/kmemwatch", "help", command],
                                                   capture_output=True, text=True, check=False)
                    assert said[command].returncode == 0, f"{name}: {line}"
                for option in re.findall(r"(?<= )--[a-z]+", rest):
                    assert option in said[command].stdout, f"{name}: {line}"
    assert {"explain", "who", "history", "report", "evidence", "silence"} <= set(said), said


def test_causes():
    """Each pattern of the causes fits a rule, and each rule has causes of its own number."""
    general = {"*-spike", "*-drop", "*-growth", "*-ratio", "*-per-*"}
    patterns = [p for line in re.findall(r"^== (.*)$", read(f"{ROOT}/contrib/runbooks/causes.txt"),
                                         re.M) for p in line.split()]
    names = set(rules())
    for pattern in patterns:
        assert fnmatch.filter(names, pattern), f"no rule is called {pattern}"
    for name in names:
        assert [p for p in patterns if p not in general and fnmatch.fnmatch(name, p)], name


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 1))
