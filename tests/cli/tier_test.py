# SPDX-License-Identifier: MIT
"""aikit tier, and tiers of the configuration held against calls of the command."""

import json
import pathlib
import tempfile
import unittest

from loopback import Answer, Server, aikit

REPLY = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
         "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
         "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}}
TIERS = {"tiers": [{"name": "free", "monthly_tokens": 1500, "counts": {"knowledge_bases": 1}},
                   {"name": "pro", "monthly_tokens": 5000, "monthly_cost_usd": "1"}],
         "members": {"bob": "pro"}}
PERMISSION, QUOTA, BUDGET = 10 + 3, 10 + 9, 10 + 16


class Tier(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = Server(lambda *_: Answer(headers={"content-type": "application/json"}, body=json.dumps(REPLY)))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def run_aikit(self, *arguments, tiers=TIERS, as_json=True):
        config = {"providers": [{"name": "openai", "type": "openai", "base_url": self.server.base_url}]}
        if tiers is not None:
            config["tiers"] = tiers
        (self.folder / "aikit.json").write_text(json.dumps(config))
        return aikit("--config", self.folder / "aikit.json", *(["--json"] if as_json else []), *arguments,
                     store=str(self.folder / "store.db"))

    def ask(self, user, **more):
        return self.run_aikit("chat", "--model", "gpt-4o", "--max-tokens", "200", "--user", user, "Hello.", **more)

    def test_a_month_of_a_tier_ends_where_it_says_until_another_is_assigned(self):
        self.assertEqual(self.ask("ann").code, 0)
        self.assertEqual(self.ask("ann").code, 0)  # 1100 are used, and the prompt is short
        self.assertEqual(self.ask("ann").code, BUDGET)
        self.assertEqual(len(self.server.seen), 2)
        self.assertEqual(self.ask("bob").code, 0)
        told = self.run_aikit("tier", "assign", "ann", "pro").last
        self.assertEqual((told["member"], told["tier"]), ("ann", "pro"))
        self.assertEqual(self.ask("ann").code, 0)
        told = self.run_aikit("tier", "show", "ann").last
        self.assertEqual((told["use"]["budget"], told["use"]["tokens"], told["use"]["cost_limit_usd"]),
                         ("tier:pro", 1100, "1"))
        self.assertIn("ann", self.run_aikit("tier", as_json=False).out)

    def test_a_tier_has_so_many_knowledge_bases_and_the_next_is_not_made(self):
        text = self.folder / "text.txt"
        text.write_text("Rome is in Italy.")
        self.assertEqual(self.run_aikit("ingest", "one", text, "--user", "ann").code, 0)
        self.assertEqual(self.run_aikit("ingest", "one", text, "--user", "ann").code, 0)
        refused = self.run_aikit("ingest", "two", text, "--user", "ann")
        self.assertEqual((refused.code, refused.last["error"]["code"]), (QUOTA, "quota_exceeded"))
        self.assertEqual(self.run_aikit("search", "two", "Rome", "--user", "ann").last["error"]["code"], "not_found")
        self.assertEqual(self.run_aikit("ingest", "two", text, "--user", "bob").code, 0)
        told = self.run_aikit("tier", "show", "ann").last["counts"]
        self.assertEqual(told, [{"kind": "knowledge_bases", "used": 1, "limit": 1}])

    def test_what_a_tier_does_not_include_is_refused_and_nothing_is_sent(self):
        tiers = {"tiers": [{"name": "free", "features": ["knowledge", "embed"], "models": ["openai/gpt-4o-mini"]}]}
        refused = self.ask("ann", tiers=tiers)
        self.assertEqual((refused.code, refused.last["error"]["code"]), (PERMISSION, "permission"))
        tiers["tiers"][0]["features"].append("chat")
        self.assertEqual(self.ask("ann", tiers=tiers).code, PERMISSION)
        self.assertEqual(self.server.seen, [])
        tiers["tiers"][0]["models"].append("openai/gpt-4o")
        self.assertEqual(self.ask("ann", tiers=tiers).code, 0)

    def test_without_tiers_the_command_says_so(self):
        self.assertEqual(self.run_aikit("tier", tiers=None).last["error"]["code"], "not_found")

    def test_a_tier_that_is_not_there_is_told(self):
        self.assertEqual(self.run_aikit("tier", "assign", "ann", "gold").last["error"]["code"], "not_found")
        wrong = self.run_aikit("tier", tiers={"tiers": [{"name": "a", "features": ["chatt"]}]})
        self.assertIn("configuration.tiers.tiers[0].features", wrong.last["error"]["message"])


if __name__ == "__main__":
    unittest.main()
