# SPDX-License-Identifier: MIT
"""What the packages' tests share."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = f"{ROOT}/build/service"
PACKAGES = f"{ROOT}/build/packages"


def run(*words, cwd=ROOT, **more):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    env.update(more)
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False,
                          timeout=300)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def version():
    with open(f"{ROOT}/Makefile", encoding="utf-8") as file:
        return re.search(r"^VERSION := (\S+)", file.read(), re.M).group(1)


def files_below(folder):
    return {os.path.join(where, name)[len(folder):]
            for where, _, names in os.walk(folder) for name in names}
