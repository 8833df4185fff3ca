# SPDX-License-Identifier: MIT
"""Configurations of the scripted provider, and tests of which some cannot run everywhere."""

import sys
import unittest


def config(*replies, **more):
    script = {"repeat": True, "replies": list(replies)}
    return {"providers": [{"name": "scripted", "model": "m-1", "embedding_model": "e-1", "script": script}], **more}


def slow(pieces=200, seconds=0.05):
    """A stream that takes its time."""
    return config({"pieces": [f"{i} " for i in range(pieces)], "piece_delay": seconds})


def main():
    """Like unittest.main(); a program of which a test was skipped, and none failed, is reported as skipped."""
    done = unittest.main(exit=False).result
    for test, why in done.skipped:
        print(f"[skipped] {test}: {why}")
    sys.exit(1 if not done.wasSuccessful() else 77 if done.skipped else 0)
