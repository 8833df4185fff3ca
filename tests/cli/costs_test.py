# SPDX-License-Identifier: MIT
"""What the command says of the ledger: reports, exports, old rows, prices anew."""

import csv
import io
import json
import pathlib
import tempfile
import unittest

from loopback import aikit

# 1 USD per million tokens in, 2 out.
CATALOG = {"form": 1, "version": "t", "providers": [{"id": "scripted", "models": [
    {"id": "extractive-1", "match": {"starts_with": ""}, "prices": [{"input": "1", "output": "2"}]}]}]}


def ask(store, *flags):
    return aikit("chat", "hello there", "--provider", "builtin", *flags, store=store)


class Costs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.store = self.folder.name + "/s.db"
        ask(self.store, "--user", "=ann", "--tag", "x", "--project", "p,1")
        ask(self.store, "--user", "bob", "--tag", "x", "--tag", "y")

    def run_cost(self, *arguments):
        outcome = aikit("cost", *arguments, store=self.store)
        self.assertEqual(outcome.code, 0, outcome.err)
        return outcome

    def test_costs_are_shown_by_whatever_a_call_was_labelled_with(self):
        tags = self.run_cost("report", "--by", "tag", "--json").last
        self.assertEqual({line["key"]: line["calls"] for line in tags["lines"]}, {"x": 2, "y": 1})
        self.assertEqual(tags["total"]["calls"], 2)
        self.assertEqual(self.run_cost("--by", "user", "--project", "p,1", "--json").last["total"]["calls"], 1)

    def test_csv_is_read_by_others_and_holds_no_formula(self):
        rows = list(csv.DictReader(io.StringIO(self.run_cost("export", "--csv").out, newline="")))
        self.assertEqual([row["user"] for row in rows], ["'=ann", "bob"])
        self.assertEqual(rows[0]["project"], "p,1")
        report = list(csv.DictReader(io.StringIO(self.run_cost("--by", "user", "--csv").out, newline="")))
        self.assertEqual({row["user"]: row["calls"] for row in report}, {"'=ann": "1", "bob": "1"})

    def test_each_row_is_a_line_of_json(self):
        lines = [json.loads(line) for line in self.run_cost("export", "--user", "bob").out.splitlines()]
        self.assertEqual([(line["user"], line["tags"], line["cost_usd"]) for line in lines], [("bob", ["x", "y"], "0")])

    def test_old_rows_go_and_their_sums_stay(self):
        before = self.run_cost("--by", "user", "--csv").out
        pruned = self.run_cost("prune", "--before", "2100-01-01", "--json").last
        self.assertEqual(pruned["rows"], 2)
        self.assertEqual(self.run_cost("export").out, "")
        self.assertEqual(self.run_cost("--by", "user", "--csv").out, before)
        for wrong in ([], ["--keep", "0"], ["--before", "soon"]):
            self.assertEqual(aikit("cost", "prune", *wrong, "--json", store=self.store).last["error"]["code"], "invalid_argument")

    def test_prices_anew_are_shown_first_and_written_when_told(self):
        catalog = pathlib.Path(self.folder.name, "catalog.json")
        catalog.write_text(json.dumps(CATALOG))
        config = pathlib.Path(self.folder.name, "aikit.json")
        config.write_text(json.dumps({"price_catalog": str(catalog), "providers": [
            {"name": "builtin", "type": "builtin", "price_as": "scripted"}]}))
        tokens = self.run_cost("--json").last["total"]
        expected = tokens["input_tokens"] * 1000 + tokens["output_tokens"] * 2000  # nano-dollars
        dry = self.run_cost("recost", "--json", "--config", str(config)).last
        self.assertEqual((dry["applied"], dry["total"]["changed"]), (False, 2))
        self.assertEqual(round(float(dry["total"]["after_usd"]) * 1e9), expected)
        self.assertEqual(self.run_cost("--json").last["total"]["cost_usd"], "0")
        self.run_cost("recost", "--apply", "--config", str(config))
        self.assertEqual(round(float(self.run_cost("--json").last["total"]["cost_usd"]) * 1e9), expected)

    def test_models_that_can_serve_a_request_are_compared(self):
        offers = aikit("cost", "compare", "Hello", "--provider", "anthropic", "--max-tokens", "10", "--json").last["offers"]
        self.assertGreater(len(offers), 5)
        self.assertEqual({offer["provider"] for offer in offers}, {"anthropic"})
        prices = [float(offer["expected_usd"]) for offer in offers]
        self.assertEqual(prices, sorted(prices))
        self.assertEqual(aikit("cost", "compare", "--json").last["error"]["code"], "invalid_argument")

    def test_savings_anomalies_and_forecasts_are_printed(self):
        self.assertEqual(self.run_cost("savings", "--json").last["savings"], [])
        self.assertTrue(self.run_cost("savings", "--budget", "1.50", "--json").last["enough"])
        self.assertEqual(self.run_cost("anomalies", "--by", "user", "--json").last["anomalies"], [])
        outcome = aikit("cost", "forecast", "--json", store=self.store)
        self.assertEqual(outcome.last["error"]["code"], "invalid_argument")
        self.assertIn("7 whole days", outcome.err)
        self.assertEqual(aikit("cost", "savings", "--budget", "much", "--json", store=self.store).last["error"]["code"],
                         "invalid_argument")

    def test_times_and_offsets_that_are_none_are_refused(self):
        for wrong in (["--from", "monday"], ["--utc-offset", "late"], ["--trend"]):
            outcome = aikit("cost", *wrong, "--json", store=self.store)
            self.assertEqual(outcome.last["error"]["code"], "invalid_argument", wrong)


if __name__ == "__main__":
    unittest.main()
