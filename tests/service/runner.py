# SPDX-License-Identifier: MIT
"""Runs the functions test_* of a module side by side: most of their time is waiting."""

import concurrent.futures
import sys
import time
import traceback


def run_one(test):
    begin = time.monotonic()
    try:
        return test, test(), None, time.monotonic() - begin
    except Exception:
        return test, None, traceback.format_exc(), time.monotonic() - begin


def run_tests(module, at_once):
    """All of them, or those named on the command line; exit status. What a test returns is why it
    was skipped."""
    tests = [value for name, value in sorted(module.items()) if name.startswith("test_")]
    if sys.argv[1:]:
        tests = [t for t in tests if t.__name__ in sys.argv[1:]]
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=at_once) as pool:
        for test, skip, error, seconds in pool.map(run_one, tests):
            failed += bool(error)
            skipped += bool(skip)
            word = "FAIL" if error else "skip" if skip else "pass"
            print(f"{word} {test.__name__} ({seconds:.1f} s) {skip or error or ''}".rstrip())
    print(f"{len(tests) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
