# SPDX-License-Identifier: MIT
"""A router over real sockets whose first deployment fails in every way; and whether its judge notices what is wrong."""

import json
import os
import subprocess
import unittest

PROGRAM = os.environ.get("AIKIT_FAULT_FAILOVER", "build/release/bin/fault_failover")


def run(*arguments):
    """The exit code, and the promises that were broken."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["promise"] for line in lines if line.get("broken")}, done.stderr


class Failover(unittest.TestCase):
    def broken(self, promise, name):
        code, promises, said = run("--calls", "20", "--break", name)
        self.assertEqual(code, 1, said)
        self.assertIn(promise, promises)

    def test_calls_are_answered_whatever_the_first_deployment_does(self):
        self.assertEqual(run(), (0, set(), ""))

    def test_a_router_without_another_deployment_is_noticed(self):
        self.broken("999 of 1,000 calls are answered, whatever fails before the first piece", "no_spare")

    def test_a_circuit_that_never_opens_is_noticed(self):
        self.broken("a dead deployment gets five calls, those beside them, and its probes", "no_breaker")

    def test_a_call_that_is_carried_out_twice_is_noticed(self):
        self.broken("no call is carried out twice by one deployment", "asks_twice")

    def test_text_of_nobody_is_noticed(self):
        self.broken("no text of two deployments is mixed", "wrong_words")


if __name__ == "__main__":
    unittest.main()
