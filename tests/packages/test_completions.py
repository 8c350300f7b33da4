#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completions, asked in real shells: each offers all commands, and for each command the options
that its help lists. Needs no root."""
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402

BUILD = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}"
FOLDER = f"{ROOT}/contrib/completions"


def help_of(*words):
    return subprocess.run([f"{BUILD}/kmemwatch", "help", *words], capture_output=True, text=True,
                          check=True).stdout


def commands():
    listed = help_of().split("\nCommands:\n")[1].split("\n\n")[0]
    found = re.findall(r"^  ([a-z-]+)", listed, re.M)
    assert len(found) > 15 and "status" in found and "help" in found, found
    return found


def options(command):
    """Its own and the common ones. `help` has none of its own."""
    listed = help_of(command).split("\nOptions:\n")[1].split("\n\n")[0]
    return set(re.findall(r"^  (?:-., )?(--[a-z-]+)", listed, re.M))


def check(complete):
    """complete(line) are the words that a shell offers there."""
    everything = commands()
    missing = set(everything) - complete("kmemwatch ")
    assert not missing, f"commands: {missing}"
    faults = []
    for command in everything:
        if command == "help":
            continue
        offered = {word.rstrip("=") for word in complete(f"kmemwatch {command} --")}
        if missing := options(command) - offered:
            faults.append(f"{command} lacks {sorted(missing)}")
        known = set(re.findall(r"--[a-z-]+", help_of(command)))
        if unknown := {word for word in offered if word.startswith("--")} - known:
            faults.append(f"{command} offers {sorted(unknown)}")
    assert not faults, "\n".join(faults)
    assert {"slack", "alertmanager"} <= complete("kmemwatch setup ")
    assert "SUnreclaim" in complete("kmemwatch who SU")
    assert "SUnreclaim" in complete("kmemwatch silence SU")
    assert complete("kmemwatch sil") == {"silence"}


def test_bash():
    script = """
        source "$1"
        read -ra COMP_WORDS <<<"$2"
        [[ $2 != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _kmemwatch
        printf '%s\\n' "${COMPREPLY[@]}"
    """

    def complete(line):
        done = subprocess.run(["bash", "--norc", "-c", script, "bash",
                               f"{FOLDER}/kmemwatch.bash", line], capture_output=True, text=True,
                              check=True)
        assert not done.stderr, done.stderr
        return set(done.stdout.split())

    check(complete)


def test_fish():
    if not shutil.which("fish"):
        return "fish is not installed"
    with tempfile.TemporaryDirectory() as home:
        def complete(line):
            done = subprocess.run(
                ["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                 f"{FOLDER}/kmemwatch.fish", line], capture_output=True, text=True, check=True,
                cwd=home, env=dict(os.environ, HOME=home, PATH=f"{BUILD}:{os.environ['PATH']}"))
            assert not done.stderr, done.stderr
            return {row.split("\t")[0] for row in done.stdout.splitlines()}

        check(complete)
    return None


# What is offered goes to a file, and a line at the end of it. Neither cursor nor colours then.
ZSH = """
PROMPT= RPROMPT= LISTMAX=1000
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -D -u
compadd() {{
    if [[ " ${{@[1,(i)(-|--)]}} " != *' -'(O|A|D)' '* ]]; then
        local -a offered
        builtin compadd -A offered "$@"
        print -rl -- $offered >>{out}
    fi
    builtin compadd "$@"
}}
at_end() {{ print END >>{out} }}
complete-all() {{ comppostfuncs=(at_end); zle complete-word }}
zle -N complete-all
bindkey '^I' complete-all
bindkey '^U' kill-whole-line
precmd() {{ print END >>{out} }}
"""


class Zsh:
    def __init__(self, folder):
        self.out = f"{folder}/out"
        with open(f"{folder}/.zshrc", "w", encoding="utf-8") as file:
            file.write(ZSH.format(folder=FOLDER, out=self.out))
        self.leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            ["zsh", "-d", "-i"], stdin=follower, stdout=follower, stderr=follower, cwd=folder,
            env={"HOME": folder, "ZDOTDIR": folder, "TERM": "dumb", "COLUMNS": "200",
                 "PATH": os.environ["PATH"]}, start_new_session=True)
        os.close(follower)
        os.set_blocking(self.leader, False)
        self.screen = b""
        self.wait()

    def wait(self):
        """The words until the end."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                self.screen += os.read(self.leader, 65536)
            except BlockingIOError:
                pass
            if os.path.exists(self.out):
                with open(self.out, encoding="utf-8") as file:
                    words = file.read().split("\n")
                if "END" in words:
                    return {word for word in words if word and word != "END"}
            time.sleep(0.02)
        raise AssertionError("zsh does not answer: " + self.screen[-1000:].decode())

    def complete(self, line):
        os.unlink(self.out)
        os.write(self.leader, f"\x15{line}\t".encode())
        return self.wait()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.leader)


def test_zsh():
    if not shutil.which("zsh"):
        return "zsh is not installed"
    with tempfile.TemporaryDirectory() as folder:
        zsh = Zsh(folder)
        try:
            check(zsh.complete)
        finally:
            zsh.close()
    return None


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
