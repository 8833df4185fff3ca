# SPDX-License-Identifier: MIT
"""aikit budget, and budgets of the configuration held against calls of the command."""

import json
import pathlib
import tempfile
import unittest

from loopback import Answer, Server, aikit

REPLY = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
         "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
         "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}}

BUDGET_EXCEEDED = 10 + 16


class Budget(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = Server(lambda *_: Answer(headers={"content-type": "application/json"}, body=json.dumps(REPLY)))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def run_aikit(self, *arguments, budgets, json_lines=True):
        config = {"providers": [{"name": "openai", "type": "openai", "base_url": self.server.base_url}]}
        if budgets is not None:
            config["budgets"] = {"budgets": budgets}
        (self.folder / "aikit.json").write_text(json.dumps(config))
        return aikit("--config", self.folder / "aikit.json", *(["--json"] if json_lines else []), *arguments, store=str(self.folder / "store.db"))

    def ask(self, budgets):
        return self.run_aikit("chat", "--model", "gpt-4o", "--max-tokens", "200", "--user", "ann", "Hello.",
                              budgets=budgets)

    def test_what_a_call_came_to_counts_and_can_be_corrected(self):
        budgets = [{"name": "month", "by": "user", "cost_usd": "1"}]
        asked = self.ask(budgets)
        self.assertEqual(asked.code, 0, asked.err)
        told = self.run_aikit("budget", budgets=budgets).last["budgets"]
        self.assertEqual([(b["budget"], b["value"], b["cost_usd"], b["held_usd"]) for b in told],
                         [("month", "ann", "0.0035", "0")])
        told = self.run_aikit("budget", "adjust", "month", "--value", "ann", "--cost", "-0.001",
                              budgets=budgets).last["budgets"]
        self.assertEqual(told[0]["cost_usd"], "0.0025")

    def test_a_call_that_does_not_fit_is_refused_and_nothing_is_sent(self):
        done = self.ask([{"name": "small", "cost_usd": "0.0001", "window": "total"}])
        self.assertEqual(done.code, BUDGET_EXCEEDED)
        self.assertEqual(done.last["error"]["code"], "budget_exceeded")
        self.assertEqual(self.server.seen, [])

    def test_a_correction_says_by_how_much(self):
        budgets = [{"name": "month", "cost_usd": "1"}]
        for wrong in ([], ["--cost", "much"]):
            error = self.run_aikit("budget", "adjust", "month", *wrong, budgets=budgets).last["error"]
            self.assertEqual(error["code"], "invalid_argument")
            self.assertIn("--cost", error["message"])
        done = self.run_aikit("budget", "adjust", "week", "--tokens", "1", budgets=budgets)
        self.assertEqual(done.last["error"]["code"], "not_found")

    def test_people_are_told_in_a_line_each(self):
        budgets = [{"name": "month", "by": "user", "cost_usd": "1", "tokens": 5000, "window": "total"}]
        self.assertIn("nothing is spent", self.run_aikit("budget", budgets=budgets, json_lines=False).out)
        self.ask(budgets)
        line = self.run_aikit("budget", budgets=budgets, json_lines=False).out.strip()
        self.assertEqual(" ".join(line.split()), "month ann $0.0035 of $1, 1100 of 5000 tokens")

    def test_without_budgets_the_command_says_so(self):
        done = self.run_aikit("budget", budgets=None)
        self.assertEqual(done.last["error"]["code"], "not_found")


if __name__ == "__main__":
    unittest.main()
