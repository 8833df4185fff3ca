# SPDX-License-Identifier: MIT
"""What the command says of prices: a provider's own usage object goes in, exact decimals come out."""

import decimal
import json
import os
import pathlib
import tempfile
import unittest

from loopback import aikit

ROOT = pathlib.Path(__file__).resolve().parents[2]
USAGES = ROOT / ".." / "shared" / "data" / "prices" / "usages.json"
OURS = {"openai", "azure", "anthropic", "google"}
UNKNOWN_PRICE = 11 + 16


def price(usage, *flags, **more):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "usage.json")
        pathlib.Path(file).write_text(usage if isinstance(usage, str) else json.dumps(usage))
        return aikit("cost", "price", "--json", "--usage", file, *flags, **more)


class Prices(unittest.TestCase):
    def test_a_sample_of_what_providers_said_is_priced_to_the_last_digit(self):
        if not USAGES.exists():
            self.skipTest("[skipped] there is no shared data")
        bodies = json.loads(USAGES.read_text())
        seen = {}
        for at, entry in enumerate(bodies):
            for expected in entry["expect"]:
                kind = (expected["provider"], expected["api_flavor"], *sorted(expected["usage"]))
                if expected["provider"] in OURS and seen.setdefault(kind, at) == at and len(seen) % 2:
                    with self.subTest(kind=kind, body=at):
                        said = price(entry["body"], "--provider", expected["provider"], "--api", expected["api_flavor"],
                                     "--model", entry["model"], "--at", "2026-08-21")
                        self.assertEqual(said.code, 0, said.err)
                        self.assertEqual(said.last["usage"], expected["usage"])
                        for name in ("input_price", "output_price"):
                            self.assertEqual(decimal.Decimal(said.last[name]), decimal.Decimal(expected[name]))

    def test_openai_counts_what_was_cached_inside_and_anthropic_beside(self):
        chat = price({"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 400}},
                     "--provider", "openai", "--model", "gpt-4o").last
        self.assertEqual((chat["aikit_usage"]["input"], chat["aikit_usage"]["cache_read"]), (600, 400))
        # gpt-4o: 2.50, 1.25 and 10 USD per million tokens.
        self.assertEqual((chat["input_price"], chat["output_price"]), ("0.002", "0.0001"))
        message = price({"input_tokens": 600, "output_tokens": 10, "cache_read_input_tokens": 400,
                         "cache_creation_input_tokens": 0}, "--provider", "anthropic", "--model", "claude-sonnet-4-5").last
        self.assertEqual((message["aikit_usage"]["input"], message["aikit_usage"]["cache_read"]), (600, 400))
        self.assertEqual(message["usage"]["input_tokens"], 1000)
        # 3, 0.30 and 15 USD per million tokens.
        self.assertEqual((message["input_price"], message["output_price"]), ("0.00192", "0.00015"))

    def test_a_reply_says_its_model_and_tier_itself(self):
        reply = {"model": "gpt-5-mini", "service_tier": "flex", "choices": [],
                 "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}}
        flex = price(reply, "--provider", "openai").last
        standard = price(reply, "--provider", "openai", "--tier", "default").last
        self.assertEqual((flex["model"], flex["service_tier"]), ("gpt-5-mini", "flex"))
        # 0.25 USD per million tokens, half of it by flex.
        self.assertEqual((flex["input_price"], standard["input_price"]), ("0.125", "0.25"))

    def test_a_call_is_priced_as_of_its_day(self):
        usage = {"input_tokens": 1_000_000, "output_tokens": 0}
        flags = ("--provider", "anthropic", "--model", "claude-sonnet-5")
        self.assertEqual(price(usage, *flags, "--at", "2026-08-31").last["input_price"], "2")
        self.assertEqual(price(usage, *flags, "--at", "2026-09-01T00:00:00Z").last["input_price"], "3")

    def test_an_unknown_price_is_an_error_and_never_zero(self):
        outcome = price({"prompt_tokens": 1, "completion_tokens": 1}, "--provider", "openai", "--model", "no-such-model")
        self.assertEqual(outcome.code, UNKNOWN_PRICE)
        self.assertEqual(outcome.last["error"]["code"], "unknown_price")

    def test_what_is_no_usage_is_refused_and_named(self):
        for usage in ("", "{", "[]", "{}", '{"usage": null}', '{"input": 3}'):
            with self.subTest(usage=usage):
                outcome = price(usage, "--provider", "openai", "--model", "gpt-4o")
                self.assertEqual(outcome.last["error"]["code"], "invalid_argument")
        outcome = price({"prompt_tokens": 1, "completion_tokens": 1}, "--provider", "openai", "--model", "gpt-4o",
                        "--api", "responses")
        self.assertIn("responses", outcome.last["error"]["message"])
        self.assertEqual(price({"prompt_tokens": 1, "completion_tokens": 1}, "--provider", "openai", "--model", "gpt-4o",
                               "--at", "yesterday").last["error"]["code"], "invalid_argument")

    def test_standard_input_is_read(self):
        outcome = aikit("cost", "price", "--provider", "google", "--model", "gemini-2.5-flash", "--usage", "-", "--json",
                        stdin=b'{"usageMetadata": {"promptTokenCount": 1000000, "totalTokenCount": 1000000}}')
        self.assertEqual(outcome.last["input_price"], "0.3")

    def test_a_price_list_of_others_becomes_a_catalog_that_prices_calls(self):
        flat = {"m-1": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
                "m-2": {"litellm_provider": "openai", "input_cost_per_token": 1e-16, "output_cost_per_token": 2e-06}}
        with tempfile.TemporaryDirectory() as folder:
            listed, catalog = os.path.join(folder, "list.json"), os.path.join(folder, "catalog.json")
            pathlib.Path(listed).write_text(json.dumps(flat))
            made = aikit("cost", "import", listed)
            self.assertEqual(made.code, 0, made.err)
            self.assertIn("m-2", made.err)
            pathlib.Path(catalog).write_text(made.out)
            config = os.path.join(folder, "aikit.json")
            pathlib.Path(config).write_text(json.dumps({"price_catalog": catalog}))
            said = price({"prompt_tokens": 1000, "completion_tokens": 10}, "--provider", "openai", "--model", "m-1",
                         "--config", config)
            self.assertEqual((said.last["input_price"], said.last["output_price"]), ("0.001", "0.00002"))

    def test_what_a_model_costs_and_can_is_shown(self):
        said = aikit("cost", "show", "openai", "gpt-4o", "--json", "--at", "2026-08-21").last
        self.assertEqual(said["prices"], {"input": "2.5", "output": "10", "cache_read": "1.25"})
        self.assertEqual((said["context_window"], said["max_output"]), (128000, 16384))
        self.assertIn("tools", said["can"])
        there = aikit("cost", "show", "openai", "gpt-5.4", "--region", "eu", "--tier", "flex", "--at", "2026-08-21")
        self.assertIn("openai/gpt-5.4#flex+eu", there.out)
        self.assertIn("$1.375", there.out)  # 1.25 of flex, and a tenth more
        unknown = aikit("cost", "show", "openai", "no-such-model", "--json")
        self.assertEqual((unknown.code, unknown.last["error"]["code"]), (UNKNOWN_PRICE, "unknown_price"))

    def test_a_model_that_is_retired_says_so_when_it_is_shown_priced_and_used(self):
        catalog = {"form": 1, "providers": [{"id": "mine", "models": [
            {"id": "m", "match": {"equals": "m"}, "retires": "2026-06-01", "prices": [{"input": "1", "output": "2"}]}]}]}
        with tempfile.TemporaryDirectory() as folder:
            file, config = os.path.join(folder, "catalog.json"), os.path.join(folder, "aikit.json")
            pathlib.Path(file).write_text(json.dumps(catalog))
            pathlib.Path(config).write_text(json.dumps({"price_catalog": file, "price_discounts": [
                {"provider": "mine", "basis_points": 2500}], "providers": [
                    {"name": "scripted", "model": "m", "price_as": "mine", "script": {"replies": [
                        {"text": "Hi", "usage": {"input": 4, "output": 4}}]}}]}))
            shown = aikit("cost", "show", "mine", "m", "--config", config, "--at", "2026-05-01")
            self.assertIn("is retired by its provider on 2026-06-01", shown.err)
            self.assertIn("$0.75", shown.out)
            priced = price({"prompt_tokens": 1000, "completion_tokens": 0}, "--provider", "mine", "--model", "m", "--at",
                           "2026-06-01", "--config", config).last
            self.assertIn("was retired by its provider on 2026-06-01", priced["warnings"][0])
            self.assertEqual((priced["price_id"], priced["input_price"]), ("mine/m#default-25%", "0.00075"))
            used = aikit("chat", "Hello", "--json", "--config", config)
            self.assertEqual(used.code, 0, used.err)
            self.assertEqual(used.last["aikit"]["cost"]["price_id"], "mine/m#default-25%")
            self.assertTrue(any("was retired" in warning for warning in used.last["aikit"]["warnings"]))

    def test_what_changed_between_two_lists_is_told(self):
        one = {"m-1": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}}
        two = {"m-1": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 3e-06}}
        with tempfile.TemporaryDirectory() as folder:
            before, after = os.path.join(folder, "before.json"), os.path.join(folder, "after.json")
            pathlib.Path(before).write_text(json.dumps(one))
            pathlib.Path(after).write_text(json.dumps(two))
            changes = aikit("cost", "changes", before, after, "--json").last["changes"]
        self.assertEqual(changes, [{"provider": "openai", "model": "m-1", "what": "output", "before": "2", "after": "3"}])
        self.assertEqual(aikit("cost", "changes", "shipped", "shipped").out, "")


if __name__ == "__main__":
    unittest.main()
