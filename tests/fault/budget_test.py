# SPDX-License-Identifier: MIT
"""Budgets that processes share and are killed over; and whether their judge notices a budget that is wrong."""

import json
import os
import subprocess
import unittest

PROGRAM = os.environ.get("AIKIT_FAULT_BUDGET", "build/release/bin/fault_budget")


def run(*arguments):
    """The exit code, and the promises that were broken."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["promise"] for line in lines if line.get("broken")}, done.stderr


class Budget(unittest.TestCase):
    OVERSPENT = "what is spent and set aside never exceeds the budget"

    def broken(self, promise, name, *arguments):
        code, promises, said = run("--break", name, *arguments)
        self.assertEqual(code, 1, said)
        self.assertIn(promise, promises)

    def test_money_that_processes_share_is_never_overspent(self):
        self.assertEqual(run(), (0, set(), ""))

    def test_tokens_that_processes_share_are_never_overspent(self):
        self.assertEqual(run("--kind", "tokens", "--seed", "2"), (0, set(), ""))

    def test_without_kills_nothing_is_lost(self):
        self.assertEqual(run("--kills", "0", "--processes", "3", "--seed", "3"), (0, set(), ""))

    def test_calls_through_a_meter_that_end_in_every_way_never_overspend_money(self):
        self.assertEqual(run("--through", "meter"), (0, set(), ""))

    def test_calls_through_a_meter_that_end_in_every_way_never_overspend_tokens(self):
        self.assertEqual(run("--through", "meter", "--kind", "tokens", "--seed", "2"), (0, set(), ""))

    def test_a_provider_that_tells_half_of_what_it_bills_is_noticed_through_a_meter(self):
        self.broken("all that was billed, or may have been, counts as spent", "half_settled", "--through", "meter")

    def test_a_hold_that_is_given_back_too_early_is_noticed(self):
        self.broken(self.OVERSPENT, "lose_hold")

    def test_a_budget_that_is_not_shared_is_noticed(self):
        self.broken(self.OVERSPENT, "own_file")

    def test_a_call_that_is_settled_for_less_is_noticed(self):
        self.broken("all that was billed, or may have been, counts as spent", "half_settled")

    def test_a_hold_that_is_never_given_back_is_noticed(self):
        self.broken("only the killed lose anything", "hold_kept", "--kills", "0")

    def test_leases_of_the_dead_that_are_forgiven_are_noticed(self):
        self.broken(self.OVERSPENT, "dead_forgiven")


if __name__ == "__main__":
    unittest.main()
