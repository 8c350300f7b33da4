# SPDX-License-Identifier: MIT
"""What a person finds afterwards in a system whose journal holds alerts: history, report, evidence;
and what is said to those who may not read it."""
import json
import os

# Somebody who logs in: journald gives a journal of his own to each from 1000 on.
PERSON = "1000"


def look_at_past(container, check, alerts):
    """alerts: ids that were told."""
    run = container.run
    done = run("kmemwatch", "history", "--since", "1h", "--json")
    told = [event["alert_id"] for event in json.loads(done.stdout or "{}").get("events", [])]
    missing = set(alerts) - set(told)
    check("kmemwatch history has each alert, with its end",
          done.returncode == 0 and not missing and all(told.count(a) > 1 for a in alerts),
          f"{done.stderr}{missing} {told}")

    # He has written something, so there is a journal that he may read.
    run("systemd-cat", "echo", "hello", user=PERSON)
    run("journalctl", "--sync")
    done = run("kmemwatch", "history", user=PERSON)
    check("who may not read the journal is told so, and not that nothing happened",
          done.returncode == 2 and "no right" in done.stderr, done)
    done = run("kmemwatch", "report", "-o", "/tmp/report.html", user=PERSON)
    check("and gets a report that says what it lacks", done.returncode == 3, done)
    os.unlink(container.path("/tmp/report.html"))

    done = run("kmemwatch", "report", "-o", "/tmp/report.html")
    with open(container.path("/tmp/report.html"), encoding="utf-8") as file:
        page = file.read()
    check("kmemwatch report writes a page about them",
          done.returncode == 0 and "Our own words for it" in page and "<script" not in page,
          done.stderr)
    done = run("kmemwatch", "evidence", "-o", "/tmp/evidence.tar.gz")
    check("kmemwatch evidence makes an archive",
          done.returncode == 0 and
          os.path.getsize(container.path("/tmp/evidence.tar.gz")) > 10000, done.stderr)
