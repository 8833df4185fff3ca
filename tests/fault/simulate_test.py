# SPDX-License-Identifier: MIT
"""A whole kit in worlds drawn from seeds, in virtual time; and whether their judge notices what is wrong."""

import json
import os
import subprocess
import unittest

PROGRAM = os.environ.get("AIKIT_SIMULATE", "build/release/bin/simulate")

# The prime of FNV-1a, by which the digests of worlds are put together.
PRIME = 0x100000001B3


def run(*arguments):
    """The exit code, all that was printed, and its last line as JSON."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=600, check=False)
    lines = done.stdout.splitlines()
    return done.returncode, done.stdout, json.loads(lines[-1]) if lines else done.stderr


def digest(*arguments):
    return int(run(*arguments)[2]["digest"], 16)


class Simulation(unittest.TestCase):
    def broken(self, name, promise):
        code, _, told = run("--seeds", "2000", "--break", name)
        self.assertEqual(code, 1, told)
        self.assertEqual(told["promise"], promise)

    def test_every_promise_is_kept_in_two_thousand_worlds(self):
        code, printed, told = run("--seeds", "2000")
        self.assertEqual(code, 0, printed[-10_000:])
        for fault, met in told["faults"].items():
            self.assertGreater(met, 50, fault)
        for what in ("answered", "cached", "left", "raced", "executed"):
            self.assertGreater(told[what], 500, what)

    def test_one_seed_is_one_course_of_events_to_the_byte(self):
        for seed in ("7", "500", "14603"):
            first, second = run("--seeds", "1", "--seed", seed), run("--seeds", "1", "--seed", seed)
            self.assertEqual(first, second)
            self.assertGreater(len(first[1].splitlines()), 20)

    def test_what_ran_before_changes_nothing(self):
        together = 0
        for seed in range(40, 60):
            together = together * PRIME % 2**64 ^ digest("--seeds", "1", "--seed", str(seed))
        self.assertEqual(digest("--seeds", "20", "--seed", "40"), together)

    def test_another_seed_is_another_course_of_events(self):
        self.assertNotEqual(digest("--seeds", "1", "--seed", "1"), digest("--seeds", "1", "--seed", "2"))

    def test_a_request_that_is_sent_again_behind_the_kit_is_noticed(self):
        self.broken("retry_after_execution", "each request has one row")

    def test_a_retry_after_that_is_not_heard_is_noticed(self):
        self.broken("ignore_retry_after", "who asks to be left alone for a while is")

    def test_a_cut_stream_that_passes_for_whole_is_noticed(self):
        self.broken("complete_without_marker", "nothing incomplete is called whole")

    def test_a_text_of_two_upstreams_is_noticed(self):
        self.broken("mix_texts", "what is called whole is what one upstream sent")

    def test_a_circuit_that_stays_open_is_noticed(self):
        self.broken("forget_probe", "a deployment that is well again is asked again")

    def test_probes_without_a_pause_are_noticed(self):
        self.broken("storm_of_probes", "an open circuit stays open for its time")

    def test_a_second_row_is_noticed(self):
        self.broken("double_row", "each request has one row")

    def test_a_missing_row_is_noticed(self):
        self.broken("lost_row", "each request has one row")

    def test_a_row_that_is_a_nano_dollar_short_is_noticed(self):
        self.broken("wrong_price", "a row's cost is what was billed")

    def test_a_hold_that_is_never_settled_is_noticed(self):
        self.broken("hold_not_released", "nothing stays set aside")

    def test_a_budget_that_only_tells_is_noticed(self):
        self.broken("budget_ignored", "no budget is exceeded by what was billed")

    def test_a_deadline_that_gets_lost_is_noticed(self):
        self.broken("deadline_ignored", "every call ends by its deadline")

    def test_a_call_that_cannot_be_cancelled_is_noticed(self):
        self.broken("cancel_ignored", "a call that is cancelled ends")

    def test_a_replay_that_was_forbidden_is_noticed(self):
        self.broken("replay_never_ignored", "what was carried out is not sent again where it must not be")

    def test_a_cache_that_serves_another_tenant_is_noticed(self):
        self.broken("cache_crosses_tenants", "an answer that is kept reaches nobody else")

    def test_a_cache_that_keeps_what_is_incomplete_is_noticed(self):
        self.broken("cache_keeps_incomplete", "what is called whole is what one upstream sent")

    def test_retries_without_a_budget_are_noticed(self):
        self.broken("retry_storm", "an outage is not fed")

    def test_retries_of_retries_are_noticed(self):
        self.broken("retry_of_retries", "a call makes no more requests than it may")

    def test_a_hedge_that_is_never_stopped_is_noticed(self):
        self.broken("leak_hedge", "nothing of a call goes on after it")

    def test_a_hedge_without_a_row_is_noticed(self):
        self.broken("hedge_unbooked", "each request has one row")


if __name__ == "__main__":
    unittest.main()
