#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages against the programs: a page for each program, file and format, each command and
option on its page and none that does not exist, no reference into the void. Needs no root. (That
man has no warning: tests/tools/lint.)"""
import glob
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402

BUILD = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}"
WANTED = {"kmemwatch.1", "kmemwatchd.8", "kmemwatch-courier.8", "kmemwatch.conf.5",
          "kmemwatch.rules.5", "kmemwatch.channels.5", "kmemwatch.tests.5", "kmemwatch-formats.7"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def pages():
    found = glob.glob(f"{ROOT}/contrib/man/*.[1578]") + glob.glob(f"{BUILD}/man/*.[1578]")
    return {os.path.basename(path): path for path in found}


def text_of(name):
    """Wide and without hyphenation: no word is broken."""
    done = subprocess.run(["man", "-E", "UTF-8", "--nh", "--nj", "-l", pages()[name]],
                          capture_output=True, text=True, check=True,
                          env=dict(os.environ, MANWIDTH="1000", MAN_KEEP_FORMATTING="",
                                   MANPAGER="cat", LC_ALL="C.UTF-8"))
    return re.sub(r"(.\x08)|(\x1b\[[0-9;]*m)", "", done.stdout).replace("\u2010", "-")


def help_of(program, *words):
    return subprocess.run([f"{BUILD}/{program}", *words], capture_output=True, text=True,
                          check=True).stdout


def test_pages():
    assert set(pages()) == WANTED, set(pages()) ^ WANTED
    if not shutil.which("man"):
        return "man is not installed"
    faults = []
    for name in WANTED:
        text = text_of(name)
        for section in ("NAME", "DESCRIPTION", "SEE ALSO"):
            if not re.search(rf"^{section}$", text, re.M):
                faults.append(f"{name} has no {section}")
        for page, number in re.findall(r"\b(kmemwatch[a-z.-]*)\s?\((\d)\)", text):
            if f"{page}.{number}" not in WANTED:
                faults.append(f"{name} refers to {page}({number})")
    assert not faults, "\n".join(faults)
    return None


def test_commands():
    """kmemwatch(1) has each command with its options, at its place."""
    if not shutil.which("man"):
        return "man is not installed"
    text = text_of("kmemwatch.1")
    listed = help_of("kmemwatch", "help").split("\nCommands:\n")[1].split("\n\n")[0]
    commands = re.findall(r"^  ([a-z-]+)", listed, re.M)
    # Paragraphs that begin with a command, one or more for each; OPTIONS has what several take.
    common = text.split("\nOPTIONS\n")[1].split("\nEXIT STATUS\n")[0]
    said = re.split(r"^       ([a-z-]+)(?= |$)", text.split("\nCOMMANDS\n")[1], flags=re.M)
    parts = {}
    for command, part in zip(said[1::2], said[2::2]):
        parts[command] = parts.get(command, common) + part
    assert set(commands) <= set(parts), set(commands) - set(parts)
    faults = []
    for command in commands:
        part = parts[command]
        options = help_of("kmemwatch", "help", command).partition("\nOptions:\n")[2]
        own = set(re.findall(r"^  (?:-., )?(--[a-z-]+)", options.partition("  --runtime")[0],
                             re.M))
        if missing := own - set(OPTION.findall(part)):
            faults.append(f"{command}: {sorted(missing)}")
    assert not faults, "\n".join(faults)
    return None


def test_options():
    """All options of all programs are on their pages, and no others."""
    if not shutil.which("man"):
        return "man is not installed"
    faults = []
    for program, page in (("kmemwatch", "kmemwatch.1"), ("kmemwatchd", "kmemwatchd.8"),
                          ("kmemwatch-courier", "kmemwatch-courier.8")):
        known = set(OPTION.findall(help_of(program, "--help"))) - {"--now"}  # systemctl's
        if program == "kmemwatch":
            listed = help_of(program, "help").split("\nCommands:\n")[1].split("\n\n")[0]
            for command in re.findall(r"^  ([a-z-]+)", listed, re.M):
                known |= set(OPTION.findall(help_of(program, "help", command))) - {"--now"}
        # Other programs' commands, in examples.
        lines = [line for line in text_of(page).splitlines()
                 if not re.search(r"systemctl|journalctl|curl|docker|sadf|pmrep|ps -", line)]
        told = set(OPTION.findall("\n".join(lines)))
        if known - told:
            faults.append(f"{page} lacks {sorted(known - told)}")
        if told - known:
            faults.append(f"{page} has {sorted(told - known)}")
    assert not faults, "\n".join(faults)
    return None


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
