#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who is told, when a person has said something about it: mode = observe, silences,
acknowledgements, and who may say so."""

import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402
from test_daemon import Daemon, RULE, set_slab  # noqa: E402


def test_observe():
    """Everything but paging: of all rules, of one, and what is still wrong when that ends."""
    for everywhere in (True, False):
        one = RULE if everywhere else RULE + "mode = observe\n"
        setting = "\nmode = observe" if everywhere else ""
        with Daemon("interval = 200ms" + setting) as d:
            set_slab(d, 900 * 1024)
            d.start(d.rules(one))
            d.wait_output("NOTICE (observed, would be warning) S")
            d.wait_told("0 alerts")
            d.wait_told("observing only" if everywhere else "1 rule observed only")
            d.wait_status(0, "mode = observe")
            assert "observed, would be warning; since" in d.status()[1]
            time.sleep(1)
            assert not d.events()
            d.kill()  # a restart does not forget that nobody was told
            d.settings("interval = 200ms")
            d.start(d.rules(RULE))
            set_slab(d, 905 * 1024)
            assert [e["trigger"] for e in d.wait_events("firing")] == [True]
            assert d.events()[0]["severity"] == "warning"
            d.settings("interval = 200ms" + setting)  # and back: what was told is closed
            d.rules(one)
            d.process.send_signal(signal.SIGHUP)
            d.wait_output("reloaded")
            set_slab(d, 30 * 1024)
            first, last = d.wait_events("firing", "resolved")
            assert last["resolve"] and first["dedup_key"] == last["dedup_key"]
            assert d.stop() == 0


def test_silence():
    """Kept over a kill, shown, and what is still wrong at its end is told."""
    with Daemon("interval = 200ms") as d:
        rules = d.rules(RULE)
        d.start(rules)
        d.wait_output("watching")
        code, text = d.ask("silence", "slab-large", "--for", "6s", "--why", "moving \x1b[31mhouse")
        assert code == 0 and "slab-large is silenced for 6 s" in text and "saved" not in text, text
        end = time.monotonic() + 6
        d.wait_output("slab-large is silenced for 6 s")
        set_slab(d, 900 * 1024)
        d.wait_output("WARNING (silenced) S")
        d.wait_told("1 alert (warning), 1 of them silenced")
        d.kill()
        d.start(rules)
        for command in ("status", "alerts"):
            code, text = d.ask(command)
            assert code == 1 and "slab-large for " in text and "moving [31mhouse" in text, text
            assert "silenced; since" in text
        assert not d.events() and time.monotonic() < end
        d.wait_output("The silence of slab-large is over by time after 6 s")
        assert time.monotonic() > end - 1
        assert d.wait_events("firing")[0]["trigger"]
        # told before a silence, over in it: closed at once
        assert d.ask("silence", "SUnreclaim", "--for", "1h", "--why", "x")[0] == 0
        set_slab(d, 30 * 1024)
        first, last = d.wait_events("firing", "resolved")
        assert last["resolve"] and first["dedup_key"] == last["dedup_key"]
        # ended by hand
        set_slab(d, 900 * 1024)
        d.wait_output("(silenced)")
        time.sleep(0.5)
        assert len(d.events()) == 2
        code, text = d.ask("unsilence", "SUnreclaim")
        assert code == 0, text
        d.wait_events("firing", "resolved", "firing")
        assert d.stop() == 0


def test_acknowledge():
    """Quiet until worse, over a restart."""
    with Daemon("interval = 200ms") as d:
        rules = d.rules(RULE + "critical = 600M\n")
        set_slab(d, 400 * 1024)
        d.start(rules)
        d.wait_events("firing")
        code, text = d.ask("ack", "slab-large")
        assert code == 0 and "1 alert acknowledged" in text, text
        fired, known = d.wait_events("firing", "acknowledged")  # for PagerDuty
        assert known["dedup_key"] == fired["dedup_key"] and not known["trigger"], known
        d.kill()
        d.start(rules)
        d.wait(lambda: "acknowledged; since" in d.ask("status")[1])
        set_slab(d, 900 * 1024)
        d.wait_events("firing", "acknowledged", "escalated")
        alert = json.loads(d.ask("alerts", "--json")[1])["alerts"][0]
        assert alert["quiet"] == ""
        code, text = d.ask("ack", alert["alert_id"])
        assert code == 0, text
        set_slab(d, 400 * 1024)  # eases: not told
        d.wait_output("(eased) (acknowledged)")
        set_slab(d, 30 * 1024)
        d.wait_events("firing", "acknowledged", "escalated", "acknowledged", "resolved")
        assert d.stop() == 0


def test_who_may_change():
    """Root and kmemwatch-admin; and what nobody may ask."""
    with Daemon() as d:
        d.start()
        silence = ("silence", "SUnreclaim", "--for", "1h", "--why", "x")
        for arguments, code, words in (
                (("silence", "nobody", "--for", "1h", "--why", "x"), 1, "is called \"nobody\""),
                (("silence", "ä" * 200, "--for", "1h", "--why", "x"), 1, "at most 127 bytes"),
                (("silence", "ä" * 62, "--for", "1h", "--why", "x"), 1, "is called"),
                (("silence", "SUnreclaim", "--for", "1h", "--why", "x" * 256), 1, "255 bytes"),
                (("silence", "SUnreclaim", "--for", "1h"), 2, "--why"),
                (("silence", "SUnreclaim", "--why", "x"), 2, "--for"),
                (("silence", "SUnreclaim", "--for", "0s", "--why", "x"), 1, "from 1 second"),
                (("silence", "SUnreclaim", "--for", "1000d", "--why", "x"), 1, "90 days"),
                (("unsilence", "SUnreclaim"), 1, "is not silenced"),
                (("ack", "SUnreclaim"), 1, "no warning or critical alert"),
                (("ack", "nothing"), 1, "no alert, rule or dimension")):
            got = d.ask(*arguments)
            assert got[0] == code and words in got[1], got
        if os.geteuid() == 0:
            os.chmod(d.path, 0o755)
            other = {"user": 65534, "group": 65534, "extra_groups": []}
            for arguments in (silence, ("unsilence", "x"), ("ack", "x")):
                try:
                    code, text = d.ask(*arguments, **other)
                except PermissionError:
                    return "the programs lie where other users cannot run them"
                assert code == 1 and "only root and the members of group" in text, text
            assert d.ask("status", **other)[0] == 0
            assert "user 65534 may not change anything" in d.output
        assert d.ask(*silence)[0] == 0
        assert d.stop() == 0
    return None


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 16))
