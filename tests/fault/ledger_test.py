# SPDX-License-Identifier: MIT
"""The ledger against another meter over a network that fails; and whether that meter notices a ledger that is wrong."""

import json
import os
import subprocess
import unittest

PROGRAM = os.environ.get("AIKIT_FAULT_LEDGER", "build/release/bin/fault_ledger")


def run(*arguments):
    """The exit code, and the promises that were broken with an example of each."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["promise"]: line.get("example") for line in lines if line.get("broken")}, done.stderr


class Ledger(unittest.TestCase):
    def broken(self, name, promise, *arguments):
        code, promises, said = run(*arguments, "--break", name)
        self.assertEqual(code, 1, said)
        self.assertIn(promise, promises)

    def broken_in_calls(self, name, promise):
        self.broken(name, promise, "--calls", "1000", "--kills", "0")

    def broken_in_crashes(self, name, promise):
        self.broken(name, promise, "--calls", "0", "--kills", "20")

    def test_the_ledger_agrees_with_another_meter_whatever_fails(self):
        self.assertEqual(run(), (0, {}, ""))

    def test_a_completed_call_that_is_settled_twice_is_noticed(self):
        self.broken_in_calls("settle_twice", "the attempts of a call have one row each, numbered from 1")

    def test_a_row_that_is_dropped_when_a_call_is_aborted_is_noticed(self):
        self.broken_in_calls("drop_aborted", "the attempts of a call have one row each, numbered from 1")

    def test_an_aborted_call_that_costs_nothing_is_noticed(self):
        self.broken_in_calls("aborted_is_free", "what may have been carried out counts as spent, marked estimated")

    def test_delivered_text_that_counts_as_nothing_is_noticed(self):
        self.broken_in_calls("delivered_is_zero", "interrupted text of unknown tokens is counted to a tenth")

    def test_an_estimate_that_passes_for_exact_is_noticed(self):
        self.broken_in_calls("guess_is_exact", "what may have been carried out counts as spent, marked estimated")

    def test_a_retry_that_overwrites_the_try_before_it_is_noticed(self):
        self.broken_in_calls("last_try_only", "the attempts of a call have one row each, numbered from 1")

    def test_a_call_that_is_booked_on_another_model_is_noticed(self):
        self.broken_in_calls("wrong_model", "the sum of a model equals the invoice")

    def test_money_that_is_rounded_to_micro_dollars_is_noticed(self):
        self.broken_in_calls("coarse_money", "a completed row equals the invoice to the nano-dollar")

    def test_cache_reads_at_the_price_of_fresh_input_are_noticed(self):
        self.broken_in_calls("ignore_cache", "a completed row equals the invoice to the nano-dollar")

    def test_a_price_of_zero_for_a_model_that_has_one_is_noticed(self):
        self.broken_in_calls("unknown_is_zero", "the sum of a model equals the invoice")

    def test_rows_that_are_acknowledged_before_they_are_flushed_are_noticed(self):
        self.broken_in_crashes("forget_flush", "after kill -9 no acknowledged row is missing")

    def test_a_process_that_is_asked_to_end_and_closes_nothing_is_noticed(self):
        self.broken_in_crashes("end_at_once", "after SIGTERM no acknowledged row is missing")

    def test_a_batch_that_is_forgotten_after_a_failed_write_is_noticed(self):
        self.broken_in_crashes("forget_batch", "after a lock every row is there once")

    def test_a_row_that_is_another_when_it_is_written_again_is_noticed(self):
        self.broken_in_crashes("replay_doubles", "after kill -9 no row is there twice")


if __name__ == "__main__":
    unittest.main()
